"""Schema migrations of the server's database, run by `server.store.store` at every start."""
