"""What Airflow's own processes need of Driftline: the schedule of windows and the reports in the UI."""
