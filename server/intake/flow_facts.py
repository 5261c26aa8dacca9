"""What a flow notes, as facts of the contact."""

from __future__ import annotations

import msgspec

from contacts.facts.contact import ContactFact, PromptFailed
from contacts.facts.entry import KINDS
from contacts.facts.flow import FlowFact, FlowNoted
from contacts.ids import ContactId
from ivr_flows.engine.instructions import Fact as Noted
from ivr_flows.engine.instructions import Note

_TOLD_BY_THE_CONTACT = frozenset({Noted.QUEUE_LEFT, Noted.TRANSFER_ENDED})
_RENAMED = {"version": "flow_version", "kind": "node_kind"}


def flow_fact(contact: ContactId, note: Note) -> ContactFact | None:
    """None for what the contact tells itself: how it left a queue, how a transfer ended."""
    if note.fact in _TOLD_BY_THE_CONTACT:
        return None
    fields = {_RENAMED.get(name, name): value for name, value in note.fields}
    if note.fact is Noted.PROMPT_FAILED:
        return PromptFailed(contact=contact, reason=str(fields.get("reason", "")))
    fact_type = KINDS.get(note.fact.value)
    if fact_type is not None and issubclass(fact_type, FlowFact):
        return msgspec.convert(
            {**fields, "kind": note.fact.value, "contact": contact}, fact_type, strict=False
        )
    details = {name: str(value) for name, value in fields.items() if name not in ("flow", "node")}
    return FlowNoted(
        contact=contact,
        flow=str(fields.get("flow", "")),
        node=str(fields.get("node", "")),
        about=note.fact.value,
        details=details,
    )
