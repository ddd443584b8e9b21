-- Impacts, incidents and messages; figures of several windows; what is said of an alert, in columns.
ALTER TABLE runs ADD COLUMN "configuration" text;

COMMENT ON COLUMN runs."configuration" IS 'Object with owner, description, task and reference in words, as the monitor file said; of the data part alone.';

ALTER TABLE alert_actions ADD COLUMN "incident_id" text;

ALTER TABLE alert_actions ADD COLUMN "window_start" timestamptz;

ALTER TABLE alert_actions ALTER COLUMN "alert_id" DROP NOT NULL;

COMMENT ON TABLE alert_actions IS 'One row per action, never changed. Acknowledgements, mutes, and incidents accepted as the norm. The newest row of an alert or incident counts.';

COMMENT ON COLUMN alert_actions."alert_id" IS 'Alert it is about, see alerts; null for an incident.';

COMMENT ON COLUMN alert_actions."action" IS 'What was done. One of: acknowledge, accept, mute.';

COMMENT ON COLUMN alert_actions."until" IS 'When a mute ends; null for the others. Unit: UTC.';

COMMENT ON COLUMN alert_actions."incident_id" IS 'Incident it is about, see incidents; null for an alert.';

COMMENT ON COLUMN alert_actions."window_start" IS 'Start of the last window the incident stood in when it was done: it counts for those after it; null for an alert. Unit: UTC.';

ALTER TABLE alerts ADD COLUMN "value" double precision;

ALTER TABLE alerts ADD COLUMN "threshold" double precision;

ALTER TABLE alerts ADD COLUMN "sentence" text;

COMMENT ON COLUMN alerts."value" IS 'The figure in the last window in which it was seen.';

COMMENT ON COLUMN alerts."threshold" IS 'What that was held against.';

COMMENT ON COLUMN alerts."sentence" IS 'What is wrong, in one sentence.';

CREATE TABLE fold_states (
  "monitor" text NOT NULL,
  "window_start" timestamptz NOT NULL,
  "window_end" timestamptz NOT NULL,
  "granularity" text NOT NULL,
  "model_version" text NOT NULL,
  "segment" text NOT NULL,
  "segment_value" text NOT NULL,
  "run_id" text NOT NULL,
  "basis" text NOT NULL,
  "digest" text NOT NULL,
  "follows" text,
  "state" text NOT NULL
);

CREATE INDEX fold_states_window ON fold_states (monitor, window_start);

COMMENT ON TABLE fold_states IS 'One row per window. What the judgement knew after a window: what evidence of sustained shifts has grown, which alerts are under way. A run goes on from what is kept of the window before its first, and reads nothing older.';

COMMENT ON COLUMN fold_states."monitor" IS 'Name of the monitor.';

COMMENT ON COLUMN fold_states."window_start" IS 'First instant of the window that is judged. Unit: UTC.';

COMMENT ON COLUMN fold_states."window_end" IS 'End of the window, which itself lies outside it. Unit: UTC.';

COMMENT ON COLUMN fold_states."granularity" IS 'Length of the window. One of: hour, day, week, month.';

COMMENT ON COLUMN fold_states."model_version" IS 'Version of the model that served the rows; ''*'' for all versions together.';

COMMENT ON COLUMN fold_states."segment" IS 'Column (or, crossed, canonical JSON array of columns) the rows are cut by; ''*'' for no cut.';

COMMENT ON COLUMN fold_states."segment_value" IS 'Value of the segment; ''*'' for no cut, __null__ for missing, __other__ beyond the 100 most frequent of the reference. A real value equal to one of these has a leading backslash.';

COMMENT ON COLUMN fold_states."run_id" IS 'Run that published the row, see runs.';

COMMENT ON COLUMN fold_states."basis" IS 'Hash of the configuration and the reference it was judged by: what rests on another one is not gone on from.';

COMMENT ON COLUMN fold_states."digest" IS 'Hash of state.';

COMMENT ON COLUMN fold_states."follows" IS 'The digest of the window before, as it was then: where that is another by now, the window is judged again.';

COMMENT ON COLUMN fold_states."state" IS 'Object with what each step of the judgement knew, by its name; the form is its own and may change.';

CREATE TABLE impacts (
  "monitor" text NOT NULL,
  "window_start" timestamptz NOT NULL,
  "window_end" timestamptz NOT NULL,
  "granularity" text NOT NULL,
  "model_version" text NOT NULL,
  "segment" text NOT NULL,
  "segment_value" text NOT NULL,
  "run_id" text NOT NULL,
  "column_name" text NOT NULL,
  "metric" text NOT NULL,
  "class_label" text,
  "value" double precision,
  "reference_value" double precision,
  "reference_stddev" double precision,
  "noise" double precision,
  "importance" double precision,
  "unknown_share" double precision,
  "n" bigint,
  "reference_id" text NOT NULL,
  "status" text NOT NULL,
  "reason" text
);

CREATE INDEX impacts_window ON impacts (monitor, window_start);

COMMENT ON TABLE impacts IS 'One row per window, column, metric and class. What the change of one column''s distribution does by itself: the reference''s rows, weighted so that only this column is distributed as in the window, give another mean score, or another figure of performance. Rows of every feature that the reference knows, whether it drifted or not. Columns that change together share an impact, so the rows do not add up. It cannot see a change of the relation between column and label. A moving reference is weighed by the rows of the first one.';

COMMENT ON COLUMN impacts."monitor" IS 'Name of the monitor.';

COMMENT ON COLUMN impacts."window_start" IS 'First instant of the window that is judged. Unit: UTC.';

COMMENT ON COLUMN impacts."window_end" IS 'End of the window, which itself lies outside it. Unit: UTC.';

COMMENT ON COLUMN impacts."granularity" IS 'Length of the window. One of: hour, day, week, month.';

