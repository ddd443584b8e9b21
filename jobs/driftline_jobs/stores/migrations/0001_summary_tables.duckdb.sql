CREATE TABLE runs (
  "run_id" VARCHAR NOT NULL,
  "monitor" VARCHAR NOT NULL,
  "window_start" TIMESTAMP NOT NULL,
  "window_end" TIMESTAMP NOT NULL,
  "granularity" VARCHAR NOT NULL,
  "part" VARCHAR NOT NULL,
  "status" VARCHAR NOT NULL,
  "as_of" TIMESTAMP NOT NULL,
  "published_at" TIMESTAMP,
  "superseded_at" TIMESTAMP,
  "engine" VARCHAR,
  "code_version" VARCHAR,
  "config_hash" VARCHAR,
  "reference_id" VARCHAR,
  "binning_id" VARCHAR,
  "started_at" TIMESTAMP,
  "finished_at" TIMESTAMP,
  "rows_read" BIGINT,
  "rows_quarantined" BIGINT,
  "bytes_read" BIGINT,
  "labels_matched" BIGINT,
  "cpu_seconds" DOUBLE,
  "wall_seconds" DOUBLE,
  "peak_memory_bytes" BIGINT,
  "error_kind" VARCHAR,
  "error" VARCHAR
);

COMMENT ON TABLE runs IS 'One row per attempt to publish one part of one window. The table that decides what is visible. A row of any other table counts only if its run is published; it is the present answer while superseded_at is null. Rows of other tables are never changed: a rerun adds its rows under a new run_id and stamps superseded_at on the run it replaces.';

COMMENT ON COLUMN runs."run_id" IS 'Identifier of the attempt, sortable by time.';

COMMENT ON COLUMN runs."monitor" IS 'Name of the monitor.';

COMMENT ON COLUMN runs."window_start" IS 'First instant of the window. Unit: UTC.';

COMMENT ON COLUMN runs."window_end" IS 'End of the window, which itself lies outside it. Unit: UTC.';

COMMENT ON COLUMN runs."granularity" IS 'Length of the window. One of: hour, day, week, month.';

COMMENT ON COLUMN runs."part" IS 'What the run publishes: drift and quality, performance, or alerts and explanations. One of: data, performance, judgement.';

COMMENT ON COLUMN runs."status" IS 'What has become of the attempt. One of: running, published, failed.';

COMMENT ON COLUMN runs."as_of" IS 'Moment at which labels counted as mature for this run. Unit: UTC.';

COMMENT ON COLUMN runs."published_at" IS 'When the rows became visible, by the store''s clock. Unit: UTC.';

COMMENT ON COLUMN runs."superseded_at" IS 'When a later run took this one''s place, equal to that run''s published_at; null while this is the present answer. Unit: UTC.';

COMMENT ON COLUMN runs."engine" IS 'Engine that scanned the log: local or spark.';

COMMENT ON COLUMN runs."code_version" IS 'Version of Driftline that ran.';

COMMENT ON COLUMN runs."config_hash" IS 'First 16 hexadecimal digits of the SHA-256 of the monitor file in canonical form.';

COMMENT ON COLUMN runs."reference_id" IS 'Reference the window was compared with, see reference_sets.';

COMMENT ON COLUMN runs."binning_id" IS 'Bin edges and vocabularies of the profiles, see binnings.';

COMMENT ON COLUMN runs."started_at" IS 'Start of the attempt, by the job''s clock. Unit: UTC.';

COMMENT ON COLUMN runs."finished_at" IS 'End of the attempt, by the job''s clock; null while it runs or if it was killed. Unit: UTC.';

COMMENT ON COLUMN runs."rows_read" IS 'Rows of the log that lie in the window. Unit: rows.';

COMMENT ON COLUMN runs."rows_quarantined" IS 'Rows that were set aside, see run_inputs. Unit: rows.';

COMMENT ON COLUMN runs."bytes_read" IS 'Size of the objects that were read. Unit: bytes.';

COMMENT ON COLUMN runs."labels_matched" IS 'Predictions that found their label. Unit: rows.';

COMMENT ON COLUMN runs."cpu_seconds" IS 'Processor time, the window''s share of the run. Unit: seconds.';

COMMENT ON COLUMN runs."wall_seconds" IS 'Elapsed time, the window''s share of the run. Unit: seconds.';

COMMENT ON COLUMN runs."peak_memory_bytes" IS 'Largest resident memory of the process. Unit: bytes.';

COMMENT ON COLUMN runs."error_kind" IS 'Kind of the failure, or abandoned if the attempt ended without a word.';

COMMENT ON COLUMN runs."error" IS 'What went wrong, without secrets.';

CREATE TABLE alert_actions (
  "monitor" VARCHAR NOT NULL,
  "alert_id" VARCHAR NOT NULL,
  "action" VARCHAR NOT NULL,
  "until" TIMESTAMP,
  "actor" VARCHAR NOT NULL,
  "acted_at" TIMESTAMP NOT NULL,
  "comment" VARCHAR
);

COMMENT ON TABLE alert_actions IS 'One row per action, never changed. Acknowledgements and mutes. The newest row of an alert counts.';

COMMENT ON COLUMN alert_actions."monitor" IS 'Name of the monitor.';

COMMENT ON COLUMN alert_actions."alert_id" IS 'Alert it is about, see alerts.';

COMMENT ON COLUMN alert_actions."action" IS 'What was done. One of: acknowledge, mute.';

COMMENT ON COLUMN alert_actions."until" IS 'When a mute ends; null for an acknowledgement. Unit: UTC.';

COMMENT ON COLUMN alert_actions."actor" IS 'Who did it.';

COMMENT ON COLUMN alert_actions."acted_at" IS 'When it was done. Unit: UTC.';

COMMENT ON COLUMN alert_actions."comment" IS 'What they had to say.';

CREATE TABLE alerts (
  "monitor" VARCHAR NOT NULL,
  "window_start" TIMESTAMP NOT NULL,
  "window_end" TIMESTAMP NOT NULL,
  "granularity" VARCHAR NOT NULL,
  "model_version" VARCHAR NOT NULL,
  "segment" VARCHAR NOT NULL,
  "segment_value" VARCHAR NOT NULL,
  "run_id" VARCHAR NOT NULL,
  "alert_id" VARCHAR NOT NULL,
  "column_name" VARCHAR NOT NULL,
  "metric" VARCHAR NOT NULL,
  "severity" VARCHAR NOT NULL,
  "state" VARCHAR NOT NULL,
  "first_window" TIMESTAMP NOT NULL,
  "last_window" TIMESTAMP NOT NULL,
  "evidence" VARCHAR NOT NULL
);

COMMENT ON TABLE alerts IS 'One row per alert and window in which it was opened, went on or was resolved. One alert for one thing that went wrong, followed from window to window. What people do with it (acknowledge, mute) is in alert_actions.';

COMMENT ON COLUMN alerts."monitor" IS 'Name of the monitor.';

COMMENT ON COLUMN alerts."window_start" IS 'First instant of the window that is judged. Unit: UTC.';

COMMENT ON COLUMN alerts."window_end" IS 'End of the window, which itself lies outside it. Unit: UTC.';

COMMENT ON COLUMN alerts."granularity" IS 'Length of the window. One of: hour, day, week, month.';

COMMENT ON COLUMN alerts."model_version" IS 'Version of the model that served the rows; ''*'' for all versions together.';

COMMENT ON COLUMN alerts."segment" IS 'Column (or, crossed, canonical JSON array of columns) the rows are cut by; ''*'' for no cut.';

COMMENT ON COLUMN alerts."segment_value" IS 'Value of the segment; ''*'' for no cut, __null__ for missing, __other__ beyond the 100 most frequent of the reference. A real value equal to one of these has a leading backslash.';

COMMENT ON COLUMN alerts."run_id" IS 'Run that published the row, see runs.';

COMMENT ON COLUMN alerts."alert_id" IS 'Identifier, the same in every window of the alert.';

COMMENT ON COLUMN alerts."column_name" IS 'Column it is about; ''*'' for the model or the row as a whole.';

COMMENT ON COLUMN alerts."metric" IS 'Metric or check it is about.';

COMMENT ON COLUMN alerts."severity" IS 'How bad it is.';

COMMENT ON COLUMN alerts."state" IS 'State of the alert in this window. One of: open, acknowledged, resolved.';

COMMENT ON COLUMN alerts."first_window" IS 'Start of the window in which it was opened. Unit: UTC.';

COMMENT ON COLUMN alerts."last_window" IS 'Start of the last window in which it was seen. Unit: UTC.';

COMMENT ON COLUMN alerts."evidence" IS 'Object with what changed, by how much, how sure, since when.';

CREATE TABLE attributions (
  "monitor" VARCHAR NOT NULL,
  "window_start" TIMESTAMP NOT NULL,
  "window_end" TIMESTAMP NOT NULL,
  "granularity" VARCHAR NOT NULL,
  "model_version" VARCHAR NOT NULL,
  "segment" VARCHAR NOT NULL,
  "segment_value" VARCHAR NOT NULL,
  "run_id" VARCHAR NOT NULL,
  "metric" VARCHAR NOT NULL,
  "column_name" VARCHAR NOT NULL,
  "mix" DOUBLE,
  "rate" DOUBLE,
  "share" DOUBLE,
  "n" BIGINT,
  "rank" BIGINT
);

COMMENT ON TABLE attributions IS 'One row per window, model version, metric, column and segment value. A change split over the values of a segment, exactly: what came from the mix of the rows, and what came from the rate inside each segment value, against the reference. Values of fewer than min_rows rows on either side are together in ''__other__''. An association, not a cause.';

COMMENT ON COLUMN attributions."monitor" IS 'Name of the monitor.';

COMMENT ON COLUMN attributions."window_start" IS 'First instant of the window that is judged. Unit: UTC.';

COMMENT ON COLUMN attributions."window_end" IS 'End of the window, which itself lies outside it. Unit: UTC.';

COMMENT ON COLUMN attributions."granularity" IS 'Length of the window. One of: hour, day, week, month.';

COMMENT ON COLUMN attributions."model_version" IS 'Version of the model that served the rows; ''*'' for all versions together.';

COMMENT ON COLUMN attributions."segment" IS 'Column (or, crossed, canonical JSON array of columns) the rows are cut by; ''*'' for no cut.';

COMMENT ON COLUMN attributions."segment_value" IS 'Value of the segment; ''*'' for no cut, __null__ for missing, __other__ beyond the 100 most frequent of the reference. A real value equal to one of these has a leading backslash.';

COMMENT ON COLUMN attributions."run_id" IS 'Run that published the row, see runs.';

COMMENT ON COLUMN attributions."metric" IS 'Figure whose change is explained.';

COMMENT ON COLUMN attributions."column_name" IS 'Column whose drift is explained; ''*'' for a figure of the model.';

COMMENT ON COLUMN attributions."mix" IS 'Part of the change that came from more or fewer rows with this value, in the unit of the metric.';

COMMENT ON COLUMN attributions."rate" IS 'Part that came from a change among the rows with this value, in the unit of the metric.';

COMMENT ON COLUMN attributions."share" IS 'Part of the whole change that this value carries. Unit: share.';

COMMENT ON COLUMN attributions."n" IS 'Rows of the window with this value. Unit: rows.';

COMMENT ON COLUMN attributions."rank" IS 'Place of the value among those of its segment, by the size of its part; 1 is the largest.';

CREATE TABLE binnings (
  "binning_id" VARCHAR NOT NULL,
  "monitor" VARCHAR NOT NULL,
  "created_at" TIMESTAMP NOT NULL,
  "state" BLOB NOT NULL
);

COMMENT ON TABLE binnings IS 'One row per set of bins, written once when a reference is first profiled. Profiles can be merged and compared only at the same bins, so the bins are fixed and kept. Rows are never changed.';

COMMENT ON COLUMN binnings."binning_id" IS 'Identifier, a hash of the bins.';

COMMENT ON COLUMN binnings."monitor" IS 'Name of the monitor.';

COMMENT ON COLUMN binnings."created_at" IS 'When the bins were made. Unit: UTC.';

COMMENT ON COLUMN binnings."state" IS 'The bins in compact, versioned binary form.';

CREATE TABLE calibrations (
  "reference_id" VARCHAR NOT NULL,
  "monitor" VARCHAR NOT NULL,
  "column_name" VARCHAR NOT NULL,
  "statistic" VARCHAR NOT NULL,
  "k_windows" BIGINT NOT NULL,
  "n_windows_rows" DOUBLE,
  "center" DOUBLE,
  "scale" DOUBLE,
  "weekday_effects" VARCHAR,
  "state" VARCHAR,
  "created_at" TIMESTAMP NOT NULL
);

COMMENT ON TABLE calibrations IS 'One row per reference, column and statistic, written once. How much each drift statistic moves between windows of the reference when nothing has happened, so that a window is judged without reading the reference again. center and scale are on the cube-root scale.';

COMMENT ON COLUMN calibrations."reference_id" IS 'Reference it was learned from, see reference_sets.';

