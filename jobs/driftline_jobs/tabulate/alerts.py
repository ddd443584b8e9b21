"""Rows of ``alerts``."""

from __future__ import annotations


def add_alerts(table, monitor, window, run_id, events):
    pass
