"""Alert events from what is published."""

from __future__ import annotations


def alert_events(job, published):
    return {}


def published_alerts(job, published):
    return {}
