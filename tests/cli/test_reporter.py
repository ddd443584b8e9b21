"""What a command says while it works, and how it ends."""

from __future__ import annotations

import json
import re
from datetime import datetime, timedelta

import pytest
import typer

from driftline_jobs.cli.console.reporter import JsonLines, PlainLines, open_reporter, printable
from driftline_jobs.cli.options import LogFormat
from driftline_schemas.errors import ConfigError, DataError, DriftlineError, StoreBusyError, TransientError


def json_lines(text: str) -> list[dict[str, object]]:
    return [json.loads(line) for line in text.splitlines()]


@pytest.mark.parametrize(
    ("error", "status"),
    [
        (ConfigError("no such file"), 2),
        (DataError("rows are gone"), 3),
        (TransientError("unreachable"), 4),
        (StoreBusyError("locked"), 4),
    ],
)
@pytest.mark.parametrize("log_format", LogFormat)
def test_a_failure_ends_with_the_status_of_its_family(
    error: DriftlineError, status: int, log_format: LogFormat, capsys: pytest.CaptureFixture[str]
) -> None:
    with pytest.raises(typer.Exit) as exit_, open_reporter(log_format, debug=False):
        raise error
    assert exit_.value.exit_code == status
    printed = capsys.readouterr()
    assert not printed.out
    if log_format is LogFormat.JSON:
        (line,) = json_lines(printed.err)
        assert (line["event"], line["error"]) == ("failed", str(error))
        assert (line["error_kind"], line["exit_status"]) == (type(error).__name__, status)
    else:
        assert printed.err == f"error: {error}\n"


def test_a_defect_says_what_it_is_and_where_to_report_it(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(typer.Exit) as exit_, open_reporter(LogFormat.TEXT, debug=False):
        raise KeyError("carrier")
    assert exit_.value.exit_code == 1
    said = capsys.readouterr().err
    assert said.startswith("error: KeyError: 'carrier'\n")
    assert "defect in Driftline" in said
    assert "--debug" in said
    assert "Traceback" not in said


@pytest.mark.parametrize("log_format", LogFormat)
def test_debug_shows_where_an_error_came_from(
    log_format: LogFormat, capsys: pytest.CaptureFixture[str]
) -> None:
    def deep_inside() -> None:
        raise DataError("broken")

    with pytest.raises(typer.Exit), open_reporter(log_format, debug=True):
        deep_inside()
    said = capsys.readouterr().err
    assert "in deep_inside" in said
    if log_format is LogFormat.JSON:
        assert "in deep_inside" in str(json_lines(said)[-1]["traceback"])


def test_an_interruption_is_no_failure_of_the_program(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(KeyboardInterrupt), open_reporter(LogFormat.TEXT, debug=False):
        raise KeyboardInterrupt
    assert not capsys.readouterr().err


def test_a_wanted_exit_passes(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(typer.Exit) as exit_, open_reporter(LogFormat.JSON, debug=False):
        raise typer.Exit(10)
    assert exit_.value.exit_code == 10
    assert not capsys.readouterr().err


def test_json_is_one_object_per_event_with_its_time_in_utc(capsys: pytest.CaptureFixture[str]) -> None:
    with open_reporter(LogFormat.JSON, debug=False) as progress:
        assert isinstance(progress, JsonLines)
        progress.stage("scanning", 3)
        progress.advance()
        progress.advance(2)
        progress.event("quarantined", uri="logs/a.parquet", reason='not "Parquet"\nat all')
        progress.stage("publishing")
        progress.answer("published 1 window", "published", windows=1, run_ids=("a", "b"))
    printed = capsys.readouterr()
    assert not printed.out
    lines = json_lines(printed.err)
    assert [line["event"] for line in lines] == [
        "stage_started",
        "quarantined",
        "stage_finished",
        "stage_started",
        "stage_finished",
        "published",
    ]
    for line in lines:
        assert datetime.fromisoformat(str(line["time"])).utcoffset() == timedelta(0)
    assert lines[0] == {"time": lines[0]["time"], "event": "stage_started", "stage": "scanning", "total": 3}
    assert (lines[2]["stage"], lines[2]["steps"]) == ("scanning", 3)
    assert lines[1]["reason"] == 'not "Parquet"\nat all'
    assert (lines[5]["windows"], lines[5]["run_ids"]) == (1, ["a", "b"])


def test_text_tells_stages_and_events_and_leaves_the_answer_to_standard_output(
    capsys: pytest.CaptureFixture[str],
) -> None:
    with open_reporter(LogFormat.TEXT, debug=False) as progress:
        assert isinstance(progress, PlainLines)
        progress.stage("scanning", 3)
        progress.advance(3)
        progress.event("object_set_aside", uri="logs/a.parquet", reason=None)
        progress.answer("published 1 window", "published", windows=1)
    printed = capsys.readouterr()
    assert printed.out == "published 1 window\n"
    assert re.sub(r"\d+\.\d s", "N s", printed.err).splitlines() == [
        "scanning …",
        "object set aside: uri logs/a.parquet",
        "scanning: 3 in N s",
    ]


def test_nothing_in_a_log_can_steer_the_terminal(capsys: pytest.CaptureFixture[str]) -> None:
    with open_reporter(LogFormat.TEXT, debug=False) as progress:
        progress.event("quarantined", uri="\x1b]0;owned\x07.parquet")
    assert capsys.readouterr().err == "quarantined: uri \\x1b]0;owned\\x07.parquet\n"
    assert printable("naïve – 機 🛫\nnext") == "naïve – 機 🛫\nnext"
    assert printable("\u202egnp.exe\r") == "\\u202egnp.exe\\r"


def test_bars_are_drawn_on_a_terminal_and_survive_threads(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    import sys
    from concurrent.futures import ThreadPoolExecutor

    from driftline_jobs.cli.console.bars import Bars

    monkeypatch.setattr(sys.stderr, "isatty", lambda: True)
    monkeypatch.setenv("TERM", "xterm")
    monkeypatch.setenv("COLUMNS", "100")
    with open_reporter(LogFormat.TEXT, debug=False) as progress:
        assert isinstance(progress, Bars)
        progress.stage("scanning [bold]", 400)
        with ThreadPoolExecutor(4) as pool:
            for _ in range(400):
                pool.submit(progress.advance)
        progress.event("quarantined", uri="a\x1b[2Jb")
        progress.stage("publishing")
        progress.answer("done", "published")
    said = capsys.readouterr()
    assert said.out == "done\n"
    assert "400/400" in said.err
    assert "scanning [bold]" in said.err
    assert "a\\x1b[2Jb" in said.err


def test_a_failure_below_bars_is_still_told(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    import sys

    monkeypatch.setattr(sys.stderr, "isatty", lambda: True)
    progress = open_reporter(LogFormat.TEXT, debug=False)
    progress.stage("scanning", 3)
    with pytest.raises(typer.Exit), progress:
        raise DataError("rows are gone")
    assert capsys.readouterr().err.endswith("error: rows are gone\n")