COMMENT ON COLUMN impacts."model_version" IS 'Version of the model that served the rows; ''*'' for all versions together.';

COMMENT ON COLUMN impacts."segment" IS 'Column (or, crossed, canonical JSON array of columns) the rows are cut by; ''*'' for no cut.';

COMMENT ON COLUMN impacts."segment_value" IS 'Value of the segment; ''*'' for no cut, __null__ for missing, __other__ beyond the 100 most frequent of the reference. A real value equal to one of these has a leading backslash.';

COMMENT ON COLUMN impacts."run_id" IS 'Run that published the row, see runs.';

COMMENT ON COLUMN impacts."column_name" IS 'Column whose change is weighed; * where there is nothing to weigh any by.';

COMMENT ON COLUMN impacts."metric" IS 'What it would move: mean_score (regression: mean_prediction), positive_rate, or a metric of performance.';

COMMENT ON COLUMN impacts."class_label" IS 'Class whose score it is, of several; null for the model as a whole.';

COMMENT ON COLUMN impacts."value" IS 'The figure with this column as in the window, less reference_value; in the unit of the metric.';

COMMENT ON COLUMN impacts."reference_value" IS 'The figure of the reference.';

COMMENT ON COLUMN impacts."reference_stddev" IS 'Standard deviation of the score, or of the prediction, in the reference; null for figures of performance.';

COMMENT ON COLUMN impacts."noise" IS 'What the size of value stays within in 99 % of cases, of windows like those of the reference and of a column that has nothing to do with the score but changes as much: an impact counts from there on. Null where it has fewer than three windows.';

COMMENT ON COLUMN impacts."importance" IS 'Share of the variance of the score that the bins of this column explain in the reference, less what chance alone would. Unit: share.';

COMMENT ON COLUMN impacts."unknown_share" IS 'Rows of the window whose value the reference has none of; they count with its mean. Unit: share.';

COMMENT ON COLUMN impacts."n" IS 'Rows of the reference the figure rests on, of at most a million. Unit: rows.';

COMMENT ON COLUMN impacts."reference_id" IS 'Reference whose rows by column and score it rests on, see reference_sets.';

COMMENT ON COLUMN impacts."status" IS 'ok, or a word for why there is no figure.';

COMMENT ON COLUMN impacts."reason" IS 'A sentence that goes with it.';

CREATE TABLE incidents (
  "monitor" text NOT NULL,
  "window_start" timestamptz NOT NULL,
  "window_end" timestamptz NOT NULL,
  "granularity" text NOT NULL,
  "model_version" text NOT NULL,
  "segment" text NOT NULL,
  "segment_value" text NOT NULL,
  "run_id" text NOT NULL,
  "incident_id" text NOT NULL,
  "state" text NOT NULL,
  "severity" text NOT NULL,
  "topic" text NOT NULL,
  "certain" boolean NOT NULL,
  "headline" text NOT NULL,
  "cause" text,
  "first_window" timestamptz NOT NULL,
  "last_window" timestamptz NOT NULL,
  "columns" text NOT NULL,
  "alerts" text NOT NULL,
  "impact" double precision,
  "owner" text,
  "evidence" text NOT NULL
);

CREATE INDEX incidents_window ON incidents (monitor, window_start);

COMMENT ON TABLE incidents IS 'One row per incident and window in which it stands. Alerts that belong together: they opened at most two windows apart while one of them was under way, or one cause explains them. What people do with an incident (acknowledge, accept, mute) is in alert_actions.';

COMMENT ON COLUMN incidents."monitor" IS 'Name of the monitor.';

COMMENT ON COLUMN incidents."window_start" IS 'First instant of the window that is judged. Unit: UTC.';

COMMENT ON COLUMN incidents."window_end" IS 'End of the window, which itself lies outside it. Unit: UTC.';

COMMENT ON COLUMN incidents."granularity" IS 'Length of the window. One of: hour, day, week, month.';

COMMENT ON COLUMN incidents."model_version" IS 'Version of the model that served the rows; ''*'' for all versions together.';

COMMENT ON COLUMN incidents."segment" IS 'Column (or, crossed, canonical JSON array of columns) the rows are cut by; ''*'' for no cut.';

COMMENT ON COLUMN incidents."segment_value" IS 'Value of the segment; ''*'' for no cut, __null__ for missing, __other__ beyond the 100 most frequent of the reference. A real value equal to one of these has a leading backslash.';

COMMENT ON COLUMN incidents."run_id" IS 'Run that published the row, see runs.';

COMMENT ON COLUMN incidents."incident_id" IS 'Identifier, the same in every window of the incident.';

COMMENT ON COLUMN incidents."state" IS 'How it stands in this window. One of: new, ongoing, escalated, acknowledged, accepted, resolved.';

COMMENT ON COLUMN incidents."severity" IS 'How bad it is. One of: low, medium, high, critical.';

COMMENT ON COLUMN incidents."topic" IS 'Whether the model has become worse, the data is damaged or missing, or its distribution changed. One of: performance, data, drift.';

COMMENT ON COLUMN incidents."certain" IS 'Whether it rests on labels, or on damage that no chance explains; an estimate or a figure within chance does not.';

COMMENT ON COLUMN incidents."headline" IS 'What happened in one sentence; it names the cause.';

COMMENT ON COLUMN incidents."cause" IS 'What explains its alerts together: a check that several columns fail in the same rows, no rows, an object that was set aside, a segment that is gone; null where nothing does.';

COMMENT ON COLUMN incidents."first_window" IS 'Start of the window in which it was opened. Unit: UTC.';

COMMENT ON COLUMN incidents."last_window" IS 'Start of the last window in which it was seen. Unit: UTC.';

COMMENT ON COLUMN incidents."columns" IS 'Names of the columns it is about, those that matter most first.';

COMMENT ON COLUMN incidents."alerts" IS 'Ids of its alerts, see alerts.';

