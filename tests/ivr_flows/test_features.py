"""What companies want of a flow, each as a caller goes through it."""

import pytest

from ivr_flows.definition.causes import HangupCause
from ivr_flows.engine.inputs import QueueLeft, QueueOutcome, RequestDone, RequestOutcome
from ivr_flows.engine.instructions import AskOutside, Enqueue, Fact
from ivr_flows.engine.requests import HttpRequest, NoticeRead, ProfileRead, ProfileWrite
from ivr_flows.kinds.triage import level
from ivr_flows.loader import load_flow
from tests.ivr_flows.conftest import CallMaker, FindingsOf, Line, LineMaker
from tests.ivr_flows.test_library import LIBRARY


def asked(line: Line) -> AskOutside:
    return next(order for order in reversed(line.orders) if isinstance(order, AskOutside))


def answered(line: Line, *values: tuple[str, str], outcome: RequestOutcome = RequestOutcome.DONE) -> None:
    line.send(RequestDone(asked(line).request, outcome, values), 0.1)


def queued(line: Line) -> Enqueue:
    return next(order for order in reversed(line.orders) if isinstance(order, Enqueue))


def test_s17_a_notice_is_heard_by_those_whom_it_concerns_and_by_nobody_else(call: CallMaker) -> None:
    nodes = """
    start: {branch: {variable: called_number}, cases: {"100": news}, otherwise: bye}
    news: {notice: downtime, next: bye}
    bye: {hangup: normal, prompt: Goodbye.}
    """
    line = call(nodes, called_number="100")
    assert asked(line).wanted == NoticeRead("downtime")
    answered(line, ("text", "We are down."))
    assert line.heard == ["We are down."]
    other = call(nodes, called_number="200")
    assert not any(isinstance(order, AskOutside) for order in other.orders)


def test_s23_the_context_of_a_chat_is_known_to_the_flow_and_to_the_agent(call: CallMaker) -> None:
    nodes = """
    start:
      http: "https://crm.example/chats/{context}"
      take: {topic: topic}
      next: agent
      failed: agent
    agent: {queue: support, tell: {topic: topic, context: context}}
    """
    line = call(nodes, "variables: {topic: ''}", context="chat-77")
    wanted = asked(line).wanted
    assert isinstance(wanted, HttpRequest)
    assert wanted.url == "https://crm.example/chats/chat-77"
    answered(line, ("topic", "router"))
    assert queued(line).slots == (("topic", "router"), ("context", "chat-77"))


@pytest.mark.parametrize(("product", "skill"), [("router", "routers"), ("phone", "phones")])
def test_s25_what_the_caller_said_decides_whom_they_reach(call: CallMaker, product: str, skill: str) -> None:
    nodes = """
    start:
      menu: What is it about?
      options: {1: {next: router, or_say: router}, 2: {next: phone, or_say: phone}}
    router: {queue: support, skills: {routers: 1}, priority: 20, tell: {product: '"router"'}}
    phone: {queue: support, skills: {phones: 1}, tell: {product: '"phone"'}}
    """
    line = call(nodes)
    line.hear_out()
    line.say(f"it is about my {product}")
    assert [each.skill for each in queued(line).skills] == [skill]
    assert queued(line).slots == (("product", product),)


def test_s34_a_menu_of_five_short_options_is_no_finding_and_six_are(findings_of: FindingsOf) -> None:
    options = ", ".join(f"{key}: bye" for key in range(1, 6))
    nodes = "start: {{menu: Choose., options: {{{0}}}}}\nbye: {{hangup: normal}}"
    assert findings_of(nodes.format(options)) == ()
    assert [found.rule for found in findings_of(nodes.format(options + ", 6: bye"))] != []


def test_s44_a_caller_with_an_open_case_is_asked_about_it_first_and_may_decline(call: CallMaker) -> None:
    nodes = """
    start:
      switch: {repair == "open": about_it}
      otherwise: main
    about_it:
      menu: Is it about your repair?
      options: {1: {next: repair, or_say: "yes"}, 2: {next: main, or_say: "no"}}
    main: {menu: "For sales, press one.", options: {1: sales}}
    repair: {queue: repairs}
    sales: {queue: sales}
    """
    line = call(nodes, "variables: {repair: open}")
    assert line.heard == ["Is it about your repair?"]
    line.press("2")
    assert line.node == "main"
    line.press("1")
    assert queued(line).queue == "sales"
    known = call(nodes, "variables: {repair: open}")
    known.press("1")
    assert queued(known).queue == "repairs"
    assert call(nodes, "variables: {repair: ''}").node == "main"


