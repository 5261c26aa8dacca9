"""Kinds of node that need the server to do something besides: what is asked, and how a flow goes on."""

import pytest

from ivr_flows.engine.inputs import RecordingEnded, RequestDone, RequestId, RequestOutcome, Tick
from ivr_flows.engine.instructions import AskOutside, Enqueue, Fact, PlayKeys, Record, StopPlayback
from ivr_flows.engine.requests import BotTurn, HttpRequest, ProfileWrite
from ivr_flows.known import Known
from ivr_flows.loader import parse_flow
from ivr_flows.segments import Text
from tests.ivr_flows.conftest import CallMaker, FindingsOf, Line, written

WAYS = "good: {hangup: normal}\nno: {hangup: rejected}\nbad: {hangup: congestion}"
HTTP = f"""
start:
  http: https://example.com/find?who={{caller_name}}
  method: POST
  headers: {{X-Caller: caller_number}}
  body: {{age: 1 + 1}}
  take: {{state: order.state}}
  timeout: 2s
  filler: {{music: hold}}
  next: good
  refused: no
  failed: bad
{WAYS}
"""


def asked(line: Line) -> AskOutside:
    return next(order for order in reversed(line.orders) if isinstance(order, AskOutside))


def test_s33_a_web_service_is_asked_for_what_the_flow_wants(call: CallMaker) -> None:
    line = call(HTTP, caller_name="Ada & Co", caller_number="+44")
    assert asked(line).wanted == HttpRequest(
        "POST",
        "https://example.com/find?who=Ada%20%26%20Co",
        (("X-Caller", "+44"),),
        (("age", "2"),),
        (("state", "order.state"),),
    )
    line.send(
        RequestDone(asked(line).request, RequestOutcome.DONE, (("state", "ready"), ("other", "x"))), 0.5
    )
    assert (line.node, line.session.value("state"), line.session.value("other")) == ("good", "ready", "")
    assert any(isinstance(order, StopPlayback) for order in line.orders)


@pytest.mark.parametrize(
    ("outcome", "node"), [(RequestOutcome.REFUSED, "no"), (RequestOutcome.FAILED, "bad")]
)
def test_s33_a_service_that_does_not_answer_has_a_way_of_its_own(
    call: CallMaker, outcome: RequestOutcome, node: str
) -> None:
    line = call(HTTP)
    line.send(RequestDone(asked(line).request, outcome), 0.5)
    assert line.node == node


def test_s33_a_call_never_waits_beyond_the_budget(call: CallMaker) -> None:
    line = call(HTTP)
    due = line.session.deadline()
    assert due is not None
    assert due - line.now <= 3.0
    line.send(Tick(), 3.1)
    assert line.node == "bad"


def test_an_answer_to_another_request_is_stale(call: CallMaker) -> None:
    line = call(HTTP)
    line.send(RequestDone(RequestId(99), RequestOutcome.DONE), 0.1)
    assert line.node == "start"


def test_a_request_never_shows_a_secret(findings_of: FindingsOf) -> None:
    nodes = f"start: {{http: 'https://a/{{pin}}', body: {{x: pin}}, next: good, failed: bad}}\n{WAYS}"
    found = findings_of(nodes, "variables: {pin: {secret: true}}")
    assert {finding.key for finding in found if finding.rule == "secret-shown"} == {"body.x", "http"}


def test_s53_what_is_kept_about_a_caller_needs_a_number(call: CallMaker) -> None:
    nodes = f"start: {{profile: write, values: {{calls: 2}}, next: good}}\n{WAYS}"
    line = call(nodes, caller_number="+44")
    assert asked(line).wanted == ProfileWrite("+44", (("calls", "2"),))
    assert call(nodes).node == "good"


def test_u5_a_voicemail_is_an_item_of_its_own(call: CallMaker) -> None:
    keys = "record: voicemail, prompt: Speak., max: 1m, item: kept, next: good, otherwise: no"
    nodes = f"start: {{{keys}}}\n{WAYS}"
    line = call(nodes)
    line.hear_out()
    [order] = [order for order in line.orders if isinstance(order, Record)]
    assert (order.what, order.max_s, order.ends_with) == ("voicemail", 60.0, "#")
    line.press("1")
    line.send(RecordingEnded("item-7", 12.0), 12)
    assert (line.node, line.session.value("kept")) == ("good", "item-7")
    silent = call(nodes)
    silent.hear_out()
    silent.send(RecordingEnded(""), 4)
    assert silent.node == "no"
    assert len(silent.notes(Fact.RECORDED)) == 1


