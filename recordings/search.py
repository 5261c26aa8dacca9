"""Finding what was said: words or a phrase in all transcripts, newest first, with the second at which it
was said.
"""

from __future__ import annotations

import unicodedata
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import ColumnElement, Engine, RowMapping, Select, column, literal_column, select, table
from sqlalchemy.exc import OperationalError

from recordings.catalogue import RECORDING, UTTERANCE
from recordings.errors import RecordingsError
from recordings.instants import from_utc_text, to_utc_text
from recordings.segment import RecordingId
from recordings.transcripts import Speaker, parse_words

_TEXT = table("utterance_text", column("rowid"), column("text"))
_SCRIPTS_WITHOUT_SPACES = ("CJK", "HIRAGANA", "KATAKANA", "HANGUL", "THAI")


@dataclass(frozen=True, slots=True)
class Query:
    """`words` in the order in which they were said; the other fields narrow it down."""

    words: str
    since: datetime | None = None
    until: datetime | None = None
    speaker: Speaker | None = None
    caller: str = ""
    agent: str = ""
    queue: str = ""
    limit: int = 50


@dataclass(frozen=True, slots=True)
class Hit:
    """One utterance; `at_s` is the second of the recording at which the first of the words begins."""

    recording_id: RecordingId
    contact_id: str
    started_at: datetime
    caller: str
    agent: str
    speaker: Speaker
    at_s: float
    text: str


class TranscriptSearch:
    """Safe in any thread; blocks on the database. `of_queue` is the condition on a recording's contact."""

    def __init__(
        self, engine: Engine, of_queue: Callable[[ColumnElement[str], str], ColumnElement[bool]] | None = None
    ) -> None:
        self._engine = engine
        self._of_queue = of_queue

    def find(self, query: Query) -> tuple[Hit, ...]:
        """Newest first; raises RecordingsError when there is no word to look for."""
        terms = _terms(query.words)
        if not terms:
            raise RecordingsError("there is no word to look for")
        statement = self._narrowed(_said(query.words, terms), query)
        try:
            with self._engine.connect() as connection:
                rows = connection.execute(statement.limit(query.limit)).mappings().all()
        except OperationalError as error:
            raise RecordingsError(f"the search is not possible: {error.orig}") from error
        return tuple(_hit(row, terms[0]) for row in rows)

    def _narrowed(self, statement: Select[tuple[object, ...]], query: Query) -> Select[tuple[object, ...]]:
        conditions: list[ColumnElement[bool]] = []
        if query.since is not None:
            conditions.append(RECORDING.c.started_at >= to_utc_text(query.since))
        if query.until is not None:
            conditions.append(RECORDING.c.started_at < to_utc_text(query.until))
        if query.speaker is not None:
            conditions.append(UTTERANCE.c.speaker == query.speaker.value)
        if query.caller:
            conditions.append(RECORDING.c.caller.contains(query.caller, autoescape=True))
        if query.agent:
            conditions.append(RECORDING.c.agent == query.agent)
        if query.queue and self._of_queue is not None:
            conditions.append(self._of_queue(RECORDING.c.contact_id, query.queue))
        return statement.where(*conditions)


def _said(words: str, terms: list[str]) -> Select[tuple[object, ...]]:
    columns = select(
        RECORDING.c.recording_id,
        RECORDING.c.contact_id,
        RECORDING.c.started_at,
        RECORDING.c.caller,
        RECORDING.c.agent,
        UTTERANCE.c.speaker,
        UTTERANCE.c.start_s,
        UTTERANCE.c.text,
        UTTERANCE.c.words,
    )
    of_recording = RECORDING.c.recording_id == UTTERANCE.c.recording_id
    if any(map(_is_without_spaces, words)):
        # No index knows where words begin in these scripts: the text itself is looked through.
        return (
            columns.where(of_recording, UTTERANCE.c.kind == "utterance")
            .where(UTTERANCE.c.text.contains("".join(words.split()), autoescape=True))
            .order_by(UTTERANCE.c.utterance_id.desc())
        )
    phrase = " ".join(f'"{term}"' for term in terms)
    # The newest utterance has the highest number, and the index gives them in that order without sorting.
    return (
        columns.where(of_recording, UTTERANCE.c.utterance_id == _TEXT.c.rowid)
        .where(literal_column("utterance_text").op("MATCH")(phrase.replace('" "', " ")))
        .order_by(_TEXT.c.rowid.desc())
    )


def _terms(words: str) -> list[str]:
    """What the full-text index takes for words; nothing of the text is syntax."""
    return "".join(character if character.isalnum() else " " for character in words).split()


def _is_without_spaces(character: str) -> bool:
    return unicodedata.name(character, "").startswith(_SCRIPTS_WITHOUT_SPACES)


def _hit(row: RowMapping, first: str) -> Hit:
    spoken = (word.start_s for word in parse_words(row["words"]) if _bare(word.text) == _bare(first))
    return Hit(
        recording_id=RecordingId(row["recording_id"]),
        contact_id=row["contact_id"],
        started_at=from_utc_text(row["started_at"]),
        caller=row["caller"],
        agent=row["agent"],
        speaker=Speaker(row["speaker"]),
        at_s=next(spoken, row["start_s"]),
        text=row["text"],
    )


def _bare(word: str) -> str:
    """As the index compares: without case and accents."""
    return "".join(c for c in unicodedata.normalize("NFD", word.casefold()) if not unicodedata.combining(c))
