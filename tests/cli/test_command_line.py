"""The command line as a shell sees it: what is printed where, and the exit status."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

import pytest

HEAVY = (
    "duckdb",
    "pandas",
    "sklearn",
    "scipy",
    "pyarrow",
    "pydantic_settings",
    "boto3",
    "vl_convert",
    "numpy",
)

Invoke = Callable[..., tuple[int, str, str]]


@pytest.mark.parametrize("arguments", [["--help"], ["--version"], ["run", "--help"], ["rnu"]])
def test_help_and_mistakes_are_answered_without_loading_an_engine(arguments: list[str]) -> None:
    program = (
        "import sys\n"
        "from driftline_jobs.cli import main\n"
        "try:\n"
        f"    main({arguments!r})\n"
        "finally:\n"
        f"    loaded = [name for name in {HEAVY!r} if name in sys.modules]\n"
        "    sys.stderr.write(f'loaded {loaded}')\n"
    )
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=False)
    assert done.returncode in {0, 2}
    assert done.stderr.endswith("loaded []")


def test_no_command_shows_the_help(invoke: Invoke) -> None:
    status, out, err = invoke()
    assert status == 2
    assert "Usage: driftline" in out
    assert not err


def test_the_installed_command_tells_its_version() -> None:
    command = Path(sys.executable).with_name("driftline")
    done = subprocess.run([command, "--version"], capture_output=True, text=True, check=True)
    assert done.stdout.startswith("driftline 0.")


@pytest.mark.parametrize(
    ("arguments", "expected"),
    [
        (["rnu"], "No such command 'rnu'. Did you mean 'run'?\nSee: driftline --help"),
        (["run", "m.yaml", "--perod", "2013-07-01"], "Did you mean --period?\nSee: driftline run --help"),
        (["run", "m.yaml"], "Missing option '--period'."),
        (["run"], "Missing argument 'MONITOR.yaml…'."),
        (["run", "m.yaml", "--period", "2013-07-01", "--threads", "0"], "Invalid value for '--threads'"),
        (
            ["run", "m.yaml", "--period", "2013-07-01", "--log-format", "xml"],
            "Invalid value for '--log-format'",
        ),
        (["validate", "m.yaml", "surplus"], "unexpected extra argument"),
    ],
)
def test_a_wrong_command_says_what_was_probably_meant(
    invoke: Invoke, arguments: list[str], expected: str
) -> None:
    status, out, err = invoke(*arguments)
    assert (status, out) == (2, "")
    assert err.startswith("error: ")
    assert expected in err


@pytest.mark.parametrize(
    ("flags", "expected"),
    [
        (["--period", "2013-07-01T05"], "2013-07-01"),
        (["--period", "yesterday"], "yesterday"),
        (
            ["--period", "2013-07-31", "--to", "2013-07-01"],
            "--to 2013-07-01 comes before --period 2013-07-31",
        ),
        (["--period", "2013-07-01", "--as-of", "soon"], "--as-of 'soon' is not a time"),
        (["--period", "2013-07-01", "--engine", "loca"], "--engine"),
        (["--period", "2013-07-01", "--store", "mysql://db/tables"], "--store"),
        (["--period", "2013-07-01", "--engine", "spark", "--spark-master", ""], "--spark-master"),
        (["--period", "2013-07-01", "--memory-limit", "lots"], "--memory-limit"),
    ],
)
def test_a_wrong_value_is_refused_before_any_log_is_read(
    invoke: Invoke, flights_folder: Path, flags: list[str], expected: str
) -> None:
    status, out, err = invoke("run", flights_folder / "monitors" / "flight_delay.yaml", *flags)
    assert (status, out) == (2, "")
    assert expected in err


def test_a_metric_that_does_not_exist_is_answered_with_the_one_that_was_meant(
    invoke: Invoke, flights_folder: Path, tmp_path: Path
) -> None:
    wrong = edited(flights_folder, tmp_path, "metric: roc_auc", "metric: roc_acu")
    status, _, err = invoke("run", wrong, "--period", "2013-07-01")
    assert status == 2
    assert "roc_acu" in err
    assert "did you mean 'roc_auc'?" in err


@pytest.mark.parametrize("command", ["run", "report"])
def test_a_monitor_file_that_is_not_there(invoke: Invoke, tmp_path: Path, command: str) -> None:
    status, out, err = invoke(command, tmp_path / "missing.yaml", "--period", "2013-07-01")
    assert (status, out) == (2, "")
    assert "missing.yaml" in err


def edited(folder: Path, into: Path, old: str, new: str) -> Path:
    """The demo's monitor, its folders named absolutely, with ``old`` replaced."""
    text = (folder / "monitors" / "flight_delay.yaml").read_text()
    assert old in text
    text = text.replace(old, new).replace("uri: ../", f"uri: {folder}/")
    path = into / "monitor.yaml"
    path.write_text(text)
    return path


