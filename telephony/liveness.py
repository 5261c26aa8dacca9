"""Finds peers that vanished without a BYE: who is not heard is asked, and who does not answer is gone."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from dataclasses import dataclass

from telephony.call import Call
from telephony.session.events import Command, Probe, SessionId


@dataclass(slots=True)
class _Watched:
    call: Call
    heard: int
    timer: asyncio.TimerHandle


class Liveness:
    """One timer for each established call. Packets of sound that keep coming are proof enough.

    A call may have a shorter period of its own; its peer has less time to answer, too.
    """

    def __init__(self, probe_after_s: float, command: Callable[[SessionId, Command], None]) -> None:
        self.probe_after_s = probe_after_s
        self._command = command
        self._watched: dict[SessionId, _Watched] = {}

    def watch(self, call: Call) -> None:
        """From the answer on; once is enough."""
        if call.facts.id not in self._watched and call.hangup is None:
            self._watched[call.facts.id] = _Watched(call, 0, self._later(call))

    def forget(self, ident: SessionId) -> None:
        """The call is over."""
        watched = self._watched.pop(ident, None)
        if watched is not None:
            watched.timer.cancel()

    def _later(self, call: Call) -> asyncio.TimerHandle:
        after_s = call.probe_after_s or self.probe_after_s
        return asyncio.get_running_loop().call_later(after_s, self._look, call.facts.id)

    def _look(self, ident: SessionId) -> None:
        watched = self._watched[ident]
        call = watched.call
        heard = call.leg.report().packets_received
        was_heard, watched.heard = heard != watched.heard, heard
        watched.timer = self._later(call)
        if not was_heard:
            self._command(ident, Probe(call.probe_patience_s))
