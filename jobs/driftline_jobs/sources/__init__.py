"""Where rows come from: serving logs and labels, found, checked, cut into splits, decoded and profiled."""
