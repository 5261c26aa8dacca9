"""Kinds that find somebody or send the caller to them: directory, queue, transfer, record, language."""

import pytest

from ivr_flows.definition.causes import HangupCause
from ivr_flows.engine.inputs import (
    DigitsSent,
    QueueLeft,
    QueueOutcome,
    RecordingEnded,
    RequestDone,
    RequestId,
    RequestOutcome,
    TransferEnded,
    TransferOutcome,
)
from ivr_flows.engine.instructions import AskOutside, Enqueue, Fact, PlayKeys
from ivr_flows.engine.state import Phase
from ivr_flows.kinds.send_digits import MAX_KEYS
from tests.ivr_flows.conftest import CallMaker, FlowMaker, Line

PEOPLE = """
start:
  directory: Who is it for?
  people: {Ada Lovelace: ada, Alan Turing: alan, Renée O'Hara: renee}
  nobody: end
  no_match: [Again., Once more.]
ada: {menu: Ada., options: {1: ada}}
alan: {menu: Alan., options: {1: alan}}
renee: {menu: Renée., options: {1: renee}}
end: {menu: Nobody., options: {1: end}}
"""


@pytest.mark.parametrize(
    ("keys", "node"),
    [("232#", "ada"), ("2526#", "alan"), ("568#", "ada"), ("73633#", "renee"), ("64272#", "renee")],
)
def test_letters_that_fit_one_person_lead_to_them(call: CallMaker, keys: str, node: str) -> None:
    line = call(PEOPLE)
    line.press(keys)
    assert line.node == node


def test_silence_ends_a_name_as_well_as_the_hash_key(call: CallMaker) -> None:
    line = call(PEOPLE)
    line.press("25")
    assert line.node == "start"
    line.wait()
    assert line.node == "alan"


def test_of_several_people_the_caller_chooses_in_alphabetical_order(call: CallMaker) -> None:
    line = call(PEOPLE)
    line.press("2#")
    assert line.heard[-1] == "For Ada Lovelace, press 1. For Alan Turing, press 2."
    line.press("2")
    assert line.node == "alan"
    [note] = line.notes(Fact.OPTION_CHOSEN)
    assert note.field("option") == "Alan Turing"


def test_who_chooses_nobody_of_those_offered_goes_the_way_for_it(call: CallMaker) -> None:
    line = call(PEOPLE)
    line.press("2#")
    for _ in range(3):
        line.press("9")
    assert line.node == "end"


def test_a_name_is_said_however_it_is_spelt_and_another_is_a_mismatch(call: CallMaker) -> None:
    line = call(PEOPLE)
    line.hear_out()
    line.say("somebody else")
    assert (line.node, len(line.notes(Fact.NO_MATCH))) == ("start", 1)
    line.hear_out()
    line.say("ADA   lovelace")
    assert line.node == "ada"


def test_more_people_than_keys_are_offered_up_to_nine(call: CallMaker) -> None:
    people = ", ".join(f"A{letter}: end" for letter in "bcdefghijklm")
    line = call(f"start: {{directory: Who?, people: {{{people}}}, otherwise: end}}\nend: {{hangup: normal}}")
    line.press("2#")
    offered = line.heard[-1]
    assert offered.startswith("For Ab, press 1.")
    assert offered.endswith("For Aj, press 9.")


def test_who_was_found_before_is_not_offered_again(call: CallMaker) -> None:
    line = call(PEOPLE.replace("ada: {menu: Ada., options: {1: ada}}", "ada: {say: Ada., next: start}"))
    line.press("2#")
    line.press("1")
    line.hear_out()
    assert line.node == "start"
    assert line.heard[-1] == "Who is it for?"


QUEUE = """
start: {queue: sales, max_wait: 1m, KEYS}
on: {menu: On., options: {1: on}}
full: {menu: Full., options: {1: full}}
gone: {menu: Gone., options: {1: gone}}
broken: {menu: Broken., options: {1: broken}}
"""


@pytest.mark.parametrize(
    ("keys", "ways"),
    [
        ("next: on, overflow: full, otherwise: gone, failed: broken", ("on", "full", "gone", "broken")),
        ("next: on, overflow: full, otherwise: gone", ("on", "full", "gone", "gone")),
        ("otherwise: gone", (HangupCause.NORMAL, HangupCause.QUEUE_OVERFLOW, "gone", "gone")),
        (
            "next: on",
            ("on", HangupCause.QUEUE_OVERFLOW, HangupCause.NOBODY_TO_SERVE, HangupCause.QUEUE_FAILED),
        ),
    ],
)
def test_each_outcome_of_a_queue_takes_its_own_way_or_the_next_best(
    call: CallMaker, keys: str, ways: tuple[str | HangupCause, ...]
) -> None:
    outcomes = (QueueOutcome.ANSWERED, QueueOutcome.OVERFLOW, QueueOutcome.NOBODY, QueueOutcome.FAILED)
    for outcome, way in zip(outcomes, ways, strict=True):
        line = call(QUEUE.replace("KEYS", keys))
        line.send(QueueLeft(outcome), 5)
        assert way in (line.node, line.hung_up)
        assert [note.field("outcome") for note in line.notes(Fact.QUEUE_LEFT)] == [outcome.value]


