"""What commands about alerts and incidents share: whose they are, and who acts."""

from __future__ import annotations

import getpass
import os
from contextlib import closing
from typing import TYPE_CHECKING

from driftline_schemas.errors import ConfigError

if TYPE_CHECKING:
    from driftline_jobs.stores import Store


def actor() -> str:
    """The name of who acts, or the number, of a user that this machine has no name for."""
    try:
        return getpass.getuser()
    except (KeyError, OSError):
        return f"uid {os.getuid()}"


def opened(url: str | None) -> closing[Store]:
    """The store that is asked for, or that the settings name, up to date."""
    from driftline_jobs.stores import store_of
    from driftline_schemas.settings import load_settings

    return closing(store_of(load_settings({"store": url})))


def known_monitor(store: Store, monitor: str | None) -> None:
    """Raises ConfigError for a monitor that was never run in this store; None stands for all."""
    from driftline_jobs.tables import runs

    if monitor is None:
        return
    names = runs.monitors(store)
    if monitor not in names:
        there = ", ".join(names[:20]) if names else "none was ever run"
        raise ConfigError(f"there is no monitor {monitor!r} in this store: {there}")