COMMENT ON COLUMN incidents."impact" IS 'Largest impact of its columns on the mean score (or the mean prediction), as a share of the reference''s spread of it.';

COMMENT ON COLUMN incidents."owner" IS 'Who looks after the monitor, as its file says.';

COMMENT ON COLUMN incidents."evidence" IS 'Object with what the headline rests on, and what the next window goes on from.';

CREATE TABLE messages (
  "monitor" text NOT NULL,
  "granularity" text NOT NULL,
  "window_start" timestamptz NOT NULL,
  "message_id" text NOT NULL,
  "incident_id" text NOT NULL,
  "change" text NOT NULL,
  "channel" text NOT NULL,
  "sent_at" timestamptz NOT NULL
);

COMMENT ON TABLE messages IS 'One row per message, channel and incident it tells of. What was sent to people, so that a task that runs again sends nothing twice. A digest tells of several windows: its window_start is that of the first.';

COMMENT ON COLUMN messages."monitor" IS 'Name of the monitor.';

COMMENT ON COLUMN messages."granularity" IS 'Length of the window.';

COMMENT ON COLUMN messages."window_start" IS 'First instant of the window it is about. Unit: UTC.';

COMMENT ON COLUMN messages."message_id" IS 'Identifier of the message; one that tells of several incidents has as many rows.';

COMMENT ON COLUMN messages."incident_id" IS 'Incident it tells of, see incidents; ''*'' for a message about none.';

COMMENT ON COLUMN messages."change" IS 'What it tells; always: that the monitor asks for a message about every window. One of: opened, escalated, resolved, digest, always.';

COMMENT ON COLUMN messages."channel" IS 'Which way it went. One of: email, webhook.';

COMMENT ON COLUMN messages."sent_at" IS 'When it was sent. Unit: UTC.';

ALTER TABLE performance_metrics ADD COLUMN "windows" bigint;

UPDATE performance_metrics SET "windows" = 1;

COMMENT ON TABLE performance_metrics IS 'One row per window, model version, segment value, metric, kind, class and number of windows. How well the model did by the labels that have arrived (realized), and how well it would be expected to have done without them (estimated, which cannot see a change in the relation of features and label). Once labels are there, estimate_error holds the estimated figure less the realized one. A row with windows of 7 or 28 is the figure of the outcomes of so many windows together, this one the last; the window''s own has 1. Of the kind sustained, value is the mean of the windows'' figures since the loss began, so many windows ago.';

COMMENT ON COLUMN performance_metrics."kind" IS 'From labels, without them, how far the estimate was off once they were there, or from labels since a loss began that lasts. One of: realized, estimated, estimate_error, sustained.';

COMMENT ON COLUMN performance_metrics."threshold_source" IS 'Where the threshold comes from: rule, calibrated, reference_interval (the figure of the reference less a margin), trivial_model or sustained (that figure less half a margin, undercut in window after window).';

COMMENT ON COLUMN performance_metrics."windows" IS 'Windows whose outcomes the figure merges, the last of them this one; 1 for the window alone. Unit: windows.';

ALTER TABLE reference_sets ADD COLUMN "by_score" bytea;

COMMENT ON COLUMN reference_sets."by_score" IS 'At most a million of its rows counted by the bins of each feature and of the score, which impacts rest on, in compact, versioned binary form. Null in the steps of a moving reference but the first, and where an older version made it.';

CREATE OR REPLACE VIEW current_runs AS
SELECT r."run_id", r."monitor", r."window_start", r."window_end", r."granularity", r."part", r."status", r."as_of", r."published_at", r."superseded_at", r."engine", r."code_version", r."config_hash", r."reference_id", r."binning_id", r."started_at", r."finished_at", r."rows_read", r."rows_quarantined", r."bytes_read", r."labels_matched", r."cpu_seconds", r."wall_seconds", r."peak_memory_bytes", r."error_kind", r."error", r."configuration"
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

COMMENT ON COLUMN current_runs."cpu_seconds" IS 'Processor time, the window''s share of the run: of its process, and on Spark of the Python workers too. Unit: seconds.';

COMMENT ON COLUMN current_runs."wall_seconds" IS 'Elapsed time, the window''s share of the run. Unit: seconds.';

COMMENT ON COLUMN current_runs."peak_memory_bytes" IS 'Most memory that one process of the run has held: its own, or on Spark that of a Python worker. Unit: bytes.';

COMMENT ON COLUMN current_runs."error_kind" IS 'Kind of the failure, or abandoned if the attempt ended without a word.';

COMMENT ON COLUMN current_runs."error" IS 'What went wrong, without secrets.';

COMMENT ON COLUMN current_runs."configuration" IS 'Object with owner, description, task and reference in words, as the monitor file said; of the data part alone.';

CREATE OR REPLACE FUNCTION runs_as_of(moment timestamptz) RETURNS SETOF current_runs
LANGUAGE sql STABLE PARALLEL SAFE
BEGIN ATOMIC
SELECT r."run_id", r."monitor", r."window_start", r."window_end", r."granularity", r."part", r."status", r."as_of", r."published_at", r."superseded_at", r."engine", r."code_version", r."config_hash", r."reference_id", r."binning_id", r."started_at", r."finished_at", r."rows_read", r."rows_quarantined", r."bytes_read", r."labels_matched", r."cpu_seconds", r."wall_seconds", r."peak_memory_bytes", r."error_kind", r."error", r."configuration"
FROM runs r
WHERE r.published_at <= runs_as_of.moment AND (r.superseded_at IS NULL OR r.superseded_at > runs_as_of.moment);
END;

COMMENT ON FUNCTION runs_as_of IS 'What current_runs showed at a moment (UTC). Exact as far back as nothing was pruned.';