def test_s17_a_notice_is_heard_while_it_is_on(call: CallMaker) -> None:
    nodes = f"start: {{notice: downtime, next: good, told: no}}\n{WAYS}"
    on = call(nodes)
    on.send(RequestDone(asked(on).request, RequestOutcome.DONE, (("text", "We are down."),)), 0.1)
    assert on.heard == ["We are down."]
    on.hear_out()
    assert on.node == "no"
    off = call(nodes)
    off.send(RequestDone(asked(off).request, RequestOutcome.REFUSED), 0.1)
    assert off.node == "good"


def test_s66_a_webhook_is_told_and_not_waited_for(call: CallMaker) -> None:
    for outcome in RequestOutcome:
        line = call(f"start: {{notify: sms, values: {{to: caller_number}}, next: good}}\n{WAYS}")
        line.send(RequestDone(asked(line).request, outcome), 0.1)
        assert line.node == "good"


def test_keys_are_sent_without_what_is_none(call: CallMaker) -> None:
    line = call(f'start: {{send_digits: "{{caller_number}}#", next: good}}\n{WAYS}', caller_number="+44 20")
    [order] = [order for order in line.orders if isinstance(order, PlayKeys)]
    assert order.digits == "4420#"


def test_s25_an_agent_hears_and_sees_what_the_flow_found_out(call: CallMaker) -> None:
    line = call(
        "start: {queue: sales, announce: 'A call from {caller_name}.', tell: {product: caller_number}}",
        caller_name="Ada",
        caller_number="+44",
    )
    [order] = [order for order in line.orders if isinstance(order, Enqueue)]
    assert order.announcement == (Text("A call from Ada."),)
    assert order.slots == (("product", "+44"),)


BOT = f"""
start:
  bot: https://bot.example.com/turn
  prompt: What is it about?
  slots: [product, name]
  turns: 2
  next: good
  failed: bad
{WAYS}
"""


def test_s45_a_partner_is_told_what_is_known_and_hands_over_what_it_found_out(call: CallMaker) -> None:
    line = call(BOT, name="Ada")
    assert line.heard == ["What is it about?"]
    line.say("My router is broken")
    url = "https://bot.example.com/turn"
    assert asked(line).wanted == BotTurn(url, "My router is broken", (("name", "Ada"),))
    answer = (("say", "Since when?"), ("done", "no"), ("product", "router"))
    line.send(RequestDone(asked(line).request, RequestOutcome.DONE, answer), 0.5)
    assert line.heard[-1] == "Since when?"
    line.say("since Monday")
    assert asked(line).wanted == BotTurn(url, "since Monday", (("product", "router"), ("name", "Ada")))
    line.send(RequestDone(asked(line).request, RequestOutcome.DONE, (("done", "yes"),)), 0.5)
    assert (line.node, line.session.value("product")) == ("good", "router")


@pytest.mark.parametrize("how", ["key", "failure", "turns"])
def test_a_caller_gets_away_from_a_partner(call: CallMaker, how: str) -> None:
    line = call(BOT)
    if how == "key":
        line.press("0")
    for _ in range(3):
        if line.node == "start":
            line.say("hello")
        if line.node == "start":
            outcome = RequestOutcome.FAILED if how == "failure" else RequestOutcome.DONE
            line.send(RequestDone(asked(line).request, outcome, (("say", "Yes?"),)), 0.5)
    assert line.node == "bad"


NEEDING = {
    "bot": f"start: {{bot: 'https://a/b', prompt: Hi., next: good, failed: bad}}\n{WAYS}",
    "http": f"start: {{http: 'https://a/b', next: good, failed: bad}}\n{WAYS}",
    "profile": f"start: {{profile: read, names: [x], next: good}}\n{WAYS}",
    "notice": f"start: {{notice: n, next: good}}\n{WAYS}",
    "notify": f"start: {{notify: n, next: good}}\n{WAYS}",
    "record": f"start: {{record: n, prompt: Speak., next: good}}\n{WAYS}",
    "send_digits": f"start: {{send_digits: 1, next: good}}\n{WAYS}",
    "announce": "start: {queue: a, announce: Hi.}",
    "tell": "start: {queue: a, tell: {x: 1}}",
}


@pytest.mark.parametrize("needed", NEEDING)
def test_what_a_server_cannot_do_is_refused_by_name_when_the_flow_is_loaded(needed: str) -> None:
    text = written(NEEDING[needed]).encode()
    nothing = parse_flow(text, "x.yaml", known=Known(capabilities=frozenset()))
    assert nothing.flow is None
    [finding] = [finding for finding in nothing.findings if finding.rule == "not-available"]
    assert finding.message == f'"{needed}" is not available on this server'
    assert parse_flow(text, "x.yaml", known=Known(capabilities=frozenset({needed}))).flow is not None
    assert parse_flow(text, "x.yaml").flow is not None