@pytest.mark.parametrize("number", ["12", "1234"])
def test_s52_a_number_that_is_none_is_not_taken(call: CallMaker, number: str) -> None:
    line = call(
        """
    start: {collect: phone, prompt: Your number?, type: phone, next: bye, otherwise: bye}
    bye: {hangup: normal}
    """
    )
    line.hear_out()
    line.press(number + "#")
    assert line.notes(Fact.NO_MATCH)
    assert line.session.value("phone") == ""


def test_s64_a_matter_that_turns_out_otherwise_is_put_first_elsewhere(call: CallMaker) -> None:
    nodes = """
    start: {queue: support, skills: {support: 1}, priority: 5, max_wait: 60s, overflow: urgent, next: bye}
    urgent: {queue: support, skills: {emergency: 3}, priority: 90, next: bye}
    bye: {hangup: normal}
    """
    line = call(nodes)
    assert (queued(line).priority, queued(line).skills[0].skill) == (5, "support")
    line.send(QueueLeft(QueueOutcome.OVERFLOW), 60)
    assert (queued(line).priority, queued(line).skills[0].skill) == (90, "emergency")


TREATMENTS = """
start: {profile: read, names: [treatment], next: offer, otherwise: offer}
offer:
  menu: "To help yourself, press one. To be called back, two. For somebody, three. For a message, four."
  options:
    1: {next: myself, if: treatment != "agent"}
    2: later
    3: agent
    4: message
myself: {profile: write, values: {treatment: '"self_service"'}, next: bye}
later: {profile: write, values: {treatment: '"callback"'}, next: bye}
agent: {profile: write, values: {treatment: '"agent"'}, next: somebody}
message: {profile: write, values: {treatment: '"message"'}, next: bye}
somebody: {queue: support}
bye: {hangup: normal}
"""


@pytest.mark.parametrize(
    ("key", "treatment"), [("1", "self_service"), ("2", "callback"), ("3", "agent"), ("4", "message")]
)
def test_s76_the_treatment_that_a_caller_chose_is_remembered(
    call: CallMaker, key: str, treatment: str
) -> None:
    line = call(TREATMENTS, "variables: {treatment: ''}", caller_number="+44")
    assert asked(line).wanted == ProfileRead("+44", ("treatment",))
    answered(line, outcome=RequestOutcome.REFUSED)
    line.press(key)
    assert asked(line).wanted == ProfileWrite("+44", (("treatment", treatment),))


@pytest.mark.parametrize("caller", ["", "anonymous", "Anonymous", "unavailable"])
def test_s76_who_hides_the_number_gets_nobody_elses_profile(call: CallMaker, caller: str) -> None:
    line = call(TREATMENTS, "variables: {treatment: ''}", caller_number=caller)
    line.press("3")
    assert queued(line).queue == "support", "neither read nor written"


def test_s76_what_was_chosen_before_changes_what_is_offered(call: CallMaker) -> None:
    line = call(TREATMENTS, "variables: {treatment: ''}", caller_number="+44")
    answered(line, ("treatment", "agent"))
    line.press("1")
    assert line.notes(Fact.NO_MATCH)


def cells(levels: str, answer: str) -> str:
    from ivr_flows.kinds.triage import cells_of

    return "\n".join(f"      {cell}: {{first: {answer}}}" for cell in cells_of(levels))


def triage(levels: str, **questions: int) -> str:
    asks = "\n".join(
        f"  {measure}: [{', '.join(f'Question {n} of {measure}?' for n in range(count))}]"
        for measure, count in questions.items()
    )
    return f"start:\n  triage: {levels}\n{asks}\n  cells:\n{cells(levels, 'bye')}\nbye: {{hangup: normal}}\n"


@pytest.mark.parametrize(
    ("keys", "found"),
    [
        # How complex: is it broken since long, are several devices concerned, has it been repaired before?
        ("222", "low"),
        ("122", "medium"),
        ("112", "high"),
    ],
)
def test_s77_three_questions_say_how_complex_a_matter_is(call: CallMaker, keys: str, found: str) -> None:
    line = call(triage("3", complexity=3))
    line.press(keys)
    [note] = line.notes(Fact.TRIAGED)
    assert note.field("complexity") == found


def test_s78_five_questions_say_how_severe_a_matter_is(call: CallMaker) -> None:
    """A computer is to be given back: dear, wanted at once, money is owed, and the caller may leave."""
    line = call(triage("2", severity=5))
    line.press("11121")
    [note] = line.notes(Fact.TRIAGED)
    assert note.field("severity") == "high"
    mild = call(triage("2", severity=5))
    mild.press("22122")
    assert mild.notes(Fact.TRIAGED)[0].field("severity") == "low"


