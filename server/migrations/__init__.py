"""Schema migrations of the server's database, run by `server.store` at every start."""
