"""A closer look at single columns: Evidently's report over a bounded sample of rows, made safe to open.

Evidently embeds values unescaped, leaves out kinds it does not know and gives everything new ids each time.
So values are cleaned and every column's kind is named before, and ids are replaced and a policy is set after.
It takes seconds to import: nothing but this module may do so.
"""

from __future__ import annotations

import base64
import hashlib
import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from html import escape
from html.parser import HTMLParser
from typing import TYPE_CHECKING, Any, Final

from driftline_reports import formats
from driftline_reports.inputs import check_link
from driftline_reports.names import Names, is_hash, visible
from driftline_schemas.errors import ConfigError

if TYPE_CHECKING:
    import pandas as pd
    import pyarrow as pa

    from driftline_schemas.monitor import Monitor
    from driftline_schemas.window import Window

_NUMERIC: Final = frozenset({"numeric", "score", "datetime"})
_MOST_VALUES: Final = 50
_OTHER: Final = "(all other values)"
_MISSING: Final = "(missing)"
# Characters with a meaning in HTML or in the charts' labels, and what reads like them without any.
_HARMLESS: Final = str.maketrans(
    {
        "<": "‹",
        ">": "›",
        "&": "＆",
        '"': "”",
        "'": "’",
        "`": "ˋ",
        "\\": "＼",
        "{": "❴",
        "}": "❵",
        "%": "％",
        "$": "＄",
    }
)
_UUID: Final = re.compile(r"[0-9a-f]{8}-(?:[0-9a-f]{4}-){3}[0-9a-f]{12}|metric_[0-9a-f]{32}")


@dataclass(frozen=True, slots=True, eq=False)
class DrilldownInputs:
    """Two samples with the same columns, and of how many rows they are a sample.

    ``kinds`` says for each column how it is treated (the ``column_kind`` of the tables); columns without a
    kind are left out. Sensitive columns may be in the samples as salted hashes only.
    """

    monitor: Monitor
    window: Window
    current: pa.Table
    reference: pa.Table
    kinds: Mapping[str, str]
    rows_current: int
    rows_reference: int
    page_link: str | None = None


def render_drilldown(inputs: DrilldownInputs) -> str:
    """The report as one HTML page. The same samples give the same bytes.

    Raises ConfigError when Evidently is not installed.
    """
    check_link(inputs.page_link)
    try:
        from evidently import DataDefinition, Dataset, Report
        from evidently.presets import DataDriftPreset, DataSummaryPreset
    except ImportError as error:
        raise ConfigError("the drill-down needs Evidently: install driftline[evidently]") from error
    columns, left_out = _columns(inputs)
    if not columns or not len(inputs.current) or not len(inputs.reference):
        return _alone(inputs, left_out)
    names = _unique({column: _clean(visible(column)) for column in columns})
    frames = [_frame(table, columns, names, inputs.kinds) for table in (inputs.current, inputs.reference)]
    _cap_values(frames, [names[column] for column in columns if inputs.kinds[column] not in _NUMERIC])
    numeric = [names[column] for column in columns if inputs.kinds[column] in _NUMERIC]
    definition = DataDefinition(
        numerical_columns=numeric,
        categorical_columns=[name for name in names.values() if name not in set(numeric)],
    )
    report = Report([DataDriftPreset(), DataSummaryPreset()])
    made = report.run(*(Dataset.from_pandas(frame, definition) for frame in frames))
    html: str = made.get_html_str(as_iframe=False)
    return _finish(_settled(html, frames), inputs, left_out)


def _columns(inputs: DrilldownInputs) -> tuple[list[str], list[str]]:
    """The columns to show, and those that are left out, each with its reason."""
    names = Names(inputs.monitor.features.sensitive_columns)
    shown, left_out = [], []
    for column in inputs.current.column_names:
        if column not in inputs.kinds or column not in inputs.reference.column_names:
            continue
        sides = (inputs.current[column], inputs.reference[column])
        missing = [_all_missing(side) for side in sides]
        if any(missing):  # Evidently compares no column of which one side has nothing
            where = "" if all(missing) else " in the window" if missing[0] else " in the reference"
            left_out.append(f"{names.column(column)} (all missing{where})")
        elif names.is_sensitive(column) and not all(map(_only_hashes, sides)):
            left_out.append(f"{names.column(column)} (sensitive)")
        else:
            shown.append(column)
    return shown, left_out


