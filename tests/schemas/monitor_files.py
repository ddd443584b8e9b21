"""Sound monitor files, whole and small, for tests to take keys out of or put faults in."""

from __future__ import annotations

from typing import Any

import yaml

from driftline_schemas.monitor import Monitor, parse_monitor

FULL = """\
monitor: flight_delay
description: Will this flight arrive more than 15 minutes late?
owner: ml-platform@example.com
task: binary_classification
logs:
  uri: s3://serving-logs/flight_delay/
  timestamp: requested_at
  prediction_id: request_id
  prediction: late
  score: late_probability
  model_version: model_version
  lateness: 1d
labels:
  uri: s3://labels/flight_delay/
  prediction_id: request_id
  label: arrived_late
  timestamp: labelled_at
  mature_after: 7d
  catch_up: 35d
positive_label: 1
features:
  numeric: [distance, temperature]
  categorical: [carrier, origin]
  ignore: [tail_number]
  sensitive: [home_zip]
segments: [origin, [origin, carrier]]
granularity: day
timezone: Europe/Berlin
base: hour
reference:
  window: [2013-01-01, 2013-03-01]
  exclude: [[2013-02-08, 2013-02-10]]
alerts:
  false_alarm_rate: 0.01
  min_rows: 500
  rules:
    - {metric: roc_auc, below: 0.70}
    - {metric: psi, column: carrier, above: 0.2}
    - {metric: psi, segment: origin, above: 0.3}
notify: {email: [team@example.com], when: alert}
"""


def document(**changes: Any) -> dict[str, Any]:
    """A sound small monitor; a dotted key (``logs__score``) changes a section, None takes a key out."""
    content: dict[str, Any] = {
        "monitor": "flight_delay",
        "task": "binary_classification",
        "logs": {"uri": "logs", "timestamp": "at", "prediction_id": "id", "score": "p", "prediction": "late"},
        "labels": {"uri": "labels", "prediction_id": "id", "label": "truth"},
        "reference": {"window": ["2013-01-01", "2013-03-01"]},
    }
    for key, value in changes.items():
        section, _, name = key.partition("__")
        target = content.setdefault(section, {}) if name else content
        if value is None:
            target.pop(name or section, None)
        else:
            target[name or section] = value
    return content


def read(**changes: Any) -> Monitor:
    return parse_monitor(yaml.safe_dump(document(**changes)), "m.yaml")