CREATE OR REPLACE VIEW current_alerts AS
SELECT t."monitor", t."window_start", t."window_end", t."granularity", t."model_version", t."segment", t."segment_value", t."run_id", t."alert_id", t."column_name", t."metric", t."severity", t."state", t."first_window", t."last_window", t."evidence", t."value", t."threshold", t."sentence"
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

COMMENT ON COLUMN current_alerts."value" IS 'The figure in the last window in which it was seen.';

COMMENT ON COLUMN current_alerts."threshold" IS 'What that was held against.';

COMMENT ON COLUMN current_alerts."sentence" IS 'What is wrong, in one sentence.';

CREATE OR REPLACE FUNCTION alerts_as_of(moment timestamptz) RETURNS SETOF current_alerts
LANGUAGE sql STABLE PARALLEL SAFE
BEGIN ATOMIC
SELECT t."monitor", t."window_start", t."window_end", t."granularity", t."model_version", t."segment", t."segment_value", t."run_id", t."alert_id", t."column_name", t."metric", t."severity", t."state", t."first_window", t."last_window", t."evidence", t."value", t."threshold", t."sentence"
FROM alerts t
JOIN runs r ON r.run_id = t.run_id AND r.monitor = t.monitor AND r.window_start = t.window_start
WHERE r.published_at <= alerts_as_of.moment AND (r.superseded_at IS NULL OR r.superseded_at > alerts_as_of.moment);
END;

COMMENT ON FUNCTION alerts_as_of IS 'What current_alerts showed at a moment (UTC). Exact as far back as nothing was pruned.';

CREATE VIEW current_fold_states AS
SELECT t."monitor", t."window_start", t."window_end", t."granularity", t."model_version", t."segment", t."segment_value", t."run_id", t."basis", t."digest", t."follows", t."state"
FROM fold_states t
JOIN runs r ON r.run_id = t.run_id AND r.monitor = t.monitor AND r.window_start = t.window_start
WHERE r.status = 'published' AND r.superseded_at IS NULL;

COMMENT ON VIEW current_fold_states IS 'The present answer: fold_states of the newest published run of each (monitor, granularity, window_start, part). One row per window. What the judgement knew after a window: what evidence of sustained shifts has grown, which alerts are under way. A run goes on from what is kept of the window before its first, and reads nothing older.';

COMMENT ON COLUMN current_fold_states."monitor" IS 'Name of the monitor.';

COMMENT ON COLUMN current_fold_states."window_start" IS 'First instant of the window that is judged. Unit: UTC.';

COMMENT ON COLUMN current_fold_states."window_end" IS 'End of the window, which itself lies outside it. Unit: UTC.';

COMMENT ON COLUMN current_fold_states."granularity" IS 'Length of the window. One of: hour, day, week, month.';

COMMENT ON COLUMN current_fold_states."model_version" IS 'Version of the model that served the rows; ''*'' for all versions together.';

COMMENT ON COLUMN current_fold_states."segment" IS 'Column (or, crossed, canonical JSON array of columns) the rows are cut by; ''*'' for no cut.';

COMMENT ON COLUMN current_fold_states."segment_value" IS 'Value of the segment; ''*'' for no cut, __null__ for missing, __other__ beyond the 100 most frequent of the reference. A real value equal to one of these has a leading backslash.';

COMMENT ON COLUMN current_fold_states."run_id" IS 'Run that published the row, see runs.';

COMMENT ON COLUMN current_fold_states."basis" IS 'Hash of the configuration and the reference it was judged by: what rests on another one is not gone on from.';

COMMENT ON COLUMN current_fold_states."digest" IS 'Hash of state.';

COMMENT ON COLUMN current_fold_states."follows" IS 'The digest of the window before, as it was then: where that is another by now, the window is judged again.';

COMMENT ON COLUMN current_fold_states."state" IS 'Object with what each step of the judgement knew, by its name; the form is its own and may change.';

CREATE FUNCTION fold_states_as_of(moment timestamptz) RETURNS SETOF current_fold_states
LANGUAGE sql STABLE PARALLEL SAFE
BEGIN ATOMIC
SELECT t."monitor", t."window_start", t."window_end", t."granularity", t."model_version", t."segment", t."segment_value", t."run_id", t."basis", t."digest", t."follows", t."state"
FROM fold_states t
JOIN runs r ON r.run_id = t.run_id AND r.monitor = t.monitor AND r.window_start = t.window_start
WHERE r.published_at <= fold_states_as_of.moment AND (r.superseded_at IS NULL OR r.superseded_at > fold_states_as_of.moment);
END;

COMMENT ON FUNCTION fold_states_as_of IS 'What current_fold_states showed at a moment (UTC). Exact as far back as nothing was pruned.';

CREATE VIEW current_impacts AS
SELECT t."monitor", t."window_start", t."window_end", t."granularity", t."model_version", t."segment", t."segment_value", t."run_id", t."column_name", t."metric", t."class_label", t."value", t."reference_value", t."reference_stddev", t."noise", t."importance", t."unknown_share", t."n", t."reference_id", t."status", t."reason"
FROM impacts t
JOIN runs r ON r.run_id = t.run_id AND r.monitor = t.monitor AND r.window_start = t.window_start
WHERE r.status = 'published' AND r.superseded_at IS NULL;

COMMENT ON VIEW current_impacts IS 'The present answer: impacts of the newest published run of each (monitor, granularity, window_start, part). One row per window, column, metric and class. What the change of one column''s distribution does by itself: the reference''s rows, weighted so that only this column is distributed as in the window, give another mean score, or another figure of performance. Rows of every feature that the reference knows, whether it drifted or not. Columns that change together share an impact, so the rows do not add up. It cannot see a change of the relation between column and label. A moving reference is weighed by the rows of the first one.';

COMMENT ON COLUMN current_impacts."monitor" IS 'Name of the monitor.';

COMMENT ON COLUMN current_impacts."window_start" IS 'First instant of the window that is judged. Unit: UTC.';

