"""Transcripts: what each speaker said and when, and where no recogniser could tell."""

from __future__ import annotations

import enum
import json
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import assert_never

from sqlalchemy import RowMapping, select

from recordings.catalogue import UTTERANCE, Catalogue
from recordings.ports import Value
from recordings.segment import RecordingId


class Speaker(enum.Enum):
    """The caller is the left channel, the agent (all that the caller hears) the right one."""

    CALLER = "caller"
    AGENT = "agent"


@dataclass(frozen=True, slots=True)
class SpokenWord:
    """Seconds from the beginning of the recording; confidence is between 0 and 1."""

    text: str
    start_s: float
    end_s: float
    confidence: float


@dataclass(frozen=True, slots=True)
class Utterance:
    """Words of one speaker; seconds from the beginning of the recording."""

    speaker: Speaker
    start_s: float
    end_s: float
    text: str
    engine: str
    confidence: float | None = None
    words: tuple[SpokenWord, ...] = ()


@dataclass(frozen=True, slots=True)
class Untranscribed:
    """A stretch without text because the engine failed or was overloaded; another pass may fill it."""

    speaker: Speaker
    start_s: float
    end_s: float
    engine: str
    reason: str


TranscriptItem = Utterance | Untranscribed

_UTTERANCE_KIND = "utterance"
_GAP_KIND = "gap"


_COLUMNS = tuple(column.name for column in UTTERANCE.columns if column.name != "utterance_id")
_KEEP = (
    f"INSERT INTO utterance ({', '.join(_COLUMNS)}) "  # noqa: S608 - names of our own columns
    f"VALUES ({', '.join(f':{name}' for name in _COLUMNS)})"
)
_FORGET = "DELETE FROM utterance WHERE recording_id = :recording_id AND speaker = :speaker"


class Transcripts:
    """Transcripts of the catalogue's recordings; safe in any thread, every method blocks on the database."""

    def __init__(self, catalogue: Catalogue) -> None:
        self._engine = catalogue.engine
        self._rows = catalogue.rows

    def replace(self, recording_id: RecordingId, speaker: Speaker, items: Iterable[TranscriptItem]) -> None:
        """Puts the result of another pass over one speaker in place of all that speaker had.

        Raises CatalogueError, and then keeps what was there.
        """
        rows = [_values(recording_id, item) for item in items]
        held = {"recording_id": recording_id, "speaker": speaker.value}
        self._rows.write((_FORGET, [held]), (_KEEP, rows))

    def of(self, recording_id: RecordingId) -> tuple[TranscriptItem, ...]:
        """In time order."""
        query = (
            select(UTTERANCE)
            .where(UTTERANCE.c.recording_id == recording_id)
            .order_by(UTTERANCE.c.start_s, UTTERANCE.c.utterance_id)
        )
        with self._engine.connect() as connection:
            return tuple(_item(row) for row in connection.execute(query).mappings())


def render_transcript(items: Sequence[TranscriptItem]) -> str:
    """One line per item in time order: `00:03.2  caller  hello`; a gap is named, never left out."""
    ordered = sorted(items, key=lambda item: item.start_s)
    return "".join(f"{_clock(item.start_s)}  {item.speaker.value:<6}  {_said(item)}\n" for item in ordered)


def _said(item: TranscriptItem) -> str:
    match item:
        case Utterance():
            return item.text
        case Untranscribed():
            return f"[not transcribed, {item.end_s - item.start_s:.1f} s: {item.reason}]"
        case _:
            assert_never(item)


def _clock(at_s: float) -> str:
    tenths = round(at_s * 10)
    return f"{tenths // 600:02d}:{tenths // 10 % 60:02d}.{tenths % 10}"


def _values(recording_id: RecordingId, item: TranscriptItem) -> dict[str, Value]:
    return {
        "recording_id": recording_id,
        "speaker": item.speaker.value,
        "kind": _UTTERANCE_KIND if isinstance(item, Utterance) else _GAP_KIND,
        "start_s": item.start_s,
        "end_s": item.end_s,
        "text": item.text if isinstance(item, Utterance) else item.reason,
        "confidence": item.confidence if isinstance(item, Utterance) else None,
        "engine": item.engine,
        "words": json.dumps(_words(item), ensure_ascii=False),
    }


def _words(item: TranscriptItem) -> list[tuple[str, float, float, float]]:
    words = item.words if isinstance(item, Utterance) else ()
    return [(w.text, round(w.start_s, 3), round(w.end_s, 3), round(w.confidence, 3)) for w in words]


def parse_words(text: str) -> tuple[SpokenWord, ...]:
    """As the database keeps them."""
    return tuple(SpokenWord(*word) for word in json.loads(text))


def _item(row: RowMapping) -> TranscriptItem:
    speaker, start_s, end_s = Speaker(row["speaker"]), row["start_s"], row["end_s"]
    if row["kind"] == _GAP_KIND:
        return Untranscribed(speaker, start_s, end_s, row["engine"], row["text"])
    words = parse_words(row["words"])
    return Utterance(speaker, start_s, end_s, row["text"], row["engine"], row["confidence"], words)
