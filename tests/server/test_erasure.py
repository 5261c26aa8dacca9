"""Numbers and names can be erased, and nothing else is lost with them."""

from __future__ import annotations

import asyncio
import sqlite3
from collections.abc import Iterator
from contextlib import closing, suppress
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from msgspec.structs import replace
from sqlalchemy import Engine

from contacts.facts.contact import ContactStarted, ParticipantJoined, ParticipantRole, PersonalErased
from contacts.facts.entry import to_json
from contacts.facts.flow import DigitAccepted, FlowNoted, VariableSet
from contacts.facts.speech import SaidWord, TranscriptFinal, TranscriptPartial, WordsSpotted
from contacts.ids import ContactId, ParticipantId
from contacts.privacy import ERASED
from recordings.catalogue import Catalogue, RecordingEntry, RecordingState
from recordings.errors import CatalogueError
from recordings.segment import RecordingId
from server.journal.erasure import (
    JournalEraser,
    StillInProgressError,
    UnknownContactError,
    check_erasable,
    due,
    forget_words,
)
from server.journal.journal import Journal, JournalError
from server.journal.reading import contact_of, entries_of
from server.journal.rows import JournalRows
from server.store.writer import CatalogueRows, StoreWriter
from tests.patience import PATIENCE_S
from tests.server.ground import closed, held, journalling, opened, started

NUMBER = "0301234567"
CONTACT = ContactId("c1")


@pytest.fixture
def ground(tmp_path: Path) -> Iterator[tuple[Engine, StoreWriter]]:
    with opened(tmp_path / "trunkline.db") as ground:
        yield ground


async def tell(ground: tuple[Engine, StoreWriter], contact: ContactId = CONTACT) -> None:
    third = ParticipantId("p3")
    async with journalling(*ground) as journal:
        for fact in (
            ContactStarted(contact=contact, caller=NUMBER, caller_name="Ada", number="100", trunk="carrier"),
            ParticipantJoined(
                contact=contact, participant=third, role=ParticipantRole.THIRD_PARTY, address=NUMBER
            ),
            DigitAccepted(contact=contact, flow="f", node="n", digit="7"),
            VariableSet(contact=contact, flow="f", variable="order", value="4711"),
            FlowNoted(contact=contact, flow="f", about="lookup", details={"customer": "Ada"}),
            closed(contact),
        ):
            journal.append(fact)
        await journal.durable()


async def erase(ground: tuple[Engine, StoreWriter], contact: ContactId = CONTACT) -> int:
    engine, writer = ground
    async with journalling(engine, writer) as journal:
        return await JournalEraser(engine, journal).erase(contact, "officer")


def everything(path: Path) -> bytes:
    return b"".join(file.read_bytes() for file in path.iterdir() if file.is_file())


async def test_what_is_personal_is_gone_and_everything_else_is_there(
    ground: tuple[Engine, StoreWriter],
) -> None:
    engine, _ = ground
    await tell(ground)
    before = entries_of(engine, CONTACT)
    assert await erase(ground) == 5
    *after, told = entries_of(engine, CONTACT)
    assert told.fact == PersonalErased(contact=CONTACT, by="officer")
    assert [(e.sequence, e.at, e.clock_s, e.boot, type(e.fact)) for e in after] == [
        (e.sequence, e.at, e.clock_s, e.boot, type(e.fact)) for e in before
    ]
    first = after[0].fact
    assert isinstance(first, ContactStarted)
    assert (first.caller, first.caller_name, first.number) == (ERASED, ERASED, "100")
    for entry in after:
        assert entry.fact == entry.fact.erased()
    row = contact_of(engine, CONTACT)
    assert row is not None
    assert (row.caller, row.number, row.trunk) == (ERASED, "100", "carrier")


async def test_words_that_were_told_live_go_with_the_recording_and_nothing_else_does(
    ground: tuple[Engine, StoreWriter],
) -> None:
    engine, writer = ground
    word = SaidWord(text="secret", start_s=1, end_s=2, confidence=0.9)
    who = ParticipantId("customer")
    async with journalling(*ground) as journal:
        for contact in (CONTACT, ContactId("c2")):
            journal.append(ContactStarted(contact=contact, caller=NUMBER))
            journal.append(TranscriptPartial(contact=contact, participant=who, start_s=1, text="secret"))
            journal.append(
                TranscriptFinal(
                    contact=contact, participant=who, start_s=1, end_s=2, text="secret", words=(word,)
                )
            )
            journal.append(
                WordsSpotted(contact=contact, participant=who, start_s=1, rule="r", phrase="secret")
            )
        await journal.durable()
    forget_words(writer, CONTACT)
    told = {contact: entries_of(engine, ContactId(contact)) for contact in (CONTACT, "c2")}
    assert len(told[CONTACT]) == 4
    assert not any("secret" in repr(entry.fact) for entry in told[CONTACT])
    first = told[CONTACT][0].fact
    assert isinstance(first, ContactStarted)
    assert first.caller == NUMBER, "the contact itself is kept as long as its settings say"
    assert sum("secret" in repr(entry.fact) for entry in told["c2"]) == 3


async def test_words_that_the_database_does_not_let_go_are_told(ground: tuple[Engine, StoreWriter]) -> None:
    _, writer = ground
    writer.stop()
    with pytest.raises(CatalogueError):
        forget_words(writer, CONTACT)


