"""The calls of a contact: an end is always told, whatever goes wrong beside it."""

from __future__ import annotations

from contacts.contact import CUSTOMER
from contacts.facts.contact import ContactFact, LegEnded, LegStarted
from contacts.ids import ContactId, LegId, ParticipantId
from ivr_flows.engine.session import Session
from server.intake.legs import Legs
from telephony.call import Call
from telephony.call_events import CallEvent, Ended
from tests.fakes.line import FakeLine
from tests.fakes.media import FakeEngine
from tests.fakes.stepped_loop import stepped
from tests.server.in_process import serving

HELLO = """
flow: hello
version: 1
start: hello
nodes:
  hello:
    say: Hello, and please stay on the line for a little while.
    next: bye
  bye: {hangup: normal}
"""


@stepped
async def test_the_end_of_a_leg_is_told_even_if_whoever_listens_to_it_fails() -> None:
    phone = FakeLine(FakeEngine()).dial("100")
    facts: list[ContactFact] = []

    def broken(_participant: ParticipantId, _call: Call, event: CallEvent) -> None:
        if isinstance(event, Ended):
            raise RuntimeError("a fault of ours")  # noqa: TRY004 - no type is wrong

    by_call: dict[str, ContactId] = {}
    legs = Legs(ContactId("c1"), facts.append, broken, by_call)
    legs.start(CUSTOMER, LegId("leg"), phone.call)
    assert by_call
    phone.hang_up()
    assert [type(fact) for fact in facts] == [LegStarted, LegEnded]
    assert legs.call(LegId("leg")) is None
    assert not by_call


@stepped
async def test_a_flow_that_breaks_at_the_hang_up_still_lets_its_contact_close() -> None:
    """`serving` itself checks, when it is left, that every contact has closed."""
    async with serving(HELLO) as server:
        phone = await server.call()
        run = server.active[server.contact].flow._run
        assert run is not None
        run._session = BrokenSession(run._session.flow, {})
        phone.hang_up()


class BrokenSession(Session):
    """A fault of ours in the flow engine."""

    def resume(self, *_given: object) -> tuple[()]:
        raise RuntimeError("a fault of ours")