COMMENT ON COLUMN current_impacts."window_end" IS 'End of the window, which itself lies outside it. Unit: UTC.';

COMMENT ON COLUMN current_impacts."granularity" IS 'Length of the window. One of: hour, day, week, month.';

COMMENT ON COLUMN current_impacts."model_version" IS 'Version of the model that served the rows; ''*'' for all versions together.';

COMMENT ON COLUMN current_impacts."segment" IS 'Column (or, crossed, canonical JSON array of columns) the rows are cut by; ''*'' for no cut.';

COMMENT ON COLUMN current_impacts."segment_value" IS 'Value of the segment; ''*'' for no cut, __null__ for missing, __other__ beyond the 100 most frequent of the reference. A real value equal to one of these has a leading backslash.';

COMMENT ON COLUMN current_impacts."run_id" IS 'Run that published the row, see runs.';

COMMENT ON COLUMN current_impacts."column_name" IS 'Column whose change is weighed; * where there is nothing to weigh any by.';

COMMENT ON COLUMN current_impacts."metric" IS 'What it would move: mean_score (regression: mean_prediction), positive_rate, or a metric of performance.';

COMMENT ON COLUMN current_impacts."class_label" IS 'Class whose score it is, of several; null for the model as a whole.';

COMMENT ON COLUMN current_impacts."value" IS 'The figure with this column as in the window, less reference_value; in the unit of the metric.';

COMMENT ON COLUMN current_impacts."reference_value" IS 'The figure of the reference.';

COMMENT ON COLUMN current_impacts."reference_stddev" IS 'Standard deviation of the score, or of the prediction, in the reference; null for figures of performance.';

COMMENT ON COLUMN current_impacts."noise" IS 'What the size of value stays within in 99 % of cases, of windows like those of the reference and of a column that has nothing to do with the score but changes as much: an impact counts from there on. Null where it has fewer than three windows.';

COMMENT ON COLUMN current_impacts."importance" IS 'Share of the variance of the score that the bins of this column explain in the reference, less what chance alone would. Unit: share.';

COMMENT ON COLUMN current_impacts."unknown_share" IS 'Rows of the window whose value the reference has none of; they count with its mean. Unit: share.';

COMMENT ON COLUMN current_impacts."n" IS 'Rows of the reference the figure rests on, of at most a million. Unit: rows.';

COMMENT ON COLUMN current_impacts."reference_id" IS 'Reference whose rows by column and score it rests on, see reference_sets.';

COMMENT ON COLUMN current_impacts."status" IS 'ok, or a word for why there is no figure.';

COMMENT ON COLUMN current_impacts."reason" IS 'A sentence that goes with it.';

CREATE FUNCTION impacts_as_of(moment timestamptz) RETURNS SETOF current_impacts
LANGUAGE sql STABLE PARALLEL SAFE
BEGIN ATOMIC
SELECT t."monitor", t."window_start", t."window_end", t."granularity", t."model_version", t."segment", t."segment_value", t."run_id", t."column_name", t."metric", t."class_label", t."value", t."reference_value", t."reference_stddev", t."noise", t."importance", t."unknown_share", t."n", t."reference_id", t."status", t."reason"
FROM impacts t
JOIN runs r ON r.run_id = t.run_id AND r.monitor = t.monitor AND r.window_start = t.window_start
WHERE r.published_at <= impacts_as_of.moment AND (r.superseded_at IS NULL OR r.superseded_at > impacts_as_of.moment);
END;

COMMENT ON FUNCTION impacts_as_of IS 'What current_impacts showed at a moment (UTC). Exact as far back as nothing was pruned.';

CREATE VIEW current_incidents AS
SELECT t."monitor", t."window_start", t."window_end", t."granularity", t."model_version", t."segment", t."segment_value", t."run_id", t."incident_id", t."state", t."severity", t."topic", t."certain", t."headline", t."cause", t."first_window", t."last_window", t."columns", t."alerts", t."impact", t."owner", t."evidence"
FROM incidents t
JOIN runs r ON r.run_id = t.run_id AND r.monitor = t.monitor AND r.window_start = t.window_start
WHERE r.status = 'published' AND r.superseded_at IS NULL;

COMMENT ON VIEW current_incidents IS 'The present answer: incidents of the newest published run of each (monitor, granularity, window_start, part). One row per incident and window in which it stands. Alerts that belong together: they opened at most two windows apart while one of them was under way, or one cause explains them. What people do with an incident (acknowledge, accept, mute) is in alert_actions.';

COMMENT ON COLUMN current_incidents."monitor" IS 'Name of the monitor.';

COMMENT ON COLUMN current_incidents."window_start" IS 'First instant of the window that is judged. Unit: UTC.';

COMMENT ON COLUMN current_incidents."window_end" IS 'End of the window, which itself lies outside it. Unit: UTC.';

COMMENT ON COLUMN current_incidents."granularity" IS 'Length of the window. One of: hour, day, week, month.';

COMMENT ON COLUMN current_incidents."model_version" IS 'Version of the model that served the rows; ''*'' for all versions together.';

COMMENT ON COLUMN current_incidents."segment" IS 'Column (or, crossed, canonical JSON array of columns) the rows are cut by; ''*'' for no cut.';

COMMENT ON COLUMN current_incidents."segment_value" IS 'Value of the segment; ''*'' for no cut, __null__ for missing, __other__ beyond the 100 most frequent of the reference. A real value equal to one of these has a leading backslash.';

COMMENT ON COLUMN current_incidents."run_id" IS 'Run that published the row, see runs.';

COMMENT ON COLUMN current_incidents."incident_id" IS 'Identifier, the same in every window of the incident.';

COMMENT ON COLUMN current_incidents."state" IS 'How it stands in this window. One of: new, ongoing, escalated, acknowledged, accepted, resolved.';

COMMENT ON COLUMN current_incidents."severity" IS 'How bad it is. One of: low, medium, high, critical.';

