"""Figures as rows of the summary tables: profiles and formulas meet here, and nowhere else."""
