"""Where the work runs: each engine hands splits to the same tasks and the profiles back."""
