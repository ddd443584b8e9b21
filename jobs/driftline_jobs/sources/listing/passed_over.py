"""What lies in a log's folders and is not read: counted by reason, so that nothing is lost in silence."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from enum import StrEnum

from driftline_jobs.sources.listing.folders import Interval
from driftline_schemas import losses


class Reason(StrEnum):
    """Why a path is passed over. The values name the checks that count them."""

    HIDDEN = "hidden_paths"
    """Its name starts with a dot, or with an underscore and is no ``key=value``. A folder counts once."""
    NOT_PARQUET = "objects_not_parquet"
    """Neither its name nor its bytes say that it is Parquet."""
    LINK = "links_outside"
    """A link that leads out of the log's folder, or nowhere."""
    NOT_A_FILE = "not_files"
    """A pipe, a socket or a device."""


def in_words(counts: Mapping[Reason, int]) -> str:
    """``2 hidden paths, 1 object that is not Parquet``; nothing for no counts."""
    return ", ".join(
        f"{counts[reason]:,} {losses.counted(losses.PASSED_OVER, reason, counts[reason])}"
        for reason in Reason
        if counts.get(reason)
    )


@dataclass(frozen=True, slots=True)
class PassedOver:
    """Paths that are passed over for one reason, in folders of one interval, or in those that name no date;
    ``example`` is the first of them by its URI."""

    reason: Reason
    folder: Interval | None
    count: int
    example: str


@dataclass
class PassedOverCounter:
    """Counts paths while folders are walked. ``interval_of`` reads the interval off the folders above one."""

    interval_of: Callable[[tuple[str, ...]], Interval | None]
    uri_of: Callable[[str], str]
    _counts: dict[tuple[Reason, Interval | None], tuple[int, str]] = field(default_factory=dict)

    def note(self, reason: Reason, folders: Sequence[str], path: str) -> None:
        """Count one path; ``folders`` are those above it, from the location down."""
        key = reason, self.interval_of(tuple(folders))
        count, example = self._counts.get(key, (0, path))
        self._counts[key] = count + 1, min(example, path)

    def __iter__(self) -> Iterator[PassedOver]:
        """What was counted, in an order that does not depend on that of the walk."""
        for (reason, folder), (count, example) in sorted(self._counts.items(), key=_order):
            yield PassedOver(reason, folder, count, self.uri_of(example))


def _order(entry: tuple[tuple[Reason, Interval | None], tuple[int, str]]) -> tuple[str, str]:
    (reason, _), (_, example) = entry
    return reason.value, example
