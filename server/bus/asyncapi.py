"""The bus as an AsyncAPI document, made from the types of the facts and of the commands."""

from __future__ import annotations

import re
from typing import Any, get_args

import msgspec

from contacts.facts.entry import FACT_TYPES
from contacts.facts.fact import Fact
from contacts.privacy import privacy_of
from server.bus.commands import BusCommand
from server.bus.topics import subjects_of
from server.http.events import UNASKED

HERE = "{prefix}/{instance}"
STATES = {
    "agents": ("agent", {"agent": "string", "state": "string", "contact": "string"}),
    "queues": ("queue", {"queue": "string", "waiting": "integer"}),
    "contacts": ("contact", {"contact": "string", "state": "string", "since": "string"}),
}


def document() -> dict[str, Any]:
    """AsyncAPI 3.0. `x-privacy` says which fields are left out unless `bus.personal` is set."""
    channels: dict[str, Any] = {"status": _channel(f"{HERE}/status", "Status", "kept by the broker")}
    messages: dict[str, Any] = {"Status": {"payload": {"enum": ["online", "offline"]}}}
    for fact in FACT_TYPES:
        if not fact.kind().startswith(UNASKED):
            messages[fact.__name__] = _event(fact)
            channels |= _event_channels(fact)
    for subject, (name, fields) in STATES.items():
        title = f"{name.capitalize()}State"
        properties = {field: {"type": kind} for field, kind in fields.items()}
        messages[title] = {"payload": {"type": "object", "properties": properties}}
        address = f"{HERE}/{subject}/{{{name}}}/state"
        channels[f"{subject}.state"] = _channel(address, title, "kept by the broker")
    schemas, commands = _commands()
    messages["Command"] = {"payload": commands}
    messages["Answer"] = {"payload": _ANSWER}
    channels["commands"] = _channel(f"{HERE}/commands", "Command", "taken where `bus.commands` is set")
    channels["answers"] = _channel(f"{HERE}/answers/{{id}}", "Answer", "to the command of that id")
    return {
        "asyncapi": "3.0.0",
        "info": {"title": "Trunkline's bus", "version": "1"},
        "channels": channels,
        "operations": {
            name: {
                "action": "receive" if name == "commands" else "send",
                "channel": {"$ref": f"#/channels/{name}"},
            }
            for name in channels
        },
        "components": {"messages": messages, "schemas": schemas},
    }


_ANSWER = {
    "type": "object",
    "required": ["id", "done"],
    "properties": {
        "id": {"type": "string"},
        "done": {"type": "boolean"},
        "error": {"type": "string"},
        "contact": {"type": "string"},
    },
}


def _channel(address: str, message: str, doc: str) -> dict[str, Any]:
    return {
        "address": address,
        "description": doc,
        "parameters": {name: {} for name in re.findall(r"{(\w+)}", address)},
        "messages": {message: {"$ref": f"#/components/messages/{message}"}},
    }


def _event_channels(fact: type[Fact]) -> dict[str, Any]:
    kind = fact.kind().replace(".", "/")
    about = subjects_of(fact) or (("server", ""),)
    return {
        f"{subject}.{fact.kind()}": _channel(
            f"{HERE}/{subject}/{{{name}}}/{kind}" if name else f"{HERE}/{subject}/{kind}",
            fact.__name__,
            _first_sentence(fact),
        )
        for subject, name in about
    }


def _event(fact: type[Fact]) -> dict[str, Any]:
    """The envelope of every event, and the fields of this one."""
    (schema,), components = msgspec.json.schema_components((fact,), ref_template="#/$defs/{name}")
    fields: dict[str, Any] = components.pop(schema["$ref"].rpartition("/")[2])
    properties = {name: dict(shape) for name, shape in fields["properties"].items() if name != "kind"}
    for name, privacy in privacy_of(fact).items():
        if name in properties:
            properties[name]["x-privacy"] = privacy.value
    payload: dict[str, Any] = {
        "type": "object",
        "required": ["sequence", "instance", "boot", "at", "kind", "contact", "fields"],
        "properties": {
            "sequence": {"type": "integer"},
            "instance": {"type": "string"},
            "boot": {"type": "string"},
            "at": {"type": "string", "format": "date-time"},
            "kind": {"const": fact.kind()},
            "contact": {"type": ["string", "null"]},
            "fields": {"type": "object", "properties": properties},
        },
    }
    if components:
        payload["$defs"] = components
    return {"summary": _first_sentence(fact), "payload": payload}


def _commands() -> tuple[dict[str, Any], dict[str, Any]]:
    kinds = get_args(BusCommand)
    refs, components = msgspec.json.schema_components(kinds, ref_template="#/components/schemas/{name}")
    return components, {"oneOf": list(refs)}


def _first_sentence(fact: type[Fact]) -> str:
    return " ".join((fact.__doc__ or "").split("\n\n")[0].split())
