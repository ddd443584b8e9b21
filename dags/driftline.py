"""One DAG per monitor file, and those that look after all of them.

Airflow imports this file again and again, and one error here would stop every monitor: so nothing in it
raises. A monitor file that cannot be read becomes a DAG of its own whose task fails with the reason.
"""

from __future__ import annotations

from airflow.sdk import get_parsing_context

from driftline_dags.deployment import dags_of_deployment

# A task's process asks for its own DAG alone and need not build two hundred others.
globals().update({dag.dag_id: dag for dag in dags_of_deployment(only=get_parsing_context().dag_id)})
