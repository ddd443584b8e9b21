"""The jobs: read logs, profile, measure, judge, publish."""