COMMENT ON COLUMN current_incidents."topic" IS 'Whether the model has become worse, the data is damaged or missing, or its distribution changed. One of: performance, data, drift.';

COMMENT ON COLUMN current_incidents."certain" IS 'Whether it rests on labels, or on damage that no chance explains; an estimate or a figure within chance does not.';

COMMENT ON COLUMN current_incidents."headline" IS 'What happened in one sentence; it names the cause.';

COMMENT ON COLUMN current_incidents."cause" IS 'What explains its alerts together: a check that several columns fail in the same rows, no rows, an object that was set aside, a segment that is gone; null where nothing does.';

COMMENT ON COLUMN current_incidents."first_window" IS 'Start of the window in which it was opened. Unit: UTC.';

COMMENT ON COLUMN current_incidents."last_window" IS 'Start of the last window in which it was seen. Unit: UTC.';

COMMENT ON COLUMN current_incidents."columns" IS 'Names of the columns it is about, those that matter most first.';

COMMENT ON COLUMN current_incidents."alerts" IS 'Ids of its alerts, see alerts.';

COMMENT ON COLUMN current_incidents."impact" IS 'Largest impact of its columns on the mean score (or the mean prediction), as a share of the reference''s spread of it.';

COMMENT ON COLUMN current_incidents."owner" IS 'Who looks after the monitor, as its file says.';

COMMENT ON COLUMN current_incidents."evidence" IS 'Object with what the headline rests on, and what the next window goes on from.';

CREATE FUNCTION incidents_as_of(moment timestamptz) RETURNS SETOF current_incidents
LANGUAGE sql STABLE PARALLEL SAFE
BEGIN ATOMIC
SELECT t."monitor", t."window_start", t."window_end", t."granularity", t."model_version", t."segment", t."segment_value", t."run_id", t."incident_id", t."state", t."severity", t."topic", t."certain", t."headline", t."cause", t."first_window", t."last_window", t."columns", t."alerts", t."impact", t."owner", t."evidence"
FROM incidents t
JOIN runs r ON r.run_id = t.run_id AND r.monitor = t.monitor AND r.window_start = t.window_start
WHERE r.published_at <= incidents_as_of.moment AND (r.superseded_at IS NULL OR r.superseded_at > incidents_as_of.moment);
END;

COMMENT ON FUNCTION incidents_as_of IS 'What current_incidents showed at a moment (UTC). Exact as far back as nothing was pruned.';

CREATE OR REPLACE VIEW current_performance_metrics AS
SELECT t."monitor", t."window_start", t."window_end", t."granularity", t."model_version", t."segment", t."segment_value", t."run_id", t."metric", t."kind", t."class_label", t."value", t."ci_low", t."ci_high", t."error_bound", t."n", t."label_coverage", t."is_final", t."reference_value", t."trivial_value", t."threshold", t."threshold_source", t."degraded", t."status", t."reason", t."windows"
FROM performance_metrics t
JOIN runs r ON r.run_id = t.run_id AND r.monitor = t.monitor AND r.window_start = t.window_start
WHERE r.status = 'published' AND r.superseded_at IS NULL;

COMMENT ON VIEW current_performance_metrics IS 'The present answer: performance_metrics of the newest published run of each (monitor, granularity, window_start, part). One row per window, model version, segment value, metric, kind, class and number of windows. How well the model did by the labels that have arrived (realized), and how well it would be expected to have done without them (estimated, which cannot see a change in the relation of features and label). Once labels are there, estimate_error holds the estimated figure less the realized one. A row with windows of 7 or 28 is the figure of the outcomes of so many windows together, this one the last; the window''s own has 1. Of the kind sustained, value is the mean of the windows'' figures since the loss began, so many windows ago.';

COMMENT ON COLUMN current_performance_metrics."monitor" IS 'Name of the monitor.';

COMMENT ON COLUMN current_performance_metrics."window_start" IS 'First instant of the window that is judged. Unit: UTC.';

COMMENT ON COLUMN current_performance_metrics."window_end" IS 'End of the window, which itself lies outside it. Unit: UTC.';

COMMENT ON COLUMN current_performance_metrics."granularity" IS 'Length of the window. One of: hour, day, week, month.';

COMMENT ON COLUMN current_performance_metrics."model_version" IS 'Version of the model that served the rows; ''*'' for all versions together.';

COMMENT ON COLUMN current_performance_metrics."segment" IS 'Column (or, crossed, canonical JSON array of columns) the rows are cut by; ''*'' for no cut.';

COMMENT ON COLUMN current_performance_metrics."segment_value" IS 'Value of the segment; ''*'' for no cut, __null__ for missing, __other__ beyond the 100 most frequent of the reference. A real value equal to one of these has a leading backslash.';

COMMENT ON COLUMN current_performance_metrics."run_id" IS 'Run that published the row, see runs.';

COMMENT ON COLUMN current_performance_metrics."metric" IS 'Name of the metric, for example roc_auc.';

COMMENT ON COLUMN current_performance_metrics."kind" IS 'From labels, without them, how far the estimate was off once they were there, or from labels since a loss began that lasts. One of: realized, estimated, estimate_error, sustained.';

COMMENT ON COLUMN current_performance_metrics."class_label" IS 'Class of a multiclass metric, null for the model as a whole.';

COMMENT ON COLUMN current_performance_metrics."value" IS 'The figure.';

COMMENT ON COLUMN current_performance_metrics."ci_low" IS 'Lower end of its 95 % interval.';

COMMENT ON COLUMN current_performance_metrics."ci_high" IS 'Upper end of its 95 % interval.';

COMMENT ON COLUMN current_performance_metrics."error_bound" IS 'How far the figure can be from the one of the raw rows, by binning; 0 where it is exact.';

