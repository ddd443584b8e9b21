"""Whatever bytes lie in a log: a run ends with a status that says so, and the rows that can be read count.

The objects hold a column of every type, uncompressed and without checksums, so that a byte that is changed in
a page becomes a value like any other.
"""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import numpy as np
import pyarrow as pa
import pytest
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st
from tests.end_to_end.builder import ROWS, Bench, day
from tests.end_to_end.every_type import KINDS

DRIFTLINE = str(Path(sys.executable).with_name("driftline"))
Mutations = list[tuple[str, int, tuple[str, int | bytes]]]
Changes = tuple[list[Mutations], list[Mutations]]
ENDS = {0, 2, 3, 4, 10, 130, 143}
WINDOW = 5
OBJECTS = 40
EXTREMES = [
    b"\x00" * 8,
    b"\xff" * 8,
    b"\xff" * 7 + b"\x7f",
    b"\x00" * 7 + b"\x80",
    b"\x00\x00\x00\x00\x00\x00\xf8\x7f",
    b"\x00\x00\x00\x00\x00\x00\xf0\x7f",
    b"PAR1",
]
# Where (a share of the object, its footer being the last part of it), and what is done there.
MUTATION = st.tuples(
    st.sampled_from(["page", "footer", "end"]),
    st.integers(0, 1 << 30),
    st.one_of(
        st.tuples(st.just("flip"), st.integers(0, 7)),
        st.tuples(st.just("write"), st.sampled_from(EXTREMES)),
        st.tuples(st.just("write"), st.binary(min_size=1, max_size=16)),
        st.tuples(st.just("cut"), st.integers(1, 64)),
        st.tuples(st.just("insert"), st.binary(min_size=1, max_size=16)),
    ),
)
OBJECT = st.lists(MUTATION, min_size=1, max_size=3)


def every_column(bench: Bench, number: int) -> dict[str, object]:
    """A day with a column of every type; the numbers are in no order."""
    numbers = [int(n) for n in np.random.default_rng(number).integers(0, 100, ROWS)]
    return {**bench.rows(number), **{f"f {kind.name}": kind.made(numbers) for kind in KINDS}}


@pytest.fixture(scope="module")
def watched(tmp_path_factory: pytest.TempPathFactory) -> Bench:
    """A monitor whose reference has been made."""
    bench = Bench(tmp_path_factory.mktemp("mutated"))
    for number in range(5):
        made = every_column(bench, number)
        bench.write(number, made)
        bench.write_labels(number, made)
    bench.run(4)
    return bench


def mutated(whole: bytes, mutations: Mutations) -> bytes:
    """The object with every change made to it."""
    found = bytearray(whole)
    footer = len(whole) - 8 - int.from_bytes(whole[-8:-4], "little")
    for region, at, (change, what) in mutations:
        start, end = {
            "page": (4, footer),
            "footer": (footer, len(whole) - 8),
            "end": (len(whole) - 8, len(whole)),
        }[region]
        place = min(start + at % (end - start), max(len(found) - 1, 0))
        if isinstance(what, bytes):
            found[place : place + (0 if change == "insert" else len(what))] = what
        elif change == "cut":
            del found[place : place + what]
        elif found:
            found[place] ^= 1 << what
    return bytes(found)


def check(bench: Bench, log: list[bytes], labels: list[bytes]) -> None:
    """Run the window with these objects beside good ones."""
    made = every_column(bench, WINDOW)
    bench.write(WINDOW, made, compression="none", use_dictionary=False)
    bench.write_labels(WINDOW, made)
    for name, number, several in (("logs", WINDOW, log), ("labels", WINDOW + 1, labels)):
        folder = bench.root / name / f"dt={day(number):%Y-%m-%d}"
        for at, content in enumerate(several):
            (folder / f"mutated-{at:02}.parquet").write_bytes(content)
    words = [
        "run",
        "monitor.yaml",
        "--period",
        f"{day(WINDOW):%Y-%m-%d}",
        "--store",
        bench.store_url,
        "--allow-missing",
    ]
    done = subprocess.run(
        [DRIFTLINE, *words, "--as-of", "2024-03-01"],
        cwd=bench.root, capture_output=True, text=True, check=False, timeout=120,
    )  # fmt: skip
    assert done.returncode in ENDS, (done.returncode, done.stderr)
    assert "Traceback" not in done.stderr + done.stdout
    if done.returncode:
        return
    of_window = f"part = 'data' AND window_start = '{day(WINDOW):%Y-%m-%d}'"
    objects = bench.query(
        f"SELECT uri, rows_matched FROM current_run_inputs WHERE role = 'prediction' AND {of_window}"
    )
    of_day = f"/dt={day(WINDOW):%Y-%m-%d}/"
    matched = {one["uri"].rpartition("/")[2]: one["rows_matched"] for one in objects if of_day in one["uri"]}
    assert matched["part-0.parquet"] == ROWS
    assert len(matched) == 1 + len(log)
    (row,) = bench.query(f"SELECT rows_read FROM current_runs WHERE {of_window}")
    assert row["rows_read"] == sum(one["rows_matched"] for one in objects)


def many(examples: int) -> settings:
    """The same objects everywhere: a failure anywhere is one that anybody can have again."""
    return settings(
        deadline=None,
        derandomize=True,
        database=None,
        max_examples=examples,
        phases=[Phase.explicit, Phase.generate],
        suppress_health_check=[
            HealthCheck.too_slow,
            HealthCheck.data_too_large,
            HealthCheck.large_base_example,
            HealthCheck.function_scoped_fixture,
        ],
    )


OBJECTS_OF_A_RUN = st.tuples(
    st.lists(OBJECT, min_size=OBJECTS * 3 // 4, max_size=OBJECTS * 3 // 4),
    st.lists(OBJECT, min_size=OBJECTS // 4, max_size=OBJECTS // 4),
)


def whole_objects(bench: Bench) -> tuple[bytes, bytes]:
    """A log's object and one with labels, as they are written."""
    made = every_column(bench, WINDOW)
    log = bench.write(WINDOW, made, compression="none", use_dictionary=False).read_bytes()
    labels = bench.put(
        pa.table({"id": made["id"], "label": made["truth"]}),
        "plain.parquet",
        compression="none",
        use_dictionary=False,
    )
    return log, labels.read_bytes()


def check_mutated(bench: Bench, changes: Changes) -> None:
    log, labels = whole_objects(bench)
    check(bench, [mutated(log, one) for one in changes[0]], [mutated(labels, one) for one in changes[1]])


@many(2)
@given(OBJECTS_OF_A_RUN)
def test_mutated_objects_end_no_run(watched: Bench, changes: Changes) -> None:
    check_mutated(watched, changes)


@pytest.mark.slow
@pytest.mark.timeout(1200)
@many(50)
@given(OBJECTS_OF_A_RUN)
def test_two_thousand_mutated_objects_end_no_run(watched: Bench, changes: Changes) -> None:
    check_mutated(watched, changes)
