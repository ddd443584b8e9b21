"""Monitors as Airflow DAGs. Jobs are reached by their command line alone; only schemas are imported."""
