"""The columns of one object."""

from __future__ import annotations

from dataclasses import dataclass

from driftline_schemas.serving_log import LogColumn


@dataclass(frozen=True, slots=True)
class ObjectSchema:
    """The columns of an object and what is left out of them; shared by all objects with the same schema.

    ``in_path`` names those of the columns that the object itself does not hold: folders above it do.
    """

    columns: dict[str, LogColumn]
    left_out: dict[str, str]
    in_path: frozenset[str] = frozenset()
