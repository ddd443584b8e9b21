"""What the monitor file says of the features, column by column."""

from __future__ import annotations

from typing import Annotated

from pydantic import AfterValidator, BeforeValidator, ConfigDict, Field
from pydantic_core import PydanticKnownError

from driftline_schemas.column_kinds import declared_kinds
from driftline_schemas.monitor_section import Section
from driftline_schemas.monitor_values import Name, SensitiveColumn


def _known_kind(name: str) -> str:
    if name not in declared_kinds():
        raise PydanticKnownError("extra_forbidden")
    return name


AddedKind = Annotated[str, AfterValidator(_known_kind)]
ColumnsOfKind = Annotated[
    tuple[Name, ...], BeforeValidator(lambda columns: () if columns is None else columns)
]


class Features(Section):
    """Kinds of the features. What is in no list is watched too, its kind read off the reference.

    Kinds of other distributions (``column_kinds``) have their lists beside ``numeric``, ``categorical`` and
    ``text``.

    Of ``sensitive`` columns the tables have keyed hashes instead of values, of ``{column: drop}`` counts.
    What happens to ``critical`` columns is always worth a message.
    """

    model_config = ConfigDict(extra="allow")
    ADDED_LATER = frozenset({"text", "critical"})
    __pydantic_extra__: dict[AddedKind, ColumnsOfKind] = Field(init=False)

    numeric: tuple[Name, ...] = ()
    categorical: tuple[Name, ...] = ()
    text: tuple[Name, ...] = ()
    ignore: tuple[Name, ...] = ()
    critical: tuple[Name, ...] = ()
    sensitive: tuple[SensitiveColumn, ...] = ()

    @classmethod
    def known_keys(cls) -> tuple[str, ...]:
        """What may be written here."""
        return tuple(dict.fromkeys((*cls.model_fields, *declared_kinds())))

    @property
    def by_kind(self) -> dict[str, tuple[str, ...]]:
        """The columns that are said to be of a kind, those of other distributions too."""
        ours = {"numeric": self.numeric, "categorical": self.categorical, "text": self.text}
        return {**ours, **(self.model_extra or {})}

    @property
    def declared(self) -> dict[str, str]:
        """The kind of each of these columns."""
        return {name: kind for kind, names in self.by_kind.items() for name in names}

    @property
    def hashed(self) -> frozenset[str]:
        """Sensitive columns whose values are seen as keyed hashes."""
        return frozenset(entry for entry in self.sensitive if isinstance(entry, str))

    @property
    def dropped(self) -> frozenset[str]:
        """Sensitive columns of which nothing is kept but counts."""
        return frozenset(self.sensitive_columns) - self.hashed

    @property
    def sensitive_columns(self) -> tuple[str, ...]:
        """Both, in the order of the file."""
        return tuple(entry if isinstance(entry, str) else next(iter(entry)) for entry in self.sensitive)
