"""Who may do what: roles, permissions, and the one table that joins them."""

from __future__ import annotations

from enum import Enum

from contacts.privacy import Privacy


class Role(Enum):
    """What somebody is to the server. One token has one role."""

    OPERATOR = "operator"
    """Keeps the server running; sees no number and hears nobody."""
    SUPERVISOR = "supervisor"
    """Looks after agents, queues and the contacts of the day."""
    OFFICER = "officer"
    """Retrieves contacts and recordings, and answers for them."""
    AGENT = "agent"
    """Takes calls; acts for themselves only."""
    ADMINISTRATOR = "administrator"
    """May do everything, and hands out tokens."""


class Permission(Enum):
    """What a route lets somebody do."""

    SEE_LIVE = "see agents, queues and trunks as they are now"
    OPERATE = "reload the settings, drain, see what is refused"
    CHANGE_NOTICES = "switch on and off what callers are told for a while"
    CHANGE_LISTS = "block numbers, let them go first, or have them not called"
    ACT_AS_AGENT = "act for an agent: breaks, wrap-up, hold, transfers"
    FOLLOW_EVENTS = "follow the journal, with the fields that the role may see"
    READ_CONTACTS = "read what happened to customers"
    PROMISE_CALLBACKS = "promise customers a call, and take it back"
    ERASE_PERSONAL = "erase numbers and names of a customer"
    READ_RECORDINGS = "find and hear recordings"
    CHANGE_RECORDINGS = "hold, release, export or delete recordings"
    PAUSE_RECORDINGS = "pause, resume or end the recording of a call, as its agent or for them"
    READ_ACCESS = "see who used the API"
    GRANT_ACCESS = "make and revoke tokens"


_EVERYBODY = frozenset(Role)
_ADMINISTRATOR = frozenset({Role.ADMINISTRATOR})

GRANTS: dict[Permission, frozenset[Role]] = {
    Permission.SEE_LIVE: _EVERYBODY,
    Permission.OPERATE: _ADMINISTRATOR | {Role.OPERATOR},
    Permission.CHANGE_NOTICES: _ADMINISTRATOR | {Role.OPERATOR, Role.SUPERVISOR},
    Permission.CHANGE_LISTS: _ADMINISTRATOR | {Role.SUPERVISOR, Role.OFFICER},
    Permission.ACT_AS_AGENT: _ADMINISTRATOR | {Role.SUPERVISOR, Role.AGENT},
    Permission.FOLLOW_EVENTS: _ADMINISTRATOR | {Role.OPERATOR, Role.SUPERVISOR, Role.OFFICER},
    Permission.READ_CONTACTS: _ADMINISTRATOR | {Role.SUPERVISOR, Role.OFFICER},
    Permission.PROMISE_CALLBACKS: _ADMINISTRATOR | {Role.SUPERVISOR},
    Permission.ERASE_PERSONAL: _ADMINISTRATOR | {Role.OFFICER},
    Permission.READ_RECORDINGS: _ADMINISTRATOR | {Role.SUPERVISOR, Role.OFFICER},
    Permission.CHANGE_RECORDINGS: _ADMINISTRATOR | {Role.OFFICER},
    Permission.PAUSE_RECORDINGS: _ADMINISTRATOR | {Role.SUPERVISOR, Role.OFFICER, Role.AGENT},
    Permission.READ_ACCESS: _ADMINISTRATOR | {Role.OFFICER},
    Permission.GRANT_ACCESS: _ADMINISTRATOR,
}

SEES: dict[Role, Privacy] = {
    Role.OPERATOR: Privacy.PUBLIC,
    Role.SUPERVISOR: Privacy.PERSONAL,
    Role.OFFICER: Privacy.PERSONAL,
    Role.AGENT: Privacy.PUBLIC,
    Role.ADMINISTRATOR: Privacy.PERSONAL,
}
"""The strictest class of field that a role is shown. What is secret is saved as a mask only."""


def may(role: Role, permission: Permission) -> bool:
    """The one check."""
    return role in GRANTS[permission]
