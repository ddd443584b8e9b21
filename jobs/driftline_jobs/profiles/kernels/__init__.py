"""All code that touches every row, compiled to machine code."""
