"""Store URLs: which kind of store, and how to name it without its secrets."""

from __future__ import annotations

import re
from pathlib import Path
from urllib.parse import parse_qsl, unquote

from driftline_schemas.errors import ConfigError
from driftline_schemas.extensions import STORES

_FORMS = "duckdb:///relative.duckdb, duckdb:////absolute.duckdb or postgresql://user@host:5432/database"

# What libpq takes, with nothing in user and password that would have to be percent-encoded: an '@' or '/' in
# a password would otherwise make part of it look like a host, which every error message repeats.
_POSTGRES = re.compile(
    r"(?P<scheme>postgres(?:ql)?)://"
    r"(?:(?P<user>[^:@/?#\s]*)(?::(?P<password>[^:@/?#\s]*))?@)?"
    r"(?P<hosts>[^@/?#\s]*)(?P<path>/[^@?#\s]*)?(?:\?(?P<query>[^@#\s]*))?"
)
_SECRET_KEYS = frozenset({"password", "sslpassword", "sslkey", "passfile"})
_CREDENTIALS = re.compile(r"(?P<scheme>[a-zA-Z][a-zA-Z0-9+.-]*://[^\s:@/'\"]*):[^\s/'\"]*@")
_KEY_VALUE = re.compile(r"(?i)\b(?P<key>(?:ssl)?password|passwd|pwd)\s*=\s*(?:'(?:[^'\\]|\\.)*'|[^\s&]+)")


def scheme_of(url: str) -> str:
    """Which store a URL is of: the name of a member of ``STORES``; ``ConfigError`` for anything else."""
    scheme, separator, _ = url.partition("://")
    if not separator:
        raise ConfigError(f"the store must be given as a URL, for example {_FORMS}")
    if scheme not in STORES.names():
        raise ConfigError(f"{STORES.unknown(scheme)}. Ours are {_FORMS}")
    return scheme


def duckdb_path(url: str) -> tuple[Path, Path | None]:
    """The database file a ``duckdb`` URL names, and where its copy for readers goes, if one is asked for.

    Three slashes are followed by a path from the working directory, four by an absolute one. The file's name
    is taken as it stands, up to a ``?``.
    """
    rest, _, query = url.partition("?")
    if not rest.startswith("duckdb:///") or rest in {"duckdb:///", "duckdb:////"}:
        raise ConfigError(
            f"{rest} names no file: three slashes and a relative path, or four and an absolute one"
        )
    path = Path(rest.removeprefix("duckdb:///"))
    if path.name == ":memory:":
        raise ConfigError("a store in memory would be gone with the process: name a file")
    copy = None
    for key, value in parse_qsl(query, keep_blank_values=True):
        if key != "copy" or not value:
            raise ConfigError(f"a duckdb:// store has no setting {key!r}: copy=FILE is the only one")
        copy = path.parent / value
    if copy == path:
        raise ConfigError(f"the copy of {path} cannot be the file itself")
    return path, copy


def postgres_name(url: str) -> str:
    """A Postgres URL fit to be shown. ``ConfigError``, that does not repeat it, if it is not well formed."""
    match = _POSTGRES.fullmatch(url)
    if match is None:
        raise ConfigError(
            "the store's postgresql:// URL is not well formed: it is postgresql://user:password@host/name, "
            "and any of : / ? # @ and space in user or password must be percent-encoded"
        )
    user = f"{match['user']}@" if match["user"] else ""
    return f"postgresql://{user}{match['hosts']}{match['path'] or ''}"


def with_limits(url: str, seconds: float) -> str:
    """A Postgres URL with limits for how long the network may be silent, where it sets none itself."""
    whole = max(1, int(seconds))
    limits = {
        "connect_timeout": whole,
        "tcp_user_timeout": whole * 1000,
        "keepalives_idle": max(1, whole // 4),
        "keepalives_interval": max(1, whole // 8),
    }
    given = {key for key, _ in parse_qsl(url.partition("?")[2], keep_blank_values=True)}
    missing = "&".join(f"{key}={value}" for key, value in limits.items() if key not in given)
    return f"{url}{'&' if given else '' if url.endswith('?') else '?'}{missing}" if missing else url


def secrets_of(url: str) -> tuple[str, ...]:
    """The passwords in a URL, as they are written and as they are meant, longest first."""
    match = _POSTGRES.fullmatch(url)
    if match is None:
        return ()
    found = {match["password"] or ""}
    found.update(value for key, value in parse_qsl(match["query"] or "") if key in _SECRET_KEYS)
    found.update(unquote(value) for value in tuple(found))
    return tuple(sorted(found - {""}, key=lambda secret: (-len(secret), secret)))


def without_secrets(text: str, secrets: tuple[str, ...] = ()) -> str:
    """``text`` with ``secrets``, and what looks like the password of a connection, replaced by ``***``."""
    for secret in secrets:
        text = text.replace(secret, "***")
    text = _CREDENTIALS.sub(r"\g<scheme>:***@", text)
    return _KEY_VALUE.sub(r"\g<key>=***", text)