COMMENT ON COLUMN calibrations."monitor" IS 'Name of the monitor.';

COMMENT ON COLUMN calibrations."column_name" IS 'Column of the log; ''*'' for the row as a whole.';

COMMENT ON COLUMN calibrations."statistic" IS 'Drift metric that is calibrated.';

COMMENT ON COLUMN calibrations."k_windows" IS 'Windows the reference was cut into. Unit: windows.';

COMMENT ON COLUMN calibrations."n_windows_rows" IS 'Typical number of rows of those windows. Unit: rows.';

COMMENT ON COLUMN calibrations."center" IS 'Mean of the cube root of the statistic over the windows.';

COMMENT ON COLUMN calibrations."scale" IS 'Standard deviation around that mean.';

COMMENT ON COLUMN calibrations."weekday_effects" IS 'What each weekday adds to the mean, Monday first; null if weekdays make no difference.';

COMMENT ON COLUMN calibrations."state" IS 'Whatever else the judgement needs, for example why nothing could be learned.';

COMMENT ON COLUMN calibrations."created_at" IS 'When it was learned. Unit: UTC.';

CREATE TABLE drift_metrics (
  "monitor" VARCHAR NOT NULL,
  "window_start" TIMESTAMP NOT NULL,
  "window_end" TIMESTAMP NOT NULL,
  "granularity" VARCHAR NOT NULL,
  "model_version" VARCHAR NOT NULL,
  "segment" VARCHAR NOT NULL,
  "segment_value" VARCHAR NOT NULL,
  "run_id" VARCHAR NOT NULL,
  "column_name" VARCHAR NOT NULL,
  "column_kind" VARCHAR,
  "comparison" VARCHAR NOT NULL,
  "metric" VARCHAR NOT NULL,
  "value" DOUBLE,
  "value_debiased" DOUBLE,
  "lower_bound" DOUBLE,
  "upper_bound" DOUBLE,
  "p_value" DOUBLE,
  "q_value" DOUBLE,
  "threshold" DOUBLE,
  "threshold_source" VARCHAR,
  "drifted" BOOLEAN,
  "n_current" BIGINT,
  "n_reference" BIGINT,
  "reference_id" VARCHAR,
  "status" VARCHAR NOT NULL,
  "reason" VARCHAR
);

COMMENT ON TABLE drift_metrics IS 'One row per window, model version, segment value, column, comparison and metric. How far each column''s distribution lies from the reference and from the window before. A figure that cannot be had is a row with a null value, and status and reason say why.';

COMMENT ON COLUMN drift_metrics."monitor" IS 'Name of the monitor.';

COMMENT ON COLUMN drift_metrics."window_start" IS 'First instant of the window that is judged. Unit: UTC.';

COMMENT ON COLUMN drift_metrics."window_end" IS 'End of the window, which itself lies outside it. Unit: UTC.';

COMMENT ON COLUMN drift_metrics."granularity" IS 'Length of the window. One of: hour, day, week, month.';

COMMENT ON COLUMN drift_metrics."model_version" IS 'Version of the model that served the rows; ''*'' for all versions together.';

COMMENT ON COLUMN drift_metrics."segment" IS 'Column (or, crossed, canonical JSON array of columns) the rows are cut by; ''*'' for no cut.';

COMMENT ON COLUMN drift_metrics."segment_value" IS 'Value of the segment; ''*'' for no cut, __null__ for missing, __other__ beyond the 100 most frequent of the reference. A real value equal to one of these has a leading backslash.';

COMMENT ON COLUMN drift_metrics."run_id" IS 'Run that published the row, see runs.';

COMMENT ON COLUMN drift_metrics."column_name" IS 'Column of the log; ''*'' for all columns together.';

COMMENT ON COLUMN drift_metrics."column_kind" IS 'How the column is treated; null for all columns together. One of: numeric, categorical, boolean, datetime, text, prediction, score, label.';

COMMENT ON COLUMN drift_metrics."comparison" IS 'What the window is compared with. One of: reference, previous.';

COMMENT ON COLUMN drift_metrics."metric" IS 'Name of the metric, for example psi.';

COMMENT ON COLUMN drift_metrics."value" IS 'The figure.';

COMMENT ON COLUMN drift_metrics."value_debiased" IS 'The figure less what sampling alone is expected to add.';

COMMENT ON COLUMN drift_metrics."lower_bound" IS 'Least the figure can be on the raw rows.';

COMMENT ON COLUMN drift_metrics."upper_bound" IS 'Most the figure can be on the raw rows.';

COMMENT ON COLUMN drift_metrics."p_value" IS 'Chance of so large a figure in a window in which nothing has happened. Unit: probability.';

COMMENT ON COLUMN drift_metrics."q_value" IS 'False discovery rate at which the figure would just be reported. Unit: share.';

COMMENT ON COLUMN drift_metrics."threshold" IS 'What the figure was held against.';

COMMENT ON COLUMN drift_metrics."threshold_source" IS 'Where the threshold comes from: a rule, the calibration, or a fixed effect size.';

COMMENT ON COLUMN drift_metrics."drifted" IS 'Whether the column has drifted; null on rows that do not decide.';

COMMENT ON COLUMN drift_metrics."n_current" IS 'Rows of the window that were compared. Unit: rows.';

COMMENT ON COLUMN drift_metrics."n_reference" IS 'Rows it was compared with. Unit: rows.';

COMMENT ON COLUMN drift_metrics."reference_id" IS 'Reference it was compared with, see reference_sets; null for the window before.';

COMMENT ON COLUMN drift_metrics."status" IS 'ok, or a word for why there is no figure.';

COMMENT ON COLUMN drift_metrics."reason" IS 'A sentence that goes with it.';

CREATE TABLE performance_curves (
  "monitor" VARCHAR NOT NULL,
  "window_start" TIMESTAMP NOT NULL,
  "window_end" TIMESTAMP NOT NULL,
  "granularity" VARCHAR NOT NULL,
  "model_version" VARCHAR NOT NULL,
  "segment" VARCHAR NOT NULL,
  "segment_value" VARCHAR NOT NULL,
  "run_id" VARCHAR NOT NULL,
  "curve" VARCHAR NOT NULL,
  "kind" VARCHAR NOT NULL,
  "class_label" VARCHAR,
  "points" VARCHAR NOT NULL
);

COMMENT ON TABLE performance_curves IS 'One row per window, model version, segment value, curve, kind and class. Points of the calibration curve, kept for the report.';

COMMENT ON COLUMN performance_curves."monitor" IS 'Name of the monitor.';

COMMENT ON COLUMN performance_curves."window_start" IS 'First instant of the window that is judged. Unit: UTC.';

COMMENT ON COLUMN performance_curves."window_end" IS 'End of the window, which itself lies outside it. Unit: UTC.';

COMMENT ON COLUMN performance_curves."granularity" IS 'Length of the window. One of: hour, day, week, month.';

COMMENT ON COLUMN performance_curves."model_version" IS 'Version of the model that served the rows; ''*'' for all versions together.';

COMMENT ON COLUMN performance_curves."segment" IS 'Column (or, crossed, canonical JSON array of columns) the rows are cut by; ''*'' for no cut.';

COMMENT ON COLUMN performance_curves."segment_value" IS 'Value of the segment; ''*'' for no cut, __null__ for missing, __other__ beyond the 100 most frequent of the reference. A real value equal to one of these has a leading backslash.';

COMMENT ON COLUMN performance_curves."run_id" IS 'Run that published the row, see runs.';

COMMENT ON COLUMN performance_curves."curve" IS 'Which curve. One of: calibration.';

COMMENT ON COLUMN performance_curves."kind" IS 'From labels or without them. One of: realized, estimated.';

COMMENT ON COLUMN performance_curves."class_label" IS 'Class of a multiclass model, null for the model as a whole.';

COMMENT ON COLUMN performance_curves."points" IS 'Array of points in order; for a calibration curve each is [mean score, share of positives, rows].';

CREATE TABLE performance_metrics (
  "monitor" VARCHAR NOT NULL,
  "window_start" TIMESTAMP NOT NULL,
  "window_end" TIMESTAMP NOT NULL,
  "granularity" VARCHAR NOT NULL,
  "model_version" VARCHAR NOT NULL,
  "segment" VARCHAR NOT NULL,
  "segment_value" VARCHAR NOT NULL,
  "run_id" VARCHAR NOT NULL,
  "metric" VARCHAR NOT NULL,
  "kind" VARCHAR NOT NULL,
  "class_label" VARCHAR,
  "value" DOUBLE,
  "ci_low" DOUBLE,
  "ci_high" DOUBLE,
  "error_bound" DOUBLE,
  "n" BIGINT,
  "label_coverage" DOUBLE,
  "is_final" BOOLEAN,
  "reference_value" DOUBLE,
  "trivial_value" DOUBLE,
  "threshold" DOUBLE,
  "threshold_source" VARCHAR,
  "degraded" BOOLEAN,
  "status" VARCHAR NOT NULL,
  "reason" VARCHAR
);

COMMENT ON TABLE performance_metrics IS 'One row per window, model version, segment value, metric, kind and class. How well the model did by the labels that have arrived (realized), and how well it would be expected to have done without them (estimated, which cannot see a change in the relation of features and label). Once labels are there, estimate_error holds the estimated figure less the realized one.';

COMMENT ON COLUMN performance_metrics."monitor" IS 'Name of the monitor.';

COMMENT ON COLUMN performance_metrics."window_start" IS 'First instant of the window that is judged. Unit: UTC.';

COMMENT ON COLUMN performance_metrics."window_end" IS 'End of the window, which itself lies outside it. Unit: UTC.';

COMMENT ON COLUMN performance_metrics."granularity" IS 'Length of the window. One of: hour, day, week, month.';

COMMENT ON COLUMN performance_metrics."model_version" IS 'Version of the model that served the rows; ''*'' for all versions together.';

COMMENT ON COLUMN performance_metrics."segment" IS 'Column (or, crossed, canonical JSON array of columns) the rows are cut by; ''*'' for no cut.';

COMMENT ON COLUMN performance_metrics."segment_value" IS 'Value of the segment; ''*'' for no cut, __null__ for missing, __other__ beyond the 100 most frequent of the reference. A real value equal to one of these has a leading backslash.';

COMMENT ON COLUMN performance_metrics."run_id" IS 'Run that published the row, see runs.';

COMMENT ON COLUMN performance_metrics."metric" IS 'Name of the metric, for example roc_auc.';

COMMENT ON COLUMN performance_metrics."kind" IS 'From labels, without them, or how far the estimate was off once they were there. One of: realized, estimated, estimate_error.';

COMMENT ON COLUMN performance_metrics."class_label" IS 'Class of a multiclass metric, null for the model as a whole.';

COMMENT ON COLUMN performance_metrics."value" IS 'The figure.';

COMMENT ON COLUMN performance_metrics."ci_low" IS 'Lower end of its 95 % interval.';

COMMENT ON COLUMN performance_metrics."ci_high" IS 'Upper end of its 95 % interval.';

COMMENT ON COLUMN performance_metrics."error_bound" IS 'How far the figure can be from the one of the raw rows, by binning; 0 where it is exact.';

COMMENT ON COLUMN performance_metrics."n" IS 'Rows the figure rests on: labelled ones for a realized figure. Unit: rows.';

COMMENT ON COLUMN performance_metrics."label_coverage" IS 'Share of the window''s predictions that have a label. Unit: share.';

COMMENT ON COLUMN performance_metrics."is_final" IS 'Whether the window was older than mature_after at the run''s as_of.';

COMMENT ON COLUMN performance_metrics."reference_value" IS 'The same figure on the reference.';

COMMENT ON COLUMN performance_metrics."trivial_value" IS 'What a model that ignores its features would get.';

COMMENT ON COLUMN performance_metrics."threshold" IS 'What the figure was held against.';

COMMENT ON COLUMN performance_metrics."threshold_source" IS 'Where the threshold comes from: a rule, the reference, or a fixed effect size.';

COMMENT ON COLUMN performance_metrics."degraded" IS 'Whether the model has become worse; null on rows that do not decide.';

COMMENT ON COLUMN performance_metrics."status" IS 'ok, or a word for why there is no figure.';

COMMENT ON COLUMN performance_metrics."reason" IS 'A sentence that goes with it.';

CREATE TABLE profile_metrics (
  "monitor" VARCHAR NOT NULL,
  "window_start" TIMESTAMP NOT NULL,
  "window_end" TIMESTAMP NOT NULL,
  "granularity" VARCHAR NOT NULL,
  "model_version" VARCHAR NOT NULL,
  "segment" VARCHAR NOT NULL,
  "segment_value" VARCHAR NOT NULL,
  "run_id" VARCHAR NOT NULL,
  "column_name" VARCHAR NOT NULL,
  "column_kind" VARCHAR,
  "count" BIGINT NOT NULL,
  "nulls" BIGINT,
  "nans" BIGINT,
  "infinities" BIGINT,
  "zeros" BIGINT,
  "distinct_count" BIGINT,
  "mean" DOUBLE,
  "stddev" DOUBLE,
  "min" DOUBLE,
  "max" DOUBLE,
  "p01" DOUBLE,
  "p05" DOUBLE,
  "p25" DOUBLE,
  "p50" DOUBLE,
  "p75" DOUBLE,
  "p95" DOUBLE,
  "p99" DOUBLE,
  "top_values" VARCHAR
);

