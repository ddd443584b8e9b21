INSERT INTO run_inputs ("run_id", "role", "uri", "etag", "size_bytes", "rows", "rows_matched", "min_timestamp", "max_timestamp", "state", "reason")
SELECT n.reference_id, t."role", t."uri", t."etag", t."size_bytes", t."rows", t."rows_matched", t."min_timestamp", t."max_timestamp", t."state", t."reason"
FROM run_inputs t
JOIN (
  SELECT r.reference_id, MIN(r.run_id) AS run_id
  FROM runs r
  JOIN reference_sets s ON s.reference_id = r.reference_id
  WHERE r.part = 'data' AND r.status = 'published'
  GROUP BY r.reference_id
) n ON n.run_id = t.run_id
WHERE t.role = 'reference';

DELETE FROM run_inputs WHERE role = 'reference' AND run_id IN (SELECT run_id FROM runs);

COMMENT ON TABLE attributions IS 'One row per window, model version, metric, column and segment value. A change split over the values of a segment, exactly: what came from the mix of the rows, and what came from the rate inside each segment value, against the reference. Values of fewer than min_rows rows on either side are together in ''__other__''. ROC AUC compares rows of different values, so its parts do not add up: each is what the scores of that value''s rows did by themselves. An association, not a cause.';

COMMENT ON TABLE run_inputs IS 'One row per run and object; of the objects of a reference one row each, however many runs rest on it. Every object a run looked at, with its etag and size at that moment. Comparing these with what lies in the folders now tells which windows have changed since they were published.';

COMMENT ON COLUMN run_inputs."run_id" IS 'Run that read the object, see runs. In the table itself an object of a reference has the reference_id here; current_run_inputs shows it with every run that rests on the reference.';

COMMENT ON VIEW current_attributions IS 'The present answer: attributions of the newest published run of each (monitor, granularity, window_start, part). One row per window, model version, metric, column and segment value. A change split over the values of a segment, exactly: what came from the mix of the rows, and what came from the rate inside each segment value, against the reference. Values of fewer than min_rows rows on either side are together in ''__other__''. ROC AUC compares rows of different values, so its parts do not add up: each is what the scores of that value''s rows did by themselves. An association, not a cause.';

CREATE OR REPLACE VIEW current_run_inputs AS
SELECT r."monitor", r."window_start", r."window_end", r."granularity", r."part", t."run_id", t."role", t."uri", t."etag", t."size_bytes", t."rows", t."rows_matched", t."min_timestamp", t."max_timestamp", t."state", t."reason"
FROM run_inputs t
JOIN runs r ON r.run_id = t.run_id
WHERE r.status = 'published' AND r.superseded_at IS NULL AND t.role <> 'reference'
UNION ALL
SELECT r."monitor", r."window_start", r."window_end", r."granularity", r."part", r."run_id", t."role", t."uri", t."etag", t."size_bytes", t."rows", t."rows_matched", t."min_timestamp", t."max_timestamp", t."state", t."reason"
FROM run_inputs t
JOIN runs r ON r.reference_id = t.run_id AND r.part = 'data'
WHERE t.role = 'reference' AND r.status = 'published' AND r.superseded_at IS NULL;

COMMENT ON VIEW current_run_inputs IS 'The present answer: run_inputs of the newest published run of each (monitor, granularity, window_start, part). One row per run and object; of the objects of a reference one row each, however many runs rest on it. Every object a run looked at, with its etag and size at that moment. Comparing these with what lies in the folders now tells which windows have changed since they were published.';

COMMENT ON COLUMN current_run_inputs."monitor" IS 'Name of the monitor.';

COMMENT ON COLUMN current_run_inputs."window_start" IS 'First instant of the window. Unit: UTC.';

COMMENT ON COLUMN current_run_inputs."window_end" IS 'End of the window, which itself lies outside it. Unit: UTC.';

COMMENT ON COLUMN current_run_inputs."granularity" IS 'Length of the window. One of: hour, day, week, month.';

COMMENT ON COLUMN current_run_inputs."part" IS 'What the run publishes: drift and quality, performance, or alerts and explanations. One of: data, performance, judgement.';

COMMENT ON COLUMN current_run_inputs."run_id" IS 'Run that read the object, see runs. In the table itself an object of a reference has the reference_id here; current_run_inputs shows it with every run that rests on the reference.';

COMMENT ON COLUMN current_run_inputs."role" IS 'What the object was read for. One of: prediction, label, reference.';

COMMENT ON COLUMN current_run_inputs."uri" IS 'Where the object lies.';

COMMENT ON COLUMN current_run_inputs."etag" IS 'The object''s etag in S3; for a file its modification time and size.';

COMMENT ON COLUMN current_run_inputs."size_bytes" IS 'Size of the object. Unit: bytes.';

COMMENT ON COLUMN current_run_inputs."rows" IS 'Rows in the object, as its footer says; null if that could not be read. Unit: rows.';

COMMENT ON COLUMN current_run_inputs."rows_matched" IS 'Rows of the object that count for the run''s window. Unit: rows.';

COMMENT ON COLUMN current_run_inputs."min_timestamp" IS 'Earliest timestamp in the object; null where its footer does not tell, or if it is in no year from 1678 to 2261. Unit: UTC.';

COMMENT ON COLUMN current_run_inputs."max_timestamp" IS 'Latest timestamp in the object, likewise. Unit: UTC.';

COMMENT ON COLUMN current_run_inputs."state" IS 'What was done with it. One of: read, quarantined, empty.';

COMMENT ON COLUMN current_run_inputs."reason" IS 'Why the object, or some of its rows, was set aside.';

CREATE OR REPLACE MACRO run_inputs_as_of(moment) AS TABLE
SELECT r."monitor", r."window_start", r."window_end", r."granularity", r."part", t."run_id", t."role", t."uri", t."etag", t."size_bytes", t."rows", t."rows_matched", t."min_timestamp", t."max_timestamp", t."state", t."reason"
FROM run_inputs t
JOIN runs r ON r.run_id = t.run_id
WHERE r.published_at <= moment AND (r.superseded_at IS NULL OR r.superseded_at > moment) AND t.role <> 'reference'
UNION ALL
SELECT r."monitor", r."window_start", r."window_end", r."granularity", r."part", r."run_id", t."role", t."uri", t."etag", t."size_bytes", t."rows", t."rows_matched", t."min_timestamp", t."max_timestamp", t."state", t."reason"
FROM run_inputs t
JOIN runs r ON r.reference_id = t.run_id AND r.part = 'data'
WHERE t.role = 'reference' AND r.published_at <= moment AND (r.superseded_at IS NULL OR r.superseded_at > moment);

COMMENT ON MACRO TABLE run_inputs_as_of IS 'What current_run_inputs showed at a moment (UTC). Exact as far back as nothing was pruned.';
