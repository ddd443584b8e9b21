COMMENT ON COLUMN calibrations."statistic" IS 'Drift metric that is calibrated; moves_by_nature for columns of which no two windows are alike, with ''*'' for what was looked at.';

COMMENT ON COLUMN drift_metrics."reason" IS 'A sentence that goes with it, or why a figure that is there decides nothing.';

COMMENT ON COLUMN performance_metrics."n" IS 'Rows the figure rests on: for a realized figure the labelled ones that have the score or the predicted class it needs. Unit: rows.';

COMMENT ON COLUMN profile_metrics."mean" IS 'Mean of the finite values, from their exact sum; values are read as 64-bit floats. Unit: the column''s.';

COMMENT ON COLUMN profile_metrics."stddev" IS 'Standard deviation of the finite values, from log buckets that are at most 1/64 of their distance from zero, or from the reference''s median, wide. Unit: the column''s.';

COMMENT ON COLUMN current_drift_metrics."reason" IS 'A sentence that goes with it, or why a figure that is there decides nothing.';

COMMENT ON COLUMN current_performance_metrics."n" IS 'Rows the figure rests on: for a realized figure the labelled ones that have the score or the predicted class it needs. Unit: rows.';

COMMENT ON COLUMN current_profile_metrics."mean" IS 'Mean of the finite values, from their exact sum; values are read as 64-bit floats. Unit: the column''s.';

COMMENT ON COLUMN current_profile_metrics."stddev" IS 'Standard deviation of the finite values, from log buckets that are at most 1/64 of their distance from zero, or from the reference''s median, wide. Unit: the column''s.';
