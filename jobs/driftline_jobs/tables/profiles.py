"""``profiles``: the mergeable state of every base window, cell and column.

Rows with the column ``*`` hold what became of the predictions (``tasks``), those with the column
``*together`` the sums behind multivariate drift.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from datetime import datetime
from operator import itemgetter
from typing import TypeVar

from driftline_jobs.profiles.cell import WHOLE, Cell, CellKey
from driftline_jobs.profiles.codec import decode, encode
from driftline_jobs.profiles.id_sketch import IdSketch
from driftline_jobs.profiles.moments import MOMENTS
from driftline_jobs.profiles.state import Profile, merge
from driftline_jobs.sources.profiling.windows import WindowProfile
from driftline_jobs.stores.base import Store
from driftline_jobs.tables.reading import Row, place_of, rows_of
from driftline_jobs.tasks.outcomes import Outcomes, OutcomesByCell
from driftline_jobs.tasks.stored import read_ids_of, read_outcomes, with_ids
from driftline_schemas.monitor import Monitor
from driftline_schemas.rows import TableBuilder
from driftline_schemas.table_names import ALL, table_column
from driftline_schemas.window import Window, from_us, to_us

_WHERE = "monitor = $1 AND granularity = $2 AND window_start >= $3 AND window_start < $4"
_CELL = "window_start, segment, segment_value"
_MERGED_AT_ONCE = 256
_OF_WINDOW = (
    "SELECT p.model_version, p.segment, p.segment_value, p.column_name, p.base_start, p.state "
    "FROM current_profiles p WHERE p.monitor = $1 AND p.granularity = $2 AND p.window_start = $3 "
    "ORDER BY p.model_version, p.segment, p.segment_value, p.column_name, p.base_start"
)
_WHOLES = (
    "SELECT p.window_start, p.column_name, p.state FROM current_profiles p "
    "JOIN runs r ON r.run_id = p.run_id AND r.binning_id = $5 "  # other bins cannot be compared
    "WHERE p.monitor = $1 AND p.granularity = $2 AND p.window_start >= $3 AND p.window_start < $4 "
    "AND p.model_version = '*' AND p.segment = '*' AND p.column_name NOT LIKE '*%' "
    "ORDER BY p.window_start, p.column_name, p.base_start"
)
_IDS = (
    f"SELECT window_start, base_start, state FROM current_profiles WHERE {_WHERE} "  # noqa: S608 - our words
    "AND column_name = '*' AND model_version = '*' AND segment = '*' ORDER BY window_start, base_start"
)
_MEASURED = (
    f"SELECT DISTINCT {_CELL} FROM current_performance_metrics "  # noqa: S608 - our words
    f"WHERE {_WHERE} AND model_version = '*' AND kind = 'realized' AND windows = 1 AND n >= $5"
)
_OUTCOMES = (
    f"SELECT {_CELL}, state FROM current_profiles JOIN ({_MEASURED}) m USING ({_CELL}) "  # noqa: S608
    f"WHERE {_WHERE} AND model_version = '*' AND column_name = '*' ORDER BY {_CELL}, base_start"
)
_OUTCOMES_OF_WHOLES = (
    f"SELECT window_start, state FROM current_profiles WHERE {_WHERE} "  # noqa: S608 - our words
    "AND column_name = '*' AND model_version = '*' AND segment = '*' ORDER BY window_start, base_start"
)
_DRIFTED = (
    "SELECT DISTINCT window_start, column_name FROM current_drift_metrics "  # noqa: S608 - our words
    f"WHERE {_WHERE} AND model_version = '*' AND segment = '*' AND comparison = 'reference' AND drifted"
)
_COUNTED = (
    f"SELECT DISTINCT {_CELL} FROM current_profile_metrics "  # noqa: S608 - our words
    f"WHERE {_WHERE} AND model_version = '*' AND column_name = '*' AND count >= $5"
)
_OF_DRIFTED = (
    f"SELECT {_CELL}, column_name, state FROM current_profiles JOIN ({_COUNTED}) m USING ({_CELL}) "  # noqa: S608
    f"JOIN ({_DRIFTED}) d USING (window_start, column_name) "
    f"WHERE {_WHERE} AND model_version = '*' ORDER BY {_CELL}, column_name, base_start"
)
_SPAN = "monitor = $1 AND granularity = $2 AND base_start >= $3 AND base_start < $4"
_OF_SPAN = (
    "SELECT model_version, segment, segment_value, column_name, base_start, state "  # noqa: S608 - our words
    f"FROM current_profiles WHERE {_SPAN} AND column_name NOT LIKE '*%' "
)
_BINNINGS_OF_SPAN = (
    "SELECT DISTINCT r.binning_id AS binning_id FROM current_runs r "  # noqa: S608 - our words
    f"JOIN (SELECT DISTINCT run_id FROM current_profiles WHERE {_SPAN}) p ON p.run_id = r.run_id ORDER BY 1"
)

K = TypeVar("K")


def add_profiles(table: TableBuilder, monitor: str, window: WindowProfile, run_id: str) -> None:
    """The mergeable state of every base window, cell and column."""
    keys = sorted(window.base)
    places = [(key, name) for key in keys for name in sorted(window.base[key])]
    table.add(
        len(places),
        monitor=monitor,
        window_start=window.window.start,
        window_end=window.window.end,
        granularity=window.window.granularity.value,
        model_version=[key.model_version for key, _ in places],
        segment=[key.segment for key, _ in places],
        segment_value=[key.segment_value for key, _ in places],
        run_id=run_id,
        column_name=[table_column(name) for _, name in places],
        base_start=[from_us(key.base_start_us) for key, _ in places],
        state=[encode(window.base[key][name]) for key, name in places],
    )
    table.add(
        len(window.moments),
        monitor=monitor,
        window_start=window.window.start,
        window_end=window.window.end,
        granularity=window.window.granularity.value,
        model_version=WHOLE.model_version,
        segment=WHOLE.segment,
        segment_value=WHOLE.segment_value,
        run_id=run_id,
        column_name=MOMENTS,
        base_start=[from_us(start) for start in sorted(window.moments)],
        state=[window.moments[start].to_bytes() for start in sorted(window.moments)],
    )


def add_outcome_profiles(
    table: TableBuilder,
    monitor: str,
    window: Window,
    run_id: str,
    base: OutcomesByCell,
    ids: Mapping[int, IdSketch],
) -> None:
    """The mergeable outcomes of every base window and cell: rows of ``profiles`` with column ``*``.

    Those of the whole hold the ``ids`` of their base window too, by its start.
    """
    keys = sorted(base)
    table.add(
        len(keys),
        monitor=monitor,
        window_start=window.start,
        window_end=window.end,
        granularity=window.granularity.value,
        model_version=[key.model_version for key in keys],
        segment=[key.segment for key in keys],
        segment_value=[key.segment_value for key in keys],
        run_id=run_id,
        column_name="*",
        base_start=[from_us(key.base_start_us) for key in keys],
        state=[
            with_ids(base[key].to_bytes(), ids.get(key.base_start_us) if _is_whole(key) else None)
            for key in keys
        ],
    )


def _is_whole(key: CellKey) -> bool:
    return Cell(key.model_version, key.segment, key.segment_value) == WHOLE


def merged_profiles(rows: Iterable[Row], key: Callable[[Row], K]) -> dict[K, dict[str, Profile]]:
    """The profiles of rows with the same ``key``, by ``column_name``, as one: over base windows, or windows.

    Rows of outcomes and of moments are passed over.
    """
    states: dict[K, dict[str, list[bytes]]] = {}
    for row in rows:
        if not row["column_name"].startswith(ALL):
            states.setdefault(key(row), {}).setdefault(row["column_name"], []).append(row["state"])
    return {
        place: {name: _merged(several) for name, several in columns.items()}
        for place, columns in states.items()
    }


def _merged(states: Sequence[bytes]) -> Profile:
    """One profile, in steps: decoded ones are many times larger than their bytes."""
    total: list[Profile] = []
    for at in range(0, len(states), _MERGED_AT_ONCE):
        total = [merge([*total, *map(decode, states[at : at + _MERGED_AT_ONCE])])]
    return total[0]


def merged_outcomes(rows: Iterable[Row], key: Callable[[Row], K]) -> dict[K, Outcomes]:
    """The outcomes of rows of outcomes with the same ``key`` as one."""
    found: dict[K, list[Outcomes]] = {}
    for row in rows:
        found.setdefault(key(row), []).append(read_outcomes(row["state"]))
    return {place: several[0].merged(several) for place, several in found.items()}


def of_window(store: Store, monitor: Monitor, window: Window) -> list[Row]:
    """Everything that is stored of one window."""
    return rows_of(store, _OF_WINDOW, [*place_of(monitor), window.start])


def of_wholes(
    store: Store, monitor: Monitor, binning_id: str, start: datetime, end: datetime
) -> dict[datetime, dict[str, Profile]]:
    """The profiles of whole windows at these bins, by the window's start and ``column_name``."""
    rows = rows_of(store, _WHOLES, [*place_of(monitor), start, end, binning_id])
    return merged_profiles(rows, itemgetter("window_start"))


