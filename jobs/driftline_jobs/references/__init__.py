"""What windows are compared with."""
