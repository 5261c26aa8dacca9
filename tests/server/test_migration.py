"""A database written before facts had types is read as if they had always had them.

`tests/data/store/0001.sql` is what that program wrote in a demonstration: one whole call.
"""

import sqlite3
from collections.abc import Iterator
from pathlib import Path

import pytest
from sqlalchemy import Engine

from contacts.facts.contact import ContactClosed, ContactStarted, ConversationStarted, LegEnded
from contacts.facts.queue import QueueExited, QueueJoined, QueuePositionTold
from contacts.facts.recording import RecordingStarted
from contacts.facts.system import FactUnrecognised
from contacts.folds.agent_speech import agent_speech
from contacts.folds.timeline import Timeline
from contacts.outcomes import ContactOutcome, EndedBy, QueueExit
from recordings.catalogue import Catalogue
from server.journal.reading import entries_after, entries_of, newest_contacts, unclosed_contacts
from server.store.store import open_store
from tests.contacts.folds.summing import summary_of

OLD = Path(__file__).parents[1] / "data/store/0001.sql"


@pytest.fixture
def old(tmp_path: Path) -> Iterator[sqlite3.Connection]:
    connection = sqlite3.connect(tmp_path / "trunkline.db", isolation_level=None)
    connection.executescript(OLD.read_text(encoding="utf-8"))
    yield connection
    connection.close()


@pytest.fixture
def migrated(old: sqlite3.Connection, tmp_path: Path) -> Iterator[Engine]:
    old.close()
    engine = open_store(tmp_path / "trunkline.db")
    yield engine
    engine.dispose()


def told(old: sqlite3.Connection, contact: str, kind: str, fields: str) -> None:
    old.execute(
        "INSERT INTO journal (contact_id, at, kind, fields) VALUES (?, '2026-01-01T00:00:00.000000Z', ?, ?)",
        (contact, kind, fields),
    )


def test_every_fact_has_a_type_and_the_sequence_no_hole(migrated: Engine) -> None:
    entries = entries_after(migrated, 0, 1000)
    assert [entry.sequence for entry in entries] == list(range(1, len(entries) + 1))
    assert [entry.fact for entry in entries if isinstance(entry.fact, FactUnrecognised)] == []


def test_the_call_is_told_as_it_would_be_today(migrated: Engine) -> None:
    [contact] = newest_contacts(migrated, 10).contacts
    facts = [entry.fact for entry in entries_of(migrated, contact.contact_id)]
    [joined] = [fact for fact in facts if isinstance(fact, QueueJoined)]
    [position] = [fact for fact in facts if isinstance(fact, QueuePositionTold)]
    [exited] = [fact for fact in facts if isinstance(fact, QueueExited)]
    [talk] = [fact for fact in facts if isinstance(fact, ConversationStarted)]
    [ended] = [fact for fact in facts if isinstance(fact, LegEnded)]
    assert isinstance(facts[0], ContactStarted)
    assert isinstance(facts[-1], ContactClosed) or any(isinstance(fact, ContactClosed) for fact in facts)
    assert joined.queue == position.queue == exited.queue
    assert exited.exit is QueueExit.ANSWERED
    assert exited.waited_s > 0
    assert talk.waited_s > 0
    assert ended.by is EndedBy.PARTICIPANT


def test_the_contact_has_its_row(migrated: Engine) -> None:
    [contact] = newest_contacts(migrated, 10).contacts
    [talk] = [
        e.fact for e in entries_of(migrated, contact.contact_id) if isinstance(e.fact, ConversationStarted)
    ]
    assert contact.outcome is ContactOutcome.SERVED
    assert contact.agents == (talk.participant,)
    assert contact.duration_s > 10
    assert contact.number == "100"
    again = summary_of(entries_of(migrated, contact.contact_id))
    assert again is not None
    assert (again.queue, again.agents, again.ended_at) == (contact.queue, contact.agents, contact.ended_at)
    assert unclosed_contacts(migrated) == []


def test_the_agents_words_are_found_as_before(migrated: Engine) -> None:
    [contact] = newest_contacts(migrated, 10).contacts
    entries = entries_of(migrated, contact.contact_id)
    [began] = [entry.fact for entry in entries if isinstance(entry.fact, RecordingStarted)]
    stretches = agent_speech(entries, began.recording)
    assert len(stretches) == 2, "before and after the hold"
    assert all(stretch.end_s is not None for stretch in stretches)


def test_every_line_can_be_told(migrated: Engine) -> None:
    timeline = Timeline()
    assert all("told by another version" not in timeline.line(e) for e in entries_after(migrated, 0, 1000))


def test_recordings_are_left_as_they_are(migrated: Engine) -> None:
    assert len(Catalogue(migrated).list()) == 1


def test_what_has_no_counterpart_stays_readable(old: sqlite3.Connection, tmp_path: Path) -> None:
    told(old, "c9", "contact.started", '{"caller":"0301","number":"100","trunk":null,"call_id":"x"}')
    told(old, "c9", "weather.rain", '{"mm":3}')
    told(old, "c9", "contact.closed", '{"outcome":"flooded"}')
    old.close()
    engine = open_store(tmp_path / "trunkline.db")
    facts = [entry.fact for entry in entries_of(engine, "c9")]
    rain, flooded = (fact for fact in facts if isinstance(fact, FactUnrecognised))
    assert (rain.about, rain.details) == ("weather.rain", {"mm": "3"})
    assert (flooded.about, flooded.details) == ("contact.closed", {"outcome": "flooded"})
    assert [contact.contact_id for contact in unclosed_contacts(engine)] == ["c9"]
    engine.dispose()


def test_an_exit_that_only_dispatch_told_and_one_that_only_the_contact_told_are_both_kept(
    old: sqlite3.Connection, tmp_path: Path
) -> None:
    for contact, kind in (("c7", "queue.outcome"), ("c8", "queue.left")):
        told(old, contact, "contact.started", "{}")
        told(old, contact, "queue.joined", '{"queue":"sales","skills":"spanish 3, sales 1","priority":2}')
        told(old, contact, kind, '{"queue":"sales","outcome":"abandoned","waited_s":4.5}')
    old.close()
    engine = open_store(tmp_path / "trunkline.db")
    for contact in ("c7", "c8"):
        joined, exited = (entry.fact for entry in entries_of(engine, contact)[1:])
        assert isinstance(joined, QueueJoined)
        assert joined.skills == {"spanish": 3, "sales": 1}
        assert isinstance(exited, QueueExited)
        assert exited.exit is QueueExit.ABANDONED
    engine.dispose()


def test_fields_that_are_no_json_are_kept_as_they_stand(old: sqlite3.Connection, tmp_path: Path) -> None:
    told(old, "c9", "contact.started", "this is no JSON")
    old.close()
    engine = open_store(tmp_path / "trunkline.db")
    [entry] = entries_of(engine, "c9")
    assert isinstance(entry.fact, FactUnrecognised)
    assert entry.fact.details == {"text": "this is no JSON"}
    engine.dispose()
