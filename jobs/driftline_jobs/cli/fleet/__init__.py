"""Many monitors in one command: which files are meant, and processes that share the work."""
