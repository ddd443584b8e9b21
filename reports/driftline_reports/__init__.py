"""Figures in, HTML out."""
