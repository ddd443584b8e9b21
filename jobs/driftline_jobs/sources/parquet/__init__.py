"""Parquet objects: what their footers say, what they agree on, and how their splits are decoded."""