COMMENT ON COLUMN current_performance_metrics."n" IS 'Rows the figure rests on: for a realized figure the labelled ones that have the score or the predicted class it needs. Unit: rows.';

COMMENT ON COLUMN current_performance_metrics."label_coverage" IS 'Share of the window''s predictions that have a label. Unit: share.';

COMMENT ON COLUMN current_performance_metrics."is_final" IS 'Whether the window was older than mature_after at the run''s as_of.';

COMMENT ON COLUMN current_performance_metrics."reference_value" IS 'The same figure on the reference.';

COMMENT ON COLUMN current_performance_metrics."trivial_value" IS 'What a model that ignores its features would get.';

COMMENT ON COLUMN current_performance_metrics."threshold" IS 'What the figure was held against.';

COMMENT ON COLUMN current_performance_metrics."threshold_source" IS 'Where the threshold comes from: rule, calibrated, reference_interval (the figure of the reference less a margin), trivial_model or sustained (that figure less half a margin, undercut in window after window).';

COMMENT ON COLUMN current_performance_metrics."degraded" IS 'Whether the model has become worse; null on rows that do not decide.';

COMMENT ON COLUMN current_performance_metrics."status" IS 'ok, or a word for why there is no figure.';

COMMENT ON COLUMN current_performance_metrics."reason" IS 'A sentence that goes with it.';

COMMENT ON COLUMN current_performance_metrics."windows" IS 'Windows whose outcomes the figure merges, the last of them this one; 1 for the window alone. Unit: windows.';

CREATE OR REPLACE FUNCTION performance_metrics_as_of(moment timestamptz) RETURNS SETOF current_performance_metrics
LANGUAGE sql STABLE PARALLEL SAFE
BEGIN ATOMIC
SELECT t."monitor", t."window_start", t."window_end", t."granularity", t."model_version", t."segment", t."segment_value", t."run_id", t."metric", t."kind", t."class_label", t."value", t."ci_low", t."ci_high", t."error_bound", t."n", t."label_coverage", t."is_final", t."reference_value", t."trivial_value", t."threshold", t."threshold_source", t."degraded", t."status", t."reason", t."windows"
FROM performance_metrics t
JOIN runs r ON r.run_id = t.run_id AND r.monitor = t.monitor AND r.window_start = t.window_start
WHERE r.published_at <= performance_metrics_as_of.moment AND (r.superseded_at IS NULL OR r.superseded_at > performance_metrics_as_of.moment);
END;

COMMENT ON FUNCTION performance_metrics_as_of IS 'What current_performance_metrics showed at a moment (UTC). Exact as far back as nothing was pruned.';

CREATE OR REPLACE VIEW latest_status AS
SELECT s.monitor, s.granularity, s.window_start, s.window_end,
  CASE WHEN s.open_alerts > 0 THEN 'alert'
       WHEN s.drifted_columns > 0 OR s.degraded_metrics > 0 OR s.failed_checks > 0 THEN 'warning'
       ELSE 'ok' END AS verdict,
  s.published_at, s.rows_read, s.rows_quarantined,
  s.drifted_columns, s.degraded_metrics, s.failed_checks, s.open_alerts, s.level
