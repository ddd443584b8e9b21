CREATE INDEX reference_sets_id ON reference_sets (reference_id);
