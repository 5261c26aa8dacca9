"""What commands use to talk with the running server; light, so that a command answers at once."""
