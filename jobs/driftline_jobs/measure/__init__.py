"""Profiles to figures. Arrays in, arrays out: no engine, no store, no clock."""
