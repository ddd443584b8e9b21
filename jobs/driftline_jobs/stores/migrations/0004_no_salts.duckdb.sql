COMMENT ON TABLE binnings IS 'One row per set of bins, written once when a reference is first profiled. Profiles can be merged and compared only at the same bins, so the bins are fixed and kept. Rows are never changed. Of the salt that sensitive values are hashed with they have a fingerprint. The role driftline_reader cannot read this table.';

COMMENT ON COLUMN profile_metrics."distinct_count" IS 'Distinct values, estimated where there are many; null if the values are dropped. Unit: values.';

COMMENT ON COLUMN profile_metrics."top_values" IS 'Most frequent values with their counts, an array of pairs; hashes for a sensitive column, null if its values are dropped.';

COMMENT ON COLUMN current_profile_metrics."distinct_count" IS 'Distinct values, estimated where there are many; null if the values are dropped. Unit: values.';

COMMENT ON COLUMN current_profile_metrics."top_values" IS 'Most frequent values with their counts, an array of pairs; hashes for a sensitive column, null if its values are dropped.';