class TestValidate:
    def test_a_right_file_is_described(self, invoke: Invoke, flights_folder: Path) -> None:
        status, out, _ = invoke("validate", flights_folder / "monitors" / "flight_delay.yaml")
        assert status == 0
        lines = [line.split() for line in out.splitlines()]
        assert out.startswith("flight_delay: the monitor file is right\n")
        assert ["windows", "day,", "UTC"] in lines
        assert ["categorical", "carrier,", "origin,", "destination,", "manufacturer"] in lines
        assert any(line[:1] == ["logs"] and "(306" in line for line in lines)
        assert any(line[:1] == ["labels"] and "(307" in line for line in lines)

    def test_a_column_the_log_does_not_have_is_named(
        self, invoke: Invoke, flights_folder: Path, tmp_path: Path
    ) -> None:
        wrong = edited(flights_folder, tmp_path, "    - dew_point\n", "    - dew_piont\n")
        status, out, err = invoke("validate", wrong)
        assert (status, out) == (2, "")
        assert "no column 'dew_piont'" in err
        assert "did you mean 'dew_point'?" in err

    def test_a_folder_that_is_not_there(self, invoke: Invoke, flights_folder: Path, tmp_path: Path) -> None:
        wrong = edited(flights_folder, tmp_path, "uri: ../logs", "uri: ../lgos")
        status, _, err = invoke("validate", wrong)
        assert status == 2
        assert "did you mean 'logs'?" in err

    def test_a_log_of_text_named_parquet(self, invoke: Invoke, flights_folder: Path, tmp_path: Path) -> None:
        (tmp_path / "logs").mkdir()
        (tmp_path / "logs" / "a.parquet").write_text("carrier,origin\n")
        wrong = edited(flights_folder, tmp_path, "uri: ../logs", f"uri: {tmp_path}/logs")
        status, _, err = invoke("validate", wrong)
        assert status == 3
        assert "a.parquet" in err

    def test_a_server_that_is_down_leaves_the_file_right(
        self, invoke: Invoke, flights_folder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        from driftline_jobs.pipeline.validate import check
        from driftline_schemas.errors import TransientError

        def unreachable(*_: object, **__: object) -> None:
            raise TransientError("s3://serving-logs/flight_delay: no answer")

        monkeypatch.setattr(check, "open_log", unreachable)
        status, out, err = invoke(
            "validate", edited(flights_folder, tmp_path, "../logs", "s3://serving-logs")
        )
        assert status == 0
        assert "could not be reached" in out
        assert "no answer" in err

    def test_json_for_machines(self, invoke: Invoke, flights_folder: Path) -> None:
        monitor = flights_folder / "monitors" / "flight_delay.yaml"
        status, out, err = invoke("validate", monitor, "--log-format", "json")
        assert (status, out) == (0, "")
        last = json.loads(err.splitlines()[-1])
        assert (last["event"], last["monitor"], last["log_checked"]) == ("valid", "flight_delay", True)


def test_a_defect_is_called_one(
    invoke: Invoke, flights_folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    from driftline_jobs.pipeline.validate import check

    def broken(*_: object) -> None:
        raise KeyError("carrier")

    monkeypatch.setattr(check, "check_log", broken)
    status, out, err = invoke("validate", flights_folder / "monitors" / "flight_delay.yaml")
    assert (status, out) == (1, "")
    assert "error: KeyError: 'carrier'" in err
    assert "defect in Driftline" in err


def test_an_interrupted_command_ends_with_130(flights_folder: Path, tmp_path: Path) -> None:
    started = tmp_path / "started"
    program = (
        "import pathlib, sys, time\n"
        "from driftline_jobs.pipeline.validate import check\n"
        "from driftline_jobs.cli import main\n"
        "def slow(*_):\n"
        f"    pathlib.Path({str(started)!r}).touch()\n"
        "    time.sleep(60)\n"
        "check.check_log = slow\n"
        f"main(['validate', {str(flights_folder / 'monitors' / 'flight_delay.yaml')!r}])\n"
    )
    child = subprocess.Popen([sys.executable, "-c", program], stderr=subprocess.PIPE, text=True)
    try:
        while not started.exists():
            assert child.poll() is None
            time.sleep(0.02)
        os.kill(child.pid, signal.SIGINT)
        _, err = child.communicate(timeout=30)
    finally:
        child.kill()
        child.wait()
    assert child.returncode == 130
    assert "Traceback" not in err


def test_a_file_that_does_not_fit_its_data_is_refused(
    invoke: Invoke, flights_folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    from driftline_jobs.pipeline.validate import concerns
    from driftline_jobs.pipeline.validate.remarks import Remark

    monitor = flights_folder / "monitors" / "flight_delay.yaml"
    found = [Remark("a fault", is_fault=True), Remark("a note")]
    monkeypatch.setattr(concerns, "CONCERNS", (lambda *_: found,))
    status, out, err = invoke("validate", monitor)
    assert (status, out) == (2, "")
    assert "a fault" in err
    found.pop(0)
    status, out, _ = invoke("validate", monitor)
    assert status == 0
    assert "! a note" in out