FROM (
  SELECT r.monitor, r.granularity, r.window_start, r.window_end, r.published_at, r.rows_read, r.rows_quarantined,
    (SELECT COUNT(DISTINCT d.column_name) FROM current_drift_metrics d
     WHERE d.monitor = r.monitor AND d.window_start = r.window_start AND d.granularity = r.granularity
       AND d.model_version = '*' AND d.segment = '*' AND d.comparison = 'reference' AND d.drifted) AS drifted_columns,
    (SELECT COUNT(DISTINCT p.metric) FROM current_performance_metrics p
     WHERE p.monitor = r.monitor AND p.window_start = r.window_start AND p.granularity = r.granularity
       AND p.model_version = '*' AND p.segment = '*' AND p.windows = 1 AND p.degraded) AS degraded_metrics,
    (SELECT COUNT(*) FROM current_quality_metrics q
     WHERE q.monitor = r.monitor AND q.window_start = r.window_start AND q.granularity = r.granularity
       AND q.model_version = '*' AND q.segment = '*' AND NOT q.passed) AS failed_checks,
    (SELECT COUNT(DISTINCT a.alert_id) FROM current_alerts a
     WHERE a.monitor = r.monitor AND a.window_start = r.window_start AND a.granularity = r.granularity
       AND a.state <> 'resolved') AS open_alerts,
    (SELECT MAX(w.level) FROM (SELECT monitor, granularity, window_start, window_end,
  CASE WHEN MIN(worst) = 1 THEN 'broken'
       WHEN MIN(worst) = 2 THEN 'faulty'
       WHEN MIN(worst) = 3 THEN 'suspect'
       WHEN MIN(worst) = 4 THEN 'changed'
       WHEN MIN(worst) = 5 THEN 'ongoing'
       WHEN MAX(rows_read) = 0 THEN 'empty'
       WHEN COUNT(judged) = 0 THEN 'unjudged'
       WHEN MIN(worst) = 6 THEN 'ongoing'
       ELSE 'calm' END AS level
FROM (
  SELECT monitor, granularity, window_start, window_end, run_id, rows_read, CAST(NULL AS INTEGER) AS judged,
    CAST(NULL AS INTEGER) AS worst
  FROM current_runs
  WHERE part = 'data'
  UNION ALL
  SELECT monitor, granularity, window_start, window_end, NULL, NULL, 1, NULL
  FROM current_drift_metrics
  WHERE model_version = '*' AND segment = '*' AND comparison = 'reference' AND drifted IS NOT NULL
  UNION ALL
  SELECT monitor, granularity, window_start, window_end, NULL, NULL, 1, NULL
  FROM current_performance_metrics
  WHERE model_version = '*' AND segment = '*' AND degraded IS NOT NULL
  UNION ALL
  SELECT monitor, granularity, window_start, window_end, NULL, NULL, NULL,
    CASE WHEN state = 'ongoing' AND last_window = window_start THEN 5
         WHEN state = 'ongoing' THEN 6
         WHEN topic = 'data' THEN 2
         WHEN topic = 'drift' THEN 4
         WHEN certain THEN 1
         ELSE 3 END
  FROM current_incidents
  WHERE state IN ('new', 'escalated', 'ongoing') AND severity <> 'low'
) told
GROUP BY monitor, granularity, window_start, window_end
HAVING COUNT(run_id) > 0) w
     WHERE w.monitor = r.monitor AND w.window_start = r.window_start AND w.granularity = r.granularity) AS level
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

COMMENT ON VIEW latest_status IS 'One row per monitor and granularity, about its newest published window. The level is that of window_levels. The verdict is alert if an alert is open, else warning if a column drifted, a metric degraded or a check failed, else ok; it goes with the next version.';

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

COMMENT ON COLUMN latest_status."level" IS 'How the window stands. One of: broken, faulty, suspect, changed, ongoing, calm, unjudged, empty.';

CREATE VIEW monitors AS
SELECT r.monitor, r.granularity, CAST(r.configuration AS json) ->> 'owner' AS owner, CAST(r.configuration AS json) ->> 'description' AS description, CAST(r.configuration AS json) ->> 'task' AS task,
  CAST(r.configuration AS json) ->> 'reference' AS reference, r.config_hash, r.window_start AS last_window
FROM current_runs r
JOIN (
  SELECT monitor, granularity, MAX(window_start) AS window_start
  FROM current_runs
  WHERE part = 'data'
  GROUP BY monitor, granularity
) newest
  ON newest.monitor = r.monitor AND newest.granularity = r.granularity AND newest.window_start = r.window_start
WHERE r.part = 'data';

COMMENT ON VIEW monitors IS 'One row per monitor and granularity. What the monitor''s file said when its newest window was published last. Windows that an older version published leave no more than the name.';

COMMENT ON COLUMN monitors."monitor" IS 'Name of the monitor.';

COMMENT ON COLUMN monitors."granularity" IS 'Length of its windows.';

COMMENT ON COLUMN monitors."owner" IS 'Who looks after it; empty if the file does not say.';

COMMENT ON COLUMN monitors."description" IS 'What it is about, as the file says.';

COMMENT ON COLUMN monitors."task" IS 'What the model predicts.';

COMMENT ON COLUMN monitors."reference" IS 'What windows are compared with.';

COMMENT ON COLUMN monitors."config_hash" IS 'What identifies the file''s content, as in runs.';

COMMENT ON COLUMN monitors."last_window" IS 'First instant of the newest published window. Unit: UTC.';

CREATE OR REPLACE VIEW performance_comparison AS
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
WHERE m.windows = 1
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

CREATE VIEW window_levels AS
SELECT monitor, granularity, window_start, window_end,
  CASE WHEN MIN(worst) = 1 THEN 'broken'
       WHEN MIN(worst) = 2 THEN 'faulty'
       WHEN MIN(worst) = 3 THEN 'suspect'
       WHEN MIN(worst) = 4 THEN 'changed'
       WHEN MIN(worst) = 5 THEN 'ongoing'
       WHEN MAX(rows_read) = 0 THEN 'empty'
       WHEN COUNT(judged) = 0 THEN 'unjudged'
       WHEN MIN(worst) = 6 THEN 'ongoing'
       ELSE 'calm' END AS level
FROM (
  SELECT monitor, granularity, window_start, window_end, run_id, rows_read, CAST(NULL AS INTEGER) AS judged,
    CAST(NULL AS INTEGER) AS worst
  FROM current_runs
  WHERE part = 'data'
  UNION ALL
  SELECT monitor, granularity, window_start, window_end, NULL, NULL, 1, NULL
  FROM current_drift_metrics
  WHERE model_version = '*' AND segment = '*' AND comparison = 'reference' AND drifted IS NOT NULL
  UNION ALL
  SELECT monitor, granularity, window_start, window_end, NULL, NULL, 1, NULL
  FROM current_performance_metrics
  WHERE model_version = '*' AND segment = '*' AND degraded IS NOT NULL
  UNION ALL
  SELECT monitor, granularity, window_start, window_end, NULL, NULL, NULL,
    CASE WHEN state = 'ongoing' AND last_window = window_start THEN 5
         WHEN state = 'ongoing' THEN 6
         WHEN topic = 'data' THEN 2
         WHEN topic = 'drift' THEN 4
         WHEN certain THEN 1
         ELSE 3 END
  FROM current_incidents
  WHERE state IN ('new', 'escalated', 'ongoing') AND severity <> 'low'
) told
GROUP BY monitor, granularity, window_start, window_end
HAVING COUNT(run_id) > 0;

COMMENT ON VIEW window_levels IS 'One row per monitor and window. One word for how a window stands, the same on its page, in the index, in mails and in Airflow. The first that is true counts: broken (an incident of performance that labels make sure opened or got worse here), faulty (one of the data itself, damaged or missing), suspect (one of performance by an estimate or within chance), changed (one of drift), ongoing (only what was known before), calm. Incidents of low severity, and those that are acknowledged or accepted, count for nothing. Where no figure was held against a limit the window is unjudged, and without rows empty, unless an incident says so here.';

COMMENT ON COLUMN window_levels."monitor" IS 'Name of the monitor.';

COMMENT ON COLUMN window_levels."granularity" IS 'Length of the window.';

COMMENT ON COLUMN window_levels."window_start" IS 'First instant of the window. Unit: UTC.';

COMMENT ON COLUMN window_levels."window_end" IS 'End of the window. Unit: UTC.';

COMMENT ON COLUMN window_levels."level" IS 'How the window stands. One of: broken, faulty, suspect, changed, ongoing, calm, unjudged, empty.';
