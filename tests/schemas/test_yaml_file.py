"""Files that are no monitor files, some of them made to harm."""

from __future__ import annotations

import math
from pathlib import Path

import pytest

from driftline_schemas.errors import ConfigError
from driftline_schemas.yaml_file import MAX_BYTES, parse_yaml, read_yaml

BILLION_LAUGHS = "a: &a [x, x]\nb: &b [*a, *a]\nc: [*b, *b]\n"


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("a: 1\nb: 2\na: 3\n", "m.yaml:3: the key 'a' is given twice, first in line 1"),
        ("x:\n  1: a\n  true: b\n", "the key True is given twice"),
        (BILLION_LAUGHS, r"m.yaml:2: aliases \(\*a\) are not read here"),
        ("[" * 100, "nested too deep"),
        ("a: " + "[" * 100_000, "nested too deep"),
        ("- a\n" * 60_000, "too long"),
        ("x" * (MAX_BYTES + 1), "larger than 256 KiB"),
        ("a: [1, 2\nb: 3", "m.yaml:2: this is not YAML"),
        ("a:\n\t- b\n", "YAML takes no tabs"),
        ("a: 1\n---\nb: 2\n", "this is not YAML"),
        ("", "is empty"),
        ("# only a comment\n", "is empty"),
        ("a: !!python/object/apply:os.system [echo]", "the tag .* is not read here"),
        ("a: !!set {b, c}", "the tag .* is not read here"),
        ("a: !!python/name:os.system", "the tag .* is not read here"),
        ("a: !!timestamp 2013-02-03", "the tag .* is not read here"),
        ("a: !!binary aGVsbG8=", "the tag .* is not read here"),
        ("a: !!bool yes", "m.yaml:1: 'yes' is no bool"),
        ("a: !!int 1.5", "m.yaml:1: '1.5' is no int"),
        ("a: " + "9" * 5000, "m.yaml:1: '9+… cannot be read"),
        ("? [a, b]\n: c", "a key must be a plain name"),
        ("a: \0", "not YAML"),
    ],
)
def test_what_is_refused(text: str, message: str) -> None:
    with pytest.raises(ConfigError, match=message):
        parse_yaml(text, "m.yaml")


@pytest.mark.parametrize(
    ("text", "value"),
    [
        *((word, word) for word in ("yes", "no", "on", "off", "y", "n", "Yes", "NO", "On", "tRUE")),
        *((word, True) for word in ("true", "True", "TRUE", "!!bool true")),
        *((word, False) for word in ("false", "False", "FALSE")),
        *((word, None) for word in ("", "~", "null", "Null", "NULL")),
        ("nULL", "nULL"),
        ("012", 12),
        ("0o14", 12),
        ("0x1F", 31),
        ("-17", -17),
        ("1_000", "1_000"),
        ("0b11", "0b11"),
        ("190:20:30", "190:20:30"),
        ("12:30", "12:30"),
        ("1.5", 1.5),
        ("1e3", 1000.0),
        ("-.5E-1", -0.05),
        ("685.230_15", "685.230_15"),
        ("-.INF", -math.inf),
        ("2013-01-01", "2013-01-01"),
        ("2013-02-30 12:00:00", "2013-02-30 12:00:00"),
        ("<<", "<<"),
        ("=", "="),
        ("'1'", "1"),
        ('"true"', "true"),
        ("!!str 1", "1"),
        ("!!float 1", 1.0),
    ],
)
def test_scalars_mean_what_the_core_schema_of_yaml_1_2_says(text: str, value: object) -> None:
    found = parse_yaml(f"a: {text}\n{text or '~'}: a\n", "m.yaml").data
    assert isinstance(found, dict)
    assert found == {"a": value, value: "a"}
    assert type(found["a"]) is type(value)


def test_what_is_no_number_is_read_as_none() -> None:
    data = parse_yaml("a: .nan\nb: .NaN\n", "m.yaml").data
    assert isinstance(data, dict)
    assert all(math.isnan(value) for value in data.values())


def test_lines_are_those_of_the_file() -> None:
    file = parse_yaml("a: 1\nb:\n  - c\n  - d: 4\n", "m.yaml")
    assert file.data == {"a": 1, "b": ["c", {"d": 4}]}
    assert [file.line(place) for place in [("a",), ("b",), ("b", 0), ("b", 1, "d")]] == [1, 2, 3, 4]
    assert file.line(("b", 1, "missing")) == 4
    assert file.line(("missing",)) is None


def test_files_that_are_none(tmp_path: Path) -> None:
    (tmp_path / "flight_delay.yaml").write_text("a: 1\n")
    with pytest.raises(ConfigError, match=r"no monitor file at .*did you mean flight_delay\.yaml\?"):
        read_yaml(tmp_path / "flight_dealy.yaml")
    with pytest.raises(ConfigError, match="is a folder"):
        read_yaml(tmp_path)
    with pytest.raises(ConfigError, match="no monitor file"):
        read_yaml(tmp_path / "no" / "such" / "folder.yaml")
    (tmp_path / "latin.yaml").write_bytes(b"a: caf\xe9\n")
    with pytest.raises(ConfigError, match="not UTF-8 text: byte 6"):
        read_yaml(tmp_path / "latin.yaml")
    (tmp_path / "huge.yaml").write_bytes(b"#" * (MAX_BYTES + 1))
    with pytest.raises(ConfigError, match="larger than 256 KiB"):
        read_yaml(tmp_path / "huge.yaml")
