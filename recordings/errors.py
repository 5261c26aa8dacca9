"""What can go wrong with recordings that a caller has to act on."""

from __future__ import annotations

from sqlalchemy.exc import SQLAlchemyError


class RecordingsError(Exception):
    """A recording could not be made, found or read; the message names which and why."""


class RecordingsFolderError(RecordingsError):
    """The recordings folder cannot be used; the message names the path and what mends it."""


class UnknownRecordingError(RecordingsError):
    """No recording of that id is in the catalogue."""


class KeyMissingError(RecordingsError):
    """The recording cannot be heard: its key was destroyed, or is not on this machine."""


class CatalogueError(RecordingsError):
    """The database refused; says why without the statement, whose parameters hold numbers."""

    @classmethod
    def from_database(cls, error: SQLAlchemyError) -> CatalogueError:
        return cls(f"the catalogue cannot be used: {getattr(error, 'orig', None) or type(error).__name__}")


def reason_of(error: Exception) -> str:
    """One line without the names of parties."""
    if not isinstance(error, OSError):
        return f"{type(error).__name__}: {error}"
    reason = str(error.strerror or error)
    return f"{reason} ({error.filename})" if error.filename else reason
