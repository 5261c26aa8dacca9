"""What can go wrong with recordings that a caller has to act on."""

from __future__ import annotations


class RecordingsError(Exception):
    """A recording could not be made, found or read; the message names which and why."""


class RecordingsFolderError(RecordingsError):
    """The recordings folder cannot be used; the message names the path and what mends it."""


class UnknownRecordingError(RecordingsError):
    """No recording of that id is in the catalogue."""
