COMMENT ON COLUMN runs."cpu_seconds" IS 'Processor time, the window''s share of the run: of its process, and on Spark of the Python workers too. Unit: seconds.';

COMMENT ON COLUMN runs."peak_memory_bytes" IS 'Most memory that one process of the run has held: its own, or on Spark that of a Python worker. Unit: bytes.';

COMMENT ON COLUMN drift_metrics."threshold_source" IS 'Where the threshold comes from: rule, calibrated, calibrated_blocks, detector, or a fixed effect size: fixed_few_rows (of the window), fixed_few_windows or fixed_no_times (of the reference), fixed_no_values (of either), fixed_default.';

COMMENT ON COLUMN performance_metrics."threshold_source" IS 'Where the threshold comes from: rule, calibrated, reference_interval (the figure of the reference less a margin) or trivial_model.';

COMMENT ON COLUMN run_inputs."min_timestamp" IS 'Earliest timestamp in the object; null where its footer does not tell, or if it is in no year from 1678 to 2261. Unit: UTC.';

COMMENT ON COLUMN run_inputs."max_timestamp" IS 'Latest timestamp in the object, likewise. Unit: UTC.';

COMMENT ON COLUMN current_runs."cpu_seconds" IS 'Processor time, the window''s share of the run: of its process, and on Spark of the Python workers too. Unit: seconds.';

COMMENT ON COLUMN current_runs."peak_memory_bytes" IS 'Most memory that one process of the run has held: its own, or on Spark that of a Python worker. Unit: bytes.';

COMMENT ON COLUMN current_drift_metrics."threshold_source" IS 'Where the threshold comes from: rule, calibrated, calibrated_blocks, detector, or a fixed effect size: fixed_few_rows (of the window), fixed_few_windows or fixed_no_times (of the reference), fixed_no_values (of either), fixed_default.';

COMMENT ON COLUMN current_performance_metrics."threshold_source" IS 'Where the threshold comes from: rule, calibrated, reference_interval (the figure of the reference less a margin) or trivial_model.';

COMMENT ON COLUMN current_run_inputs."min_timestamp" IS 'Earliest timestamp in the object; null where its footer does not tell, or if it is in no year from 1678 to 2261. Unit: UTC.';

COMMENT ON COLUMN current_run_inputs."max_timestamp" IS 'Latest timestamp in the object, likewise. Unit: UTC.';

CREATE OR REPLACE VIEW monitor_costs AS
SELECT r.monitor, r.granularity, r.window_start,
  COUNT(*) AS attempts,
  COUNT(CASE WHEN r.status = 'failed' THEN 1 END) AS failed,
  CAST(SUM(CASE WHEN r.part = 'data' THEN r.rows_read END) AS BIGINT) AS rows_read,
  CAST(SUM(r.bytes_read) AS BIGINT) AS bytes_read,
  SUM(r.cpu_seconds) AS cpu_seconds,
  SUM(r.wall_seconds) AS wall_seconds,
  MAX(r.peak_memory_bytes) AS peak_memory_bytes
FROM runs r
GROUP BY r.monitor, r.granularity, r.window_start;

COMMENT ON VIEW monitor_costs IS 'One row per monitor and window, all attempts together. Every attempt counts, also those that failed and those that were superseded: they were paid for.';

COMMENT ON COLUMN monitor_costs."monitor" IS 'Name of the monitor.';

COMMENT ON COLUMN monitor_costs."granularity" IS 'Length of the window.';

COMMENT ON COLUMN monitor_costs."window_start" IS 'First instant of the window. Unit: UTC.';

COMMENT ON COLUMN monitor_costs."attempts" IS 'Attempts of all parts. Unit: runs.';

COMMENT ON COLUMN monitor_costs."failed" IS 'Attempts that failed. Unit: runs.';

COMMENT ON COLUMN monitor_costs."rows_read" IS 'Rows of the log, once for each attempt of the data part: other parts read the same rows. Unit: rows.';

COMMENT ON COLUMN monitor_costs."bytes_read" IS 'Bytes read, by all attempts. Unit: bytes.';

COMMENT ON COLUMN monitor_costs."cpu_seconds" IS 'Processor time, of all attempts. Unit: seconds.';

COMMENT ON COLUMN monitor_costs."wall_seconds" IS 'Elapsed time, of all attempts. Unit: seconds.';

COMMENT ON COLUMN monitor_costs."peak_memory_bytes" IS 'Most memory that a process of any attempt has held. Unit: bytes.';
