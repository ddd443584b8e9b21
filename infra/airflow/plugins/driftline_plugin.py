"""What Driftline adds to Airflow: a schedule by windows, and the reports in its pages."""

from __future__ import annotations

from airflow.plugins_manager import AirflowPlugin
from driftline_airflow.pages import serve_pages
from driftline_airflow.timetable import WindowTimetable


class DriftlinePlugin(AirflowPlugin):
    """Found by Airflow when it loads this folder."""

    name = "driftline"
    timetables = [WindowTimetable]  # noqa: RUF012 - Airflow's interface
    fastapi_apps = [{"name": "driftline", "app": serve_pages, "url_prefix": "/driftline"}]  # noqa: RUF012
    external_views = [  # noqa: RUF012
        {
            "name": "Drift reports",
            "href": "/driftline/",
            "destination": "nav",
            "category": "browse",
            "url_route": "driftline",
        }
    ]
