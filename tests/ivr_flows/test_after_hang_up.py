"""What a flow does when its caller has hung up: it finishes what it asked, and does the rest without them."""

from ivr_flows.definition.causes import HangupCause
from ivr_flows.engine.inputs import HungUp, RequestDone, RequestOutcome, Tick
from ivr_flows.engine.instructions import AskOutside, Fact, HangUp, StartPlayback
from ivr_flows.engine.requests import HttpRequest, Notification
from tests.ivr_flows.conftest import CallMaker, FindingsOf, Line

TOP = 'hung_up: after\nvariables: {case: "", made: ""}'
NODES = """
start: {menu: Press one., options: {1: file}}
file:
  http: https://crm.example/cases
  take: {case: number}
  next: read_back
  failed: read_back
read_back: {say: "Your case is {case}.", next: start}
after:
  - switch: {'case == ""': tell}
    otherwise: done
tell: {notify: lost, values: {case: case}, next: done}
done: {hangup: normal, prompt: Nobody hears this.}
"""


def asked(line: Line) -> AskOutside:
    return next(order for order in reversed(line.orders) if isinstance(order, AskOutside))


def test_the_flow_works_on_without_its_caller(call: CallMaker) -> None:
    line = call(NODES, TOP)
    orders = line.send(HungUp())
    assert isinstance(asked(line).wanted, Notification)
    assert not any(isinstance(order, StartPlayback | HangUp) for order in orders)
    line.send(RequestDone(asked(line).request, RequestOutcome.DONE))
    assert line.session.cause is HangupCause.CALLER_LEFT
    assert line.nodes[-2:] == ["tell", "done"]
    assert [note.field("cause") for note in line.notes(Fact.ENDED)] == ["caller_left"]


def test_s21_what_was_asked_before_the_caller_left_is_waited_for_and_not_asked_twice(call: CallMaker) -> None:
    line = call(NODES, TOP)
    line.press("1")
    request = asked(line)
    assert isinstance(request.wanted, HttpRequest)
    line.send(HungUp())
    assert not line.session.ended
    line.send(RequestDone(request.request, RequestOutcome.DONE, (("case", "7"),)))
    assert line.session.ended
    assert line.session.value("case") == "7"
    assert not any(isinstance(each, AskOutside) for each in line.orders if each is not request)


def test_a_question_ends_what_is_done_without_a_caller(call: CallMaker) -> None:
    line = call("start: {menu: Press one., options: {1: start}}\nafter: {say: Hello., next: start}", TOP)
    line.send(HungUp())
    assert line.session.cause is HangupCause.CALLER_LEFT
    assert line.nodes[-2:] == ["after", "start"]


def test_a_service_that_never_answers_does_not_keep_the_flow(call: CallMaker) -> None:
    line = call(NODES, TOP)
    line.send(HungUp())
    line.wait()
    assert line.session.ended


def test_a_second_hang_up_ends_it_at_once(call: CallMaker) -> None:
    line = call(NODES, TOP)
    line.send(HungUp())
    line.send(HungUp())
    assert line.session.ended
    assert line.send(Tick()) == ()


def test_without_the_key_a_hang_up_is_the_end(call: CallMaker) -> None:
    line = call("start: {menu: Press one., options: {1: start}}")
    line.send(HungUp())
    assert line.session.cause is HangupCause.CALLER_LEFT
    assert line.nodes == ["start"]


def test_a_name_that_is_no_node_is_a_mistake(findings_of: FindingsOf) -> None:
    [found] = findings_of("start: {hangup: normal}", "hung_up: gone")
    assert (found.rule, found.key) == ("target-unknown", "hung_up")


def test_what_only_a_hang_up_leads_to_is_reached(findings_of: FindingsOf) -> None:
    nodes = "start: {hangup: normal}\nafter: {tag: [left], next: start}"
    assert findings_of(nodes, "hung_up: after") == ()