COMMENT ON TABLE profile_metrics IS 'One row per window, model version, segment value and column. Counts of missing and odd values, moments and quantiles. Datetimes are in seconds since 1970-01-01 UTC, texts are described by their length, booleans as 0 and 1.';

COMMENT ON COLUMN profile_metrics."monitor" IS 'Name of the monitor.';

COMMENT ON COLUMN profile_metrics."window_start" IS 'First instant of the window that is judged. Unit: UTC.';

COMMENT ON COLUMN profile_metrics."window_end" IS 'End of the window, which itself lies outside it. Unit: UTC.';

COMMENT ON COLUMN profile_metrics."granularity" IS 'Length of the window. One of: hour, day, week, month.';

COMMENT ON COLUMN profile_metrics."model_version" IS 'Version of the model that served the rows; ''*'' for all versions together.';

COMMENT ON COLUMN profile_metrics."segment" IS 'Column (or, crossed, canonical JSON array of columns) the rows are cut by; ''*'' for no cut.';

COMMENT ON COLUMN profile_metrics."segment_value" IS 'Value of the segment; ''*'' for no cut, __null__ for missing, __other__ beyond the 100 most frequent of the reference. A real value equal to one of these has a leading backslash.';

COMMENT ON COLUMN profile_metrics."run_id" IS 'Run that published the row, see runs.';

COMMENT ON COLUMN profile_metrics."column_name" IS 'Column of the log; ''*'' for the row as a whole.';

COMMENT ON COLUMN profile_metrics."column_kind" IS 'How the column is treated; null for the row as a whole. One of: numeric, categorical, boolean, datetime, text, prediction, score, label.';

COMMENT ON COLUMN profile_metrics."count" IS 'Rows, missing values included. Unit: rows.';

COMMENT ON COLUMN profile_metrics."nulls" IS 'Rows without a value. Unit: rows.';

COMMENT ON COLUMN profile_metrics."nans" IS 'Rows that hold NaN. Unit: rows.';

COMMENT ON COLUMN profile_metrics."infinities" IS 'Rows that hold plus or minus infinity. Unit: rows.';

COMMENT ON COLUMN profile_metrics."zeros" IS 'Rows that hold zero. Unit: rows.';

COMMENT ON COLUMN profile_metrics."distinct_count" IS 'Distinct values, estimated where there are many. Unit: values.';

COMMENT ON COLUMN profile_metrics."mean" IS 'Mean of the finite values. Unit: the column''s.';

COMMENT ON COLUMN profile_metrics."stddev" IS 'Standard deviation of the finite values. Unit: the column''s.';

COMMENT ON COLUMN profile_metrics."min" IS 'Least finite value, exact. Unit: the column''s.';

COMMENT ON COLUMN profile_metrics."max" IS 'Greatest finite value, exact. Unit: the column''s.';

COMMENT ON COLUMN profile_metrics."p01" IS '1 % quantile, within 1 % of itself. Unit: the column''s.';

COMMENT ON COLUMN profile_metrics."p05" IS '5 % quantile, within 1 % of itself. Unit: the column''s.';

COMMENT ON COLUMN profile_metrics."p25" IS '25 % quantile, within 1 % of itself. Unit: the column''s.';

COMMENT ON COLUMN profile_metrics."p50" IS 'Median, within 1 % of itself. Unit: the column''s.';

COMMENT ON COLUMN profile_metrics."p75" IS '75 % quantile, within 1 % of itself. Unit: the column''s.';

COMMENT ON COLUMN profile_metrics."p95" IS '95 % quantile, within 1 % of itself. Unit: the column''s.';

COMMENT ON COLUMN profile_metrics."p99" IS '99 % quantile, within 1 % of itself. Unit: the column''s.';

COMMENT ON COLUMN profile_metrics."top_values" IS 'Most frequent values with their counts, an array of pairs; hashes for a sensitive column.';

CREATE TABLE profiles (
  "monitor" VARCHAR NOT NULL,
  "window_start" TIMESTAMP NOT NULL,
  "window_end" TIMESTAMP NOT NULL,
  "granularity" VARCHAR NOT NULL,
  "model_version" VARCHAR NOT NULL,
  "segment" VARCHAR NOT NULL,
  "segment_value" VARCHAR NOT NULL,
  "run_id" VARCHAR NOT NULL,
  "column_name" VARCHAR NOT NULL,
  "base_start" TIMESTAMP NOT NULL,
  "state" BLOB NOT NULL
);

COMMENT ON TABLE profiles IS 'One row per base window, model version, segment value and column. The mergeable state every figure is computed from: integer counts and sums per bin. A week is the merge of its hours. Read it with Driftline; for SQL there is profile_metrics.';

COMMENT ON COLUMN profiles."monitor" IS 'Name of the monitor.';

COMMENT ON COLUMN profiles."window_start" IS 'First instant of the window that is judged. Unit: UTC.';

COMMENT ON COLUMN profiles."window_end" IS 'End of the window, which itself lies outside it. Unit: UTC.';

COMMENT ON COLUMN profiles."granularity" IS 'Length of the window. One of: hour, day, week, month.';

COMMENT ON COLUMN profiles."model_version" IS 'Version of the model that served the rows; ''*'' for all versions together.';

COMMENT ON COLUMN profiles."segment" IS 'Column (or, crossed, canonical JSON array of columns) the rows are cut by; ''*'' for no cut.';

COMMENT ON COLUMN profiles."segment_value" IS 'Value of the segment; ''*'' for no cut, __null__ for missing, __other__ beyond the 100 most frequent of the reference. A real value equal to one of these has a leading backslash.';

COMMENT ON COLUMN profiles."run_id" IS 'Run that published the row, see runs.';

COMMENT ON COLUMN profiles."column_name" IS 'Column of the log; ''*'' for the row as a whole.';

COMMENT ON COLUMN profiles."base_start" IS 'First instant of the base window inside the window. Unit: UTC.';

COMMENT ON COLUMN profiles."state" IS 'The profile in compact, versioned binary form.';

CREATE TABLE quality_metrics (
  "monitor" VARCHAR NOT NULL,
  "window_start" TIMESTAMP NOT NULL,
  "window_end" TIMESTAMP NOT NULL,
  "granularity" VARCHAR NOT NULL,
  "model_version" VARCHAR NOT NULL,
  "segment" VARCHAR NOT NULL,
  "segment_value" VARCHAR NOT NULL,
  "run_id" VARCHAR NOT NULL,
  "column_name" VARCHAR NOT NULL,
  "check_name" VARCHAR NOT NULL,
  "value" DOUBLE,
  "expected" VARCHAR,
  "passed" BOOLEAN
);

COMMENT ON TABLE quality_metrics IS 'One row per window, model version, segment value, column and check. Checks of the log and its labels. The checks of the labels are published with the performance part, the others with the data part.';

COMMENT ON COLUMN quality_metrics."monitor" IS 'Name of the monitor.';

COMMENT ON COLUMN quality_metrics."window_start" IS 'First instant of the window that is judged. Unit: UTC.';

COMMENT ON COLUMN quality_metrics."window_end" IS 'End of the window, which itself lies outside it. Unit: UTC.';

COMMENT ON COLUMN quality_metrics."granularity" IS 'Length of the window. One of: hour, day, week, month.';

COMMENT ON COLUMN quality_metrics."model_version" IS 'Version of the model that served the rows; ''*'' for all versions together.';

COMMENT ON COLUMN quality_metrics."segment" IS 'Column (or, crossed, canonical JSON array of columns) the rows are cut by; ''*'' for no cut.';

COMMENT ON COLUMN quality_metrics."segment_value" IS 'Value of the segment; ''*'' for no cut, __null__ for missing, __other__ beyond the 100 most frequent of the reference. A real value equal to one of these has a leading backslash.';

COMMENT ON COLUMN quality_metrics."run_id" IS 'Run that published the row, see runs.';

COMMENT ON COLUMN quality_metrics."column_name" IS 'Column that was checked; ''*'' for the row as a whole.';

COMMENT ON COLUMN quality_metrics."check_name" IS 'Name of the check, for example null_fraction.';

COMMENT ON COLUMN quality_metrics."value" IS 'What was found; its unit goes with the check.';

COMMENT ON COLUMN quality_metrics."expected" IS 'What was expected: a number, a text, or an array with the bounds.';

COMMENT ON COLUMN quality_metrics."passed" IS 'Whether the check passed; null where it only reports.';

CREATE TABLE reference_sets (
  "reference_id" VARCHAR NOT NULL,
  "monitor" VARCHAR NOT NULL,
  "source" VARCHAR NOT NULL,
  "window_start" TIMESTAMP,
  "window_end" TIMESTAMP,
  "effective_from" TIMESTAMP,
  "binning_id" VARCHAR NOT NULL,
  "rows" BIGINT NOT NULL,
  "created_at" TIMESTAMP NOT NULL,
  "state" BLOB NOT NULL
);

COMMENT ON TABLE reference_sets IS 'One row per reference, written once. What windows are compared with. A reference has an identity and never changes; a moving reference is a sequence of them. Of those with an effective_from that a window does not precede, the newest is for it.';

COMMENT ON COLUMN reference_sets."reference_id" IS 'Identifier, a hash of what the reference is made of.';

COMMENT ON COLUMN reference_sets."monitor" IS 'Name of the monitor.';

COMMENT ON COLUMN reference_sets."source" IS 'What was asked for, as in the monitor file.';

COMMENT ON COLUMN reference_sets."window_start" IS 'First instant the reference covers; null for a data set without times. Unit: UTC.';

COMMENT ON COLUMN reference_sets."window_end" IS 'End of what the reference covers. Unit: UTC.';

COMMENT ON COLUMN reference_sets."effective_from" IS 'Start of the first window that it is for, when the monitor was rebased; null for one that is for all windows before that. Unit: UTC.';

COMMENT ON COLUMN reference_sets."binning_id" IS 'Bins of its profiles, see binnings.';

COMMENT ON COLUMN reference_sets."rows" IS 'Rows the reference is made of. Unit: rows.';

COMMENT ON COLUMN reference_sets."created_at" IS 'When it was made. Unit: UTC.';

COMMENT ON COLUMN reference_sets."state" IS 'Its merged profiles in compact, versioned binary form.';

CREATE TABLE run_inputs (
  "run_id" VARCHAR NOT NULL,
  "role" VARCHAR NOT NULL,
  "uri" VARCHAR NOT NULL,
  "etag" VARCHAR NOT NULL,
  "size_bytes" BIGINT NOT NULL,
  "rows" BIGINT,
  "rows_matched" BIGINT,
  "min_timestamp" TIMESTAMP,
  "max_timestamp" TIMESTAMP,
  "state" VARCHAR NOT NULL,
  "reason" VARCHAR
);

COMMENT ON TABLE run_inputs IS 'One row per run and object. Every object a run looked at, with its etag and size at that moment. Comparing these with what lies in the folders now tells which windows have changed since they were published.';

COMMENT ON COLUMN run_inputs."run_id" IS 'Run that read the object, see runs.';

COMMENT ON COLUMN run_inputs."role" IS 'What the object was read for. One of: prediction, label, reference.';

COMMENT ON COLUMN run_inputs."uri" IS 'Where the object lies.';

COMMENT ON COLUMN run_inputs."etag" IS 'The object''s etag in S3; for a file its modification time and size.';

COMMENT ON COLUMN run_inputs."size_bytes" IS 'Size of the object. Unit: bytes.';

COMMENT ON COLUMN run_inputs."rows" IS 'Rows in the object, as its footer says; null if that could not be read. Unit: rows.';

COMMENT ON COLUMN run_inputs."rows_matched" IS 'Rows of the object that count for the run''s window. Unit: rows.';

COMMENT ON COLUMN run_inputs."min_timestamp" IS 'Earliest timestamp in the object. Unit: UTC.';

COMMENT ON COLUMN run_inputs."max_timestamp" IS 'Latest timestamp in the object. Unit: UTC.';

COMMENT ON COLUMN run_inputs."state" IS 'What was done with it. One of: read, quarantined, empty.';

COMMENT ON COLUMN run_inputs."reason" IS 'Why the object, or some of its rows, was set aside.';

CREATE VIEW current_runs AS
SELECT r."run_id", r."monitor", r."window_start", r."window_end", r."granularity", r."part", r."status", r."as_of", r."published_at", r."superseded_at", r."engine", r."code_version", r."config_hash", r."reference_id", r."binning_id", r."started_at", r."finished_at", r."rows_read", r."rows_quarantined", r."bytes_read", r."labels_matched", r."cpu_seconds", r."wall_seconds", r."peak_memory_bytes", r."error_kind", r."error"
FROM runs r
WHERE r.status = 'published' AND r.superseded_at IS NULL;

