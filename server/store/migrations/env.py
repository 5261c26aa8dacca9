"""How Alembic runs the migrations: on the connection that `server.store.store` hands over."""

from __future__ import annotations

from alembic import context

context.configure(
    connection=context.config.attributes["connection"],
    # SQLite takes DDL inside a transaction, so a migration that dies half-way leaves the old schema.
    transactional_ddl=True,
    render_as_batch=True,
)
with context.begin_transaction():
    context.run_migrations()
