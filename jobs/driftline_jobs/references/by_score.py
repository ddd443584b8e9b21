"""The rows of a reference by column and score: what the change of one column alone would do to the model."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

import pyarrow as pa

from driftline_jobs.tasks.outcomes import Outcomes
from driftline_jobs.tasks.stored import read_outcomes
from driftline_schemas.errors import DataError

FORMAT = 1
_SCHEMA = pa.schema([("column_name", pa.string()), ("place", pa.int16()), ("state", pa.binary())])
_WHOLE, _WINDOWS = -1, -2
"""Stand in ``place`` for all rows, and for the rows of each place by windows."""
NoiseKey = tuple[str, str, str | None]
"""Column, metric, class."""


@dataclass(frozen=True)
class ByScore:
    """At most a million rows of a reference, parted by one feature at a time.

    Attributes:
        whole: the outcomes of all these rows, by score.
        columns: by feature and place of its bin (``BinsOf.places``), the outcomes of the rows there; places
            without rows are not among them.
        by_window: by feature, the rows of each place (windows, places), windows that follow each other taken
            together where there are many.
        spread: standard deviation of each figure (metric, class) over the windows.
        noise: what 99 % of windows like the reference's stay within, of every impact for which that is known.
    """

    whole: Outcomes
    columns: Mapping[str, Mapping[int, Outcomes]]
    by_window: Mapping[str, Sequence[Sequence[int]]] = field(default_factory=dict)
    spread: Mapping[tuple[str, str | None], float] = field(default_factory=dict)
    noise: Mapping[NoiseKey, float] = field(default_factory=dict)

    def to_bytes(self) -> bytes:
        """An Arrow stream: equal tables give equal bytes."""
        rows = [("", _WHOLE, self.whole.to_bytes())]
        for name in sorted(self.columns):
            places = self.columns[name]
            rows += [(name, place, places[place].to_bytes()) for place in sorted(places)]
            if name in self.by_window:
                rows.append((name, _WINDOWS, _json(self.by_window[name])))
        noise, spread = (
            [[*key, value] for key, value in sorted(of.items(), key=str)] for of in (self.noise, self.spread)
        )
        about = _json({"format": FORMAT, "noise": noise, "spread": spread})
        arrays = [
            pa.array(values, of.type) for values, of in zip(zip(*rows, strict=True), _SCHEMA, strict=True)
        ]
        schema = _SCHEMA.with_metadata({b"driftline": about})
        sink = pa.BufferOutputStream()
        options = pa.ipc.IpcWriteOptions(compression=pa.Codec("zstd", 9))
        with pa.ipc.new_stream(sink, schema, options=options) as writer:
            writer.write_batch(pa.record_batch(arrays, schema=schema))
        return bytes(sink.getvalue())

    @classmethod
    def from_bytes(cls, data: bytes) -> ByScore:
        """Raises DataError when the bytes are of a newer format."""
        table = pa.ipc.open_stream(data).read_all()
        about = json.loads(table.schema.metadata[b"driftline"])
        if about["format"] != FORMAT:
            raise DataError(
                f"a reference's rows by score are of format {about['format']}, this version reads {FORMAT}: "
                "run the version of driftline that made it, or `driftline rebase` the monitor"
            )
        whole: Outcomes | None = None
        columns: dict[str, dict[int, Outcomes]] = {}
        by_window: dict[str, list[list[int]]] = {}
        for name, place, state in zip(*(column.to_pylist() for column in table.columns), strict=True):
            if place == _WHOLE:
                whole = read_outcomes(state)
            elif place == _WINDOWS:
                by_window[name] = json.loads(state)
            else:
                columns.setdefault(name, {})[place] = read_outcomes(state)
        if whole is None:
            raise DataError("a reference's rows by score lack their sum: `driftline rebase` the monitor")
        noise = {(column, metric, of_class): value for column, metric, of_class, value in about["noise"]}
        spread = {(metric, of_class): value for metric, of_class, value in about["spread"]}
        return cls(whole, columns, by_window, spread, noise)


def _json(content: object) -> bytes:
    return json.dumps(content, separators=(",", ":")).encode()