COMMENT ON VIEW current_runs IS 'The present answer: runs of the newest published run of each (monitor, granularity, window_start, part). One row per attempt to publish one part of one window. The table that decides what is visible. A row of any other table counts only if its run is published; it is the present answer while superseded_at is null. Rows of other tables are never changed: a rerun adds its rows under a new run_id and stamps superseded_at on the run it replaces.';

COMMENT ON COLUMN current_runs."run_id" IS 'Identifier of the attempt, sortable by time.';

COMMENT ON COLUMN current_runs."monitor" IS 'Name of the monitor.';

COMMENT ON COLUMN current_runs."window_start" IS 'First instant of the window. Unit: UTC.';

COMMENT ON COLUMN current_runs."window_end" IS 'End of the window, which itself lies outside it. Unit: UTC.';

COMMENT ON COLUMN current_runs."granularity" IS 'Length of the window. One of: hour, day, week, month.';

COMMENT ON COLUMN current_runs."part" IS 'What the run publishes: drift and quality, performance, or alerts and explanations. One of: data, performance, judgement.';

COMMENT ON COLUMN current_runs."status" IS 'What has become of the attempt. One of: running, published, failed.';

COMMENT ON COLUMN current_runs."as_of" IS 'Moment at which labels counted as mature for this run. Unit: UTC.';

COMMENT ON COLUMN current_runs."published_at" IS 'When the rows became visible, by the store''s clock. Unit: UTC.';

COMMENT ON COLUMN current_runs."superseded_at" IS 'When a later run took this one''s place, equal to that run''s published_at; null while this is the present answer. Unit: UTC.';

COMMENT ON COLUMN current_runs."engine" IS 'Engine that scanned the log: local or spark.';

COMMENT ON COLUMN current_runs."code_version" IS 'Version of Driftline that ran.';

COMMENT ON COLUMN current_runs."config_hash" IS 'First 16 hexadecimal digits of the SHA-256 of the monitor file in canonical form.';

COMMENT ON COLUMN current_runs."reference_id" IS 'Reference the window was compared with, see reference_sets.';

COMMENT ON COLUMN current_runs."binning_id" IS 'Bin edges and vocabularies of the profiles, see binnings.';

COMMENT ON COLUMN current_runs."started_at" IS 'Start of the attempt, by the job''s clock. Unit: UTC.';

COMMENT ON COLUMN current_runs."finished_at" IS 'End of the attempt, by the job''s clock; null while it runs or if it was killed. Unit: UTC.';

COMMENT ON COLUMN current_runs."rows_read" IS 'Rows of the log that lie in the window. Unit: rows.';

COMMENT ON COLUMN current_runs."rows_quarantined" IS 'Rows that were set aside, see run_inputs. Unit: rows.';

COMMENT ON COLUMN current_runs."bytes_read" IS 'Size of the objects that were read. Unit: bytes.';

COMMENT ON COLUMN current_runs."labels_matched" IS 'Predictions that found their label. Unit: rows.';

COMMENT ON COLUMN current_runs."cpu_seconds" IS 'Processor time, the window''s share of the run. Unit: seconds.';

COMMENT ON COLUMN current_runs."wall_seconds" IS 'Elapsed time, the window''s share of the run. Unit: seconds.';

COMMENT ON COLUMN current_runs."peak_memory_bytes" IS 'Largest resident memory of the process. Unit: bytes.';

COMMENT ON COLUMN current_runs."error_kind" IS 'Kind of the failure, or abandoned if the attempt ended without a word.';

COMMENT ON COLUMN current_runs."error" IS 'What went wrong, without secrets.';

CREATE MACRO runs_as_of(moment) AS TABLE
SELECT r."run_id", r."monitor", r."window_start", r."window_end", r."granularity", r."part", r."status", r."as_of", r."published_at", r."superseded_at", r."engine", r."code_version", r."config_hash", r."reference_id", r."binning_id", r."started_at", r."finished_at", r."rows_read", r."rows_quarantined", r."bytes_read", r."labels_matched", r."cpu_seconds", r."wall_seconds", r."peak_memory_bytes", r."error_kind", r."error"
FROM runs r
WHERE r.published_at <= moment AND (r.superseded_at IS NULL OR r.superseded_at > moment);

COMMENT ON MACRO TABLE runs_as_of IS 'What current_runs showed at a moment (UTC). Exact as far back as nothing was pruned.';

CREATE VIEW current_alerts AS
SELECT t."monitor", t."window_start", t."window_end", t."granularity", t."model_version", t."segment", t."segment_value", t."run_id", t."alert_id", t."column_name", t."metric", t."severity", t."state", t."first_window", t."last_window", t."evidence"
FROM alerts t
JOIN runs r ON r.run_id = t.run_id AND r.monitor = t.monitor AND r.window_start = t.window_start
WHERE r.status = 'published' AND r.superseded_at IS NULL;

COMMENT ON VIEW current_alerts IS 'The present answer: alerts of the newest published run of each (monitor, granularity, window_start, part). One row per alert and window in which it was opened, went on or was resolved. One alert for one thing that went wrong, followed from window to window. What people do with it (acknowledge, mute) is in alert_actions.';

COMMENT ON COLUMN current_alerts."monitor" IS 'Name of the monitor.';

COMMENT ON COLUMN current_alerts."window_start" IS 'First instant of the window that is judged. Unit: UTC.';

COMMENT ON COLUMN current_alerts."window_end" IS 'End of the window, which itself lies outside it. Unit: UTC.';

COMMENT ON COLUMN current_alerts."granularity" IS 'Length of the window. One of: hour, day, week, month.';

COMMENT ON COLUMN current_alerts."model_version" IS 'Version of the model that served the rows; ''*'' for all versions together.';

COMMENT ON COLUMN current_alerts."segment" IS 'Column (or, crossed, canonical JSON array of columns) the rows are cut by; ''*'' for no cut.';

COMMENT ON COLUMN current_alerts."segment_value" IS 'Value of the segment; ''*'' for no cut, __null__ for missing, __other__ beyond the 100 most frequent of the reference. A real value equal to one of these has a leading backslash.';

COMMENT ON COLUMN current_alerts."run_id" IS 'Run that published the row, see runs.';

COMMENT ON COLUMN current_alerts."alert_id" IS 'Identifier, the same in every window of the alert.';

COMMENT ON COLUMN current_alerts."column_name" IS 'Column it is about; ''*'' for the model or the row as a whole.';

COMMENT ON COLUMN current_alerts."metric" IS 'Metric or check it is about.';

COMMENT ON COLUMN current_alerts."severity" IS 'How bad it is.';

COMMENT ON COLUMN current_alerts."state" IS 'State of the alert in this window. One of: open, acknowledged, resolved.';

COMMENT ON COLUMN current_alerts."first_window" IS 'Start of the window in which it was opened. Unit: UTC.';

COMMENT ON COLUMN current_alerts."last_window" IS 'Start of the last window in which it was seen. Unit: UTC.';

COMMENT ON COLUMN current_alerts."evidence" IS 'Object with what changed, by how much, how sure, since when.';

CREATE MACRO alerts_as_of(moment) AS TABLE
SELECT t."monitor", t."window_start", t."window_end", t."granularity", t."model_version", t."segment", t."segment_value", t."run_id", t."alert_id", t."column_name", t."metric", t."severity", t."state", t."first_window", t."last_window", t."evidence"
FROM alerts t
JOIN runs r ON r.run_id = t.run_id AND r.monitor = t.monitor AND r.window_start = t.window_start
WHERE r.published_at <= moment AND (r.superseded_at IS NULL OR r.superseded_at > moment);

COMMENT ON MACRO TABLE alerts_as_of IS 'What current_alerts showed at a moment (UTC). Exact as far back as nothing was pruned.';

CREATE VIEW current_attributions AS
SELECT t."monitor", t."window_start", t."window_end", t."granularity", t."model_version", t."segment", t."segment_value", t."run_id", t."metric", t."column_name", t."mix", t."rate", t."share", t."n", t."rank"
FROM attributions t
JOIN runs r ON r.run_id = t.run_id AND r.monitor = t.monitor AND r.window_start = t.window_start
WHERE r.status = 'published' AND r.superseded_at IS NULL;

COMMENT ON VIEW current_attributions IS 'The present answer: attributions of the newest published run of each (monitor, granularity, window_start, part). One row per window, model version, metric, column and segment value. A change split over the values of a segment, exactly: what came from the mix of the rows, and what came from the rate inside each segment value, against the reference. Values of fewer than min_rows rows on either side are together in ''__other__''. An association, not a cause.';

COMMENT ON COLUMN current_attributions."monitor" IS 'Name of the monitor.';

COMMENT ON COLUMN current_attributions."window_start" IS 'First instant of the window that is judged. Unit: UTC.';

COMMENT ON COLUMN current_attributions."window_end" IS 'End of the window, which itself lies outside it. Unit: UTC.';

COMMENT ON COLUMN current_attributions."granularity" IS 'Length of the window. One of: hour, day, week, month.';

COMMENT ON COLUMN current_attributions."model_version" IS 'Version of the model that served the rows; ''*'' for all versions together.';

COMMENT ON COLUMN current_attributions."segment" IS 'Column (or, crossed, canonical JSON array of columns) the rows are cut by; ''*'' for no cut.';

COMMENT ON COLUMN current_attributions."segment_value" IS 'Value of the segment; ''*'' for no cut, __null__ for missing, __other__ beyond the 100 most frequent of the reference. A real value equal to one of these has a leading backslash.';

COMMENT ON COLUMN current_attributions."run_id" IS 'Run that published the row, see runs.';

COMMENT ON COLUMN current_attributions."metric" IS 'Figure whose change is explained.';

COMMENT ON COLUMN current_attributions."column_name" IS 'Column whose drift is explained; ''*'' for a figure of the model.';

COMMENT ON COLUMN current_attributions."mix" IS 'Part of the change that came from more or fewer rows with this value, in the unit of the metric.';

COMMENT ON COLUMN current_attributions."rate" IS 'Part that came from a change among the rows with this value, in the unit of the metric.';

COMMENT ON COLUMN current_attributions."share" IS 'Part of the whole change that this value carries. Unit: share.';

COMMENT ON COLUMN current_attributions."n" IS 'Rows of the window with this value. Unit: rows.';

COMMENT ON COLUMN current_attributions."rank" IS 'Place of the value among those of its segment, by the size of its part; 1 is the largest.';

CREATE MACRO attributions_as_of(moment) AS TABLE
SELECT t."monitor", t."window_start", t."window_end", t."granularity", t."model_version", t."segment", t."segment_value", t."run_id", t."metric", t."column_name", t."mix", t."rate", t."share", t."n", t."rank"
FROM attributions t
JOIN runs r ON r.run_id = t.run_id AND r.monitor = t.monitor AND r.window_start = t.window_start
WHERE r.published_at <= moment AND (r.superseded_at IS NULL OR r.superseded_at > moment);

COMMENT ON MACRO TABLE attributions_as_of IS 'What current_attributions showed at a moment (UTC). Exact as far back as nothing was pruned.';

CREATE VIEW current_drift_metrics AS
SELECT t."monitor", t."window_start", t."window_end", t."granularity", t."model_version", t."segment", t."segment_value", t."run_id", t."column_name", t."column_kind", t."comparison", t."metric", t."value", t."value_debiased", t."lower_bound", t."upper_bound", t."p_value", t."q_value", t."threshold", t."threshold_source", t."drifted", t."n_current", t."n_reference", t."reference_id", t."status", t."reason"
FROM drift_metrics t
JOIN runs r ON r.run_id = t.run_id AND r.monitor = t.monitor AND r.window_start = t.window_start
WHERE r.status = 'published' AND r.superseded_at IS NULL;

COMMENT ON VIEW current_drift_metrics IS 'The present answer: drift_metrics of the newest published run of each (monitor, granularity, window_start, part). One row per window, model version, segment value, column, comparison and metric. How far each column''s distribution lies from the reference and from the window before. A figure that cannot be had is a row with a null value, and status and reason say why.';

COMMENT ON COLUMN current_drift_metrics."monitor" IS 'Name of the monitor.';

COMMENT ON COLUMN current_drift_metrics."window_start" IS 'First instant of the window that is judged. Unit: UTC.';

COMMENT ON COLUMN current_drift_metrics."window_end" IS 'End of the window, which itself lies outside it. Unit: UTC.';

COMMENT ON COLUMN current_drift_metrics."granularity" IS 'Length of the window. One of: hour, day, week, month.';

COMMENT ON COLUMN current_drift_metrics."model_version" IS 'Version of the model that served the rows; ''*'' for all versions together.';

COMMENT ON COLUMN current_drift_metrics."segment" IS 'Column (or, crossed, canonical JSON array of columns) the rows are cut by; ''*'' for no cut.';

COMMENT ON COLUMN current_drift_metrics."segment_value" IS 'Value of the segment; ''*'' for no cut, __null__ for missing, __other__ beyond the 100 most frequent of the reference. A real value equal to one of these has a leading backslash.';

