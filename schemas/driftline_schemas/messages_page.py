"""The page of messages, in Markdown: its fields are written from the models, never by hand.

``python -m driftline_schemas.messages_page docs/messages.md`` writes it anew.
"""

from __future__ import annotations

import json
import sys
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from pydantic import BaseModel

from driftline_schemas.levels import Level
from driftline_schemas.messages import (
    VERSION,
    DigestMessage,
    IncidentTold,
    MonitorDigest,
    WindowMessage,
)

_OPENING = """\
# Messages

The fields below are written from the code: `python -m driftline_schemas.messages_page docs/messages.md`.

People are told what has changed, once: that an incident opened, got worse, or ended. A window has one
message at most, whatever changed in it; what is found in it later waits for the digest, unless it is
critical (a loss that labels show when they come). What is acknowledged, accepted or muted is not told,
until it gets worse; the end of what was seen in one window alone waits for the digest, unless it was
critical.

```yaml
notify:
  email: [team@example.com]
  webhook: https://hooks.example.com/x   # or env:NAME, an environment variable that has the address
  webhook_form: json                     # json | slack; unless it is said, slack for hooks.slack.com alone
  when: change                           # change | always (a message about every window)
  at_least: medium                       # low | medium | high | critical; columns in features.critical always
```

    driftline notify MONITOR.yaml --period 2013-07-01 [--to …] [--channel email|webhook]
    driftline notify MONITORS/ --digest --period 2013-07-01      # the seven days from then on

Airflow's DAGs call the same ([airflow.md](airflow.md)); elsewhere, call it after `driftline run`.

- **Once.** What was sent is in the table `messages`; who sends is alone with the monitor's messages
  meanwhile, be it on another machine. What could not be sent is not noted, the command ends with 4, and the
  next call sends it. Should the process be killed between sending and noting, the message goes out again
  with the same `message_id` (the header `Idempotency-Key` of a webhook, part of `Message-ID` of a mail).
- **The digest** tells each reader, of all their monitors together, what opened or got worse without being
  told at once, what is under way at the end, and what ended. A week without any of that has none.
- **Private.** What is posted holds no value of a sensitive column, nor its hash: of an incident that is about
  one, only the topic and the names of the columns are said. A mail shows what the page shows
  ([privacy.md](privacy.md)).

## Mail

`DRIFTLINE_SMTP` (or `--smtp`, which others on the machine can see) names the server:
`smtp://USER:PASSWORD@HOST:587?from=driftline@example.com`, or `smtps://…`. With `smtp://` the line is
encrypted where the server offers it, a password goes over no other line unless `tls=off` says so, and
certificates must be trusted (`SSL_CERT_FILE`). The mail is the page's first screen as HTML and as text, the
page attached.

With `--mail-out DIR` mails that are due are written into folders of `DIR` (`mail.json`, the page) for
others to send; `driftline sent FOLDER` notes them.

## Webhook

A POST with JSON. Any 2xx takes it. It is tried again for `DRIFTLINE_TIMEOUT` seconds (60) when the server
does not answer, or answers 408, 425, 429 or 5xx (exit status 4); other answers are refusals (exit status
2). Redirections 307 and 308 are followed on the same host alone. `HTTPS_PROXY` and `NO_PROXY` are heeded.

The address may be a secret: it is in no log, table, page or message of Driftline, and not in `config_hash`.
Keep it out of the file with `env:NAME`; `DRIFTLINE_WEBHOOK` stands in for the webhook of every monitor.

Slack's form has the same text as blocks of plain text: nothing in it is formatted, linked or mentioned but
the page.
"""


def messages_page() -> str:
    """The whole page."""
    parts = [_OPENING, f"## JSON, version {VERSION}\n"]
    parts.append(
        "`version` changes when a field goes or means something else; new ones may come at any time. "
        "Times are ISO 8601 in UTC.\n"
    )
    parts += ["### A window\n", *_fields(WindowMessage)]
    parts += ["\n### A digest\n", *_fields(DigestMessage)]
    parts += ["\n### A monitor in a digest\n", *_fields(MonitorDigest)]
    parts += ["\n### An incident\n", *_fields(IncidentTold)]
    parts += ["\n### For example\n", "```json", _example(), "```"]
    return "\n".join(parts) + "\n"


def _fields(model: type[BaseModel]) -> Iterator[str]:
    yield "| field | type | meaning |"
    yield "| --- | --- | --- |"
    schema = model.model_json_schema(mode="serialization")
    definitions = schema.get("$defs", {})
    for name, field in schema["properties"].items():
        about = field.get("description") or _description(model, name)
        yield f"| {name} | {_type(field, definitions)} | {about} |"


def _description(model: type[BaseModel], name: str) -> str:
    return model.model_fields[name].description or ("See above." if name == "version" else "")


def _type(field: dict[str, Any], definitions: dict[str, Any]) -> str:
    if "$ref" in field:
        name = field["$ref"].rpartition("/")[2]
        values = definitions[name].get("enum")
        return " ".join(f"`{value}`" for value in values) if values else _NAMES[name]
    if "anyOf" in field:
        return " or ".join(_type(one, definitions) for one in field["anyOf"])
    if "const" in field:
        return f"`{field['const']}`"
    if "enum" in field:
        return " ".join(f"`{value}`" for value in field["enum"])
    if field["type"] == "array":
        return f"list of {_type(field['items'], definitions)}"
    return {"date-time": "time", "date": "day"}.get(field.get("format", ""), str(field["type"]))


_NAMES = {"IncidentTold": "incident", "MonitorDigest": "monitor"}


def _example() -> str:
    """The outage of the demo, as it is told."""
    start, end = datetime(2013, 12, 31, 5, tzinfo=UTC), datetime(2014, 1, 1, 5, tzinfo=UTC)
    headline = "8 columns are empty in the same rows"
    title = f"flight_delay, 2013-12-31: faulty data: {headline}"
    incident = IncidentTold(
        incident_id="3f2a90c1d4e5b607",
        change="opened",
        severity="critical",
        topic="data",
        certain=True,
        how_sure="certain",
        headline=headline,
        cause=None,
        columns=("temperature", "dew_point"),
        first_window=start,
        last_window=start,
        impact=0.21,
    )
    message = WindowMessage(
        message_id="0d9c1a72be4f5388",
        title=title,
        text=f"{title}\n\nNew, critical: {headline}\n  temperature, dew_point\n  since 2013-12-31; certain",
        monitor="flight_delay",
        description="Will this flight arrive more than 15 minutes late?",
        owner="ml-platform@example.com",
        granularity="day",
        period="2013-12-31",
        window_start=start,
        window_end=end,
        level=Level.FAULTY,
        incidents=(incident,),
        ongoing=9,
        page="https://reports.example.com/flight_delay/day/2013-12-31.html",
    )
    return json.dumps(message.model_dump(mode="json"), indent=2)


if __name__ == "__main__":
    Path(sys.argv[1]).write_text(messages_page(), encoding="utf-8")
