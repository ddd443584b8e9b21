"""Predictions and what became of them: the join on the prediction id, and what is kept of it."""
