"""The journal on disk as the API reads it: pages, one contact, who saw what."""

from collections.abc import AsyncIterator
from datetime import UTC, datetime
from pathlib import Path

import pytest

from contacts.facts.contact import ContactStarted, ConversationStarted, ParticipantJoined, ParticipantRole
from contacts.facts.flow import DigitAccepted
from contacts.facts.queue import QueueJoined
from contacts.facts.system import AccessRefused, AccessUsed, OutboxRead
from contacts.ids import ContactId, ParticipantId, QueueId
from contacts.privacy import Privacy
from server.http import archive as archive_module
from server.http.archive import JournalArchive
from server.http.ports import UnknownPageError
from server.journal.reading import ContactsWanted
from tests.server.ground import closed, journalling, opened

CALLER = "+4930123456"


def used(subject: str, who: str = "eve") -> AccessUsed:
    return AccessUsed(principal=who, role="officer", action="GET /contacts/{contact}", subject=subject)


@pytest.fixture
async def archive(tmp_path: Path) -> AsyncIterator[JournalArchive]:
    """Seven contacts, two of them closed, and some accesses."""
    with opened(tmp_path / "trunkline.db") as ground:
        async with journalling(*ground, capacity=1000) as journal:
            for number in range(7):
                contact = ContactId(f"contact{number}")
                journal.append(ContactStarted(contact=contact, caller=CALLER, number="100"))
                journal.append(DigitAccepted(contact=contact, flow="welcome", digit="7"))
                journal.append(used(f"contact{number}"))
            journal.append(AccessRefused(source="127.0.0.1", action="GET /contacts", why="wrong token"))
            for number in range(2):
                journal.append(closed(f"contact{number}"))
            await journal.durable()
            yield JournalArchive(ground[0])


async def test_finding_15_pages_together_are_the_whole_list_newest_first(archive: JournalArchive) -> None:
    seen, after = [], None
    while True:
        page = archive.page(3, after, Privacy.PERSONAL)
        seen += [line.contact for line in page.contacts]
        after = page.next
        if after is None:
            break
        assert len(page.contacts) == 3
    assert seen == [f"contact{number}" for number in range(6, -1, -1)]


async def test_a_contact_that_comes_while_pages_are_read_moves_no_line(
    archive: JournalArchive, tmp_path: Path
) -> None:
    first = archive.page(3, None, Privacy.PERSONAL)
    with opened(tmp_path / "trunkline.db") as ground:
        async with journalling(*ground) as journal:
            journal.append(ContactStarted(contact=ContactId("contact9")))
            await journal.durable()
    second = archive.page(3, first.next, Privacy.PERSONAL)
    assert [line.contact for line in second.contacts] == ["contact3", "contact2", "contact1"]


async def test_outcomes_are_there_for_contacts_that_are_over(archive: JournalArchive) -> None:
    outcomes = {line.contact: line.outcome for line in archive.page(10, None, Privacy.PERSONAL).contacts}
    assert outcomes["contact6"] is None
    assert outcomes["contact0"] == "served"


@pytest.mark.parametrize(
    ("wanted", "found"),
    [
        (ContactsWanted(caller="3456"), 8),
        (ContactsWanted(caller="%"), 0),
        (ContactsWanted(outcome="served"), 2),
        (ContactsWanted(queue="support"), 1),
        (ContactsWanted(agent="alice"), 1),
        (ContactsWanted(agent="ali"), 0),
        (ContactsWanted(since=datetime(2999, 1, 1, tzinfo=UTC)), 0),
        (ContactsWanted(until=datetime(2999, 1, 1, tzinfo=UTC), queue="support", agent="alice"), 1),
    ],
)
async def test_a_list_is_narrowed_to_what_is_wanted(
    archive: JournalArchive, tmp_path: Path, wanted: ContactsWanted, found: int
) -> None:
    contact = ContactId("served")
    with opened(tmp_path / "trunkline.db") as ground:
        async with journalling(*ground) as journal:
            journal.append(ContactStarted(contact=contact, caller=CALLER))
            journal.append(QueueJoined(contact=contact, queue=QueueId("support")))
            agent = ParticipantId("agent1")
            journal.append(
                ParticipantJoined(
                    contact=contact, participant=agent, role=ParticipantRole.AGENT, agent="alice"
                )
            )
            journal.append(ConversationStarted(contact=contact, participant=agent))
            await journal.durable()
    assert len(archive.page(50, None, Privacy.PERSONAL, wanted).contacts) == found


async def test_a_cursor_that_no_page_gave_is_none(archive: JournalArchive) -> None:
    for cursor in ("x", "2026/", "contact1"):
        with pytest.raises(UnknownPageError):
            archive.page(3, cursor, Privacy.PERSONAL)


async def test_readers_who_see_no_numbers_find_none_in_lists_fields_and_sentences(
    archive: JournalArchive,
) -> None:
    assert {line.caller for line in archive.page(10, None, Privacy.PUBLIC).contacts} == {""}
    events = archive.events("contact1", Privacy.PUBLIC)
    assert CALLER not in repr(events)
    assert "pressed 7" not in repr(events)
    assert CALLER in repr(archive.events("contact1", Privacy.PERSONAL))


async def test_an_unknown_contact_has_no_events_and_no_decisions(archive: JournalArchive) -> None:
    assert archive.events("nobody", Privacy.PERSONAL) == ()
    assert archive.dispatch_trace("nobody") is None


async def test_who_saw_a_contact_is_found_by_its_id(archive: JournalArchive) -> None:
    entries, older = archive.accesses(10, None, "contact3")
    assert [entry.fact.subject for entry in entries if isinstance(entry.fact, AccessUsed)] == ["contact3"]
    assert older is None


async def test_the_access_log_has_refusals_too_and_goes_on_page_by_page(archive: JournalArchive) -> None:
    entries, older = archive.accesses(3, None, None)
    assert isinstance(entries[0].fact, AccessRefused)
    seen = list(entries)
    while older is not None:
        entries, older = archive.accesses(3, older, None)
        seen += entries
    numbers = [entry.sequence for entry in seen]
    assert numbers == sorted(set(numbers), reverse=True)
    assert len(seen) == 8


async def test_a_page_looks_through_a_bounded_stretch_of_the_journal(
    archive: JournalArchive, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(archive_module, "ACCESS_STRETCH", 4)
    entries, older = archive.accesses(50, None, "contact0")
    assert entries == []
    pages = 1
    while older is not None:
        entries, older = archive.accesses(50, older, "contact0")
        pages += 1
        if entries:
            break
    assert entries
    assert pages > 3


async def test_what_is_no_access_is_not_in_the_log(archive: JournalArchive, tmp_path: Path) -> None:
    with opened(tmp_path / "trunkline.db") as ground:
        async with journalling(*ground) as journal:
            journal.append(OutboxRead(reader="crm", sequence=1))
            await journal.durable()
    entries, _ = archive.accesses(50, None, None)
    assert not any(isinstance(entry.fact, OutboxRead) for entry in entries)