COMMENT ON COLUMN current_drift_metrics."run_id" IS 'Run that published the row, see runs.';

COMMENT ON COLUMN current_drift_metrics."column_name" IS 'Column of the log; ''*'' for all columns together.';

COMMENT ON COLUMN current_drift_metrics."column_kind" IS 'How the column is treated; null for all columns together. One of: numeric, categorical, boolean, datetime, text, prediction, score, label.';

COMMENT ON COLUMN current_drift_metrics."comparison" IS 'What the window is compared with. One of: reference, previous.';

COMMENT ON COLUMN current_drift_metrics."metric" IS 'Name of the metric, for example psi.';

COMMENT ON COLUMN current_drift_metrics."value" IS 'The figure.';

COMMENT ON COLUMN current_drift_metrics."value_debiased" IS 'The figure less what sampling alone is expected to add.';

COMMENT ON COLUMN current_drift_metrics."lower_bound" IS 'Least the figure can be on the raw rows.';

COMMENT ON COLUMN current_drift_metrics."upper_bound" IS 'Most the figure can be on the raw rows.';

COMMENT ON COLUMN current_drift_metrics."p_value" IS 'Chance of so large a figure in a window in which nothing has happened. Unit: probability.';

COMMENT ON COLUMN current_drift_metrics."q_value" IS 'False discovery rate at which the figure would just be reported. Unit: share.';

COMMENT ON COLUMN current_drift_metrics."threshold" IS 'What the figure was held against.';

COMMENT ON COLUMN current_drift_metrics."threshold_source" IS 'Where the threshold comes from: a rule, the calibration, or a fixed effect size.';

COMMENT ON COLUMN current_drift_metrics."drifted" IS 'Whether the column has drifted; null on rows that do not decide.';

COMMENT ON COLUMN current_drift_metrics."n_current" IS 'Rows of the window that were compared. Unit: rows.';

COMMENT ON COLUMN current_drift_metrics."n_reference" IS 'Rows it was compared with. Unit: rows.';

COMMENT ON COLUMN current_drift_metrics."reference_id" IS 'Reference it was compared with, see reference_sets; null for the window before.';

COMMENT ON COLUMN current_drift_metrics."status" IS 'ok, or a word for why there is no figure.';

COMMENT ON COLUMN current_drift_metrics."reason" IS 'A sentence that goes with it.';

CREATE MACRO drift_metrics_as_of(moment) AS TABLE
SELECT t."monitor", t."window_start", t."window_end", t."granularity", t."model_version", t."segment", t."segment_value", t."run_id", t."column_name", t."column_kind", t."comparison", t."metric", t."value", t."value_debiased", t."lower_bound", t."upper_bound", t."p_value", t."q_value", t."threshold", t."threshold_source", t."drifted", t."n_current", t."n_reference", t."reference_id", t."status", t."reason"
FROM drift_metrics t
JOIN runs r ON r.run_id = t.run_id AND r.monitor = t.monitor AND r.window_start = t.window_start
WHERE r.published_at <= moment AND (r.superseded_at IS NULL OR r.superseded_at > moment);

COMMENT ON MACRO TABLE drift_metrics_as_of IS 'What current_drift_metrics showed at a moment (UTC). Exact as far back as nothing was pruned.';

CREATE VIEW current_performance_curves AS
SELECT t."monitor", t."window_start", t."window_end", t."granularity", t."model_version", t."segment", t."segment_value", t."run_id", t."curve", t."kind", t."class_label", t."points"
FROM performance_curves t
JOIN runs r ON r.run_id = t.run_id AND r.monitor = t.monitor AND r.window_start = t.window_start
WHERE r.status = 'published' AND r.superseded_at IS NULL;

COMMENT ON VIEW current_performance_curves IS 'The present answer: performance_curves of the newest published run of each (monitor, granularity, window_start, part). One row per window, model version, segment value, curve, kind and class. Points of the calibration curve, kept for the report.';

COMMENT ON COLUMN current_performance_curves."monitor" IS 'Name of the monitor.';

COMMENT ON COLUMN current_performance_curves."window_start" IS 'First instant of the window that is judged. Unit: UTC.';

COMMENT ON COLUMN current_performance_curves."window_end" IS 'End of the window, which itself lies outside it. Unit: UTC.';

COMMENT ON COLUMN current_performance_curves."granularity" IS 'Length of the window. One of: hour, day, week, month.';

COMMENT ON COLUMN current_performance_curves."model_version" IS 'Version of the model that served the rows; ''*'' for all versions together.';

COMMENT ON COLUMN current_performance_curves."segment" IS 'Column (or, crossed, canonical JSON array of columns) the rows are cut by; ''*'' for no cut.';

COMMENT ON COLUMN current_performance_curves."segment_value" IS 'Value of the segment; ''*'' for no cut, __null__ for missing, __other__ beyond the 100 most frequent of the reference. A real value equal to one of these has a leading backslash.';

COMMENT ON COLUMN current_performance_curves."run_id" IS 'Run that published the row, see runs.';

COMMENT ON COLUMN current_performance_curves."curve" IS 'Which curve. One of: calibration.';

COMMENT ON COLUMN current_performance_curves."kind" IS 'From labels or without them. One of: realized, estimated.';

COMMENT ON COLUMN current_performance_curves."class_label" IS 'Class of a multiclass model, null for the model as a whole.';

COMMENT ON COLUMN current_performance_curves."points" IS 'Array of points in order; for a calibration curve each is [mean score, share of positives, rows].';

CREATE MACRO performance_curves_as_of(moment) AS TABLE
SELECT t."monitor", t."window_start", t."window_end", t."granularity", t."model_version", t."segment", t."segment_value", t."run_id", t."curve", t."kind", t."class_label", t."points"
FROM performance_curves t
JOIN runs r ON r.run_id = t.run_id AND r.monitor = t.monitor AND r.window_start = t.window_start
WHERE r.published_at <= moment AND (r.superseded_at IS NULL OR r.superseded_at > moment);

COMMENT ON MACRO TABLE performance_curves_as_of IS 'What current_performance_curves showed at a moment (UTC). Exact as far back as nothing was pruned.';

CREATE VIEW current_performance_metrics AS
SELECT t."monitor", t."window_start", t."window_end", t."granularity", t."model_version", t."segment", t."segment_value", t."run_id", t."metric", t."kind", t."class_label", t."value", t."ci_low", t."ci_high", t."error_bound", t."n", t."label_coverage", t."is_final", t."reference_value", t."trivial_value", t."threshold", t."threshold_source", t."degraded", t."status", t."reason"
FROM performance_metrics t
JOIN runs r ON r.run_id = t.run_id AND r.monitor = t.monitor AND r.window_start = t.window_start
WHERE r.status = 'published' AND r.superseded_at IS NULL;

COMMENT ON VIEW current_performance_metrics IS 'The present answer: performance_metrics of the newest published run of each (monitor, granularity, window_start, part). One row per window, model version, segment value, metric, kind and class. How well the model did by the labels that have arrived (realized), and how well it would be expected to have done without them (estimated, which cannot see a change in the relation of features and label). Once labels are there, estimate_error holds the estimated figure less the realized one.';

COMMENT ON COLUMN current_performance_metrics."monitor" IS 'Name of the monitor.';

COMMENT ON COLUMN current_performance_metrics."window_start" IS 'First instant of the window that is judged. Unit: UTC.';

COMMENT ON COLUMN current_performance_metrics."window_end" IS 'End of the window, which itself lies outside it. Unit: UTC.';

COMMENT ON COLUMN current_performance_metrics."granularity" IS 'Length of the window. One of: hour, day, week, month.';

COMMENT ON COLUMN current_performance_metrics."model_version" IS 'Version of the model that served the rows; ''*'' for all versions together.';

COMMENT ON COLUMN current_performance_metrics."segment" IS 'Column (or, crossed, canonical JSON array of columns) the rows are cut by; ''*'' for no cut.';

COMMENT ON COLUMN current_performance_metrics."segment_value" IS 'Value of the segment; ''*'' for no cut, __null__ for missing, __other__ beyond the 100 most frequent of the reference. A real value equal to one of these has a leading backslash.';

COMMENT ON COLUMN current_performance_metrics."run_id" IS 'Run that published the row, see runs.';

COMMENT ON COLUMN current_performance_metrics."metric" IS 'Name of the metric, for example roc_auc.';

COMMENT ON COLUMN current_performance_metrics."kind" IS 'From labels, without them, or how far the estimate was off once they were there. One of: realized, estimated, estimate_error.';

COMMENT ON COLUMN current_performance_metrics."class_label" IS 'Class of a multiclass metric, null for the model as a whole.';

COMMENT ON COLUMN current_performance_metrics."value" IS 'The figure.';

COMMENT ON COLUMN current_performance_metrics."ci_low" IS 'Lower end of its 95 % interval.';

COMMENT ON COLUMN current_performance_metrics."ci_high" IS 'Upper end of its 95 % interval.';

COMMENT ON COLUMN current_performance_metrics."error_bound" IS 'How far the figure can be from the one of the raw rows, by binning; 0 where it is exact.';

COMMENT ON COLUMN current_performance_metrics."n" IS 'Rows the figure rests on: labelled ones for a realized figure. Unit: rows.';

COMMENT ON COLUMN current_performance_metrics."label_coverage" IS 'Share of the window''s predictions that have a label. Unit: share.';

COMMENT ON COLUMN current_performance_metrics."is_final" IS 'Whether the window was older than mature_after at the run''s as_of.';

COMMENT ON COLUMN current_performance_metrics."reference_value" IS 'The same figure on the reference.';

COMMENT ON COLUMN current_performance_metrics."trivial_value" IS 'What a model that ignores its features would get.';

COMMENT ON COLUMN current_performance_metrics."threshold" IS 'What the figure was held against.';

COMMENT ON COLUMN current_performance_metrics."threshold_source" IS 'Where the threshold comes from: a rule, the reference, or a fixed effect size.';

COMMENT ON COLUMN current_performance_metrics."degraded" IS 'Whether the model has become worse; null on rows that do not decide.';

COMMENT ON COLUMN current_performance_metrics."status" IS 'ok, or a word for why there is no figure.';

COMMENT ON COLUMN current_performance_metrics."reason" IS 'A sentence that goes with it.';

CREATE MACRO performance_metrics_as_of(moment) AS TABLE
SELECT t."monitor", t."window_start", t."window_end", t."granularity", t."model_version", t."segment", t."segment_value", t."run_id", t."metric", t."kind", t."class_label", t."value", t."ci_low", t."ci_high", t."error_bound", t."n", t."label_coverage", t."is_final", t."reference_value", t."trivial_value", t."threshold", t."threshold_source", t."degraded", t."status", t."reason"
FROM performance_metrics t
JOIN runs r ON r.run_id = t.run_id AND r.monitor = t.monitor AND r.window_start = t.window_start
WHERE r.published_at <= moment AND (r.superseded_at IS NULL OR r.superseded_at > moment);

COMMENT ON MACRO TABLE performance_metrics_as_of IS 'What current_performance_metrics showed at a moment (UTC). Exact as far back as nothing was pruned.';

CREATE VIEW current_profile_metrics AS
SELECT t."monitor", t."window_start", t."window_end", t."granularity", t."model_version", t."segment", t."segment_value", t."run_id", t."column_name", t."column_kind", t."count", t."nulls", t."nans", t."infinities", t."zeros", t."distinct_count", t."mean", t."stddev", t."min", t."max", t."p01", t."p05", t."p25", t."p50", t."p75", t."p95", t."p99", t."top_values"
FROM profile_metrics t
JOIN runs r ON r.run_id = t.run_id AND r.monitor = t.monitor AND r.window_start = t.window_start
WHERE r.status = 'published' AND r.superseded_at IS NULL;

COMMENT ON VIEW current_profile_metrics IS 'The present answer: profile_metrics of the newest published run of each (monitor, granularity, window_start, part). One row per window, model version, segment value and column. Counts of missing and odd values, moments and quantiles. Datetimes are in seconds since 1970-01-01 UTC, texts are described by their length, booleans as 0 and 1.';

COMMENT ON COLUMN current_profile_metrics."monitor" IS 'Name of the monitor.';

COMMENT ON COLUMN current_profile_metrics."window_start" IS 'First instant of the window that is judged. Unit: UTC.';

COMMENT ON COLUMN current_profile_metrics."window_end" IS 'End of the window, which itself lies outside it. Unit: UTC.';

COMMENT ON COLUMN current_profile_metrics."granularity" IS 'Length of the window. One of: hour, day, week, month.';

COMMENT ON COLUMN current_profile_metrics."model_version" IS 'Version of the model that served the rows; ''*'' for all versions together.';

COMMENT ON COLUMN current_profile_metrics."segment" IS 'Column (or, crossed, canonical JSON array of columns) the rows are cut by; ''*'' for no cut.';

COMMENT ON COLUMN current_profile_metrics."segment_value" IS 'Value of the segment; ''*'' for no cut, __null__ for missing, __other__ beyond the 100 most frequent of the reference. A real value equal to one of these has a leading backslash.';

