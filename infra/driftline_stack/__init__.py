"""The whole stack on one machine, without Docker: Airflow, S3, Postgres, Spark and mail as processes.

For trying things out and for the tests. Everything listens on 127.0.0.1 alone, with its data in one folder.
"""
