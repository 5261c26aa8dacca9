"""Facts of the server itself: its life, who used it, and what dispatch was told and is."""

from __future__ import annotations

import msgspec

from contacts.facts.fact import Fact
from contacts.ids import ContactId
from contacts.privacy import Personal


class ServerStarted(Fact, frozen=True, kw_only=True, tag="server.started"):
    """Calls are taken from here on."""

    program: str
    """The version of the program."""


class ServerStopped(Fact, frozen=True, kw_only=True, tag="server.stopped"):
    """Nothing is on the line any more."""


class SettingsApplied(Fact, frozen=True, kw_only=True, tag="settings.changed"):
    """Other settings apply from here on; which tables are other ones."""

    tables: tuple[str, ...]
    by: str = ""


class NoticeSet(Fact, frozen=True, kw_only=True, tag="notice.set"):
    """Callers are told something for a while."""

    name: str
    until: str
    """UTC; it expires by itself."""
    by: str = ""


class NoticeCleared(Fact, frozen=True, kw_only=True, tag="notice.cleared"):
    """They are not told it any more, before it expired."""

    name: str
    by: str = ""


class ProfileErased(Fact, frozen=True, kw_only=True, tag="profile.erased"):
    """What flows had kept about a caller is gone."""

    values: int
    by: str = ""


class NumberListed(Fact, frozen=True, kw_only=True, tag="number.listed"):
    """A number was put on a list; the list alone holds it, under the name of the entry."""

    list: str
    entry: str
    owner: str
    """Who answers for it."""
    expires: str = ""
    """UTC; empty: it stays until it is removed."""
    by: str = ""


class NumberUnlisted(Fact, frozen=True, kw_only=True, tag="number.unlisted"):
    """A number was taken off a list before it expired."""

    list: str
    entry: str
    by: str = ""


class AccessUsed(Fact, frozen=True, kw_only=True, tag="access.used"):
    """Somebody read or changed something through the API."""

    principal: str
    role: str
    action: str
    """What was done: the route's name."""
    subject: str = ""
    """What it was done to: the id of a contact, a recording, an agent."""
    reason: Personal = ""


class AccessRefused(Fact, frozen=True, kw_only=True, tag="access.refused"):
    """Somebody was turned away."""

    source: str
    action: str
    why: str


class OutboxRead(Fact, frozen=True, kw_only=True, tag="outbox.read"):
    """A reader outside of the server, a webhook for instance, has everything up to that number."""

    reader: str
    sequence: int


class DispatchTold(Fact, frozen=True, kw_only=True, tag="dispatch.told"):
    """One input of dispatch, so that the day can be replayed: the same inputs give the same effects."""

    event: dict[str, object]
    """The event in its own JSON form (`acd.events`)."""
    clock_s: float
    """The `now` that dispatch was given."""
    effects: int
    """How many effects it had."""
    digest: str
    """A short hash over the effects, which a replay must give again."""


class DispatchSnapshot(Fact, frozen=True, kw_only=True, tag="dispatch.snapshot"):
    """Everything dispatch knows at one moment, from which a replay can begin."""

    state: dict[str, object]
    clock_s: float


class FactUnrecognised(Fact, frozen=True, kw_only=True, tag="fact.unrecognised"):
    """A line of the journal that another version of the program wrote, and this one has no type for."""

    about: str
    """The kind that it was written under."""
    contact: ContactId | None = None
    details: dict[str, Personal] = msgspec.field(default_factory=dict)
