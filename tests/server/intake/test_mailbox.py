"""The facts of one contact, one after the other, whatever goes wrong with an order or with the journal."""

from __future__ import annotations

from dataclasses import dataclass, field

import pytest
from structlog.testing import capture_logs

from contacts.contact import Contact
from contacts.effects import AnswerLeg, Close, ContactEffect, HangUpLeg, StartFlow, StartRecording, StopFlow
from contacts.facts.contact import (
    ContactClosed,
    ContactFailed,
    ContactStarted,
    LegAnswered,
    LegEnded,
    LegStarted,
    ParticipantJoined,
    ParticipantRole,
)
from contacts.facts.fact import Fact
from contacts.facts.flow import FlowEnded
from contacts.ids import ContactId, LegId
from contacts.outcomes import ContactOutcome, EndedBy
from contacts.participants import CUSTOMER
from server.intake.mailbox import ContactMailbox
from tests.fakes.keeping import MemoryJournal

ID = ContactId("c1")
LEG = LegId("leg")
BEGINNING: tuple[ContactStarted | ParticipantJoined | LegStarted, ...] = (
    ContactStarted(contact=ID),
    ParticipantJoined(contact=ID, participant=CUSTOMER, role=ParticipantRole.CUSTOMER),
    LegStarted(contact=ID, participant=CUSTOMER, leg=LEG),
)
GONE = LegEnded(contact=ID, participant=CUSTOMER, leg=LEG, by=EndedBy.PARTICIPANT)


@dataclass
class Shell:
    """Carries out orders as a server would; `breaks` are the orders that fail."""

    journal: MemoryJournal = field(default_factory=lambda: MemoryJournal(now=lambda: 5.0))
    breaks: tuple[type[ContactEffect], ...] = ()
    orders: list[ContactEffect] = field(default_factory=list)
    handled: int = 0

    def __post_init__(self) -> None:
        self.core = Contact(ID)
        self.mailbox = ContactMailbox(self.core, self.journal, lambda: 5.0, self.carry_out, self.one_more)

    def carry_out(self, effect: ContactEffect) -> None:
        self.orders.append(effect)
        if isinstance(effect, self.breaks):
            raise RuntimeError("a bug")  # noqa: TRY004
        # What the server tells is told from inside of the order.
        if isinstance(effect, HangUpLeg):
            self.mailbox.tell(GONE)
        if isinstance(effect, StopFlow):
            self.mailbox.tell(FlowEnded(contact=ID, flow="", cause="caller_left"))

    def one_more(self) -> None:
        self.handled += 1

    def begin(self) -> None:
        for told in BEGINNING:
            self.mailbox.tell(told)

    def kept(self) -> list[type[Fact]]:
        return [type(entry.fact) for entry in self.journal.entries]


def test_what_is_told_is_kept_before_what_follows_from_it() -> None:
    shell = Shell()
    shell.begin()
    shell.mailbox.tell(LegAnswered(contact=ID, participant=CUSTOMER, leg=LEG))
    shell.mailbox.tell(GONE)
    kept = shell.kept()
    assert kept[:3] == [ContactStarted, ParticipantJoined, LegStarted]
    assert kept.index(LegEnded) < len(kept)
    assert shell.handled == 6, "once for each, what was told from inside an order too"


def test_a_fact_told_from_inside_an_order_waits_for_its_turn() -> None:
    shell = Shell()
    shell.begin()
    shell.mailbox.tell(ContactFailed(contact=ID, reason="told to"))
    kept = shell.kept()
    assert kept.count(LegEnded) == 1
    assert kept.index(ContactFailed) < kept.index(LegEnded)
    assert any(isinstance(order, HangUpLeg) for order in shell.orders)


def first_order_of_a_call() -> type[ContactEffect]:
    shell = Shell()
    shell.begin()
    return type(shell.orders[0])


def test_an_order_that_fails_ends_the_contact_as_failed_once() -> None:
    shell = Shell(breaks=(first_order_of_a_call(),))
    with capture_logs() as logs:
        shell.begin()
    failures = shell.journal.facts(ContactFailed)
    assert [failure.reason for failure in failures] == ["an order could not be carried out"]
    assert [line["event"] for line in logs if line["log_level"] == "error"]
    assert any(isinstance(order, HangUpLeg) for order in shell.orders), "the caller is not left on the line"


def test_a_contact_of_which_every_order_fails_closes_all_the_same_and_only_once() -> None:
    shell = Shell(breaks=(StartFlow, StartRecording, AnswerLeg, Close))
    with capture_logs():
        shell.begin()
        shell.mailbox.tell(GONE)
    closed = shell.journal.facts(ContactClosed)
    assert [fact.outcome for fact in closed] == [ContactOutcome.FAILED]
    assert len(shell.journal.facts(ContactFailed)) == 1
    assert len([order for order in shell.orders if isinstance(order, Close)]) == 1


def test_a_full_journal_loses_the_fact_and_not_the_call() -> None:
    shell = Shell()
    shell.journal.full = True
    with capture_logs() as logs:
        shell.begin()
    assert shell.journal.entries == []
    assert shell.orders, "the call goes on"
    assert {line["event"] for line in logs} == {"journal.fact_lost"}
    assert [line["kind"] for line in logs][:2] == ["contact.started", "participant.joined"]
    shell.journal.full = False
    shell.mailbox.tell(GONE)
    assert ContactClosed in shell.kept() or LegEnded in shell.kept()


@pytest.mark.parametrize("times", [1, 2, 5])
def test_after_the_end_nothing_is_ordered_any_more(times: int) -> None:
    shell = Shell()
    shell.begin()
    shell.mailbox.tell(ContactFailed(contact=ID, reason="told to"))
    shell.mailbox.tell(GONE)
    before = len(shell.orders)
    for _ in range(times):
        shell.mailbox.tell(LegAnswered(contact=ID, participant=CUSTOMER, leg=LEG))
    assert len(shell.orders) == before
