"""Facts of what is kept of a contact: its recordings and their transcripts."""

from __future__ import annotations

from contacts.facts.contact import ContactFact


class RecordingFact(ContactFact, frozen=True, kw_only=True):
    """Something about one recording."""

    recording: str


class RecordingStarted(RecordingFact, frozen=True, kw_only=True, tag="recording.started"):
    """Sound is kept from here on."""


class RecordingFinished(RecordingFact, frozen=True, kw_only=True, tag="recording.finished"):
    """Every frame is durable and the catalogue knows it."""

    duration_s: float
    state: str


class RecordingBroken(RecordingFact, frozen=True, kw_only=True, tag="recording.failed"):
    """There is none, or it ended before its time."""

    recording: str = ""
    reason: str = ""


class StatementStarted(RecordingFact, frozen=True, kw_only=True, tag="statement.started"):
    """What the customer says from here on is kept as an item of its own, besides the contact's recording."""

    what: str
    """What it is, as the flow calls it: `voicemail`, `complaint`."""


class StatementKept(RecordingFact, frozen=True, kw_only=True, tag="statement.kept"):
    """The item is durable and the catalogue knows it."""

    what: str
    duration_s: float
    state: str


class StatementLost(RecordingFact, frozen=True, kw_only=True, tag="statement.lost"):
    """It could not be kept, or not all of it."""

    recording: str = ""
    what: str
    reason: str = ""


class RecordingPaused(RecordingFact, frozen=True, kw_only=True, tag="recording.paused"):
    """From here on the track holds silence, until it is resumed."""

    by: str = ""
    """Who paused it; `key` for the agent's keypad."""
    at_most_s: float = 0.0
    """After so long it is resumed by itself."""


class RecordingResumed(RecordingFact, frozen=True, kw_only=True, tag="recording.resumed"):
    """Sound is kept again."""

    by: str = ""
    overdue: bool = False
    """Nobody resumed it in time: somebody should ask why."""
    masked_s: float = 0.0


class RecordingWithheld(ContactFact, frozen=True, kw_only=True, tag="recording.withheld"):
    """Nothing is recorded, and why: a rule, or a consent that is not there yet or was refused."""

    reason: str = ""


class ConsentWithdrawn(ContactFact, frozen=True, kw_only=True, tag="consent.withdrawn"):
    """From here on nothing is recorded; what was is destroyed where `destroyed` says so."""

    by: str = ""
    destroyed: bool = False


class RecordingDestroyed(RecordingFact, frozen=True, kw_only=True, tag="recording.destroyed"):
    """Its key is gone, and with it every copy."""

    reason: str = ""


class RecordingGap(RecordingFact, frozen=True, kw_only=True, tag="recording.gap"):
    """Frames are missing in it."""

    frames: int


class TranscriptReady(RecordingFact, frozen=True, kw_only=True, tag="transcript.ready"):
    """The words can be read and searched."""

    words: int


class TranscriptFailed(RecordingFact, frozen=True, kw_only=True, tag="transcript.failed"):
    """There are no words, and why."""

    recording: str = ""
    reason: str = ""
