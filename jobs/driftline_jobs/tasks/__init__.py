"""One file a task: what is stored of its predictions with labels, and every figure that becomes of it."""