def _all_missing(values: pa.ChunkedArray) -> bool:
    import pyarrow.compute as pc

    return bool(pc.all(pc.is_null(values, nan_is_null=True)).as_py())


def _only_hashes(values: pa.ChunkedArray) -> bool:
    import pyarrow as pa
    import pyarrow.compute as pc

    texts = values.cast(values.type.value_type) if pa.types.is_dictionary(values.type) else values
    if not (pa.types.is_string(texts.type) or pa.types.is_large_string(texts.type)):
        return False
    return all(is_hash(text) for text in pc.unique(texts.drop_null()).to_pylist())


def _frame(
    table: pa.Table, columns: Sequence[str], names: Mapping[str, str], kinds: Mapping[str, str]
) -> pd.DataFrame:
    """The columns as pandas: numbers as finite float64 or NaN, everything else as cleaned text."""
    import numpy as np
    import pandas as pd
    import pyarrow as pa

    made = {}
    for column in columns:
        values = table[column]
        if pa.types.is_dictionary(values.type):
            values = values.cast(values.type.value_type)
        if kinds[column] in _NUMERIC:
            numbers = _numbers(values)
            made[names[column]] = np.where(np.isfinite(numbers), numbers, np.nan)
        else:
            # Each distinct value is cleaned once: there are few of them and many rows.
            encoded = values.cast(pa.string()).combine_chunks().dictionary_encode()
            if isinstance(encoded, pa.ChunkedArray):
                encoded = encoded.combine_chunks()
            cleaned = [_clean(visible(text)) for text in encoded.dictionary.to_pylist()]
            codes = encoded.indices.fill_null(len(cleaned)).to_numpy(zero_copy_only=False)
            made[names[column]] = np.array([*cleaned, _MISSING], object)[codes]
    return pd.DataFrame(made)


def _numbers(values: pa.ChunkedArray) -> Any:  # noqa: ANN401 - an array of float64
    """Numbers as float64, times as seconds since 1970-01-01 UTC, nulls as NaN."""
    import pyarrow as pa

    if pa.types.is_date(values.type):
        values = values.cast(pa.timestamp("s"))
    if pa.types.is_timestamp(values.type):
        return values.cast(pa.timestamp("us")).cast(pa.int64()).cast(pa.float64()).to_numpy() / 1e6
    if pa.types.is_boolean(values.type):
        values = values.cast(pa.int8())
    return values.cast(pa.float64(), safe=False).to_numpy()


def _cap_values(frames: Sequence[pd.DataFrame], names: Sequence[str]) -> None:
    """Keep the most frequent values of both sides together, and call the rest by one name."""
    import pandas as pd

    for name in names:
        counts = pd.concat([frame[name] for frame in frames]).value_counts()
        if len(counts) <= _MOST_VALUES:
            continue
        ranked = sorted(counts.items(), key=lambda found: (-found[1], str(found[0])))
        retained = {value for value, _ in ranked[: _MOST_VALUES - 1]}
        for frame in frames:
            frame[name] = frame[name].where(frame[name].isin(retained), _OTHER)


def _clean(text: str) -> str:
    return text.translate(_HARMLESS)


def _unique(names: dict[str, str]) -> dict[str, str]:
    """Names that cleaning has made equal are told apart by a number."""
    taken: set[str] = set()
    for column, name in names.items():
        number, candidate = 1, name
        while candidate in taken:
            number += 1
            candidate = f"{name} ({number})"
        taken.add(candidate)
        names[column] = candidate
    return names


