"""What the demo's run found, asked of its summary tables in SQL and set out for a terminal."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from rich.box import SIMPLE_HEAD
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
        "How well the model did on a day, by month",
        """
        WITH served AS (
            SELECT window_start, string_agg(DISTINCT model_version, ', ' ORDER BY model_version) AS version
            FROM current_performance_metrics
            WHERE monitor = $1 AND model_version <> '*' AND windows = 1
            GROUP BY window_start
        )
        SELECT strftime(window_start, '%B') AS "month", version,
               CAST(sum(n) AS BIGINT) AS "labelled", avg(value) AS "mean ROC AUC",
               min(value) AS "worst day", count(*) FILTER (degraded) AS "days degraded"
        FROM current_performance_metrics JOIN served USING (window_start)
        WHERE monitor = $1 AND metric = 'roc_auc' AND kind = 'realized' AND windows = 1 AND value IS NOT NULL
              AND segment = '*' AND model_version = '*'
        GROUP BY month(window_start), 1, 2
        ORDER BY month(window_start), 2
        """,
    ),
    Question(
        "What drifted from March: mean Jensen-Shannon distance of a day",
        """
        SELECT column_name AS "column",
               avg(value) FILTER (month(window_start) = 3) AS "Mar",
               avg(value) FILTER (month(window_start) BETWEEN 4 AND 6) AS "Apr-Jun",
               avg(value) FILTER (month(window_start) BETWEEN 7 AND 9) AS "Jul-Sep",
               avg(value) FILTER (month(window_start) BETWEEN 10 AND 12) AS "Oct-Dec",
               (
                   SELECT count(DISTINCT window_start)
                   FROM current_drift_metrics AS decided
                   WHERE decided.monitor = $1 AND decided.column_name = drift.column_name AND decided.drifted
                         AND decided.comparison = 'reference' AND decided.segment = '*'
                         AND decided.metric <> 'sustained_shift'
                         AND decided.model_version = '*'
               ) AS "days drifted"
        FROM current_drift_metrics AS drift
        WHERE monitor = $1 AND metric = 'js_distance' AND comparison = 'reference'
              AND segment = '*' AND model_version = '*'
        GROUP BY column_name
        ORDER BY avg(value) FILTER (month(window_start) > 3)
                 - avg(value) FILTER (month(window_start) = 3) DESC, column_name
        LIMIT 10
        """,
    ),
    Question(
        "The alerts that went on longest",
        """
        SELECT column_name AS "about", metric, max(severity) AS "severity",
               strftime(min(first_window), '%d %b') AS "first",
               strftime(max(last_window), '%d %b') AS "last",
               count(DISTINCT window_start) FILTER (state <> 'resolved') AS "days"
        FROM current_alerts
        WHERE monitor = $1
        GROUP BY alert_id, column_name, metric
        ORDER BY "days" DESC, "first", column_name, metric
        LIMIT 10
        """,
    ),
    Question(
        "What was wrong with the data",
        """
        SELECT check_name AS "check", column_name AS "column", count(DISTINCT window_start) AS "days",
               strftime(min(window_start), '%d %b') AS "first",
               strftime(max(window_start), '%d %b') AS "last"
        FROM current_quality_metrics
        WHERE monitor = $1 AND NOT passed AND segment = '*' AND model_version = '*'
        GROUP BY check_name, column_name
        ORDER BY "days" DESC, check_name, column_name
        LIMIT 10
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

    table = Table(title=title, title_justify="left", title_style="bold", header_style="dim", box=SIMPLE_HEAD)
    for name, kind in zip(answer.column_names, answer.schema.types, strict=True):
        number = kinds.is_integer(kind) or kinds.is_floating(kind)
        table.add_column(name, justify="right" if number else "left", no_wrap=True)
    for row in answer.to_pylist():
        table.add_row(*(_text(value) for value in row.values()))
    return table


def _text(value: object) -> str:
    if value is None:
        return ""
    if isinstance(value, float):
        return f"{value:.3f}"
    return f"{value:,}" if isinstance(value, int) else str(value)