COMMENT ON COLUMN current_profile_metrics."run_id" IS 'Run that published the row, see runs.';

COMMENT ON COLUMN current_profile_metrics."column_name" IS 'Column of the log; ''*'' for the row as a whole.';

COMMENT ON COLUMN current_profile_metrics."column_kind" IS 'How the column is treated; null for the row as a whole. One of: numeric, categorical, boolean, datetime, text, prediction, score, label.';

COMMENT ON COLUMN current_profile_metrics."count" IS 'Rows, missing values included. Unit: rows.';

COMMENT ON COLUMN current_profile_metrics."nulls" IS 'Rows without a value. Unit: rows.';

COMMENT ON COLUMN current_profile_metrics."nans" IS 'Rows that hold NaN. Unit: rows.';

COMMENT ON COLUMN current_profile_metrics."infinities" IS 'Rows that hold plus or minus infinity. Unit: rows.';

COMMENT ON COLUMN current_profile_metrics."zeros" IS 'Rows that hold zero. Unit: rows.';

COMMENT ON COLUMN current_profile_metrics."distinct_count" IS 'Distinct values, estimated where there are many. Unit: values.';

COMMENT ON COLUMN current_profile_metrics."mean" IS 'Mean of the finite values. Unit: the column''s.';

COMMENT ON COLUMN current_profile_metrics."stddev" IS 'Standard deviation of the finite values. Unit: the column''s.';

COMMENT ON COLUMN current_profile_metrics."min" IS 'Least finite value, exact. Unit: the column''s.';

COMMENT ON COLUMN current_profile_metrics."max" IS 'Greatest finite value, exact. Unit: the column''s.';

COMMENT ON COLUMN current_profile_metrics."p01" IS '1 % quantile, within 1 % of itself. Unit: the column''s.';

COMMENT ON COLUMN current_profile_metrics."p05" IS '5 % quantile, within 1 % of itself. Unit: the column''s.';

COMMENT ON COLUMN current_profile_metrics."p25" IS '25 % quantile, within 1 % of itself. Unit: the column''s.';

COMMENT ON COLUMN current_profile_metrics."p50" IS 'Median, within 1 % of itself. Unit: the column''s.';

COMMENT ON COLUMN current_profile_metrics."p75" IS '75 % quantile, within 1 % of itself. Unit: the column''s.';

COMMENT ON COLUMN current_profile_metrics."p95" IS '95 % quantile, within 1 % of itself. Unit: the column''s.';

COMMENT ON COLUMN current_profile_metrics."p99" IS '99 % quantile, within 1 % of itself. Unit: the column''s.';

COMMENT ON COLUMN current_profile_metrics."top_values" IS 'Most frequent values with their counts, an array of pairs; hashes for a sensitive column.';

CREATE MACRO profile_metrics_as_of(moment) AS TABLE
SELECT t."monitor", t."window_start", t."window_end", t."granularity", t."model_version", t."segment", t."segment_value", t."run_id", t."column_name", t."column_kind", t."count", t."nulls", t."nans", t."infinities", t."zeros", t."distinct_count", t."mean", t."stddev", t."min", t."max", t."p01", t."p05", t."p25", t."p50", t."p75", t."p95", t."p99", t."top_values"
FROM profile_metrics t
JOIN runs r ON r.run_id = t.run_id AND r.monitor = t.monitor AND r.window_start = t.window_start
WHERE r.published_at <= moment AND (r.superseded_at IS NULL OR r.superseded_at > moment);

COMMENT ON MACRO TABLE profile_metrics_as_of IS 'What current_profile_metrics showed at a moment (UTC). Exact as far back as nothing was pruned.';

CREATE VIEW current_profiles AS
SELECT t."monitor", t."window_start", t."window_end", t."granularity", t."model_version", t."segment", t."segment_value", t."run_id", t."column_name", t."base_start", t."state"
FROM profiles t
JOIN runs r ON r.run_id = t.run_id AND r.monitor = t.monitor AND r.window_start = t.window_start
WHERE r.status = 'published' AND r.superseded_at IS NULL;

COMMENT ON VIEW current_profiles IS 'The present answer: profiles of the newest published run of each (monitor, granularity, window_start, part). One row per base window, model version, segment value and column. The mergeable state every figure is computed from: integer counts and sums per bin. A week is the merge of its hours. Read it with Driftline; for SQL there is profile_metrics.';

COMMENT ON COLUMN current_profiles."monitor" IS 'Name of the monitor.';

COMMENT ON COLUMN current_profiles."window_start" IS 'First instant of the window that is judged. Unit: UTC.';

COMMENT ON COLUMN current_profiles."window_end" IS 'End of the window, which itself lies outside it. Unit: UTC.';

COMMENT ON COLUMN current_profiles."granularity" IS 'Length of the window. One of: hour, day, week, month.';

COMMENT ON COLUMN current_profiles."model_version" IS 'Version of the model that served the rows; ''*'' for all versions together.';

COMMENT ON COLUMN current_profiles."segment" IS 'Column (or, crossed, canonical JSON array of columns) the rows are cut by; ''*'' for no cut.';

COMMENT ON COLUMN current_profiles."segment_value" IS 'Value of the segment; ''*'' for no cut, __null__ for missing, __other__ beyond the 100 most frequent of the reference. A real value equal to one of these has a leading backslash.';

COMMENT ON COLUMN current_profiles."run_id" IS 'Run that published the row, see runs.';

COMMENT ON COLUMN current_profiles."column_name" IS 'Column of the log; ''*'' for the row as a whole.';

COMMENT ON COLUMN current_profiles."base_start" IS 'First instant of the base window inside the window. Unit: UTC.';

COMMENT ON COLUMN current_profiles."state" IS 'The profile in compact, versioned binary form.';

CREATE MACRO profiles_as_of(moment) AS TABLE
SELECT t."monitor", t."window_start", t."window_end", t."granularity", t."model_version", t."segment", t."segment_value", t."run_id", t."column_name", t."base_start", t."state"
FROM profiles t
JOIN runs r ON r.run_id = t.run_id AND r.monitor = t.monitor AND r.window_start = t.window_start
WHERE r.published_at <= moment AND (r.superseded_at IS NULL OR r.superseded_at > moment);

COMMENT ON MACRO TABLE profiles_as_of IS 'What current_profiles showed at a moment (UTC). Exact as far back as nothing was pruned.';

CREATE VIEW current_quality_metrics AS
SELECT t."monitor", t."window_start", t."window_end", t."granularity", t."model_version", t."segment", t."segment_value", t."run_id", t."column_name", t."check_name", t."value", t."expected", t."passed"
FROM quality_metrics t
JOIN runs r ON r.run_id = t.run_id AND r.monitor = t.monitor AND r.window_start = t.window_start
WHERE r.status = 'published' AND r.superseded_at IS NULL;

COMMENT ON VIEW current_quality_metrics IS 'The present answer: quality_metrics of the newest published run of each (monitor, granularity, window_start, part). One row per window, model version, segment value, column and check. Checks of the log and its labels. The checks of the labels are published with the performance part, the others with the data part.';

COMMENT ON COLUMN current_quality_metrics."monitor" IS 'Name of the monitor.';

COMMENT ON COLUMN current_quality_metrics."window_start" IS 'First instant of the window that is judged. Unit: UTC.';

COMMENT ON COLUMN current_quality_metrics."window_end" IS 'End of the window, which itself lies outside it. Unit: UTC.';

COMMENT ON COLUMN current_quality_metrics."granularity" IS 'Length of the window. One of: hour, day, week, month.';

COMMENT ON COLUMN current_quality_metrics."model_version" IS 'Version of the model that served the rows; ''*'' for all versions together.';

COMMENT ON COLUMN current_quality_metrics."segment" IS 'Column (or, crossed, canonical JSON array of columns) the rows are cut by; ''*'' for no cut.';

COMMENT ON COLUMN current_quality_metrics."segment_value" IS 'Value of the segment; ''*'' for no cut, __null__ for missing, __other__ beyond the 100 most frequent of the reference. A real value equal to one of these has a leading backslash.';

COMMENT ON COLUMN current_quality_metrics."run_id" IS 'Run that published the row, see runs.';

COMMENT ON COLUMN current_quality_metrics."column_name" IS 'Column that was checked; ''*'' for the row as a whole.';

COMMENT ON COLUMN current_quality_metrics."check_name" IS 'Name of the check, for example null_fraction.';

COMMENT ON COLUMN current_quality_metrics."value" IS 'What was found; its unit goes with the check.';

COMMENT ON COLUMN current_quality_metrics."expected" IS 'What was expected: a number, a text, or an array with the bounds.';

COMMENT ON COLUMN current_quality_metrics."passed" IS 'Whether the check passed; null where it only reports.';

CREATE MACRO quality_metrics_as_of(moment) AS TABLE
SELECT t."monitor", t."window_start", t."window_end", t."granularity", t."model_version", t."segment", t."segment_value", t."run_id", t."column_name", t."check_name", t."value", t."expected", t."passed"
FROM quality_metrics t
JOIN runs r ON r.run_id = t.run_id AND r.monitor = t.monitor AND r.window_start = t.window_start
WHERE r.published_at <= moment AND (r.superseded_at IS NULL OR r.superseded_at > moment);

COMMENT ON MACRO TABLE quality_metrics_as_of IS 'What current_quality_metrics showed at a moment (UTC). Exact as far back as nothing was pruned.';

CREATE VIEW current_run_inputs AS
SELECT r."monitor", r."window_start", r."window_end", r."granularity", r."part", t."run_id", t."role", t."uri", t."etag", t."size_bytes", t."rows", t."rows_matched", t."min_timestamp", t."max_timestamp", t."state", t."reason"
FROM run_inputs t
JOIN runs r ON r.run_id = t.run_id
WHERE r.status = 'published' AND r.superseded_at IS NULL;

COMMENT ON VIEW current_run_inputs IS 'The present answer: run_inputs of the newest published run of each (monitor, granularity, window_start, part). One row per run and object. Every object a run looked at, with its etag and size at that moment. Comparing these with what lies in the folders now tells which windows have changed since they were published.';

COMMENT ON COLUMN current_run_inputs."monitor" IS 'Name of the monitor.';

COMMENT ON COLUMN current_run_inputs."window_start" IS 'First instant of the window. Unit: UTC.';

COMMENT ON COLUMN current_run_inputs."window_end" IS 'End of the window, which itself lies outside it. Unit: UTC.';

COMMENT ON COLUMN current_run_inputs."granularity" IS 'Length of the window. One of: hour, day, week, month.';

COMMENT ON COLUMN current_run_inputs."part" IS 'What the run publishes: drift and quality, performance, or alerts and explanations. One of: data, performance, judgement.';

COMMENT ON COLUMN current_run_inputs."run_id" IS 'Run that read the object, see runs.';

COMMENT ON COLUMN current_run_inputs."role" IS 'What the object was read for. One of: prediction, label, reference.';

COMMENT ON COLUMN current_run_inputs."uri" IS 'Where the object lies.';

COMMENT ON COLUMN current_run_inputs."etag" IS 'The object''s etag in S3; for a file its modification time and size.';

COMMENT ON COLUMN current_run_inputs."size_bytes" IS 'Size of the object. Unit: bytes.';

COMMENT ON COLUMN current_run_inputs."rows" IS 'Rows in the object, as its footer says; null if that could not be read. Unit: rows.';

COMMENT ON COLUMN current_run_inputs."rows_matched" IS 'Rows of the object that count for the run''s window. Unit: rows.';

COMMENT ON COLUMN current_run_inputs."min_timestamp" IS 'Earliest timestamp in the object. Unit: UTC.';

COMMENT ON COLUMN current_run_inputs."max_timestamp" IS 'Latest timestamp in the object. Unit: UTC.';

COMMENT ON COLUMN current_run_inputs."state" IS 'What was done with it. One of: read, quarantined, empty.';

COMMENT ON COLUMN current_run_inputs."reason" IS 'Why the object, or some of its rows, was set aside.';

CREATE MACRO run_inputs_as_of(moment) AS TABLE
SELECT r."monitor", r."window_start", r."window_end", r."granularity", r."part", t."run_id", t."role", t."uri", t."etag", t."size_bytes", t."rows", t."rows_matched", t."min_timestamp", t."max_timestamp", t."state", t."reason"
FROM run_inputs t
JOIN runs r ON r.run_id = t.run_id
WHERE r.published_at <= moment AND (r.superseded_at IS NULL OR r.superseded_at > moment);

COMMENT ON MACRO TABLE run_inputs_as_of IS 'What current_run_inputs showed at a moment (UTC). Exact as far back as nothing was pruned.';

