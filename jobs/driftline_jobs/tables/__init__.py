"""Rows of the summary tables."""
