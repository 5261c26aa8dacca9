"""The shell around the engine: one caller, one timer."""

import asyncio
from datetime import UTC, datetime

import pytest

from ivr_flows.definition.causes import HangupCause
from ivr_flows.definition.targets import SipTarget
from ivr_flows.driver import Clocks, drive
from ivr_flows.engine.inputs import (
    DigitPressed,
    HungUp,
    Input,
    PlaybackFinished,
    PlaybackId,
    QueueLeft,
    QueueOutcome,
    TransferEnded,
    TransferOutcome,
)
from ivr_flows.engine.instructions import Enqueue, Fact, Listen, Note, StartPlayback, Transfer
from ivr_flows.engine.session import Session
from ivr_flows.ports import Caller
from tests.ivr_flows.conftest import JUST_NOW, FlowMaker
from tests.patience import PATIENCE_S

MENU = """
start: {menu: Choose., options: {1: {next: bye, or_say: one}}, timeout: 500ms, no_input: [], fallback: lost}
bye: {queue: sales, next: away}
away: {transfer: "sip:a@b", failed: lost}
lost: {hangup: unavailable}
"""


class FakeCaller:
    """Writes down what it is ordered to do; hears out every prompt at once when told so."""

    def __init__(self, *, hears_out: bool = False) -> None:
        self.inputs = asyncio.Queue[Input]()
        self.orders: list[str] = []
        self.notes: list[Fact] = []
        self._hears_out = hears_out

    async def next_input(self) -> Input:
        return await self.inputs.get()

    async def play(self, order: StartPlayback) -> None:
        self.orders.append("play")
        if self._hears_out:
            self.inputs.put_nowait(PlaybackFinished(order.playback))

    async def stop_playback(self, playback: PlaybackId) -> None:
        self.orders.append("stop")

    async def answer(self) -> None:
        self.orders.append("answer")

    async def conceal(self, on: bool) -> None:
        self.orders.append(f"conceal {on}")

    async def listen(self, order: Listen) -> None:
        self.orders.append(f"listen {order.phrases[0]}")

    async def stop_listening(self) -> None:
        self.orders.append("deaf")

    async def enqueue(self, order: Enqueue) -> None:
        self.orders.append(f"enqueue {order.queue}")

    async def transfer(self, order: Transfer) -> None:
        assert isinstance(order.target, SipTarget)
        self.orders.append(f"transfer {order.target.uri}")

    async def hang_up(self, cause: HangupCause) -> None:
        self.orders.append(f"hang up {cause.value}")

    def note(self, note: Note) -> None:
        self.notes.append(note.fact)


class FakeClock:
    def __init__(self) -> None:
        self.now_s = 0.0

    def clocks(self) -> Clocks:
        return Clocks(now=lambda: self.now_s, wall=lambda: datetime(2026, 11, 23, 12, tzinfo=UTC))


def test_the_fake_is_a_caller() -> None:
    caller: Caller = FakeCaller()
    assert callable(caller.note)


async def test_orders_are_carried_out_in_their_order(flow_of: FlowMaker) -> None:
    caller = FakeCaller()
    caller.inputs.put_nowait(DigitPressed("1", JUST_NOW))
    caller.inputs.put_nowait(QueueLeft(QueueOutcome.ANSWERED))
    caller.inputs.put_nowait(TransferEnded(TransferOutcome.BUSY))
    cause = await drive(Session(flow_of(MENU)), caller, FakeClock().clocks())
    assert cause is HangupCause.UNAVAILABLE
    assert caller.orders == [
        "answer",
        "listen one",
        "play",
        "stop",
        "deaf",
        "enqueue sales",
        "transfer sip:a@b",
        "hang up unavailable",
    ]


async def test_the_timer_wakes_the_session(flow_of: FlowMaker) -> None:
    caller = FakeCaller(hears_out=True)
    cause = await asyncio.wait_for(drive(Session(flow_of(MENU)), caller), timeout=PATIENCE_S)
    assert cause is HangupCause.UNAVAILABLE
    assert Fact.NO_INPUT in caller.notes


async def test_an_input_that_is_already_there_goes_before_the_timer(flow_of: FlowMaker) -> None:
    clock = FakeClock()
    caller = FakeCaller()
    session = Session(flow_of(MENU))
    driving = asyncio.create_task(drive(session, caller, clock.clocks()))
    await settle()
    caller.inputs.put_nowait(PlaybackFinished(PlaybackId(1)))
    await settle()
    deadline = session.deadline()
    assert deadline is not None
    clock.now_s = deadline
    caller.inputs.put_nowait(DigitPressed("1", JUST_NOW))
    await settle()
    assert session.node == "bye"
    driving.cancel()


async def test_cancelling_writes_the_last_facts_and_orders_nothing_more(flow_of: FlowMaker) -> None:
    caller = FakeCaller()
    driving = asyncio.create_task(drive(Session(flow_of(MENU)), caller))
    await settle()
    ordered = list(caller.orders)
    driving.cancel()
    with pytest.raises(asyncio.CancelledError):
        await driving
    assert caller.orders == ordered
    assert caller.notes[-1] is Fact.ENDED


async def test_a_caller_who_hangs_up_ends_the_flow(flow_of: FlowMaker) -> None:
    caller = FakeCaller()
    caller.inputs.put_nowait(HungUp())
    cause = await drive(Session(flow_of(MENU)), caller)
    assert cause is HangupCause.CALLER_LEFT
    assert not any(order.startswith("hang up") for order in caller.orders)


async def test_a_timeout_of_the_callers_own_is_not_taken_for_the_timer(flow_of: FlowMaker) -> None:
    class Broken(FakeCaller):
        async def next_input(self) -> Input:
            if not self.inputs.empty():
                return self.inputs.get_nowait()
            raise TimeoutError("the line is dead")

    with pytest.raises(TimeoutError, match="dead"):
        await drive(Session(flow_of(MENU)), Broken(hears_out=True))


async def settle() -> None:
    for _ in range(10):
        await asyncio.sleep(0)