CREATE VIEW databricks_drift_metrics AS
SELECT g.monitor, NULLIF(g.model_version, '*') AS model_id,
  {'start': g.window_start, 'end': g.window_end} AS "window", '1 ' || g.granularity AS granularity, CAST(NULL AS BIGINT) AS monitor_version,
  NULLIF(g.segment, '*') AS slice_key, CASE WHEN g.segment <> '*' THEN g.segment_value END AS slice_value,
  CASE WHEN g.column_name = '*' THEN ':table' ELSE g.column_name END AS column_name,
  g.column_kind AS data_type, {'start': COALESCE(s.window_start, p.window_start), 'end': COALESCE(s.window_end, p.window_end)} AS window_cmp,
  CASE WHEN g.comparison = 'reference' THEN 'BASELINE' ELSE 'CONSECUTIVE' END AS drift_type,
  g.count_delta, CAST(NULL AS DOUBLE PRECISION) AS avg_delta, CAST(100 AS DOUBLE PRECISION) * g.null_fraction_delta AS percent_null_delta,
  CAST(NULL AS DOUBLE PRECISION) AS percent_zeros_delta, CAST(NULL AS DOUBLE PRECISION) AS percent_distinct_delta,
  CAST(NULL AS VARCHAR) AS non_null_columns_delta,
  g.js_distance, {'statistic': g.ks, 'pvalue': g.ks_p_value} AS ks_test, g.wasserstein AS wasserstein_distance,
  g.psi AS population_stability_index, {'statistic': g.chi_squared, 'pvalue': g.chi_squared_p_value} AS chi_squared_test, g.tvd AS tv_distance,
  g.l_infinity AS l_infinity_distance
FROM (
  SELECT m.monitor, m.window_start, m.window_end, m.granularity, m.model_version, m.segment, m.segment_value,
    m.column_name, m.column_kind, m.comparison, MAX(m.reference_id) AS reference_id,
    MAX(m.n_current - m.n_reference) AS count_delta,
    MAX(CASE WHEN m.metric = 'null_fraction_delta' THEN m.value END) AS null_fraction_delta,
    MAX(CASE WHEN m.metric = 'js_distance' THEN m.value END) AS js_distance,
    MAX(CASE WHEN m.metric = 'ks' THEN m.value END) AS ks,
    MAX(CASE WHEN m.metric = 'ks' THEN m.p_value END) AS ks_p_value,
    MAX(CASE WHEN m.metric = 'wasserstein' THEN m.value END) AS wasserstein,
    MAX(CASE WHEN m.metric = 'psi' THEN m.value END) AS psi,
    MAX(CASE WHEN m.metric = 'chi_squared' THEN m.value END) AS chi_squared,
    MAX(CASE WHEN m.metric = 'chi_squared' THEN m.p_value END) AS chi_squared_p_value,
    MAX(CASE WHEN m.metric = 'tvd' THEN m.value END) AS tvd,
    MAX(CASE WHEN m.metric = 'l_infinity' THEN m.value END) AS l_infinity
  FROM current_drift_metrics m
  GROUP BY m.monitor, m.window_start, m.window_end, m.granularity, m.model_version, m.segment, m.segment_value,
    m.column_name, m.column_kind, m.comparison
) g
LEFT JOIN reference_sets s ON s.reference_id = g.reference_id AND g.comparison = 'reference'
LEFT JOIN current_runs p
  ON p.monitor = g.monitor AND p.granularity = g.granularity AND p.part = 'data'
 AND p.window_end = g.window_start AND g.comparison = 'previous';

COMMENT ON VIEW databricks_drift_metrics IS 'One row per monitor, window, model version, slice, column and drift type. The columns of the drift metrics table of Databricks'' data profiling (time series), with monitor and model_id in front. Columns that mean nothing here are null. Null fractions are in percent, as there.';

COMMENT ON COLUMN databricks_drift_metrics."monitor" IS 'Name of the monitor, in place of a table of its own.';

COMMENT ON COLUMN databricks_drift_metrics."model_id" IS 'Version of the model; null for all versions together.';

COMMENT ON COLUMN databricks_drift_metrics."window" IS 'Start and end of the window. Unit: UTC.';

COMMENT ON COLUMN databricks_drift_metrics."granularity" IS 'Length of the window, for example 1 day.';

COMMENT ON COLUMN databricks_drift_metrics."monitor_version" IS 'Always null: the configuration is in runs.config_hash.';

COMMENT ON COLUMN databricks_drift_metrics."slice_key" IS 'Segment; null for no cut.';

COMMENT ON COLUMN databricks_drift_metrics."slice_value" IS 'Value of the segment; null for no cut.';

COMMENT ON COLUMN databricks_drift_metrics."column_name" IS 'Column of the log; :table for all columns together.';

COMMENT ON COLUMN databricks_drift_metrics."data_type" IS 'How the column is treated.';

COMMENT ON COLUMN databricks_drift_metrics."window_cmp" IS 'Start and end of what it is compared with, where it has times. Unit: UTC.';

COMMENT ON COLUMN databricks_drift_metrics."drift_type" IS 'Compared with the reference or with the window before. One of: BASELINE, CONSECUTIVE.';

COMMENT ON COLUMN databricks_drift_metrics."count_delta" IS 'Rows more than there. Unit: rows.';

COMMENT ON COLUMN databricks_drift_metrics."avg_delta" IS 'Always null: compare the means in profile_metrics.';

COMMENT ON COLUMN databricks_drift_metrics."percent_null_delta" IS 'Change of the share of missing values. Unit: percent.';

COMMENT ON COLUMN databricks_drift_metrics."percent_zeros_delta" IS 'Always null. Unit: percent.';

COMMENT ON COLUMN databricks_drift_metrics."percent_distinct_delta" IS 'Always null. Unit: percent.';

COMMENT ON COLUMN databricks_drift_metrics."non_null_columns_delta" IS 'Always null.';

COMMENT ON COLUMN databricks_drift_metrics."js_distance" IS 'Jensen-Shannon distance.';

COMMENT ON COLUMN databricks_drift_metrics."ks_test" IS 'Kolmogorov-Smirnov statistic and its p-value.';

COMMENT ON COLUMN databricks_drift_metrics."wasserstein_distance" IS 'Wasserstein distance. Unit: the column''s.';

COMMENT ON COLUMN databricks_drift_metrics."population_stability_index" IS 'Population stability index.';

COMMENT ON COLUMN databricks_drift_metrics."chi_squared_test" IS 'Chi-squared statistic and its p-value.';

COMMENT ON COLUMN databricks_drift_metrics."tv_distance" IS 'Total variation distance.';

COMMENT ON COLUMN databricks_drift_metrics."l_infinity_distance" IS 'Largest difference of a share.';

CREATE VIEW databricks_profile_metrics AS
SELECT m.monitor, NULLIF(m.model_version, '*') AS model_id,
  {'start': m.window_start, 'end': m.window_end} AS "window",
  'INPUT' AS log_type, CAST(NULL AS BIGINT) AS logging_table_commit_version, CAST(NULL AS BIGINT) AS monitor_version,
  '1 ' || m.granularity AS granularity, NULLIF(m.segment, '*') AS slice_key,
  CASE WHEN m.segment <> '*' THEN m.segment_value END AS slice_value,
  CASE WHEN m.column_name = '*' THEN ':table' ELSE m.column_name END AS column_name,
  m.count AS "count", m.column_kind AS data_type, m.nulls AS num_nulls,
  CASE WHEN m.column_kind <> 'text' THEN m.mean END AS "avg",
  CASE WHEN m.column_kind <> 'text' THEN m.min END AS "min",
  CASE WHEN m.column_kind <> 'text' THEN m.max END AS "max",
  CASE WHEN m.column_kind <> 'text' THEN m.stddev END AS "stddev",
  m.zeros AS num_zeros, m.nans AS num_nan,
  CASE WHEN m.column_kind = 'text' THEN m.min END AS min_length,
  CASE WHEN m.column_kind = 'text' THEN m.max END AS max_length,
  CASE WHEN m.column_kind = 'text' THEN m.mean END AS avg_length,
  CAST(NULL AS VARCHAR) AS non_null_columns, m.top_values AS frequent_items,
  CASE WHEN m.column_kind <> 'text' THEN m.p50 END AS "median", m.distinct_count,
  CAST(100 AS DOUBLE PRECISION) * m.nans / NULLIF(m.count, 0) AS percent_nan,
  CAST(100 AS DOUBLE PRECISION) * m.nulls / NULLIF(m.count, 0) AS percent_null,
  CAST(100 AS DOUBLE PRECISION) * m.zeros / NULLIF(m.count, 0) AS percent_zeros,
  CAST(100 AS DOUBLE PRECISION) * m.distinct_count / NULLIF(m.count, 0) AS percent_distinct
FROM current_profile_metrics m;

COMMENT ON VIEW databricks_profile_metrics IS 'One row per monitor, window, model version, slice and column. The columns of the profile metrics table of Databricks'' data profiling (time series), with monitor and model_id in front. Columns that mean nothing here are null. A model''s own figures are in performance_metrics.';

COMMENT ON COLUMN databricks_profile_metrics."monitor" IS 'Name of the monitor, in place of a table of its own.';

COMMENT ON COLUMN databricks_profile_metrics."model_id" IS 'Version of the model; null for all versions together.';

COMMENT ON COLUMN databricks_profile_metrics."window" IS 'Start and end of the window. Unit: UTC.';

COMMENT ON COLUMN databricks_profile_metrics."log_type" IS 'Always INPUT: the baseline is in reference_sets.';

COMMENT ON COLUMN databricks_profile_metrics."logging_table_commit_version" IS 'Always null: the inputs are in run_inputs.';

COMMENT ON COLUMN databricks_profile_metrics."monitor_version" IS 'Always null: the configuration is in runs.config_hash.';

COMMENT ON COLUMN databricks_profile_metrics."granularity" IS 'Length of the window, for example 1 day.';

COMMENT ON COLUMN databricks_profile_metrics."slice_key" IS 'Segment; null for no cut.';

COMMENT ON COLUMN databricks_profile_metrics."slice_value" IS 'Value of the segment; null for no cut.';

COMMENT ON COLUMN databricks_profile_metrics."column_name" IS 'Column of the log; :table for the row as a whole.';

COMMENT ON COLUMN databricks_profile_metrics."count" IS 'Rows. Unit: rows.';

COMMENT ON COLUMN databricks_profile_metrics."data_type" IS 'How the column is treated.';

COMMENT ON COLUMN databricks_profile_metrics."num_nulls" IS 'Rows without a value. Unit: rows.';

COMMENT ON COLUMN databricks_profile_metrics."avg" IS 'Mean.';

COMMENT ON COLUMN databricks_profile_metrics."min" IS 'Least value.';

COMMENT ON COLUMN databricks_profile_metrics."max" IS 'Greatest value.';

COMMENT ON COLUMN databricks_profile_metrics."stddev" IS 'Standard deviation.';

COMMENT ON COLUMN databricks_profile_metrics."num_zeros" IS 'Rows that hold zero. Unit: rows.';

COMMENT ON COLUMN databricks_profile_metrics."num_nan" IS 'Rows that hold NaN. Unit: rows.';

COMMENT ON COLUMN databricks_profile_metrics."min_length" IS 'Shortest text. Unit: characters.';

COMMENT ON COLUMN databricks_profile_metrics."max_length" IS 'Longest text. Unit: characters.';

COMMENT ON COLUMN databricks_profile_metrics."avg_length" IS 'Mean length of a text. Unit: characters.';

COMMENT ON COLUMN databricks_profile_metrics."non_null_columns" IS 'Always null.';

COMMENT ON COLUMN databricks_profile_metrics."frequent_items" IS 'Most frequent values with their counts.';

COMMENT ON COLUMN databricks_profile_metrics."median" IS 'Median.';

COMMENT ON COLUMN databricks_profile_metrics."distinct_count" IS 'Distinct values. Unit: values.';

COMMENT ON COLUMN databricks_profile_metrics."percent_nan" IS 'Rows that hold NaN. Unit: percent.';

COMMENT ON COLUMN databricks_profile_metrics."percent_null" IS 'Rows without a value. Unit: percent.';

COMMENT ON COLUMN databricks_profile_metrics."percent_zeros" IS 'Rows that hold zero. Unit: percent.';

COMMENT ON COLUMN databricks_profile_metrics."percent_distinct" IS 'Distinct values. Unit: percent.';

CREATE VIEW drift_calendar AS
SELECT monitor, granularity, window_start, window_end, MAX(rows_read) AS rows_read,
  COUNT(DISTINCT judged) AS columns_judged, COUNT(DISTINCT drifted) AS drifted_columns,
  CAST(COUNT(DISTINCT drifted) AS DOUBLE PRECISION) / NULLIF(COUNT(DISTINCT judged), 0) AS drifted_share,
  MAX(excess) AS largest_excess, COUNT(failed_check) AS failed_checks, COUNT(DISTINCT open_alert) AS open_alerts
