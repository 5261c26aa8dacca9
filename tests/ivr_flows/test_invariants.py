"""What holds for every flow and every caller, found out by random callers on the flows that we have."""

from datetime import UTC, datetime
from pathlib import Path

from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, rule

from ivr_flows.definition.flow import Flow
from ivr_flows.engine.inputs import (
    DigitPressed,
    DigitsSent,
    HungUp,
    Input,
    ListenId,
    PlaybackFinished,
    PlaybackId,
    QueueLeft,
    QueueOutcome,
    RecordingEnded,
    RequestDone,
    RequestId,
    RequestOutcome,
    SpeechHeard,
    SpeechStarted,
    Started,
    Tick,
    TransferEnded,
    TransferOutcome,
)
from ivr_flows.engine.instructions import (
    Enqueue,
    HangUp,
    Instruction,
    Listen,
    StartPlayback,
    StopListening,
    StopPlayback,
    Transfer,
)
from ivr_flows.engine.serial import session_from_json, session_to_json
from ivr_flows.engine.session import Session
from ivr_flows.engine.state import Phase
from ivr_flows.loader import load_flow

ROOT = Path(__file__).parents[2]
FLOWS = [load_flow(path) for path in sorted((ROOT / "ivr_flows" / "library").glob("*.yaml"))]
FLOWS += [load_flow(path) for path in sorted((ROOT / "tests" / "data" / "flows").glob("*.yaml"))]


MORNING = datetime(2026, 11, 24, 6, 0, tzinfo=UTC)


class Calls(RuleBasedStateMachine):
    """A caller at random, watched from outside: only orders are looked at, and the phase."""

    @initialize(flow=st.sampled_from(FLOWS))
    def start(self, flow: Flow) -> None:
        self.session = Session(flow)
        self.now = 0.0
        self.playing: PlaybackId | None = None
        self.loops = False
        self.listening, self.listen = False, ListenId(0)
        self.place: Phase | None = None
        self.ends = 0
        self.resume(Started(MORNING))

    def resume(self, received: Input) -> None:
        was_ended = self.session.ended
        orders = self.session.resume(received, self.now)
        assert not (was_ended and orders), "nothing is ordered after the end"
        for order in orders:
            assert not self.ends, "the end is the last order"
            self.watch(order)

    def watch(self, order: Instruction) -> None:
        match order:
            case StartPlayback():
                assert order.segments
                assert self.playing is None or order.playback > self.playing
                self.playing, self.loops = order.playback, order.loop
            case StopPlayback():
                assert order.playback == self.playing, "only what plays is stopped"
                self.playing = None
            case Listen():
                assert not self.listening
                assert order.phrases or order.anything
                self.listening, self.listen = True, order.listen
            case StopListening():
                assert self.listening
                self.listening = False
            case Enqueue():
                assert self.place is None, "a caller is in one place"
                self.place = Phase.QUEUE
            case Transfer():
                assert self.place is None, "a caller is in one place"
                self.place = Phase.TRANSFER
            case HangUp():
                self.ends += 1

    @rule(digit=st.sampled_from("0123456789*#"), gap=st.sampled_from([0.0, 0.1, 0.7]))
    def press(self, digit: str, gap: float) -> None:
        self.now += gap
        self.resume(DigitPressed(digit, self.now))

    @rule()
    def hear_out(self) -> None:
        self.now += 1.5
        if self.loops:
            return
        playing, self.playing = self.playing, None
        if playing is not None:
            self.resume(PlaybackFinished(playing))

    @rule(old=st.integers(0, 3))
    def end_of_an_older_playback(self, old: int) -> None:
        if self.playing != old:
            self.resume(PlaybackFinished(PlaybackId(old)))

    @rule()
    def wait(self) -> None:
        self.now = max(self.now, self.session.answer_due() or self.now)
        self.resume(Tick())

    @rule(text=st.sampled_from(["", "sales", "the depot", "operator", "support", "hm"]))
    def say(self, text: str) -> None:
        self.now += 0.8
        self.resume(SpeechStarted(self.listen, self.now))
        self.now += 0.8
        self.resume(SpeechHeard(text, self.listen, self.now, 0.9))

    @rule(outcome=st.sampled_from(QueueOutcome))
    def leave_queue(self, outcome: QueueOutcome) -> None:
        self.now += 5.0
        if self.place is Phase.QUEUE:
            self.place = None
        self.resume(QueueLeft(outcome))

    @rule(outcome=st.sampled_from(TransferOutcome))
    def end_transfer(self, outcome: TransferOutcome) -> None:
        self.now += 5.0
        if self.place is Phase.TRANSFER:
            self.place = None
        self.resume(TransferEnded(outcome))

    @rule(outcome=st.sampled_from(RequestOutcome), number=st.sampled_from([0, 1]))
    def answer_a_request(self, outcome: RequestOutcome, number: int) -> None:
        self.now += 0.5
        request = RequestId(self.session.state.requests - number)
        self.resume(RequestDone(request, outcome, (("text", "News."), ("state", "ready"))))

    @rule(item=st.sampled_from(["", "item-1"]))
    def end_a_recording(self, item: str) -> None:
        self.now += 5.0
        self.resume(RecordingEnded(item, 5.0))
        self.resume(DigitsSent())

    @rule()
    def store_and_restore(self) -> None:
        text = session_to_json(self.session, with_secrets=True)
        self.session = session_from_json(self.session.flow, text, self.now, MORNING)

    @rule(chance=st.integers(0, 9))
    def hang_up(self, chance: int) -> None:
        if chance == 0:
            self.resume(HungUp())

    @invariant()
    def the_session_is_where_the_orders_say(self) -> None:
        if not hasattr(self, "session"):
            return
        session = self.session
        if session.ended:
            assert session.deadline() is None
            assert not self.listening
            assert session.cause is not None
            return
        assert session.node in session.present_flow.nodes
        waits_for_time = session.answer_due() is not None
        assert waits_for_time == (session.phase in (Phase.INPUT, Phase.REQUEST)), "silence is always bounded"
        is_elsewhere = session.phase in (Phase.QUEUE, Phase.TRANSFER)
        assert (session.deadline() is None) == is_elsewhere, "a call is always bounded"
        assert (self.place is session.phase) == (session.phase in (Phase.QUEUE, Phase.TRANSFER))
        if session.phase is Phase.PROMPT:
            assert self.playing is not None, "a caller never waits for a prompt that does not play"


Calls.TestCase.settings = settings(max_examples=60, stateful_step_count=60, deadline=None)
TestCalls = Calls.TestCase
