"""Find the objects of a log, check them against the contract, cut them into splits, and decode those."""
