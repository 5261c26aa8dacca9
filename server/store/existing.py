"""The database as the commands that only read open it."""

from __future__ import annotations

from sqlalchemy import Engine

from config.settings import Settings
from server.errors import StartError
from server.store.store import StoreError, open_existing


def existing_store(settings: Settings) -> Engine:
    """Raises StartError where no server has written yet, or one with another schema has."""
    try:
        return open_existing(settings.server.database)
    except StoreError as error:
        raise StartError(str(error)) from None
