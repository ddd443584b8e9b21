"""Splits to profiles: the first look at a reference, and the scan of windows."""
