"""A small typed language for conditions and values: no side effects, no loops, always bounded."""
