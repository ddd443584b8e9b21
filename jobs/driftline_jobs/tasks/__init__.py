"""What profiles hold of predictions whose labels are known, by task: exact sums, merged by addition."""
