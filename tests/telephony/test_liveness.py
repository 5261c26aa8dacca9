"""Peers that vanish are found, whatever goes wrong beside that."""

from __future__ import annotations

import asyncio

from media.reports import LegReport
from telephony.liveness import Liveness
from telephony.session.events import Command, Probe, SessionId
from tests.fakes.line import FakeLine, FarPhone
from tests.fakes.media import FakeEngine
from tests.fakes.stepped_loop import stepped


async def established() -> tuple[FakeLine, FarPhone]:
    line = FakeLine(FakeEngine())
    phone = line.dial("100")
    await phone.call.answer()
    return line, phone


@stepped
async def test_a_call_whose_sound_cannot_be_asked_costs_the_others_nothing() -> None:
    line, broken = await established()
    other = line.dial("100")
    await other.call.answer()
    asked: list[tuple[SessionId, Command]] = []
    liveness = Liveness(10.0, lambda session, command: asked.append((session, command)))

    def fails() -> LegReport:
        raise RuntimeError("a fault of ours")

    broken.leg.report = fails  # type: ignore[method-assign]
    liveness.watch(broken.call)
    liveness.watch(other.call)
    await asyncio.sleep(35)
    for phone in (broken, other):
        probes = [command for session, command in asked if session == phone.call.facts.id]
        assert len(probes) == 3
        assert isinstance(probes[0], Probe)
    for phone in (broken, other):
        liveness.forget(phone.call.facts.id)
        phone.hang_up()
