"""Settings: reading, validating and the commented default file."""