def test_a_wish_for_an_agent_has_a_time_only_when_there_is_a_name(call: CallMaker) -> None:
    nodes = (
        "start: {queue: sales, agent: caller_name, agent_wait: 20s, preferred: [fr, es], otherwise: end}\n"
    )
    waits = []
    for name in ("carol", ""):
        line = call(nodes + "end: {hangup: normal}", caller_name=name)
        [order] = [order for order in line.orders if isinstance(order, Enqueue)]
        waits.append((order.agent, order.agent_wait_s))
        assert [each.skill for each in order.preferred] == ["fr", "es"]
    assert waits == [("carol", 20.0), ("", 0.0)]


OUTCOMES = [
    (RecordingEnded("item", 3.0), Phase.RECORDING),
    (DigitsSent(), Phase.SENDING),
    (QueueLeft(QueueOutcome.ANSWERED), Phase.QUEUE),
    (TransferEnded(TransferOutcome.ANSWERED), Phase.TRANSFER),
    (RequestDone(RequestId(77), RequestOutcome.DONE), Phase.REQUEST),
]
PLACES = {
    Phase.RECORDING: "start: {record: voicemail, prompt: '{nothing}', next: end}",
    Phase.SENDING: "start: {send_digits: 123, next: end}",
    Phase.QUEUE: "start: {queue: sales, next: end}",
    Phase.TRANSFER: "start: {transfer: sip:a@example.com, next: end}",
    Phase.REQUEST: "start: {http: 'https://example.com', next: end, failed: end}",
}


@pytest.mark.parametrize(("received", "of"), OUTCOMES, ids=lambda value: type(value).__name__)
@pytest.mark.parametrize("place", PLACES)
def test_the_end_of_something_that_is_not_going_on_moves_nobody(
    call: CallMaker, received: QueueLeft, of: Phase, place: Phase
) -> None:
    """A shell that is late, or tells twice, cannot push a caller out of where they are now."""
    line = call(PLACES[place] + "\nend: {menu: End., options: {1: end}}", "variables: {nothing: ''}")
    assert line.session.phase is place
    line.send(received, 1)
    moved = of is place and not isinstance(received, RequestDone)
    assert line.node == ("end" if moved else "start")


def test_keys_are_pressed_up_to_a_limit_and_none_are_no_wait(call: CallMaker) -> None:
    nodes = "start: {send_digits: '{caller_name}', next: end}\nend: {menu: End., options: {1: end}}"
    [order] = [each for each in call(nodes, caller_name="7" * 500).orders if isinstance(each, PlayKeys)]
    assert order.digits == "7" * MAX_KEYS
    line = call(nodes, caller_name="nobody")
    assert line.node == "end"
    assert not any(isinstance(order, PlayKeys) for order in line.orders)


BOT = """
start: {bot: 'https://bot.example.com', prompt: Hello?, slots: [product], turns: 3, next: on, failed: off}
on: {menu: On., options: {1: on}}
off: {menu: Off., options: {1: off}}
"""


def partner_says(line: Line, outcome: RequestOutcome = RequestOutcome.DONE, **values: str) -> None:
    order = next(each for each in reversed(line.orders) if isinstance(each, AskOutside))
    line.send(RequestDone(order.request, outcome, tuple(values.items())), 0.2)


def test_a_partner_that_says_nothing_new_is_heard_as_before(call: CallMaker) -> None:
    line = call(BOT)
    line.say("router")
    partner_says(line, say="Which one?")
    line.say("the blue one")
    partner_says(line)
    assert line.heard[-1] == "Which one?"


def test_a_partner_sets_what_it_may_and_nothing_else(call: CallMaker) -> None:
    line = call(BOT, caller_number="+44")
    line.say("router")
    partner_says(line, done="yes", product="router", caller_number="+999", start="off")
    assert line.node == "on"
    assert (line.session.value("product"), line.session.value("caller_number")) == ("router", "+44")


@pytest.mark.parametrize("outcome", [RequestOutcome.FAILED, RequestOutcome.REFUSED])
def test_a_partner_that_fails_keeps_nobody(call: CallMaker, outcome: RequestOutcome) -> None:
    line = call(BOT)
    line.say("router")
    partner_says(line, outcome)
    assert line.node == "off"


def test_a_language_that_was_chosen_lasts_until_another_is(flow_of: FlowMaker, call: CallMaker) -> None:
    top = "languages: {ja: {voice: ja, texts: {Hello.: Konnichiwa., Bye.: Sayonara.}}}"
    nodes = """
    start: {language: ja, next: hello}
    hello: {say: Hello., next: back}
    back: {language: en, next: bye}
    bye: {say: Bye., next: end}
    end: {hangup: normal}
    """
    line = call(nodes, top)
    assert (line.heard[-1], line.playing.voice) == ("Konnichiwa.", "ja")
    line.hear_out()
    assert (line.heard[-1], line.playing.voice) == ("Bye.", None)
