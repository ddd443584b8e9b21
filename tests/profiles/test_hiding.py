"""What stands for the values of sensitive columns, and what shows of the salt."""

from __future__ import annotations

import pickle

import pyarrow as pa
import pytest

from driftline_jobs.profiles.columns.arrays import DROPPED, hashed
from driftline_jobs.profiles.columns.hiding import Hiding, fingerprint_of, hiding_of
from driftline_schemas.errors import ConfigError
from driftline_schemas.monitor import Features
from driftline_schemas.settings import Settings

SALT = "5a17" * 16
HIDING = Hiding(frozenset({"zip"}), frozenset({"name"}), SALT)


def test_hashes_are_those_that_stores_have() -> None:
    assert hashed("10110", "pepper") == "h:16f04704867c3b4b"


def test_values_are_hashed_dropped_or_left_alone() -> None:
    column = pa.array(["Ann", None, "Bob", "Ann"])
    for name, expected in (
        ("zip", [hashed("Ann", SALT), hashed("Bob", SALT)]),
        ("name", [DROPPED]),
        ("city", ["Ann", "Bob"]),
    ):
        found = HIDING.codes(name, column)
        assert found.texts == expected
        assert found.valid is not None
        assert found.valid.tolist() == [True, False, True, True]


@pytest.mark.parametrize(
    "column",
    [
        pa.array([1.5, float("nan"), None]),
        pa.array([1, 2, None], pa.int8()).cast(pa.float32()),
        pa.array(["x", None, None]).dictionary_encode(),
        pa.array([None, None, None], pa.null()),
        pa.array([True, None, False]),
    ],
    ids=lambda column: str(column.type),
)
def test_of_any_type_only_what_is_missing_is_left(column: pa.Array) -> None:
    """NaN is missing, as it is to every category."""
    found = HIDING.codes("name", column)
    missing = [value is None or value != value for value in column.to_pylist()]  # noqa: PLR0124
    assert found.valid is None or (~found.valid).tolist() == missing
    assert set(found.codes.tolist()) == {0}


def test_the_salt_travels_and_does_not_show() -> None:
    settings = Settings(salt=SALT)
    for shown in (repr(HIDING), str(HIDING), repr(settings), str(settings), settings.model_dump_json()):
        assert SALT not in shown
    again = pickle.loads(pickle.dumps(HIDING))  # noqa: S301 - our own
    assert again.codes("zip", pa.array(["Ann"])).texts == [hashed("Ann", SALT)]


def test_a_fingerprint_tells_salts_apart_and_is_no_hash_of_a_value() -> None:
    others = {fingerprint_of(salt) for salt in (SALT, SALT[:-1] + "8", "pepper", "")}
    assert len(others) == 4
    assert HIDING.fingerprint == fingerprint_of(SALT)
    assert Hiding(dropped=frozenset({"name"}), salt=SALT).fingerprint == ""
    assert f"h:{fingerprint_of(SALT)}" != hashed("", SALT)


def test_only_what_is_hashed_needs_a_salt() -> None:
    assert hiding_of(Features(sensitive=({"name": "drop"},)), Settings()).columns == {"name"}
    assert hiding_of(Features(), Settings(salt=SALT)) == Hiding()
    with pytest.raises(ConfigError, match=r"(?s)zip would be hashed .*openssl rand -hex 32"):
        hiding_of(Features(sensitive=("zip", {"name": "drop"})), Settings())
    with pytest.raises(ValueError, match="could be guessed"):
        Hiding(frozenset({"zip"}))
