"""What the demo's run found, asked of its summary tables in SQL and set out for a terminal."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from rich.console import Group, RenderableType
from rich.table import Table

if TYPE_CHECKING:
    import pyarrow as pa

    from driftline_jobs.stores.base import Store

MONITOR = "flight_delay"


@dataclass(frozen=True, slots=True)
class Question:
    """A question to the tables, and how its answer is headed. The query takes the monitor's name."""

    title: str
    sql: str


QUESTIONS = (
    Question(
        "How well the model did, by month and version",
        """
        SELECT strftime(window_start, '%B') AS "month", model_version AS "version",
               CAST(sum(n) AS BIGINT) AS "labelled flights", round(avg(value), 3) AS "mean daily ROC AUC",
               count(*) FILTER (degraded) AS "days degraded"
        FROM current_performance_metrics
        WHERE monitor = ? AND metric = 'roc_auc' AND kind = 'realized' AND segment = '*'
              AND model_version <> '*' AND value IS NOT NULL
        GROUP BY month(window_start), 1, 2
        ORDER BY month(window_start), 2
        """,
    ),
    Question(
        "What drifted from March on most days",
        """
        SELECT column_name AS "column", count(DISTINCT window_start) AS "days",
               strftime(min(window_start), '%Y-%m-%d') AS "first",
               strftime(max(window_start), '%Y-%m-%d') AS "last",
               strftime(arg_max(window_start, value), '%Y-%m-%d') AS "worst", arg_max(metric, value) AS "by",
               round(max(value), 2) AS "worst value"
        FROM current_drift_metrics
        WHERE monitor = ? AND drifted AND comparison = 'reference' AND segment = '*' AND model_version = '*'
        GROUP BY column_name
        ORDER BY "days" DESC, column_name
        LIMIT 8
        """,
    ),
    Question(
        "The alerts that went on longest",
        """
        SELECT column_name AS "about", metric, max(severity) AS "severity",
               strftime(min(first_window), '%Y-%m-%d') AS "first",
               strftime(max(last_window), '%Y-%m-%d') AS "last",
               count(DISTINCT window_start) FILTER (state <> 'resolved') AS "days"
        FROM current_alerts
        WHERE monitor = ?
        GROUP BY alert_id, column_name, metric
        ORDER BY "days" DESC, "first", column_name, metric
        LIMIT 8
        """,
    ),
    Question(
        "What was wrong with the data",
        """
        SELECT check_name AS "check", column_name AS "column", count(DISTINCT window_start) AS "days",
               strftime(min(window_start), '%Y-%m-%d') AS "first"
        FROM current_quality_metrics
        WHERE monitor = ? AND NOT passed AND segment = '*' AND model_version = '*'
        GROUP BY check_name, column_name
        ORDER BY "days" DESC, check_name, column_name
        LIMIT 8
        """,
    ),
)


def findings(store: Store) -> RenderableType:
    """The answers to ``QUESTIONS``, one table each; a question that finds nothing says so in a line."""
    parts: list[RenderableType] = []
    for question in QUESTIONS:
        answer = store.execute_read(question.sql, [MONITOR])
        parts += ["", _table(question.title, answer) if answer.num_rows else f"{question.title}: nothing"]
    return Group(*parts)


def _table(title: str, answer: pa.Table) -> Table:
    import pyarrow.types as kinds

    table = Table(title=title, title_justify="left", title_style="bold", header_style="dim")
    for name, kind in zip(answer.column_names, answer.schema.types, strict=True):
        number = kinds.is_integer(kind) or kinds.is_floating(kind)
        table.add_column(name, justify="right" if number else "left")
    for row in answer.to_pylist():
        table.add_row(*(f"{value:,}" if isinstance(value, int) else str(value) for value in row.values()))
    return table
