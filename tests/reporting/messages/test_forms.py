"""Slack's form, held against https://docs.slack.dev/reference/block-kit/blocks and its incoming webhooks."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from typing import Any

import pytest

from driftline_jobs.reporting.messages.forms import FORMS, form_of, json_body, slack_body
from driftline_schemas.levels import Level
from driftline_schemas.messages import DigestMessage, IncidentTold, MonitorDigest, WindowMessage

START = datetime(2013, 7, 1, tzinfo=UTC)


def told(headline: str = "AUC fell", **values: Any) -> IncidentTold:
    given: dict[str, Any] = {
        "incident_id": "i1",
        "change": "opened",
        "severity": "critical",
        "topic": "performance",
        "certain": True,
        "how_sure": "certain, by labels",
        "headline": headline,
        "cause": None,
        "columns": ("carrier",),
        "first_window": START,
        "last_window": START,
        "impact": 0.5,
    }
    return IncidentTold(**{**given, **values})


def message(
    title: str = "flights: broken", text: str = "flights: broken\n\nAUC fell", **values: Any
) -> WindowMessage:
    given: dict[str, Any] = {
        "message_id": "0123456789abcdef",
        "title": title,
        "text": text,
        "monitor": "flights",
        "description": "",
        "owner": "",
        "granularity": "day",
        "period": "2013-07-01",
        "window_start": START,
        "window_end": START + timedelta(days=1),
        "level": Level.BROKEN,
        "incidents": (told(),),
        "ongoing": 0,
        "page": None,
    }
    return WindowMessage(**{**given, **values})


def check(body: Any) -> None:
    """What Slack's documentation asks of these blocks; anything else it answers with invalid_blocks."""
    assert set(body) == {"text", "blocks"}
    assert 0 < len(body["text"]) <= 40_000
    assert 0 < len(body["blocks"]) <= 50
    for block in body["blocks"]:
        if block["type"] == "header":
            assert set(block) == {"type", "text"}
            assert block["text"]["type"] == "plain_text"
            assert 0 < len(block["text"]["text"]) <= 150
        elif block["type"] == "section":
            assert set(block) == {"type", "text"}
            assert 0 < len(block["text"]["text"]) <= 3000
        else:
            assert block["type"] == "context"
            assert 0 < len(block["elements"]) <= 10
        for text in block.get("elements", [block.get("text")]):
            assert text["type"] in {"plain_text", "mrkdwn"}
            # emoji is of plain text alone
            assert set(text) == {"type", "text"} | ({"emoji"} if text["type"] == "plain_text" else set())


def test_a_message_as_blocks() -> None:
    body = slack_body(message(page="https://airflow.example.com/page?a=1&b=2"))
    check(body)
    assert body["text"] == "flights: broken"
    header, section, context, link = body["blocks"]
    assert header["text"]["text"] == "flights: broken"
    assert section["text"] == {"type": "plain_text", "text": "AUC fell", "emoji": False}
    assert context["elements"][0]["text"].endswith("0123456789abcdef")
    assert link["text"]["text"].startswith("<https://airflow.example.com/page?a=1&amp;b=2|")


def test_nothing_in_a_name_can_mention_or_link() -> None:
    odd = "<!channel> <https://evil.example|click> *bold* & co"
    body = slack_body(message(title=odd, text=f"{odd}\n\n{odd}"))
    check(body)
    assert body["text"] == "&lt;!channel&gt; &lt;https://evil.example|click&gt; *bold* &amp; co"
    assert {block["text"]["type"] for block in body["blocks"] if "text" in block} == {"plain_text"}


def test_long_messages_fit() -> None:
    text = "\n\n".join(["title", *["x" * 5000] * 200])
    check(slack_body(message(title="y" * 3000, text=text)))


def test_a_digest_as_blocks() -> None:
    part = MonitorDigest(
        monitor="flights",
        owner="",
        granularity="day",
        windows={Level.CALM: 7},
        level=Level.CALM,
        new=(),
        ongoing=(told(),),
        resolved=(),
    )
    digest = DigestMessage(
        message_id="0123456789abcdef",
        title="flights: 1 ongoing",
        text="flights: 1 ongoing\n\nAUC fell",
        since=date(2013, 7, 1),
        until=date(2013, 7, 7),
        monitors=(part,),
    )
    check(slack_body(digest))
    assert DigestMessage.model_validate(json_body(digest)) == digest
    assert json_body(digest)["monitors"][0]["windows"] == {"calm": 7}


@pytest.mark.parametrize(
    ("address", "asked", "form"),
    [
        ("https://hooks.slack.com/services/T0/B0/x", None, "slack"),
        ("https://hooks.slack-gov.com/services/T0/B0/x", None, "slack"),
        ("https://hooks.slack.com.evil.example/services", None, "json"),
        ("https://example.com/hooks.slack.com", None, "json"),
        ("https://mattermost.example.com/hooks/x", "slack", "slack"),
        ("https://hooks.slack.com/workflows/x", "json", "json"),
    ],
)
def test_the_form_follows_the_host_unless_it_is_said(address: str, asked: str | None, form: str) -> None:
    assert form_of(address, asked) is FORMS[form]


def test_json_reads_back() -> None:
    sent = message()
    body = json_body(sent)
    assert WindowMessage.model_validate(body) == sent
    assert (body["version"], body["kind"], body["level"]) == (1, "window", "broken")
    assert body["window_start"] == "2013-07-01T00:00:00Z"
