"""The steps of the main path, each from what it reads to what it publishes."""
