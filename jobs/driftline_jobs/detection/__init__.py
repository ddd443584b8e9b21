"""Figures and their history to thresholds, verdicts and alerts. Pure: no engine, no store, no clock."""
