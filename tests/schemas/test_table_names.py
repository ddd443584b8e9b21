"""Names and values of a log that look like words of the tables: written apart, and read back as they were."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from driftline_schemas.table_names import ALL, NULL, OTHER, log_column, log_value, table_column, table_value

PIECES = st.sampled_from(["*", "\\", "_", "a", "__null__", "__other__", "\n"])
ODD = st.lists(PIECES, max_size=6).map("".join)


@given(ODD)
def test_every_value_comes_back_and_is_no_word_of_ours(value: str) -> None:
    assert log_value(table_value(value)) == value
    assert table_value(value) not in {ALL, NULL, OTHER}


@given(ODD)
def test_every_column_comes_back_and_is_not_about_the_row(name: str) -> None:
    assert log_column(table_column(name)) == name
    assert not table_column(name).startswith(ALL)


@given(st.lists(ODD, unique=True, max_size=8))
def test_what_differs_in_the_log_differs_in_the_tables(names: list[str]) -> None:
    assert len({table_column(name) for name in names}) == len(names)
    assert len({table_value(name) for name in names}) == len(names)


@pytest.mark.parametrize(
    ("value", "written"),
    [("*", "\\*"), ("\\*", "\\\\*"), ("__null__", "\\__null__"), ("**", "**"), ("\\", "\\"), ("a*", "a*")],
)
def test_values_as_the_contract_has_them(value: str, written: str) -> None:
    assert table_value(value) == written
