"""Finds peers that vanished without a BYE: who is not heard is asked, and who does not answer is gone."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from dataclasses import dataclass

import structlog

from telephony.call import Call
from telephony.session.events import Command, Probe, SessionId
from telephony.sip.timers import TimerHeap

log = structlog.get_logger(__name__)


@dataclass(slots=True)
class _Watched:
    call: Call
    heard: int


class Liveness:
    """Looks at each established call from time to time. Packets of sound that keep coming are proof enough.

    A call may have a shorter period of its own; its peer has less time to answer, too.
    """

    def __init__(self, probe_after_s: float, command: Callable[[SessionId, Command], None]) -> None:
        self.probe_after_s = probe_after_s
        self._command = command
        self._watched: dict[SessionId, _Watched] = {}
        self._due: TimerHeap[SessionId] = TimerHeap()
        self._timer: asyncio.TimerHandle | None = None

    def watch(self, call: Call) -> None:
        """From the answer on; once is enough."""
        if call.facts.id not in self._watched and call.hangup is None:
            self._watched[call.facts.id] = _Watched(call, 0)
            self._look_later(call)

    def forget(self, ident: SessionId) -> None:
        """The call is over."""
        self._watched.pop(ident, None)
        if not self._watched:
            self._due.clear()
            if self._timer is not None:
                self._timer.cancel()
                self._timer = None

    def _look_later(self, call: Call) -> None:
        at = asyncio.get_running_loop().time() + (call.probe_after_s or self.probe_after_s)
        self._due.add(at, call.facts.id)
        if self._timer is not None and self._timer.when() > at:
            self._timer.cancel()
            self._timer = None
        self._arm()

    def _arm(self) -> None:
        at = self._due.next()
        if self._timer is None and at is not None:
            self._timer = asyncio.get_running_loop().call_at(at, self._on_timer)

    def _on_timer(self) -> None:
        self._timer = None
        for ident in list(self._due.due(asyncio.get_running_loop().time())):
            watched = self._watched.get(ident)
            if watched is not None:
                self._look(ident, watched)
        self._arm()

    def _look(self, ident: SessionId, watched: _Watched) -> None:
        self._look_later(watched.call)
        try:
            heard = watched.call.leg.report().packets_received
        except Exception:
            # Whoever cannot be asked by their sound is asked by signalling.
            log.exception("call.sound_not_reported", call_id=ident)
            heard = watched.heard
        was_heard, watched.heard = heard != watched.heard, heard
        if not was_heard:
            self._command(ident, Probe(watched.call.probe_patience_s))
