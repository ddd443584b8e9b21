"""Formulas: counts and sums in, figures out. Arrays alone: no engine, no store, no clock."""
