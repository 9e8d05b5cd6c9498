"""A night of Comity as an Airflow DAG: lies in the folder of DAGs; Comity lives in an environment of its own.

A night that fails is tried once more: what is published already is not read again.
"""

from __future__ import annotations

from datetime import datetime, timedelta, timezone

from airflow.providers.standard.operators.bash import BashOperator
from airflow.sdk import DAG

COMITY = "/opt/comity/bin/comity --data /srv/comity/data"

with DAG(
    dag_id="comity_night",
    schedule="0 2 * * *",
    start_date=datetime(2026, 1, 1, tzinfo=timezone.utc),  # noqa: UP017
    catchup=False,
    max_active_runs=1,
    default_args={"retries": 1, "retry_delay": timedelta(minutes=15)},
    tags=["comity"],
) as dag:
    night = BashOperator(
        task_id="run",
        bash_command=f"{COMITY} run --log json",
        execution_timeout=timedelta(hours=10),
    )
    report = BashOperator(task_id="report", bash_command=f"{COMITY} report", trigger_rule="all_done")
    night >> report