def test_s79_four_questions_say_how_much_effort_a_matter_takes(call: CallMaker) -> None:
    """A virus scanner is to be set up again: many steps, restarts, a call before, and nothing helped."""
    line = call(triage("2", effort=4))
    line.press("1112")
    [note] = line.notes(Fact.TRIAGED)
    assert note.field("effort") == "high"


@pytest.mark.parametrize(("levels", "count"), [("2", 8), ("3", 27)])
def test_s80_all_cells_are_enumerated(findings_of: FindingsOf, levels: str, count: int) -> None:
    whole = triage(levels, severity=1)
    assert findings_of(whole) == ()
    rows = [row for row in whole.splitlines() if "first" in row]
    assert len(rows) == count
    [found] = findings_of(whole.replace(rows[3] + "\n", ""))
    assert found.rule == "triage-cells"
    assert f"1 of {count}" in found.message


def test_s80_a_level_never_falls_when_one_more_question_is_answered_with_yes() -> None:
    order = {"low": 0, "medium": 1, "high": 2}
    for levels in ("2", "3"):
        for questions in range(1, 8):
            found = [order[level(levels, yes, questions)] for yes in range(questions + 1)]
            assert found == sorted(found)
            assert found[0] == 0
            assert found[-1] == 2


def test_s82_s83_a_contact_has_each_of_its_tags_once_in_no_order(call: CallMaker) -> None:
    nodes = """
    start: {tag: [billing, cancel], next: more}
    more: {tag: [cancel], next: bye}
    bye: {hangup: normal}
    """
    line = call(nodes)
    assert [note.field("tags") for note in line.notes(Fact.TAGGED)] == ["billing,cancel", "cancel"]
    tags = {tag for note in line.notes(Fact.TAGGED) for tag in str(note.field("tags")).split(",")}
    assert tags == {"billing", "cancel"}


def test_s83_tags_may_come_in_any_number_and_order(call: CallMaker) -> None:
    line = call("start: {tag: [c, a, b], next: bye}\nbye: {hangup: normal}")
    assert set(str(line.notes(Fact.TAGGED)[0].field("tags")).split(",")) == {"a", "b", "c"}


MENU = """
start: {menu: Choose., options: {1: {next: more}, 2: agent}, no_match: [What?, What was that?]}
more: {say: All right., next: start}
agent: {queue: support, next: bye}
bye: {hangup: normal}
"""


@pytest.mark.parametrize(
    ("keys", "effort", "repeats"),
    [
        # one prompt, one key, one hand-over
        ("2", 1 + 1 + 5, 0),
        # the same after a key that means nothing: a question again, with its reprompt
        ("92", 2 + 2 + 3 + 5, 1),
        ("12", 2 + 3 + 5, 0),
    ],
)
def test_s85_the_effort_of_golden_calls(call: CallMaker, keys: str, effort: int, repeats: int) -> None:
    line = call(MENU)
    for key in keys:
        line.press(key)
        while line.node == "more":
            line.hear_out()
    line.send(QueueLeft(QueueOutcome.ANSWERED))
    [note] = line.notes(Fact.EFFORT)
    assert (note.field("effort"), note.field("repeats")) == (effort, repeats)


def test_s85_waiting_is_effort_and_a_flow_can_spare_who_had_much_of_it(call: CallMaker) -> None:
    nodes = """
    start: {queue: support, max_wait: 5m, overflow: again}
    again: {switch: {effort() >= 15: first}, otherwise: bye}
    first: {queue: support, priority: 100, next: bye}
    bye: {hangup: normal}
    """
    patient = call(nodes)
    patient.send(QueueLeft(QueueOutcome.OVERFLOW), 300)
    assert queued(patient).priority == 100
    spared = call(nodes)
    spared.send(QueueLeft(QueueOutcome.OVERFLOW), 30)
    assert spared.hung_up is HangupCause.NORMAL


def test_s21_a_complaint_tells_by_when_it_is_to_be_answered(line_of: LineMaker) -> None:
    from ivr_flows.engine.inputs import RecordingEnded

    line = line_of(load_flow(LIBRARY / "complaint.yaml"))
    line.press("2")
    line.press("222")
    line.hear_out()
    line.send(RecordingEnded("item-1", 12.0), 12.0)
    wanted = asked(line).wanted
    assert isinstance(wanted, HttpRequest)
    body = dict(wanted.body)
    today = line.session.state.wall_clock
    assert today is not None
    assert (body["statement"], body["category"]) == ("item-1", "invoice")
    assert body["answer_by"] > today.date().isoformat()
