"""Report inputs in which every text is somebody's attempt to break the page."""

from __future__ import annotations

import numpy as np
import pyarrow as pa
from tests.reports.sample_inputs import Maker
from tests.reports.sample_story import Sample, monitor

from driftline_reports.inputs import Distribution, ReportInputs

HOSTILE = (
    "<script>window.pwned=1</script>",
    "</script><img src=x onerror=window.pwned=1>",
    '"><svg onload=window.pwned=1>',
    "' onmouseover='window.pwned=1",
    "</style></title><body onload=window.pwned=1>",
    "a\x00b\x07c\x1b[31md\r\ne\tf",
    "\u202eevil\u2066 right to left\u200f\u2028\u2029",
    "x" * 10_000,
    "{{ 7*7 }}{% raw %}${alert(1)}",
    "javascript:window.pwned=1",
    "'; drop table runs; --",
    "مرحبا بالعالم",
    "👩‍👩‍👧 emoji\ufeff",
    "]]><!--<![CDATA[",
    "&lt;b&gt; &amp; &#x27;",
    "",
    " ",
    "__null__",
    "\\__other__",
)


POISONED = {
    "drift_metrics": ("model_version", "segment_value", "reason", "threshold_source", "status"),
    "performance_metrics": ("model_version", "class_label", "segment_value", "reason", "status"),
    "quality_metrics": ("check_name", "expected"),
    "attributions": ("segment_value",),
    "alerts": ("alert_id", "column_name", "metric", "severity", "evidence", "segment_value"),
    "run_inputs": ("role", "uri", "etag", "reason"),
    "runs": ("engine", "code_version", "config_hash", "reference_id", "binning_id"),
}
"""Texts that come from outside, by table; versions and segments of the whole stay what they are."""

NAMES = tuple(text for text in HOSTILE if text)
STORED = tuple(text.replace("\x00", "\u2400") for text in HOSTILE)
"""As the tables hold them: NUL is no text in Postgres."""


def hostile() -> ReportInputs:
    """One page's inputs with something hostile in every place a text can come from."""
    maker = Maker(Sample(columns=NAMES, count=len(NAMES), windows=8, drifted=12))
    maker.monitor = monitor(
        description=HOSTILE[0] + HOSTILE[6] + HOSTILE[7][:5000],
        owner="</title><script>window.pwned=1</script>",
    )
    made = maker.inputs()
    counts = np.arange(1, len(HOSTILE) + 1)
    distributions = {
        name: Distribution(
            column=name,
            kind="categorical",
            current=counts,
            reference=counts[::-1],
            labels=HOSTILE,
            note=HOSTILE[0],
        )
        for name in made.distributions
    }
    tables = {name: _poisoned(name, table) for name, table in made.tables.items()}
    return ReportInputs(made.monitor, made.window, tables, distributions, made.generated_at)


def _poisoned(name: str, table: pa.Table) -> pa.Table:
    for column in POISONED.get(name, ()):
        texts = table[column].to_pylist()
        new: list[str | None] = [STORED[n % len(STORED)] for n in range(len(texts))]
        if column in {"segment_value", "model_version"}:
            new = [old if old == "*" else text for old, text in zip(texts, new, strict=True)]
        if column == "class_label":
            # Half stay figures of the model as a whole.
            new = [None if n % 2 else text for n, text in enumerate(new)]
        table = table.set_column(table.column_names.index(column), column, pa.array(new, pa.string()))
    if "column_name" in table.column_names and name != "alerts":
        names = [text.replace("\x00", "\u2400") for text in table["column_name"].to_pylist()]
        position = table.column_names.index("column_name")
        table = table.set_column(position, "column_name", pa.array(names, pa.string()))
    return table