FROM (
  SELECT monitor, granularity, window_start, window_end, run_id, rows_read, CAST(NULL AS TEXT) AS judged,
    CAST(NULL AS TEXT) AS drifted, CAST(NULL AS DOUBLE PRECISION) AS excess, CAST(NULL AS TEXT) AS failed_check,
    CAST(NULL AS TEXT) AS open_alert
  FROM current_runs
  WHERE part = 'data'
  UNION ALL
  SELECT monitor, granularity, window_start, window_end, NULL, NULL, column_name,
    CASE WHEN drifted THEN column_name END, value / NULLIF(threshold, 0), NULL, NULL
  FROM current_drift_metrics
  WHERE model_version = '*' AND segment = '*' AND comparison = 'reference' AND drifted IS NOT NULL
  UNION ALL
  SELECT monitor, granularity, window_start, window_end, NULL, NULL, NULL, NULL, NULL, check_name, NULL
  FROM current_quality_metrics
  WHERE model_version = '*' AND segment = '*' AND NOT passed
  UNION ALL
  SELECT monitor, granularity, window_start, window_end, NULL, NULL, NULL, NULL, NULL, NULL, alert_id
  FROM current_alerts
  WHERE state <> 'resolved'
) told
GROUP BY monitor, granularity, window_start, window_end
HAVING COUNT(run_id) > 0;

COMMENT ON VIEW drift_calendar IS 'One row per monitor and window. Counts for the log as a whole, all model versions together, against the reference.';

COMMENT ON COLUMN drift_calendar."monitor" IS 'Name of the monitor.';

COMMENT ON COLUMN drift_calendar."granularity" IS 'Length of the window.';

COMMENT ON COLUMN drift_calendar."window_start" IS 'First instant of the window. Unit: UTC.';

COMMENT ON COLUMN drift_calendar."window_end" IS 'End of the window. Unit: UTC.';

COMMENT ON COLUMN drift_calendar."rows_read" IS 'Rows of the log in the window. Unit: rows.';

COMMENT ON COLUMN drift_calendar."columns_judged" IS 'Columns for which there was a decision. Unit: columns.';

COMMENT ON COLUMN drift_calendar."drifted_columns" IS 'Columns that drifted. Unit: columns.';

COMMENT ON COLUMN drift_calendar."drifted_share" IS 'Share of the judged columns that drifted. Unit: share.';

COMMENT ON COLUMN drift_calendar."largest_excess" IS 'Largest figure as a multiple of its threshold.';

COMMENT ON COLUMN drift_calendar."failed_checks" IS 'Quality checks that failed. Unit: checks.';

COMMENT ON COLUMN drift_calendar."open_alerts" IS 'Alerts that are open or acknowledged. Unit: alerts.';

CREATE VIEW latest_status AS
SELECT s.monitor, s.granularity, s.window_start, s.window_end,
  CASE WHEN s.open_alerts > 0 THEN 'alert'
       WHEN s.drifted_columns > 0 OR s.degraded_metrics > 0 OR s.failed_checks > 0 THEN 'warning'
       ELSE 'ok' END AS verdict,
  s.published_at, s.rows_read, s.rows_quarantined,
  s.drifted_columns, s.degraded_metrics, s.failed_checks, s.open_alerts
FROM (
  SELECT r.monitor, r.granularity, r.window_start, r.window_end, r.published_at, r.rows_read, r.rows_quarantined,
    (SELECT COUNT(DISTINCT d.column_name) FROM current_drift_metrics d
     WHERE d.monitor = r.monitor AND d.window_start = r.window_start AND d.granularity = r.granularity
       AND d.model_version = '*' AND d.segment = '*' AND d.comparison = 'reference' AND d.drifted) AS drifted_columns,
    (SELECT COUNT(DISTINCT p.metric) FROM current_performance_metrics p
     WHERE p.monitor = r.monitor AND p.window_start = r.window_start AND p.granularity = r.granularity
       AND p.model_version = '*' AND p.segment = '*' AND p.degraded) AS degraded_metrics,
    (SELECT COUNT(*) FROM current_quality_metrics q
     WHERE q.monitor = r.monitor AND q.window_start = r.window_start AND q.granularity = r.granularity
       AND q.model_version = '*' AND q.segment = '*' AND NOT q.passed) AS failed_checks,
    (SELECT COUNT(DISTINCT a.alert_id) FROM current_alerts a
     WHERE a.monitor = r.monitor AND a.window_start = r.window_start AND a.granularity = r.granularity
       AND a.state <> 'resolved') AS open_alerts
  FROM current_runs r
  JOIN (
    SELECT monitor, granularity, MAX(window_start) AS window_start
    FROM current_runs
    WHERE part = 'data'
    GROUP BY monitor, granularity
  ) newest
    ON newest.monitor = r.monitor AND newest.granularity = r.granularity AND newest.window_start = r.window_start
  WHERE r.part = 'data'
) s;

COMMENT ON VIEW latest_status IS 'One row per monitor and granularity, about its newest published window. The verdict is alert if an alert is open, else warning if a column drifted, a metric degraded or a check failed, else ok.';

COMMENT ON COLUMN latest_status."monitor" IS 'Name of the monitor.';

COMMENT ON COLUMN latest_status."granularity" IS 'Length of the window.';

COMMENT ON COLUMN latest_status."window_start" IS 'First instant of the newest window. Unit: UTC.';

COMMENT ON COLUMN latest_status."window_end" IS 'End of that window. Unit: UTC.';

COMMENT ON COLUMN latest_status."verdict" IS 'What to make of it. One of: alert, warning, ok.';

COMMENT ON COLUMN latest_status."published_at" IS 'When the window was published. Unit: UTC.';

COMMENT ON COLUMN latest_status."rows_read" IS 'Rows of the log in the window. Unit: rows.';

COMMENT ON COLUMN latest_status."rows_quarantined" IS 'Rows that were set aside. Unit: rows.';

COMMENT ON COLUMN latest_status."drifted_columns" IS 'Columns that drifted from the reference. Unit: columns.';

COMMENT ON COLUMN latest_status."degraded_metrics" IS 'Performance metrics that became worse. Unit: metrics.';

COMMENT ON COLUMN latest_status."failed_checks" IS 'Quality checks that failed. Unit: checks.';

COMMENT ON COLUMN latest_status."open_alerts" IS 'Alerts that are open or acknowledged. Unit: alerts.';

CREATE VIEW monitor_costs AS
SELECT r.monitor, r.granularity, r.window_start,
  COUNT(*) AS attempts,
  COUNT(CASE WHEN r.status = 'failed' THEN 1 END) AS failed,
  CAST(SUM(r.rows_read) AS BIGINT) AS rows_read,
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

COMMENT ON COLUMN monitor_costs."rows_read" IS 'Rows read, by all attempts. Unit: rows.';

COMMENT ON COLUMN monitor_costs."bytes_read" IS 'Bytes read, by all attempts. Unit: bytes.';

COMMENT ON COLUMN monitor_costs."cpu_seconds" IS 'Processor time, of all attempts. Unit: seconds.';

COMMENT ON COLUMN monitor_costs."wall_seconds" IS 'Elapsed time, of all attempts. Unit: seconds.';

COMMENT ON COLUMN monitor_costs."peak_memory_bytes" IS 'Largest resident memory of any attempt. Unit: bytes.';

CREATE VIEW performance_comparison AS
SELECT m.monitor, m.window_start, m.window_end, m.granularity, m.model_version, m.segment, m.segment_value,
  m.metric, m.class_label,
  MAX(CASE WHEN m.kind = 'realized' THEN m.value END) AS realized,
  MAX(CASE WHEN m.kind = 'realized' THEN m.ci_low END) AS realized_low,
  MAX(CASE WHEN m.kind = 'realized' THEN m.ci_high END) AS realized_high,
  MAX(CASE WHEN m.kind = 'estimated' THEN m.value END) AS estimated,
  MAX(CASE WHEN m.kind = 'estimated' THEN m.ci_low END) AS estimated_low,
  MAX(CASE WHEN m.kind = 'estimated' THEN m.ci_high END) AS estimated_high,
  MAX(m.reference_value) AS reference_value,
  MAX(m.trivial_value) AS trivial_value,
  MAX(CASE WHEN m.kind = 'realized' THEN m.label_coverage END) AS label_coverage,
  BOOL_AND(CASE WHEN m.kind = 'realized' THEN m.is_final END) AS is_final,
  BOOL_OR(m.degraded) AS degraded
FROM current_performance_metrics m
GROUP BY m.monitor, m.window_start, m.window_end, m.granularity, m.model_version, m.segment, m.segment_value,
  m.metric, m.class_label;

COMMENT ON VIEW performance_comparison IS 'One row per window, model version, segment value, metric and class. The estimate is there at once, the realized figure when labels have arrived.';

COMMENT ON COLUMN performance_comparison."monitor" IS 'Name of the monitor.';

COMMENT ON COLUMN performance_comparison."window_start" IS 'First instant of the window. Unit: UTC.';

COMMENT ON COLUMN performance_comparison."window_end" IS 'End of the window. Unit: UTC.';

COMMENT ON COLUMN performance_comparison."granularity" IS 'Length of the window.';

COMMENT ON COLUMN performance_comparison."model_version" IS 'Version of the model; ''*'' for all.';

COMMENT ON COLUMN performance_comparison."segment" IS 'Segment; ''*'' for no cut.';

COMMENT ON COLUMN performance_comparison."segment_value" IS 'Value of the segment.';

COMMENT ON COLUMN performance_comparison."metric" IS 'Name of the metric.';

COMMENT ON COLUMN performance_comparison."class_label" IS 'Class of a multiclass metric.';

COMMENT ON COLUMN performance_comparison."realized" IS 'The figure by the labels.';

COMMENT ON COLUMN performance_comparison."realized_low" IS 'Lower end of its 95 % interval.';

COMMENT ON COLUMN performance_comparison."realized_high" IS 'Upper end of its 95 % interval.';

COMMENT ON COLUMN performance_comparison."estimated" IS 'The figure expected without labels.';

COMMENT ON COLUMN performance_comparison."estimated_low" IS 'Lower end of its 95 % interval.';

COMMENT ON COLUMN performance_comparison."estimated_high" IS 'Upper end of its 95 % interval.';

COMMENT ON COLUMN performance_comparison."reference_value" IS 'The figure on the reference.';

COMMENT ON COLUMN performance_comparison."trivial_value" IS 'What a model that ignores its features would get.';

COMMENT ON COLUMN performance_comparison."label_coverage" IS 'Share of the predictions that have a label. Unit: share.';

COMMENT ON COLUMN performance_comparison."is_final" IS 'Whether the realized figure is final.';

COMMENT ON COLUMN performance_comparison."degraded" IS 'Whether either figure counts as worse; null if neither decides.';

CREATE VIEW worst_columns AS
SELECT monitor, granularity, window_start,
  ROW_NUMBER() OVER (
    PARTITION BY monitor, granularity, window_start
    ORDER BY drifted DESC, excess DESC NULLS LAST, column_name
  ) AS column_rank,
  column_name, column_kind, metric, value, value_debiased, threshold, threshold_source, excess, q_value, drifted
FROM (
  SELECT m.monitor, m.granularity, m.window_start, m.column_name, m.column_kind, m.metric,
    m.value, m.value_debiased, m.threshold, m.threshold_source, m.q_value, m.drifted,
    m.value / NULLIF(m.threshold, 0) AS excess,
    ROW_NUMBER() OVER (
      PARTITION BY m.monitor, m.granularity, m.window_start, m.column_name
      ORDER BY m.drifted DESC, m.value / NULLIF(m.threshold, 0) DESC NULLS LAST, m.metric
    ) AS metric_rank
  FROM current_drift_metrics m
  WHERE m.model_version = '*' AND m.segment = '*' AND m.comparison = 'reference' AND m.drifted IS NOT NULL
) ranked
WHERE metric_rank = 1;

COMMENT ON VIEW worst_columns IS 'One row per monitor, window and column, with the metric that exceeds its threshold most. Columns for which there was a decision, against the reference, all model versions together; rank 1 is the worst of the window.';

COMMENT ON COLUMN worst_columns."monitor" IS 'Name of the monitor.';

COMMENT ON COLUMN worst_columns."granularity" IS 'Length of the window.';

COMMENT ON COLUMN worst_columns."window_start" IS 'First instant of the window. Unit: UTC.';

COMMENT ON COLUMN worst_columns."column_rank" IS 'Place of the column in the window, worst first.';

COMMENT ON COLUMN worst_columns."column_name" IS 'Column of the log.';

COMMENT ON COLUMN worst_columns."column_kind" IS 'How the column is treated.';

COMMENT ON COLUMN worst_columns."metric" IS 'Metric that exceeds its threshold most.';

COMMENT ON COLUMN worst_columns."value" IS 'The figure.';

COMMENT ON COLUMN worst_columns."value_debiased" IS 'The figure less what sampling alone is expected to add.';

COMMENT ON COLUMN worst_columns."threshold" IS 'What it was held against.';

COMMENT ON COLUMN worst_columns."threshold_source" IS 'Where the threshold comes from.';

COMMENT ON COLUMN worst_columns."excess" IS 'The figure as a multiple of its threshold.';

COMMENT ON COLUMN worst_columns."q_value" IS 'False discovery rate at which the figure would just be reported. Unit: share.';

COMMENT ON COLUMN worst_columns."drifted" IS 'Whether the column drifted.';