def _settled(html: str, frames: Sequence[pd.DataFrame]) -> str:
    """The HTML with ids by their order, so that the same sample gives the same bytes.

    A value that looks like an id and is one of the data's own stays what it is.
    """
    texts = {str(name) for frame in frames for name in frame.columns}
    for frame in frames:
        for name in frame.columns:
            if frame[name].dtype == object:
                texts.update(map(str, frame[name].unique()))
    own = {found for text in texts for found in _UUID.findall(text)}
    known: dict[str, str] = {}

    def replacement(match: re.Match[str]) -> str:
        found = match.group()
        if found in own:
            return found
        if found not in known:
            digest = hashlib.sha256(f"driftline {len(known)}".encode()).hexdigest()
            plain = f"{digest[:8]}-{digest[8:12]}-{digest[12:16]}-{digest[16:20]}-{digest[20:32]}"
            known[found] = f"metric_{digest[:32]}" if found.startswith("metric_") else plain
        return known[found]

    return _UUID.sub(replacement, html)


class _Scripts(HTMLParser):
    """Collects the text of every script of a page."""

    def __init__(self) -> None:
        super().__init__(convert_charrefs=False)
        self.scripts: list[str] = []
        self._inside = False

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        """Begin a script."""
        del attrs
        if tag == "script":
            self._inside = True
            self.scripts.append("")

    def handle_endtag(self, tag: str) -> None:
        """End one."""
        if tag == "script":
            self._inside = False

    def handle_data(self, data: str) -> None:
        """Add to the present one."""
        if self._inside:
            self.scripts[-1] += data


def _script_hashes(html: str) -> Iterator[str]:
    parser = _Scripts()
    parser.feed(html)
    parser.close()
    for script in dict.fromkeys(parser.scripts):
        # A browser reads line ends as one character before it hashes.
        text = script.replace("\r\n", "\n").replace("\r", "\n")
        yield base64.b64encode(hashlib.sha256(text.encode()).digest()).decode()


def _finish(html: str, inputs: DrilldownInputs, left_out: Sequence[str]) -> str:
    """The page with its policy at the top of the head and the line on the sample at the top of the body."""
    hashes = " ".join(f"'sha256-{digest}'" for digest in _script_hashes(html))
    policy = (
        f"default-src 'none'; script-src {hashes}; style-src 'unsafe-inline'; img-src data: blob:; "
        "font-src data:; base-uri 'none'; form-action 'none'"
    )
    meta = f'<meta http-equiv="Content-Security-Policy" content="{policy}">'
    head, body = html.index("<head>") + len("<head>"), html.index("<body>") + len("<body>")
    title = f"<title>{escape(_title(inputs))}</title>"
    return f"{html[:head]}{meta}{title}{html[head:body]}{_banner(inputs, left_out)}{html[body:]}".strip()


def _title(inputs: DrilldownInputs) -> str:
    calendar = inputs.monitor.calendar
    return f"{inputs.monitor.monitor}, {calendar.label(inputs.window)}: a sample, looked at closely"


def _banner(inputs: DrilldownInputs, left_out: Sequence[str]) -> str:
    """What this page is, and what it is not."""
    now = f"{formats.count(len(inputs.current))} of {formats.count(inputs.rows_current)} rows of the window"
    then = (
        f"{formats.count(len(inputs.reference))} of {formats.count(inputs.rows_reference)} of the reference"
    )
    said = (
        f"This is a sample: {now} beside {then}, chosen by the hash of their ids. Its tests are Evidently's "
        "own, so figures and verdicts differ from the report's. Of a column's values the "
        f"{_MOST_VALUES - 1} most frequent are told apart."
    )
    if left_out:
        said += f" Left out: {', '.join(left_out)}."
    back = ""
    if inputs.page_link:
        back = f' <a href="{escape(inputs.page_link)}" style="color:#1f5c8a">Back to the report</a>'
    style = "margin:0;padding:14px 20px;background:#fbf3d9;color:#1c2127;font:15px/1.5 system-ui,sans-serif"
    return f'<p style="{style}"><strong>{escape(_title(inputs))}.</strong> {escape(said)}{back}</p>'


def _alone(inputs: DrilldownInputs, left_out: Sequence[str]) -> str:
    """The page when there is nothing to look at."""
    head = '<!doctype html><html lang="en"><head><meta charset="utf-8"></head>'
    html = f"{head}<body><p>There are no rows to compare.</p></body></html>"
    finished = _finish(html, inputs, left_out)
    return finished.replace("script-src ;", "script-src 'none';")
