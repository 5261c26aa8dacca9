"""Which messages an event becomes on the bus (pure): topics, payloads, and what the broker keeps.

PREFIX/INSTANCE/status                        retained: `online`, or `offline` by last will
PREFIX/INSTANCE/contacts/CONTACT/KIND         each event of a contact; dots of the kind are slashes
PREFIX/INSTANCE/contacts/CONTACT/state        retained while the contact is in progress
PREFIX/INSTANCE/queues/QUEUE/KIND             the same events, for those that follow a queue
PREFIX/INSTANCE/queues/QUEUE/state            retained: how many wait
PREFIX/INSTANCE/agents/AGENT/KIND             the same for an agent
PREFIX/INSTANCE/agents/AGENT/state            retained: what the agent does
PREFIX/INSTANCE/server/KIND                   events of the server itself
PREFIX/INSTANCE/commands, .../answers/ID      see `server.bus.commands`
"""

from __future__ import annotations

from dataclasses import dataclass
from urllib.parse import quote

import msgspec

from acd.snapshot import DispatchStatus
from contacts.facts.contact import ContactClosed, ContactStarted
from contacts.facts.entry import JournalEntry
from contacts.facts.fact import Fact
from contacts.privacy import Privacy
from server.http.events import event_of

ONLINE, OFFLINE = b"online", b"offline"


@dataclass(frozen=True, slots=True)
class BusMessage:
    """`retained`: the broker keeps it for whoever comes later; an empty payload then takes it away."""

    topic: str
    payload: bytes
    retained: bool = False


@dataclass(frozen=True, slots=True)
class Topics:
    """The names under which one server speaks."""

    prefix: str
    instance: str

    @property
    def status(self) -> str:
        return f"{self.prefix}/{self.instance}/status"

    @property
    def commands(self) -> str:
        return f"{self.prefix}/{self.instance}/commands"

    def answer(self, named: str, payload: bytes) -> BusMessage:
        """To the command of that id."""
        return BusMessage(self._topic("answers", named), payload)

    def of_event(self, entry: JournalEntry, most: Privacy) -> tuple[BusMessage, ...]:
        """The event once for each subject that it is about; and whether a contact is in progress."""
        payload = msgspec.json.encode(event_of(entry, most))
        kind = entry.fact.kind().replace(".", "/")
        told = tuple(
            BusMessage(self._topic(subject, name, kind), payload) for subject, name in _subjects(entry.fact)
        )
        return (*(told or (BusMessage(self._topic("server", kind), payload),)), *self._contact_state(entry))

    def of_status(self, status: DispatchStatus) -> tuple[BusMessage, ...]:
        """Every agent and queue as they are."""
        agents = (
            BusMessage(
                self._topic("agents", agent.agent, "state"),
                msgspec.json.encode(
                    {"agent": agent.agent, "state": agent.state.value, "contact": agent.contact}
                ),
                retained=True,
            )
            for agent in status.agents
        )
        queues = (
            BusMessage(
                self._topic("queues", queue.queue, "state"),
                msgspec.json.encode({"queue": queue.queue, "waiting": len(queue.waiting)}),
                retained=True,
            )
            for queue in status.queues
        )
        return (*agents, *queues)

    def _contact_state(self, entry: JournalEntry) -> tuple[BusMessage, ...]:
        match entry.fact:
            case ContactStarted(contact=contact):
                state = {"contact": contact, "state": "in progress", "since": entry.at.isoformat()}
                payload = msgspec.json.encode(state)
            case ContactClosed(contact=contact):
                payload = b""
            case _:
                return ()
        return (BusMessage(self._topic("contacts", contact, "state"), payload, retained=True),)

    def _topic(self, *levels: str) -> str:
        """Names are quoted: `/`, `+` and `#` have a meaning of their own on the bus."""
        last = levels[-1]
        return "/".join(
            (self.prefix, self.instance, *(quote(level, safe="") or "-" for level in levels[:-1]), last)
        )


_SUBJECTS = (("contacts", "contact"), ("queues", "queue"), ("agents", "agent"))


def subjects_of(fact_type: type[Fact]) -> tuple[tuple[str, str], ...]:
    """What facts of that type may be about: the level of the topic, and the field that names it."""
    return tuple(each for each in _SUBJECTS if each[1] in fact_type.__struct_fields__)


def _subjects(fact: Fact) -> tuple[tuple[str, str], ...]:
    found = ((subject, getattr(fact, field, None)) for subject, field in _SUBJECTS)
    return tuple((subject, name) for subject, name in found if isinstance(name, str) and name)
