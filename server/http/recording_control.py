"""A call's recording while it is made: paused, resumed, or ended because the customer wants it."""

from __future__ import annotations

from dataclasses import dataclass

from fastapi import FastAPI

from contacts.ids import ContactId
from server.access.principal import Principal
from server.access.roles import Role
from server.http.errors import ApiError, answers
from server.http.guard import Who
from server.http.ids import Id
from server.http.live import LiveView
from server.http.ports import ApiPorts, RunningRecording


@dataclass(frozen=True, slots=True)
class RecordingControlled:
    """`changed` says whether it was otherwise before."""

    contact: str
    paused: bool
    changed: bool


def add_recording_control_routes(app: FastAPI, ports: ApiPorts, live: LiveView) -> None:
    """An agent may do it for their own customer only."""

    @app.post("/contacts/{contact}/recording/pause", responses=answers(404, 409))
    async def pause_recording(contact: Id, who: Who) -> RecordingControlled:
        """Silence is recorded from now on, until it is resumed or the longest pause is over."""
        recording = _of(contact, who, ports, live)
        changed = recording.pause(who.name)
        if not changed and not recording.paused:
            raise ApiError(409, f"contact {contact} is not being recorded", "there is nothing to pause")
        return RecordingControlled(contact, recording.paused, changed)

    @app.post("/contacts/{contact}/recording/resume", responses=answers(404))
    async def resume_recording(contact: Id, who: Who) -> RecordingControlled:
        """Sound is recorded again."""
        recording = _of(contact, who, ports, live)
        changed = recording.resume(who.name)
        return RecordingControlled(contact, recording.paused, changed)

    @app.post("/contacts/{contact}/recording/withdraw", responses=answers(404))
    async def withdraw_consent(contact: Id, who: Who) -> RecordingControlled:
        """The customer does not want to be recorded: it ends, and is destroyed where the settings say so."""
        recording = _of(contact, who, ports, live)
        changed = recording.withdraw(who.name)
        return RecordingControlled(contact, paused=False, changed=changed)


def _of(contact: str, who: Principal, ports: ApiPorts, live: LiveView) -> RunningRecording:
    if who.role is Role.AGENT:
        live.forget()
        agent = live.agent(who.agent, who.sees)
        if agent is None or agent.contact != contact:
            raise ApiError(404, f"{who.name} does not talk with contact {contact}", "ask a supervisor")
    recording = ports.customers.recording(ContactId(contact))
    if recording is None:
        raise ApiError(404, f"contact {contact} is not on the line", "`trunkline contacts list` shows who is")
    return recording