async def test_the_database_holds_it_nowhere(ground: tuple[Engine, StoreWriter], tmp_path: Path) -> None:
    engine, _ = ground
    await tell(ground)
    assert NUMBER.encode() in everything(tmp_path)
    await erase(ground)
    with engine.connect() as connection:
        dump = "\n".join(
            str(row)
            for table in ("journal", "contact", "recording")
            for row in connection.exec_driver_sql(f"SELECT * FROM {table}")
        )
    assert NUMBER not in dump
    assert "Ada" not in dump
    assert "4711" not in dump


async def test_the_rows_of_its_recordings_lose_the_caller_too(ground: tuple[Engine, StoreWriter]) -> None:
    engine, writer = ground
    await tell(ground)
    catalogue = Catalogue(engine, CatalogueRows(writer))
    for name, contact in (("r1", CONTACT), ("r2", "c2")):
        catalogue.save(
            [
                RecordingEntry(
                    RecordingId(name),
                    contact,
                    RecordingState.COMPLETE,
                    Path(f"{name}.tlr"),
                    datetime(2026, 1, 1, tzinfo=UTC),
                    NUMBER,
                    "100",
                )
            ]
        )
    await erase(ground)
    assert catalogue.get("r1").caller == ERASED
    assert catalogue.get("r2").caller == NUMBER


async def test_other_contacts_keep_theirs(ground: tuple[Engine, StoreWriter]) -> None:
    engine, _ = ground
    await tell(ground)
    await tell(ground, ContactId("c2"))
    await erase(ground)
    other = contact_of(engine, "c2")
    assert other is not None
    assert other.caller == NUMBER


async def test_erasing_twice_changes_nothing_more(ground: tuple[Engine, StoreWriter]) -> None:
    await tell(ground)
    assert await erase(ground) == 5
    assert await erase(ground) == 0


async def test_a_line_that_cannot_be_read_keeps_nothing_but_its_place(
    ground: tuple[Engine, StoreWriter],
) -> None:
    engine, _ = ground
    await tell(ground)
    with engine.begin() as connection:
        connection.exec_driver_sql(
            'UPDATE journal SET fact = \'{"kind":"of.tomorrow","who":"Ada"}\' WHERE sequence = 3'
        )
    await erase(ground)
    third = entries_of(engine, CONTACT)[2]
    assert third.sequence == 3
    assert "Ada" not in str(third.fact)


async def test_a_disk_that_refuses_says_so_and_neither_erases_nor_tells_of_it_alone(
    ground: tuple[Engine, StoreWriter],
) -> None:
    engine, writer = ground
    await tell(ground)
    async with journalling(engine, writer) as journal:
        with held(engine):
            with pytest.raises(JournalError, match="locked"):
                await JournalEraser(engine, journal).erase(CONTACT, "officer")
            assert not is_erased(engine)
            assert not isinstance(entries_of(engine, CONTACT)[-1].fact, PersonalErased)
        await settled(journal)
    assert is_erased(engine)
    assert isinstance(entries_of(engine, CONTACT)[-1].fact, PersonalErased)


def is_erased(engine: Engine) -> bool:
    row = contact_of(engine, CONTACT)
    assert row is not None
    return row.caller == ERASED


async def settled(journal: Journal) -> None:
    """The writer tries again by itself; each try that fails is told."""
    async with asyncio.timeout(PATIENCE_S):
        while True:
            with suppress(JournalError):
                await journal.durable()
                return


async def test_whoever_ends_between_two_commits_has_erased_and_told_it_or_neither(
    ground: tuple[Engine, StoreWriter], tmp_path: Path
) -> None:
    engine, _ = ground
    await tell(ground)
    entry = entries_of(engine, CONTACT)[-1]
    erased = replace(entry, sequence=entry.sequence + 1, fact=PersonalErased(contact=CONTACT))
    rows = JournalRows()
    with closing(sqlite3.connect(tmp_path / "trunkline.db", isolation_level=None)) as connection:
        connection.execute("BEGIN IMMEDIATE")
        rows.write(connection, [(erased, to_json(erased.fact).decode())])
        inside = connection.execute("SELECT erased FROM contact WHERE contact_id = ?", (CONTACT,)).fetchone()
        connection.execute("ROLLBACK")
    assert inside == (1,)
    assert not is_erased(engine)
    assert entries_of(engine, CONTACT)[-1] == entry


async def test_a_contact_in_progress_and_one_that_nobody_knows_are_refused(
    ground: tuple[Engine, StoreWriter],
) -> None:
    async with journalling(*ground) as journal:
        journal.append(started("c5", NUMBER))
        await journal.durable()
    with pytest.raises(StillInProgressError):
        check_erasable(ground[0], ContactId("c5"))
    with pytest.raises(UnknownContactError):
        check_erasable(ground[0], ContactId("c6"))


async def test_what_is_due_is_over_old_enough_and_not_erased_yet(ground: tuple[Engine, StoreWriter]) -> None:
    engine, _ = ground
    for name in ("c1", "c2", "c3"):
        await tell(ground, ContactId(name))
    async with journalling(*ground) as journal:
        journal.append(started("open", NUMBER))
        await journal.durable()
    tomorrow = datetime.now(UTC) + timedelta(days=1)
    assert due(engine, tomorrow) == ["c1", "c2", "c3"]
    assert due(engine, tomorrow - timedelta(days=2)) == []
    await erase(ground, ContactId("c1"))
    await erase(ground, ContactId("c2"))
    assert due(engine, tomorrow) == ["c3"]
