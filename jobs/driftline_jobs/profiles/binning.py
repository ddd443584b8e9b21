"""Where the bins of a monitor lie: edges, vocabularies and segment values, fixed when the reference is
first profiled and kept, under ``binning_id``, with every profile made at them."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING, Any

from driftline_jobs.profiles.kinds.base import Bins, Reading
from driftline_jobs.profiles.kinds.forms import bins_of
from driftline_jobs.profiles.kinds.ordered import OrderedBins
from driftline_schemas.errors import DataError
from driftline_schemas.serving_log import Storage

if TYPE_CHECKING:
    from driftline_jobs.profiles.columns.hiding import Hiding

FORMAT = 2


@dataclass(frozen=True)
class Binning:
    """All bins of one monitor.

    Attributes:
        columns: the bins of each watched column.
        segments: for each segment (its columns' names joined as the contract says) the values that
            get a cell of their own; further ones share ``__other__``.
        storages: how each column was stored in the reference; what came later is held against it.
        salt_fingerprint: tells which salt sensitive values are hashed with; empty when none are.
        moment_share: of the rows, those that the moments of the columns together are taken of.
        winsorised: whether values beyond a column's outer edges count as these in the moments; not in what
            an older version has made.
        labels: the bins of labels that are numbers and no column of the log; None for others, where the
            reference has none, and where an older version has made it.
        known_as: the id of bins of an older version, which followed from more than what is kept of them.
    """

    columns: Mapping[str, Bins]
    segments: Mapping[str, tuple[str, ...]]
    storages: Mapping[str, str]
    salt_fingerprint: str = ""
    moment_share: float = 1.0
    winsorised: bool = False
    labels: OrderedBins | None = None
    known_as: str = ""

    def reading(self, name: str, hiding: Hiding) -> Reading:
        """How a watched column is read."""
        stored = self.storages.get(name)
        return Reading(name, None if stored is None else Storage(stored), hiding)

    @cached_property
    def binning_id(self) -> str:
        """16 hex digits of the SHA-256 of the bins themselves."""
        return self.known_as or hashlib.sha256(self.to_bytes()).hexdigest()[:16]

    def to_bytes(self) -> bytes:
        """Canonical JSON: equal binnings give equal bytes. Floats are written exactly, as hex."""
        document: dict[str, Any] = {
            "format": FORMAT,
            "columns": {name: bins.entry() for name, bins in self.columns.items()},
            "segments": dict(self.segments),
            "storages": dict(self.storages),
            "moment_share": self.moment_share.hex(),
        }
        if self.winsorised:
            document["winsorised"] = True
        if self.labels is not None:
            document["labels"] = self.labels.entry()
        if self.salt_fingerprint:
            document["salt_fingerprint"] = self.salt_fingerprint
        else:
            document["salt"] = ""  # never anything else: bins that hash nothing keep the ids they always had
        if self.known_as:
            document["id"] = self.known_as
        return json.dumps(document, sort_keys=True, separators=(",", ":")).encode()

    @classmethod
    def from_bytes(cls, data: bytes) -> Binning:
        """Raises DataError when the bytes are of another format."""
        document = json.loads(data)
        if document["format"] != FORMAT:
            raise DataError(
                f"a binning of format {document['format']} was found, this version reads format {FORMAT}: "
                "run the version of driftline that wrote it, or `driftline rebase` the monitor"
            )
        return cls(
            columns={name: bins_of(entry) for name, entry in document["columns"].items()},
            segments={name: tuple(values) for name, values in document["segments"].items()},
            storages=document["storages"],
            salt_fingerprint=document.get("salt_fingerprint", ""),
            moment_share=float.fromhex(document["moment_share"]),
            winsorised=document.get("winsorised", False),
            labels=OrderedBins.of_entry(document["labels"]) if "labels" in document else None,
            known_as=document.get("id", ""),
        )
