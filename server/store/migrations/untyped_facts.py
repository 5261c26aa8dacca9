"""Facts of the first schema, kind strings with loose fields, turned into the JSON form that the second keeps.

Frozen in time: it writes what the types of today read, as plain objects, so that it goes on working when the
types have grown. What has no counterpart is kept as `fact.unrecognised`, with all its fields.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from typing import Any

from sqlalchemy import Connection, text

Fields = dict[str, Any]
Converted = tuple[str, Fields]

CUSTOMER = "customer"

_OUTCOMES = {
    "served": "served",
    "abandoned": "abandoned",
    "not served": "not served",
    "caller left": "left in flow",
    "completed by flow": "completed by flow",
    "not answered": "not answered",
    "interrupted": "interrupted",
}
_EXITS = {
    "answered": "answered",
    "abandoned": "abandoned",
    "overflowed": "overflowed",
    "overflow": "overflowed",
    "pulled": "transferred",
    "nobody qualified": "nobody",
    "nobody": "nobody",
}
_ENDED_BY = {"peer": "participant", "caller": "participant", "us": "server", "network": "network"}


def convert(connection: Connection) -> None:
    """Fills the new tables from `journal_untyped`; sequence numbers are given anew, without a hole."""
    rows = connection.execute(
        text("SELECT contact_id, at, kind, fields FROM journal_untyped ORDER BY sequence")
    )
    connection.execute(
        text(
            "INSERT INTO journal_run (run, instance, boot, settings) "
            "SELECT 1, '', '', '' WHERE EXISTS (SELECT 1 FROM journal_untyped)"
        )
    )
    told_by_dispatch = _told_by_dispatch(connection)
    sequence, seen, contacts = 0, dict[str, _Seen](), dict[str, Fields]()
    for row in rows:
        contact = row.contact_id
        told = seen.setdefault(contact, _Seen(contact in told_by_dispatch))
        for kind, fields in _facts(*_read(row.kind, row.fields), told):
            sequence += 1
            _insert(connection, sequence, contact, row.at, kind, fields)
            _sum_up(contacts, contact, row.at, kind, fields)
        if row.kind == "contact.closed":
            del seen[contact]
            if contact in contacts:
                _save(connection, contacts.pop(contact))
    for contact_row in contacts.values():
        _save(connection, contact_row)


class _Seen:
    """What later facts of the same contact need of the earlier ones."""

    def __init__(self, told_by_dispatch: bool) -> None:
        self.told_by_dispatch = told_by_dispatch
        self.queue = ""
        self.agents: set[str] = set()


def _told_by_dispatch(connection: Connection) -> set[str]:
    """Contacts whose leaving of a queue stands there twice: the second time with the wait."""
    found = connection.execute(
        text("SELECT DISTINCT contact_id FROM journal_untyped WHERE kind = 'queue.outcome'")
    )
    return set(found.scalars())


def _read(kind: str, fields: str) -> tuple[str, Fields]:
    """What is no JSON object, by whatever accident, is kept as it stands."""
    try:
        read = json.loads(fields)
    except ValueError:
        read = None
    return (kind, read) if isinstance(read, dict) else (f"{kind} (damaged)", {"text": fields})


def _facts(kind: str, fields: Fields, seen: _Seen) -> Iterator[Converted]:
    if kind == "queue.left" and seen.told_by_dispatch:
        return
    if kind.startswith("queue."):
        seen.queue = str(fields.get("queue") or seen.queue)
    yield from _joined(kind, fields, seen)
    converter = _CONVERTERS.get(kind)
    made = None if converter is None else converter(fields, seen)
    if made is None:
        details = {name: str(value) for name, value in fields.items()}
        yield "fact.unrecognised", {"about": kind, "details": details}
    else:
        yield made


def _joined(kind: str, fields: Fields, seen: _Seen) -> Iterator[Converted]:
    agent = fields.get("agent")
    if kind in ("agent.ringing", "contact.bridged") and agent and agent not in seen.agents:
        seen.agents.add(agent)
        yield "participant.joined", {"participant": agent, "role": "agent", "agent": agent}


def _renamed(new_kind: str, /, **names: str) -> Callable[[Fields, _Seen], Converted]:
    """The same fields, some under another name."""
    return lambda fields, _: (new_kind, {names.get(name, name): value for name, value in fields.items()})


def _of_participant(kind: str, field: str = "agent", **names: str) -> Callable[[Fields, _Seen], Converted]:
    return _renamed(kind, **{field: "participant"}, **names)


def _held(kind: str) -> Callable[[Fields, _Seen], Converted]:
    return lambda fields, _: (kind, {"participant": _party(fields.get("by"))})


def _party(name: object) -> str:
    return CUSTOMER if name in ("caller", None) else str(name)


def _queue_joined(fields: Fields, _: _Seen) -> Converted:
    skills: dict[str, int] = {}
    for part in str(fields.get("skills") or "").split(", "):
        skill, _space, level = part.rpartition(" ")
        if skill and level.isdigit():
            skills[skill] = int(level)
    return "queue.joined", {
        "queue": fields.get("queue", ""),
        "skills": skills,
        "priority": fields.get("priority", 0),
    }


def _queue_left(fields: Fields, seen: _Seen) -> Converted | None:
    exit_ = _EXITS.get(str(fields.get("outcome")))
    if exit_ is None:
        return None
    return "queue.left", {"queue": seen.queue, "exit": exit_, "waited_s": fields.get("waited_s", 0.0)}


def _position(fields: Fields, seen: _Seen) -> Converted:
    return "queue.position", {
        "queue": seen.queue,
        "position": fields.get("position", 0),
        "of": fields.get("of", 0),
    }


def _answered(fields: Fields, _: _Seen) -> Converted:
    return "leg.answered", {"participant": CUSTOMER, "leg": "", "setup_ms": fields.get("setup_ms", 0.0)}


def _ended(fields: Fields, _: _Seen) -> Converted:
    by = _ENDED_BY.get(str(fields.get("by")), "network")
    return "leg.ended", {
        "participant": CUSTOMER,
        "leg": "",
        "by": by,
        "duration_s": fields.get("duration_s", 0.0),
    }


def _closed(fields: Fields, _: _Seen) -> Converted | None:
    outcome = _OUTCOMES.get(str(fields.get("outcome")))
    if outcome is None:
        return None
    return "contact.closed", {"outcome": outcome, "reason": str(fields.get("by") or "")}


def _offered(fields: Fields, _: _Seen) -> Converted:
    return "offer.made", {"offer": "", "waited_s": 0.0, "idle_s": 0.0, "rule": "", **fields}


def _refused(fields: Fields, _: _Seen) -> Converted:
    return "offer.failed", {"offer": "", "reason": "", **fields}


def _ringing(fields: Fields, _: _Seen) -> Converted:
    return "leg.ringing", {"participant": fields.get("agent", ""), "leg": ""}


def _silent(kind: str) -> Callable[[Fields, _Seen], Converted]:
    return lambda fields, _: (kind, {"participant": CUSTOMER, **fields})


def _media(fields: Fields, _: _Seen) -> Converted:
    renamed = {"participant": _party(fields.get("party"))}
    return "media.report", renamed | {name: value for name, value in fields.items() if name != "party"}


def _started(fields: Fields, _: _Seen) -> Converted:
    return "contact.started", {name: value for name, value in fields.items() if value is not None}


_CONVERTERS: dict[str, Callable[[Fields, _Seen], Converted | None]] = {
    "contact.started": _started,
    "call.answered": _answered,
    "call.ended": _ended,
    "contact.bridged": _of_participant("talk.started", wait_s="waited_s"),
    "agent.left": _of_participant("talk.ended"),
    "contact.held": _held("talk.held"),
    "contact.resumed": _held("talk.resumed"),
    "agent.offered": _offered,
    "agent.ringing": _ringing,
    "agent.failed": _refused,
    "agent.wrap-up": _renamed("wrap_up.started"),
    "agent.wrapped-up": _renamed("wrap_up.finished"),
    "queue.joined": _queue_joined,
    "queue.position": _position,
    "queue.left": _queue_left,
    "queue.outcome": _queue_left,
    "prompt.started": _renamed("prompt.started"),
    "media.report": _media,
    "media.silent": _silent("media.silent"),
    "media.resumed": _silent("media.resumed"),
    "recording.started": _renamed("recording.started"),
    "recording.finished": _renamed("recording.finished"),
    "recording.failed": _renamed("recording.failed"),
    "recording.gap": _renamed("recording.gap"),
    "transcript.ready": _renamed("transcript.ready"),
    "transcript.failed": _renamed("transcript.failed"),
    "flow.started": _renamed("flow.started", version="flow_version"),
    "flow.node_entered": _renamed("flow.node_entered", kind="node_kind"),
    "flow.prompt_interrupted": _renamed("flow.prompt_interrupted"),
    "flow.digit_accepted": _renamed("flow.digit_accepted"),
    "flow.option_chosen": _renamed("flow.option_chosen"),
    "flow.variable_set": _renamed("flow.variable_set"),
    "flow.no_input": _renamed("flow.no_input"),
    "flow.no_match": _renamed("flow.no_match"),
    "flow.fell_back": _renamed("flow.fell_back"),
    "flow.branched": _renamed("flow.branched"),
    "flow.failed": _renamed("flow.failed"),
    "flow.ended": _renamed("flow.ended"),
    "contact.closed": _closed,
}


def _insert(connection: Connection, sequence: int, contact: str, at: str, kind: str, fields: Fields) -> None:
    fact = {"kind": kind, **fields} | ({"contact": contact} if contact else {})
    connection.execute(
        text(
            "INSERT INTO journal (sequence, run, at, clock_s, contact_id, kind, fact) "
            "VALUES (:sequence, 1, :at, 0.0, :contact, :kind, :fact)"
        ),
        {
            "sequence": sequence,
            "at": at,
            "contact": contact or None,
            "kind": kind,
            "fact": json.dumps(fact, ensure_ascii=False, separators=(",", ":")),
        },
    )


def _sum_up(contacts: dict[str, Fields], contact: str, at: str, kind: str, fields: Fields) -> None:
    if kind == "contact.started" and contact not in contacts:
        contacts[contact] = _begun(contact, at, fields)
    if contact in contacts:
        _add(contacts[contact], at, kind, fields)


def _add(row: Fields, at: str, kind: str, fields: Fields) -> None:
    match kind:
        case "leg.answered":
            row["answered_at"] = at
        case "leg.ended":
            row["ended_at"], row["duration_s"] = at, fields["duration_s"]
        case "flow.started":
            row["flow"] = fields.get("flow", "")
        case "queue.joined":
            row["queue"] = fields["queue"]
        case "queue.left":
            row["waited_s"] += fields["waited_s"]
        case "talk.started":
            row["agents"].setdefault(fields["participant"])
        case "contact.closed":
            row |= {
                "ended_at": row["ended_at"] or at,
                "outcome": fields["outcome"],
                "reason": fields["reason"],
            }


def _begun(contact: str, at: str, fields: Fields) -> Fields:
    return {
        "contact_id": contact,
        "started_at": at,
        "origin": "incoming",
        "caller": fields.get("caller", ""),
        "number": fields.get("number", ""),
        "trunk": fields.get("trunk", ""),
        "flow": "",
        "queue": "",
        "agents": dict[str, None](),
        "waited_s": 0.0,
        "answered_at": None,
        "ended_at": None,
        "duration_s": 0.0,
        "outcome": None,
        "reason": "",
    }


def _save(connection: Connection, row: Fields) -> None:
    row["agents"] = "\n".join(row["agents"])
    names = ", ".join(row)
    values = ", ".join(f":{name}" for name in row)
    connection.execute(text(f"INSERT INTO contact ({names}) VALUES ({values})"), row)  # noqa: S608 - our own names
