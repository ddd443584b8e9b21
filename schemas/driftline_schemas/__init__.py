"""What the parts of Driftline agree on: monitor files, windows, log roles and summary tables."""
