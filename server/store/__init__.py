"""The database file and its schema."""
