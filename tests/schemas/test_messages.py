"""The page of messages is written from the code, and says every key."""

from __future__ import annotations

import json
from pathlib import Path

from driftline_schemas.messages import DigestMessage, WindowMessage
from driftline_schemas.messages_page import messages_page
from driftline_schemas.monitor import Notify

ROOT = Path(__file__).parents[2]


def test_the_page_is_the_generated_one() -> None:
    assert (ROOT / "docs" / "messages.md").read_text(encoding="utf-8") == messages_page(), (
        "write it anew: python -m driftline_schemas.messages_page docs/messages.md"
    )


def test_every_key_and_every_field_is_on_it() -> None:
    page = messages_page()
    assert all(f"\n  {key}: " in page for key in Notify.known_keys())
    fields = {**WindowMessage.model_fields, **DigestMessage.model_fields}
    assert all(f"| {name} |" in page for name in fields)
    rows = [line for line in page.splitlines() if line.startswith("| ")]
    assert not [row for row in rows if "|  |" in row], "a field without a meaning"


def test_the_example_is_a_message() -> None:
    example = messages_page().partition("```json")[2].partition("```")[0]
    assert WindowMessage.model_validate(json.loads(example)).monitor == "flight_delay"
