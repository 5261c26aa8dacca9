"""One party with several phones: all of them ring, and the first to answer has the call."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import partial

import structlog

from server.intake.ports import Lines, Shown
from server.tasks import Tasks
from telephony.call import Call
from telephony.call_events import Answered, CallEvent, Ended, Ringing
from telephony.registrar.bindings import Binding
from telephony.session.events import Hangup

log = structlog.get_logger(__name__)


@dataclass(frozen=True, slots=True)
class PhonePlaced:
    """One of the phones is being called."""

    call: Call


@dataclass(frozen=True, slots=True)
class PhoneProgress:
    """One of the phones says how it gets on: 180 when it rings, 183 when there is something to be heard."""

    call: Call
    status: int


@dataclass(frozen=True, slots=True)
class ForkAnswered:
    """The others stop ringing; whatever this call tells from here on is for whoever takes it over."""

    call: Call


@dataclass(frozen=True, slots=True)
class ForkFailed:
    """No phone rings any more. `last` gave up last, and how; None when none could be called."""

    last: tuple[Call, Hangup] | None


ForkEvent = PhonePlaced | PhoneProgress | ForkAnswered | ForkFailed


class Fork:
    """Ends in exactly one `ForkAnswered` or `ForkFailed`, also after it was withdrawn."""

    def __init__(self, lines: Lines, tasks: Tasks, told: Callable[[ForkEvent], None]) -> None:
        self._lines = lines
        self._tasks = tasks
        self._told = told
        self._calls: list[Call] = []
        self._placing = True
        self._last: tuple[Call, Hangup] | None = None
        self.withdrawn = False
        self.winner: Call | None = None

    async def place(
        self,
        targets: Sequence[str | Binding],
        shown: Shown,
        headers: tuple[tuple[str, str], ...] = (),
    ) -> None:
        """Once. A phone that cannot be called costs the others nothing."""
        for target in targets:
            if self.withdrawn or self.winner is not None:
                break
            try:
                call = await self._lines.place_call(
                    target, caller=shown.number, display=shown.name, headers=headers
                )
            except Exception as error:
                log.warning("phone.not_called", reason=type(error).__name__)
                continue
            self._calls.append(call)
            call.on_event = partial(self._on_event, call)
            self._told(PhonePlaced(call))
        self._placing = False
        self._fail_if_alone()

    def hang_up(self, cause: str) -> None:
        """Whoever rings rings no more, and whoever answered is hung up on."""
        self.withdrawn = True
        for call in (*self._calls, *([self.winner] if self.winner is not None else [])):
            self._tasks.start(call.hang_up(cause))

    def _on_event(self, call: Call, event: CallEvent) -> None:
        match event:
            case Ringing(status) if self.winner is None:
                self._told(PhoneProgress(call, status))
            case Answered():
                self._on_answered(call)
            case Ended(hangup):
                self._on_ended(call, hangup)
            case _:
                pass

    def _on_answered(self, call: Call) -> None:
        """Whoever answers in the same moment as another is hung up on."""
        if self.winner is not None:
            self._tasks.start(call.hang_up("answered elsewhere", elsewhere=True))
            return
        self.winner = call
        self._calls.remove(call)
        for other in self._calls:
            self._tasks.start(other.hang_up("answered elsewhere", elsewhere=True))
        self._told(ForkAnswered(call))

    def _on_ended(self, call: Call, hangup: Hangup) -> None:
        if call not in self._calls:
            return
        self._calls.remove(call)
        self._last = (call, hangup)
        self._fail_if_alone()

    def _fail_if_alone(self) -> None:
        if not self._calls and not self._placing and self.winner is None:
            self._told(ForkFailed(self._last))
