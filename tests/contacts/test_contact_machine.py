"""Random lives of a contact: each closes exactly once, with the right outcome, and leaves nothing behind."""

from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, precondition, rule

from contacts import effects as order
from contacts.contact import CUSTOMER, Contact
from contacts.effects import ContactEffect, Happened
from contacts.facts import contact as fact
from contacts.facts import flow, queue, recording
from contacts.facts.contact import ParticipantRole
from contacts.facts.fact import Fact
from contacts.ids import ContactId, LegId, ParticipantId, QueueId
from contacts.outcomes import ContactOutcome, EndedBy, QueueExit
from contacts.standing import ContactPhase

ID = ContactId("c1")
QUEUE = QueueId("support")
ENDINGS = st.sampled_from(EndedBy)


class ContactLife(RuleBasedStateMachine):
    """The world around one contact: phones, a dispatcher, a flow and a recorder that keep their promises.

    What the core orders is remembered and carried out later, in any order with everything else that happens.
    """

    def __init__(self) -> None:
        super().__init__()
        self.now = 0.0
        self.contact = Contact(ID)
        self.orders: list[ContactEffect] = []
        self.notes: list[Fact] = []
        self.numbers = 0
        # The world.
        self.customer: LegId | None = None
        self.customer_up = False
        self.agents: dict[ParticipantId, LegId] = {}
        self.third: tuple[ParticipantId, LegId] | None = None
        self.third_up = False
        self.parted: dict[ParticipantId, LegId] = {}
        """Third parties who handed the customer on and are still on the line."""
        self.connected: ParticipantId | None = None
        self.through_dispatch = False
        """Whoever talks with the customer, or the first who handed them on, was found by dispatch."""
        self.transferor: ParticipantId | None = None
        """Who asked for a transfer and has not been told yet what became of it."""
        self.in_dispatch = False
        self.talking_agent: ParticipantId | None = None
        self.flow_runs = False
        self.recording = "none"
        self.hanging_up: set[LegId] = set()
        # What the outcome must follow from, kept apart from the core.
        self.last_good_talk: ParticipantRole | None = None
        self.last_exit: QueueExit | None = None
        self.answered = self.failed = self.flow_ended = self.transferred = False

    # Telling and obeying

    def tell(self, told: Fact) -> None:
        self.now += 1
        pending = list(self.contact.handle(told, self.now))
        while pending:
            effect = pending.pop(0)
            self.orders.append(effect)
            pending += self.obey(effect)

    def obey(self, effect: ContactEffect) -> list[ContactEffect]:
        """At once, what a shell does at once; a fact that follows at once is told at once."""
        match effect:
            case Happened(told):
                self.notes.append(told)
                return []
            case order.Connect() | order.Disconnect() | order.TellTransferor():
                self.obey_talk(effect)
            case order.StartFlow():
                assert not self.flow_runs
                self.flow_runs = True
            case order.StopFlow():
                assert self.flow_runs
                return self.end_flow()
            case order.HangUpLeg(_, leg, _):
                self.hanging_up.add(leg)
            case order.JoinQueue():
                self.in_dispatch = True
            case order.LeaveQueue(transferred):
                return self.dispatch_forgets(transferred)
            case _:
                return self.obey_recording(effect)
        return []

    def obey_talk(self, effect: order.Connect | order.Disconnect | order.TellTransferor) -> None:
        match effect:
            case order.Connect(participant):
                self.connected = participant
                agent = participant in self.agents
                self.last_good_talk = ParticipantRole.AGENT if agent else ParticipantRole.THIRD_PARTY
            case order.Disconnect():
                self.connected = None
            case order.TellTransferor(participant):
                assert participant == self.transferor
                self.transferor = None

    def end_flow(self) -> list[ContactEffect]:
        self.flow_runs = False
        return list(self.contact.handle(flow.FlowEnded(contact=ID, flow="f", cause="caller_left"), self.now))

    def obey_recording(self, effect: ContactEffect) -> list[ContactEffect]:
        match effect:
            case order.StartRecording():
                return self.begin_recording()
            case order.FinishRecording():
                assert self.recording == "on"
                self.recording = "finishing"
            case _:
                pass
        return []

    def begin_recording(self) -> list[ContactEffect]:
        self.recording = "on"
        return list(self.contact.handle(recording.RecordingStarted(contact=ID, recording="r"), self.now))

    def dispatch_forgets(self, transferred: bool) -> list[ContactEffect]:
        if self.talking_agent is not None:
            self.hanging_up.add(self.agents[self.talking_agent])
            self.talking_agent = None
        if not self.in_dispatch:
            return []
        self.in_dispatch = False
        how = QueueExit.TRANSFERRED if transferred else QueueExit.ABANDONED
        self.last_exit = how
        told = queue.QueueExited(contact=ID, queue=QUEUE, exit=how, waited_s=1)
        return list(self.contact.handle(told, self.now))

    def number(self) -> int:
        self.numbers += 1
        return self.numbers

    @rule()
    def nothing_happens(self) -> None:
        self.now += 1

    # How contacts begin

    @initialize(depth=st.integers(0, 3))
    def call_comes_in(self, depth: int) -> None:
        """Most machines would spend their steps on getting as far as a talk."""
        self.begin()
        steps = (self.customer_answered, self.flow_joins_a_queue, self.agent_answers)
        for step in steps[:depth]:
            step()

    def begin(self) -> None:
        self.tell(fact.ContactStarted(contact=ID))
        self.tell(fact.ParticipantJoined(contact=ID, participant=CUSTOMER, role=ParticipantRole.CUSTOMER))
        self.customer = LegId("customer-1")
        self.tell(fact.LegStarted(contact=ID, participant=CUSTOMER, leg=self.customer))
        assert order.StartFlow() in self.orders

    # What phones do

    @precondition(lambda self: self.customer and not self.customer_up)
    @rule()
    def customer_answered(self) -> None:
        assert self.customer is not None
        if self.customer in self.hanging_up:
            return
        self.customer_up = self.answered = True
        self.tell(fact.LegAnswered(contact=ID, participant=CUSTOMER, leg=self.customer))

    @precondition(lambda self: self.customer)
    @rule(by=ENDINGS, patience=st.integers(0, 5))
    def customer_hangs_up(self, by: EndedBy, patience: int) -> None:
        """Rarely, so that most contacts see something before."""
        if patience == 0:
            self.customer_leg_ends(by)

    def customer_leg_ends(self, by: EndedBy) -> None:
        leg, self.customer, self.customer_up = self.customer, None, False
        assert leg is not None
        self.tell(fact.LegEnded(contact=ID, participant=CUSTOMER, leg=leg, by=by))

    @precondition(lambda self: self.flow_runs and self.contact.phase is ContactPhase.IN_FLOW)
    @rule()
    def flow_joins_a_queue(self) -> None:
        self.tell(queue.QueueJoined(contact=ID, queue=QUEUE))
        assert self.in_dispatch

    @precondition(
        lambda self: self.flow_runs and self.contact.phase is ContactPhase.IN_FLOW and self.third is None
    )
    @rule()
    def flow_transfers(self) -> None:
        number = self.number()
        participant, leg = ParticipantId(f"third-{number}"), LegId(f"third-{number}")
        self.third, self.third_up, self.transferred = (participant, leg), False, True
        self.through_dispatch = False
        self.tell(
            fact.ParticipantJoined(contact=ID, participant=participant, role=ParticipantRole.THIRD_PARTY)
        )
        self.tell(fact.TransferStarted(contact=ID, participant=participant))
        self.tell(fact.LegStarted(contact=ID, participant=participant, leg=leg))

    @precondition(lambda self: self.contact.talks_with is not None and not self.third_calls)
    @rule()
    def whoever_talks_hands_the_customer_on(self) -> None:
        asks = self.contact.talks_with
        assert asks is not None
        number = self.number()
        participant, leg = ParticipantId(f"third-{number}"), LegId(f"third-{number}")
        self.transferor, self.transferred = asks, True
        if self.third is not None:
            self.parted[self.third[0]] = self.third[1]
        self.third, self.third_up = (participant, leg), False
        self.tell(
            fact.ParticipantJoined(contact=ID, participant=participant, role=ParticipantRole.THIRD_PARTY)
        )
        self.tell(fact.TransferStarted(contact=ID, participant=participant, by="alice"))
        self.tell(fact.LegStarted(contact=ID, participant=participant, leg=leg))

    @property
    def third_calls(self) -> bool:
        return self.third is not None and not self.third_up

    @precondition(lambda self: self.contact.talks_with is not None)
    @rule(luck=st.integers(0, 2))
    def whoever_talks_sends_the_customer_to_a_queue(self, luck: int) -> None:
        if luck:
            return
        self.transferor = self.contact.talks_with
        self.tell(queue.QueueJoined(contact=ID, queue=QUEUE))
        assert self.in_dispatch
        assert self.transferor is None

    @precondition(lambda self: self.contact.talks_with is not None)
    @rule(luck=st.integers(0, 2))
    def whoever_talks_sends_the_customer_to_a_flow(self, luck: int) -> None:
        if luck:
            return
        self.transferor = self.contact.talks_with
        self.tell(fact.FlowChanged(contact=ID, number="200", by="alice"))
        assert self.flow_runs
        assert self.transferor is None

    @precondition(lambda self: self.parted)
    @rule(by=ENDINGS)
    def whoever_handed_on_leaves(self, by: EndedBy) -> None:
        """Of the third parties; agents have a rule of their own."""
        participant, leg = next(iter(self.parted.items()))
        del self.parted[participant]
        self.hanging_up.discard(leg)
        self.loses(participant, by)
        self.tell(fact.LegEnded(contact=ID, participant=participant, leg=leg, by=by))

    @precondition(lambda self: self.third and not self.third_up and self.third[1] not in self.hanging_up)
    @rule()
    def third_party_answers(self) -> None:
        assert self.third is not None
        self.third_up = True
        self.tell(fact.LegAnswered(contact=ID, participant=self.third[0], leg=self.third[1]))

    @precondition(lambda self: self.third)
    @rule(by=ENDINGS, status=st.sampled_from([0, 408, 486, 503]))
    def third_party_leaves(self, by: EndedBy, status: int) -> None:
        assert self.third is not None
        (participant, leg), self.third, self.third_up = self.third, None, False
        self.loses(participant, by)
        self.tell(fact.LegEnded(contact=ID, participant=participant, leg=leg, by=by, status=status))

    def loses(self, participant: ParticipantId, by: EndedBy) -> None:
        if by is EndedBy.NETWORK and self.connected == participant and self.through_dispatch:
            self.last_good_talk = None

    # What dispatch does

    @precondition(lambda self: self.in_dispatch and self.talking_agent is None)
    @rule()
    def agent_answers(self) -> None:
        number = self.number()
        participant, leg = ParticipantId(f"agent-{number}"), LegId(f"offer-{number}")
        self.tell(
            fact.ParticipantJoined(
                contact=ID, participant=participant, role=ParticipantRole.AGENT, agent=f"a{number}"
            )
        )
        self.tell(fact.LegStarted(contact=ID, participant=participant, leg=leg))
        self.tell(fact.LegAnswered(contact=ID, participant=participant, leg=leg))
        self.agents[participant] = leg
        self.talking_agent = participant
        self.in_dispatch = False
        self.last_exit = QueueExit.ANSWERED
        self.through_dispatch = True
        self.tell(fact.ConversationStarted(contact=ID, participant=participant))
        self.tell(queue.QueueExited(contact=ID, queue=QUEUE, exit=QueueExit.ANSWERED, waited_s=1))

    @precondition(lambda self: self.agents)
    @rule(lost=st.booleans(), place_left=st.booleans())
    def agent_leg_ends(self, lost: bool, place_left: bool) -> None:
        participant, leg = next(iter(self.agents.items()))
        del self.agents[participant]
        talked = self.talking_agent == participant
        if talked:
            self.talking_agent = None
        by = EndedBy.NETWORK if lost else EndedBy.PARTICIPANT
        self.loses(participant, by)
        self.tell(fact.LegEnded(contact=ID, participant=participant, leg=leg, by=by))
        if talked and lost:
            self.place_after_loss(place_left)

    def place_after_loss(self, place_left: bool) -> None:
        if place_left:
            self.in_dispatch = True
            self.tell(queue.QueuePlaceRegained(contact=ID, queue=QUEUE))
        else:
            self.last_exit = QueueExit.NOBODY
            self.tell(queue.QueueExited(contact=ID, queue=QUEUE, exit=QueueExit.NOBODY, waited_s=1))

    @precondition(lambda self: self.in_dispatch and self.talking_agent is None)
    @rule(how=st.sampled_from([QueueExit.OVERFLOWED, QueueExit.NOBODY]))
    def queue_gives_up(self, how: QueueExit) -> None:
        self.in_dispatch = False
        self.last_exit = how
        self.tell(queue.QueueExited(contact=ID, queue=QUEUE, exit=how, waited_s=9))

    # What the flow and the recorder do

    @precondition(
        lambda self: self.flow_runs and self.contact.phase in (ContactPhase.STARTING, ContactPhase.IN_FLOW)
    )
    @rule(more_to_say=st.integers(0, 3))
    def flow_ends(self, more_to_say: int) -> None:
        if more_to_say:
            return
        self.flow_ended, self.flow_runs = True, False
        self.tell(flow.FlowEnded(contact=ID, flow="f", cause="normal"))

    @precondition(lambda self: self.customer)
    @rule(luck=st.integers(0, 5))
    def we_fail(self, luck: int) -> None:
        if luck:
            return
        self.flow_ended = False
        self.failed = True
        self.tell(fact.ContactFailed(contact=ID, reason="internal error"))

    @precondition(lambda self: self.recording == "finishing")
    @rule(broken=st.booleans())
    def recording_is_saved(self, broken: bool) -> None:
        self.recording = "none"
        if broken:
            self.tell(recording.RecordingBroken(contact=ID, recording="r", reason="disk"))
        else:
            self.tell(recording.RecordingFinished(contact=ID, recording="r", duration_s=1, state="complete"))

    @precondition(lambda self: self.hanging_up)
    @rule()
    def legs_that_were_hung_up_end(self) -> None:
        self.end_hung_up_legs()

    def end_hung_up_legs(self) -> None:
        for leg in tuple(self.hanging_up):
            self.hanging_up.discard(leg)
            if leg == self.customer:
                self.customer_leg_ends(EndedBy.SERVER)
            elif self.third is not None and leg == self.third[1]:
                self.third_party_leaves(EndedBy.SERVER, 0)
            elif leg in self.parted.values():
                participant = next(name for name, held in self.parted.items() if held == leg)
                del self.parted[participant]
                told = fact.LegEnded(contact=ID, participant=participant, leg=leg, by=EndedBy.SERVER)
                self.tell(told)
            elif leg in self.agents.values():
                participant = next(name for name, held in self.agents.items() if held == leg)
                del self.agents[participant]
                told = fact.LegEnded(contact=ID, participant=participant, leg=leg, by=EndedBy.SERVER)
                self.tell(told)

    # What must hold

    @invariant()
    def nobody_talks_with_a_customer_who_is_gone(self) -> None:
        if self.customer is None:
            assert self.contact.phase in (ContactPhase.ENDING, ContactPhase.CLOSED)

    @invariant()
    def every_leg_has_an_owner(self) -> None:
        """A leg that is up while nobody is to hear it is being hung up."""
        if self.contact.phase is ContactPhase.CLOSED:
            assert not self.agents
            assert self.third is None
            assert not self.parted
        if self.contact.phase is ContactPhase.ENDING:
            assert set(self.parted.values()) <= self.hanging_up
        if self.contact.phase is ContactPhase.ENDING and self.third is not None:
            assert self.third[1] in self.hanging_up

    @invariant()
    def waiting_sound_and_talks_alternate(self) -> None:
        waits = [each for each in self.orders if isinstance(each, order.StartWaiting | order.StopWaiting)]
        kinds = [isinstance(each, order.StartWaiting) for each in waits]
        assert all(kind == (number % 2 == 0) for number, kind in enumerate(kinds))
        joins = [each for each in self.orders if isinstance(each, order.Connect | order.Disconnect)]
        kinds = [isinstance(each, order.Connect) for each in joins]
        assert all(kind == (number % 2 == 0) for number, kind in enumerate(kinds))

    @invariant()
    def the_last_word_is_said_once(self) -> None:
        closes = [effect for effect in self.orders if isinstance(effect, order.Close)]
        assert len(closes) <= 1
        assert not closes or isinstance(self.orders[-1], order.Close)

    def teardown(self) -> None:
        """Whatever happened, once the customer has gone the contact closes."""
        if self.customer is not None:
            self.customer_leg_ends(EndedBy.PARTICIPANT)
        self.end_hung_up_legs()
        while self.agents:
            self.agent_leg_ends(lost=False, place_left=False)
        if self.recording == "finishing":
            self.recording_is_saved(broken=False)
        assert self.contact.phase is ContactPhase.CLOSED
        assert self.transferor is None, "whoever asked for a transfer is told what became of it"
        assert not self.contact.participants.on_line()
        assert not self.flow_runs
        assert not self.in_dispatch
        closed = [told for told in self.notes if isinstance(told, fact.ContactClosed)]
        assert [told.outcome for told in closed] == [self.expected()]

    def expected(self) -> ContactOutcome:
        """Said once more, in other words than the core's."""
        if self.last_good_talk is not None:
            return (
                ContactOutcome.SERVED
                if self.last_good_talk is ParticipantRole.AGENT
                else ContactOutcome.TRANSFERRED
            )
        if self.failed:
            return ContactOutcome.FAILED
        if not self.answered:
            return ContactOutcome.COMPLETED if self.flow_ended else ContactOutcome.NOT_ANSWERED
        if self.last_exit not in (None, QueueExit.TRANSFERRED):
            return {
                QueueExit.ANSWERED: ContactOutcome.ABANDONED,
                QueueExit.ABANDONED: ContactOutcome.ABANDONED,
                QueueExit.OVERFLOWED: ContactOutcome.OVERFLOWED,
                QueueExit.NOBODY: ContactOutcome.NOT_SERVED,
            }[self.last_exit]
        if self.transferred:
            return ContactOutcome.NOT_SERVED
        return ContactOutcome.COMPLETED if self.flow_ended else ContactOutcome.LEFT_IN_FLOW


TestContactLife = ContactLife.TestCase
TestContactLife.settings = settings(max_examples=300, stateful_step_count=40, deadline=None)
