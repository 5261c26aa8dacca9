"""A flow as data: frozen, validated, and knowing nothing of how it is run."""
