"""The digits of a secret are in nothing that a flow gives away, whichever node collects them."""

import io

import pytest

from ivr_flows.engine.inputs import RequestDone, RequestOutcome
from ivr_flows.engine.instructions import AskOutside, Conceal, Note
from ivr_flows.engine.serial import session_to_json
from ivr_flows.simulator import simulate
from tests.ivr_flows.conftest import CallMaker, FlowMaker, Line

SECRET, PLAIN = "73918", "46205"
TOP = "variables: {pin: {secret: true}, order: ''}"
REST = """
plain: {collect: order, prompt: Order?, digits: 5, next: end}
end: {menu: And?, options: {9: end}}
"""
COLLECTING = {
    "collect": "start: {collect: pin, prompt: PIN?, digits: 5, next: plain}",
    "confirmed": "start: {collect: pin, prompt: PIN?, digits: 5, confirm: Right?, next: plain}",
    "form": "start: {form: {pin: {ask: PIN?}}, next: plain}",
    "form with a type": "start: {form: {pin: {ask: PIN?, type: integer}}, next: plain}",
    "set": "start: [{collect: pin, prompt: PIN?, digits: 5}, {set: {pin: 'pin + \"1\"'}, next: plain}]",
}


def entered(call: CallMaker, nodes: str) -> Line:
    line = call(nodes + REST, TOP)
    line.press(SECRET + "#", gap_s=0.2)
    if line.node == "start":
        line.say("yes")
    line.press(PLAIN, gap_s=0.2)
    assert line.session.value("pin").startswith(SECRET)
    return line


@pytest.mark.parametrize("how", COLLECTING)
def test_a_secret_is_in_no_order_note_or_session_and_a_plain_entry_is(call: CallMaker, how: str) -> None:
    line = entered(call, COLLECTING[how])
    given = repr(line.orders) + repr(line.session) + repr(line.session.state)
    notes = "".join(str(note.field("digit") or "") for note in line.orders if isinstance(note, Note))
    assert SECRET not in given
    assert SECRET not in notes
    assert not set(SECRET) & set(notes.removesuffix(PLAIN))
    assert PLAIN in notes
    text = session_to_json(line.session)
    assert SECRET not in text
    assert PLAIN in text
    assert [order.on for order in line.orders if isinstance(order, Conceal)][:2] == [True, False]


def test_a_secret_is_not_in_what_the_simulator_writes(flow_of: FlowMaker) -> None:
    output = io.StringIO()
    keys = io.StringIO(f"{SECRET}\n{PLAIN}\nv\n")
    simulate(flow_of(COLLECTING["collect"] + REST, TOP), keys, output)
    assert SECRET not in output.getvalue()
    assert PLAIN in output.getvalue()


def test_a_secret_that_a_web_service_tells_is_masked(call: CallMaker) -> None:
    line = call("start: {http: 'https://a/b', take: {pin: pin}, next: plain, failed: plain}" + REST, TOP)
    request = next(order for order in line.orders if isinstance(order, AskOutside)).request
    line.send(RequestDone(request, RequestOutcome.DONE, (("pin", SECRET),)), 0.5)
    assert line.session.value("pin") == SECRET
    assert SECRET not in repr(line.orders)
    assert SECRET not in session_to_json(line.session)
