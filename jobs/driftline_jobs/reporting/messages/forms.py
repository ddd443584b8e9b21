"""The body of a webhook, by form: our own JSON, or what Slack (and what speaks like it) takes."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from typing import Any, Final
from urllib.parse import urlsplit

from driftline_schemas.messages import Message, WindowMessage

Body = Mapping[str, Any]
Form = Callable[[Message], Body]

_SLACK_HOSTS: Final = frozenset({"hooks.slack.com", "hooks.slack-gov.com"})
# https://docs.slack.dev/reference/block-kit/blocks
_MOST_BLOCKS: Final = 50
_HEADER: Final = 150
_SECTION: Final = 3000


def json_body(message: Message) -> Body:
    """The message itself, see docs/messages.md."""
    return message.model_dump(mode="json")


def slack_body(message: Message) -> Body:
    """Blocks of plain text, so that nothing in a name or a headline can format, mention or link anything.

    ``text`` is what notifications and screen readers get.
    """
    return {"text": _escaped(message.title), "blocks": list(_blocks(message))[:_MOST_BLOCKS]}


FORMS: Final[Mapping[str, Form]] = {"json": json_body, "slack": slack_body}


def form_of(address: str, asked: str | None) -> Form:
    """The form that is asked for, else Slack's for Slack's own hosts, else JSON."""
    if asked is not None:
        return FORMS[asked]
    return FORMS["slack" if urlsplit(address).hostname in _SLACK_HOSTS else "json"]


def _blocks(message: Message) -> Iterator[Body]:
    yield {"type": "header", "text": _plain(message.title, _HEADER)}
    # the title stands first in the text, too
    for paragraph in message.text.split("\n\n")[1:]:
        if paragraph.strip():
            yield {"type": "section", "text": _plain(paragraph, _SECTION)}
    yield {"type": "context", "elements": [_plain(f"Driftline, message {message.message_id}", _HEADER)]}
    if isinstance(message, WindowMessage) and message.page:
        link = {"type": "mrkdwn", "text": f"<{_escaped(message.page)}|Open the page of the window>"}
        yield {"type": "section", "text": link}


def _plain(text: str, longest: int) -> Body:
    cut = text if len(text) <= longest else f"{text[: longest - 1]}…"
    return {"type": "plain_text", "text": cut, "emoji": False}


def _escaped(text: str) -> str:
    """As mrkdwn wants its three control characters."""
    return text.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")
