"""Labels joined to predictions by id."""
