"""The page of metrics, in Markdown: written from their specifications, never by hand.

``python -m driftline_reports.metrics_page docs/metrics.md`` writes it anew.
"""

from __future__ import annotations

import sys
from collections.abc import Iterable
from pathlib import Path

from driftline_schemas.column_kinds import kind_specs
from driftline_schemas.drift_specs import DriftSpec, drift_specs
from driftline_schemas.performance_specs import PerformanceSpec
from driftline_schemas.task_specs import performance_specs, task_specs

_OPENING = """\
# Metrics

Written from the code: `python -m driftline_reports.metrics_page docs/metrics.md`. By these names they are in
the tables and in rules of the monitor file. How to add one: [extending.md](extending.md).

## Drift

One row of `drift_metrics` per column, cell and comparison.

"""
_KINDS = """
## Kinds of columns

What a column is in `column_kind`, and so which figures it has: those of an order or of categories. It is what
its values say, unless the monitor file lists it under a kind of `features`.

"""
_PERFORMANCE = """
## Performance

Realized from labels, or estimated without them. Of several classes one row per class, and averages over them
(`_macro`, `_weighted`).

"""


def metrics_page() -> str:
    """The whole page."""
    drift = (
        (
            f"`{spec.name}`",
            spec.title,
            _columns(spec),
            "" if spec.fixed is None else f"{spec.fixed:g}",
            spec.how,
        )
        for spec in drift_specs().values()
    )
    kinds = (
        (
            f"`{spec.name}`",
            spec.title,
            spec.form or "either",
            ", ".join(spec.default_of),
            "yes" if spec.declared else "",
            spec.how,
        )
        for spec in kind_specs().values()
    )
    performance = (
        (f"`{name}`", spec.title, ", ".join(_tasks(spec)), spec.how)
        for name, spec in performance_specs().items()
    )
    return (
        _OPENING
        + _table(("metric", "title", "of", "limit where none was learned", "what it is"), drift)
        + _KINDS
        + _table(("kind", "title", "of", "values", "under `features`", "what is counted"), kinds)
        + _PERFORMANCE
        + _table(("metric", "title", "tasks", "what it is"), performance)
    )


def _columns(spec: DriftSpec) -> str:
    of = (("ordered", spec.ordered), ("categories", spec.categories), ("texts", spec.texts))
    kinds = [kind for kind, has in of if has]
    return ", ".join(kinds) or "all columns as one, or windows as a series"


def _tasks(metric: PerformanceSpec) -> list[str]:
    return [task.title for task in task_specs().values() if metric in task.metrics]


def _table(heads: tuple[str, ...], rows: Iterable[tuple[str, ...]]) -> str:
    lines = [heads, ("---",) * len(heads), *rows]
    return "".join("| " + " | ".join(cell.replace("|", "\\|") for cell in line) + " |\n" for line in lines)


if __name__ == "__main__":
    Path(sys.argv[1]).write_text(metrics_page(), encoding="utf-8")
