"""What a command does, step by step: each from what it reads to what it publishes."""
