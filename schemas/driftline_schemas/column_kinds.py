"""What there is to say of every kind of column but how its values are read: name, form, what it is made of.

How values are read is bound to these by name in ``driftline_jobs.profiles.kinds``. A kind may come from
another distribution: an entry point of the group ``driftline.kinds`` names an object with such a ``spec`` and
the conversion (see ``driftline_jobs.profiles.kinds.registry``).
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from functools import cache

from driftline_schemas import extensions
from driftline_schemas.drift_specs import category_metrics, ordered_metrics, text_metrics
from driftline_schemas.errors import ConfigError
from driftline_schemas.serving_log import Storage

GROUP = "driftline.kinds"


class Form(StrEnum):
    """How a column is counted: between edges, or value by value."""

    ORDERED = "ordered"
    CATEGORIES = "categories"


@dataclass(frozen=True, slots=True)
class KindSpec:
    """One kind.

    Attributes:
        name: as in ``column_kind`` of the tables and, if ``declared``, under ``features``.
        title: heads it in the docs.
        how: in a line, what is counted of such a column.
        form: how; None for one that may be counted either way.
        takes: how the log may hold its values.
        default_of: the ways to hold values of which a column is of this kind where nothing else is said.
        declared: whether the monitor file may say that a column is of it.
        of_model: it is of the model's own columns, which nobody can leave out.
        times: its numbers are seconds since 1970-01-01 UTC, or since midnight.
        words: the words of its values are counted, too.
        measured: what its numbers are of a value, where they are not the value itself.
    """

    name: str
    title: str
    how: str
    form: Form | None
    takes: tuple[Storage, ...] = tuple(Storage)
    default_of: tuple[Storage, ...] = ()
    declared: bool = True
    of_model: bool = False
    times: bool = False
    measured: str = ""
    words: bool = False

    @property
    def metrics(self) -> tuple[str, ...]:
        """The drift metrics that are figures of such a column."""
        found = ordered_metrics() if self.form is Form.ORDERED else category_metrics()
        return (*found, *text_metrics()) if self.words else found


BUILT_IN = (
    # in the order in which the tables list them
    KindSpec(
        "numeric",
        "Numbers",
        "Numbers and truth values, between edges.",
        Form.ORDERED,
        takes=(Storage.NUMBER, Storage.BOOLEAN, Storage.DATETIME),
        default_of=(Storage.NUMBER,),
    ),
    KindSpec(
        "categorical",
        "Categories",
        "Values one by one, as they are written: the 1,000 most frequent of the reference.",
        Form.CATEGORIES,
        default_of=(Storage.TEXT, Storage.NOTHING),
    ),
    KindSpec(
        "boolean",
        "Truth values",
        "Truth values, one by one.",
        Form.CATEGORIES,
        default_of=(Storage.BOOLEAN,),
        declared=False,
    ),
    KindSpec(
        "datetime",
        "Times",
        "Dates and times, between edges.",
        Form.ORDERED,
        default_of=(Storage.DATETIME,),
        declared=False,
        times=True,
    ),
    KindSpec(
        "text",
        "Texts",
        "Texts of which most rows have their own: their lengths between edges, how many are empty, and how "
        "many of their words the reference does not have.",
        Form.ORDERED,
        measured="length",
        words=True,
    ),
    KindSpec("prediction", "Predictions", "What the model predicts.", None, declared=False, of_model=True),
    KindSpec(
        "score",
        "Scores",
        "The model's scores, between 100 quantiles and as many edges in the upper tail.",
        Form.ORDERED,
        declared=False,
        of_model=True,
    ),
    KindSpec("label", "Labels", "What came of it.", None, declared=False, of_model=True),
)
_BUILT_IN: Mapping[str, KindSpec] = {spec.name: spec for spec in BUILT_IN}
_OTHER_KEYS = ("ignore", "sensitive", "critical")
"""What else is said under ``features``."""


@cache
def members() -> Mapping[KindSpec, object]:
    """The kinds of other distributions, by what there is to say of them.

    Raises ConfigError for one that cannot be loaded, or whose name is taken or is none.
    """
    expected = "a driftline_jobs.profiles.kinds.registry.ColumnKind"
    return extensions.members(GROUP, "column kind", KindSpec, expected, {*_BUILT_IN, *_OTHER_KEYS})


@cache
def kind_specs() -> Mapping[str, KindSpec]:
    """Every kind by name: ours, then those of others. Raises ConfigError, as ``members`` does."""
    return {spec.name: spec for spec in (*BUILT_IN, *members())}


def kind_spec(name: str) -> KindSpec:
    """The kind of that name.

    Raises ConfigError where it is of a distribution that is not installed.
    """
    found = _BUILT_IN.get(name) or kind_specs().get(name)
    if found is None:
        raise ConfigError(extensions.unknown("column kind", GROUP, name, kind_specs()))
    return found


def declared_kinds() -> tuple[str, ...]:
    """The kinds that a monitor file may say a column is of."""
    return tuple(spec.name for spec in kind_specs().values() if spec.declared)


def default_kind(storage: Storage) -> KindSpec:
    """The kind of a column that is held so, where nothing else is said."""
    return next(spec for spec in BUILT_IN if storage in spec.default_of)
