"""The database as the read-only commands open it: they never make one."""

from __future__ import annotations

from sqlalchemy import Engine

from config.settings import Settings
from server.errors import StartError
from server.store.store import StoreError, open_store


def existing_store(settings: Settings) -> Engine:
    """Raises StartError where no server has written yet."""
    file = settings.server.database
    if not file.exists():
        raise StartError(f"{file}: no database here yet; start the server once, or give --config")
    try:
        return open_store(file)
    except StoreError as error:
        raise StartError(str(error)) from None
