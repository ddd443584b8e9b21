"""A message by HTTP: posted once it is taken, tried again while that may help, its address never shown."""

from __future__ import annotations

import json
import time
from collections.abc import Mapping
from http import HTTPStatus
from importlib.metadata import version
from typing import TYPE_CHECKING, Any, Final
from urllib.parse import urljoin, urlsplit

from driftline_jobs.stores.patience import SilentPeerError, within
from driftline_jobs.stores.retries import patiently
from driftline_schemas.errors import ConfigError, DriftlineError, TransientError

if TYPE_CHECKING:
    from urllib3 import PoolManager

_PASSING: Final = frozenset({408, 425, 429})
_KEPT: Final = frozenset({307, 308})
"""Redirections that keep method and body; of the others the body is lost on the way."""
_MOST_REDIRECTIONS: Final = 3


def post(address: str, body: Mapping[str, Any], message_id: str, *, who: str, seconds: float) -> None:
    """Post ``body`` as JSON to ``address`` until it is taken (a status of 2xx), for ``seconds`` at most.

    ``message_id`` is the ``Idempotency-Key``: the same when it is posted again, be it that only its answer
    was lost. No error holds the address, or what the server said, which may repeat it: they call it ``who``.
    Raises TransientError when the server does not answer, or not now, ConfigError when it refuses.
    """
    content = json.dumps(body, ensure_ascii=False, allow_nan=False).encode()
    headers = {
        "Content-Type": "application/json; charset=utf-8",
        "Idempotency-Key": message_id,
        "User-Agent": f"driftline/{version('driftline')}",
    }
    until = time.monotonic() + seconds

    def once() -> None:
        left = max(0.1, until - time.monotonic())
        # The limits of a socket start anew with every byte: a server that drips them would never be given up.
        try:
            status = within(left, lambda: _status(address, content, headers, left, who))
        except SilentPeerError:
            raise TransientError(f"{who} has not answered within {seconds:g} s: run again later") from None
        if not 200 <= status < 300:
            raise _refusal(status, who)

    patiently(once, seconds, again=lambda error: isinstance(error, TransientError), pauses=(0.2, 2.0, 10.0))


def _status(address: str, content: bytes, headers: Mapping[str, str], left: float, who: str) -> int:
    """How the server answers, at most three redirections later, all of which stay with the same host."""
    from urllib3 import Timeout
    from urllib3.exceptions import HTTPError, LocationParseError

    try:
        with _pool(address) as pool:
            for _ in range(_MOST_REDIRECTIONS + 1):
                answer = pool.request(
                    "POST",
                    address,
                    body=content,
                    headers=dict(headers),
                    redirect=False,
                    retries=False,
                    preload_content=False,
                    timeout=Timeout(total=left),
                )
                status, target = answer.status, answer.headers.get("Location")
                answer.close()
                if status not in _KEPT or target is None:
                    return int(status)
                address = _followed(address, target, who)
    except LocationParseError:
        raise ConfigError(f"{who} is no address") from None
    except (HTTPError, OSError) as error:
        # Not chained: what the library says holds the address.
        raise TransientError(f"{who} cannot be reached: {_in_words(error)}; run again later") from None
    raise ConfigError(f"{who} leads on and on: write the address where it ends")


def _pool(address: str) -> PoolManager:
    """Through the proxy that the environment names for this host, if it does."""
    from urllib.request import getproxies, proxy_bypass

    from urllib3 import PoolManager, ProxyManager

    parts = urlsplit(address)
    proxies = getproxies()
    proxy = proxies.get(parts.scheme) or proxies.get("all")
    if proxy is None or proxy_bypass(parts.hostname or ""):
        return PoolManager()
    return ProxyManager(proxy)


def _followed(address: str, target: str, who: str) -> str:
    """Where a redirection leads: to the same host, and not from https to http."""
    there = urljoin(address, target)
    before, after = urlsplit(address), urlsplit(there)
    same = (before.hostname, before.port) == (after.hostname, after.port) and before.scheme == after.scheme
    upgraded = before.hostname == after.hostname and (before.scheme, after.scheme) == ("http", "https")
    if not (same or upgraded):
        raise ConfigError(
            f"{who} leads to another host, which was not told anything: write the address where it ends"
        )
    return there


def _refusal(status: int, who: str) -> DriftlineError:
    known = {one.value: one.phrase for one in HTTPStatus}
    said = f"{status} {known[status]}" if status in known else str(status)
    if status in _PASSING or status >= 500:
        return TransientError(f"{who} answers {said}: run again later")
    if 300 <= status < 400:
        return ConfigError(f"{who} answers {said} and takes nothing: write the address where it ends")
    return ConfigError(f"{who} refuses the message, {said}: see that the address is still right")


def _in_words(error: BaseException) -> str:
    """Why, without what may hold the address."""
    from urllib3.exceptions import (
        ConnectTimeoutError,
        NameResolutionError,
        NewConnectionError,
        ProxyError,
        ReadTimeoutError,
        SSLError,
    )

    if isinstance(error, ProxyError):
        return "the proxy does not answer"
    words: tuple[tuple[type[BaseException] | tuple[type[BaseException], ...], str], ...] = (
        (NameResolutionError, "its name is not known"),
        (NewConnectionError, "nothing listens there"),
        ((ConnectTimeoutError, ReadTimeoutError, TimeoutError), "it does not answer in time"),
        (SSLError, "its certificate is not trusted, or it speaks no TLS"),
    )
    return next((said for kinds, said in words if isinstance(error, kinds)), "the connection broke off")
