"""The demo: a real model on a year of real flights, and what Driftline finds in its logs."""
