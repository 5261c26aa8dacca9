"""Session descriptions and what two of them agree on (pure)."""