def id_sketches(
    store: Store, monitor: Monitor, start: datetime, end: datetime
) -> dict[datetime, list[tuple[int, IdSketch]]]:
    """The ids of every base window (its start, UTC microseconds), by the start of its window."""
    found: dict[datetime, list[tuple[int, IdSketch]]] = {}
    for row in rows_of(store, _IDS, [*place_of(monitor), start, end]):
        ids = read_ids_of(row["state"])
        if ids is not None:  # published by a version that kept none
            found.setdefault(row["window_start"], []).append((to_us(row["base_start"]), ids))
    return found


def outcomes_of_segments(
    store: Store, monitor: Monitor, windows: Sequence[Window]
) -> dict[tuple[datetime, Cell], Outcomes]:
    """The outcomes of every cell of the windows, over all versions, that has a figure by labels."""
    rows = _of_windows(store, _OUTCOMES, monitor, windows)
    return merged_outcomes(rows, lambda row: (row["window_start"], _segment_of(row)))


def outcomes_of_wholes(
    store: Store, monitor: Monitor, start: datetime, end: datetime
) -> dict[datetime, Outcomes]:
    """The outcomes of whole windows, by the window's start."""
    found: dict[datetime, Outcomes] = {}
    for row in rows_of(store, _OUTCOMES_OF_WHOLES, [*place_of(monitor), start, end]):
        at, more = row["window_start"], read_outcomes(row["state"])
        found[at] = more.merged([found[at], more]) if at in found else more
    return found


