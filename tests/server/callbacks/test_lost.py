"""Who was lost: read from the journal's own rows; and what a dead server owed, from its facts."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from pathlib import Path

from contacts.facts.callback import CallbackAnswered, CallbackAttempted, CallbackMissed, CallbackPromised
from contacts.facts.contact import ContactStarted
from contacts.facts.fact import Fact
from contacts.facts.queue import QueueExited, QueueJoined
from contacts.ids import ContactId, QueueId
from contacts.outcomes import ContactOutcome, QueueExit
from server.callbacks.lost import lost_callers
from server.callbacks.promises import left_over, open_callback
from tests.contacts.story import START, story
from tests.server.ground import closed, journalling, opened, started

SUPPORT = QueueId("support")
C1 = ContactId("c1")


def joined(contact: str, *, callback: bool = False) -> QueueJoined:
    return QueueJoined(contact=ContactId(contact), queue=SUPPORT, callback=callback)


def promised(*later: tuple[float, Fact]) -> tuple[tuple[float, Fact], ...]:
    began = (0.0, ContactStarted(contact=C1, caller="+4930"))
    promise = (5.0, CallbackPromised(contact=C1, number="+493012345678"))
    return (began, promise, (5.1, joined("c1", callback=True)), *later)


async def test_a_caller_who_gave_up_is_listed_until_they_come_again(tmp_path: Path) -> None:
    with opened(tmp_path / "trunkline.db") as (engine, writer):
        async with journalling(engine, writer) as journal:
            for contact, caller, outcome in (
                ("c1", "+491", ContactOutcome.ABANDONED),
                ("c2", "+492", ContactOutcome.SERVED),
                ("c3", "+493", ContactOutcome.OVERFLOWED),
                ("c4", "", ContactOutcome.ABANDONED),
            ):
                journal.append(started(contact, caller))
                journal.append(joined(contact))
                journal.append(closed(contact, outcome))
            await journal.durable()
            since = datetime.now(UTC) - timedelta(hours=1)
            assert {caller.number for caller in lost_callers(engine, since, 10)} == {"+491", "+493"}
            journal.append(started("c5", "+491"))
            await journal.durable()
            assert {caller.number for caller in lost_callers(engine, since, 10)} == {"+493"}
            assert lost_callers(engine, datetime.now(UTC) + timedelta(hours=1), 10) == []


def test_an_attempt_under_way_is_known_by_its_call_id_and_forgotten_when_it_is_over() -> None:
    attempted = (9.0, CallbackAttempted(contact=C1, attempt=1, call_id="abc"))
    held = open_callback(story(*promised(attempted)))
    assert held is not None
    assert (held.call_id, held.attempts, held.place.queue) == ("abc", 1, SUPPORT)
    again_at = START + timedelta(hours=1)
    missed = (40.0, CallbackMissed(contact=C1, attempt=1, status=486, again_at=again_at))
    held = open_callback(story(*promised(attempted, missed)))
    assert held is not None
    assert (held.call_id, held.missed, held.again_at) == ("", 1, again_at)


def test_an_attempt_that_had_no_line_to_go_over_is_none_after_a_restart_either() -> None:
    attempted = (9.0, CallbackAttempted(contact=C1, attempt=1, call_id="abc"))
    again_at = START + timedelta(minutes=1)
    no_line = (9.1, CallbackMissed(contact=C1, attempt=1, placed=False, again_at=again_at))
    held = open_callback(story(*promised(attempted, no_line)))
    assert held is not None
    assert (held.call_id, held.attempts, held.missed, held.again_at) == ("", 0, 0, again_at)


def test_who_was_answered_is_owed_nothing_and_their_ack_may_be_unsent() -> None:
    answered = (9.0, CallbackAnswered(contact=C1, attempt=1, ack="ACK", to="UDP 127.0.0.1 5060"))
    left = left_over([story(*promised(answered))])
    assert left.open == ()
    assert [unsent.ack for unsent in left.acks] == ["ACK"]


def test_who_waited_on_the_line_when_the_server_died_was_cut_off() -> None:
    began = (0.0, ContactStarted(contact=C1, caller="+491"))
    waits = (3.0, joined("c1"))
    left = left_over([story(began, waits)])
    assert [(caller.number, caller.queue) for caller in left.cut_off] == [("+491", SUPPORT)]
    served = (9.0, QueueExited(contact=C1, queue=SUPPORT, exit=QueueExit.ANSWERED, waited_s=6.0))
    assert left_over([story(began, waits, served)]).cut_off == ()
