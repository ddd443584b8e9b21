"""Profiles and outcomes of many cells to figures and verdicts, by the formulas."""
