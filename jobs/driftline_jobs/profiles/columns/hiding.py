"""What stands for the values of sensitive columns, from the moment that they are read.

A hash is keyed by a salt that the deployment keeps to itself: without it nobody can tell by trial which value
a hash stands for. Whoever has the salt can, so it goes nowhere that figures go: bins and tables have its
fingerprint at most.
"""

from __future__ import annotations

import hashlib
from dataclasses import dataclass, field

import pyarrow as pa

from driftline_jobs.profiles.columns.arrays import Codes, codes, one_for_all, salt_key
from driftline_schemas.errors import ConfigError
from driftline_schemas.monitor import Features
from driftline_schemas.settings import Settings

_FINGERPRINT = b"fingerprint"


@dataclass(frozen=True)
class Hiding:
    """Which columns are hidden and how. Pickles with the salt, which no repr shows.

    Attributes:
        hashed: columns whose values are replaced by keyed hashes.
        dropped: columns whose values are replaced by one that is the same for all.
        salt: what the hashes are keyed with; not empty if anything is hashed.
    """

    hashed: frozenset[str] = frozenset()
    dropped: frozenset[str] = frozenset()
    salt: str = field(default="", repr=False)

    def __post_init__(self) -> None:
        if self.hashed and not self.salt:
            raise ValueError(f"without a salt the hashes of {sorted(self.hashed)} could be guessed")

    @property
    def columns(self) -> frozenset[str]:
        """All that are hidden."""
        return self.hashed | self.dropped

    @property
    def fingerprint(self) -> str:
        """16 hex digits that tell one salt from another, and nothing of it; empty if nothing is hashed."""
        return fingerprint_of(self.salt) if self.hashed else ""

    def salt_of(self, name: str) -> str | None:
        """What hashes of the column's values are keyed with; None where they need not be."""
        return self.salt if name in self.hashed else None

    def codes(self, name: str, array: pa.Array) -> Codes:
        """The column ``name`` as codes into what stands for its values, or into these if it is not hidden."""
        if name in self.dropped:
            return one_for_all(array)
        return codes(array, self.salt_of(name))


def fingerprint_of(salt: str) -> str:
    """What bins keep of the salt that hashes at them are keyed with."""
    made = hashlib.blake2b(key=salt_key(salt), digest_size=8, person=_FINGERPRINT)
    return made.hexdigest()


NOTHING_HIDDEN = Hiding()


def hiding_of(features: Features, settings: Settings) -> Hiding:
    """How the monitor's sensitive columns are hidden.

    Raises ConfigError where something is to be hashed and there is no salt.
    """
    if features.hashed and settings.salt is None:
        names = ", ".join(sorted(features.hashed))
        raise ConfigError(
            f"features.sensitive: {names} would be hashed with a salt, and DRIFTLINE_SALT is not set. Make "
            "one, and keep it where the deployment's other secrets are:\n"
            "    export DRIFTLINE_SALT=$(openssl rand -hex 32)"
        )
    salt = "" if settings.salt is None or not features.hashed else settings.salt.get_secret_value()
    return Hiding(features.hashed, features.dropped, salt)