def profiles_of_segments(
    store: Store, monitor: Monitor, windows: Sequence[Window]
) -> dict[tuple[datetime, Cell], dict[str, Profile]]:
    """The profiles of drifted columns in every cell of the windows that has rows enough, over versions."""
    rows = _of_windows(store, _OF_DRIFTED, monitor, windows)
    return merged_profiles(rows, lambda row: (row["window_start"], _segment_of(row)))


def _of_windows(store: Store, sql: str, monitor: Monitor, windows: Sequence[Window]) -> list[Row]:
    """Rows of the windows' range, those of other windows within it left out."""
    wanted = {window.start for window in windows}
    given = [*place_of(monitor), windows[0].start, windows[-1].end, monitor.alerts.min_rows]
    return [row for row in rows_of(store, sql, given) if row["window_start"] in wanted]


def _segment_of(row: Row) -> Cell:
    return Cell(ALL, row["segment"], row["segment_value"])


def cell_of(row: Row) -> Cell:
    """The cell that a row is about."""
    return Cell(row["model_version"], row["segment"], row["segment_value"])


def of_span(
    store: Store, monitor: Monitor, start: datetime, end: datetime, *, segments: bool
) -> tuple[dict[Cell, dict[str, Profile]], int]:
    """The profiles of a span of base windows, by cell and ``column_name``; and of how many base windows."""
    where = "" if segments else "AND model_version = '*' AND segment = '*' "
    rows = rows_of(store, _OF_SPAN + where, [*place_of(monitor), start, end])
    return merged_profiles(rows, cell_of), len({row["base_start"] for row in rows})


def binnings_of_span(store: Store, monitor: Monitor, start: datetime, end: datetime) -> list[str]:
    """The ids of the bins at which the base windows of a span were profiled, ascending."""
    rows = rows_of(store, _BINNINGS_OF_SPAN, [*place_of(monitor), start, end])
    return [row["binning_id"] for row in rows]
