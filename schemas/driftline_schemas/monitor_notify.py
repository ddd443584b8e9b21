"""What the monitor file says of messages: whom to tell, and of what."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import BeforeValidator, field_serializer

from driftline_schemas.monitor_section import Section
from driftline_schemas.monitor_values import Email, Severity, Webhook


def _as_change(value: object) -> object:
    return "change" if value == "alert" else value


class Notify(Section):
    """Whom to tell, and of what: see docs/messages.md.

    ``when``: of what changes (an incident opened, got worse, ended), or of every window; ``alert``, as older
    files say it, is ``change``. ``at_least``: from which severity on at once, the rest by the weekly digest.
    ``webhook`` may hold a secret: it is shown nowhere, not in ``config_hash`` either.
    """

    ADDED_LATER = frozenset({"webhook", "webhook_form", "at_least"})

    email: tuple[Email, ...] = ()
    webhook: Webhook | None = None
    webhook_form: Literal["json", "slack"] | None = None
    when: Annotated[Literal["change", "always"], BeforeValidator(_as_change)] = "change"
    at_least: Severity = "medium"

    @field_serializer("when")
    def _as_it_was_called(self, when: str) -> str:
        """As older versions had it, so that equal monitors keep their ``config_hash``."""
        return "alert" if when == "change" else when
