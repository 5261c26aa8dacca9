"""What makes a menu hard to use is found, and a caller may hear a question again."""

from ivr_flows.engine.instructions import Fact
from ivr_flows.findings import Severity
from tests.ivr_flows.conftest import CallMaker, FindingsOf


def test_s34_more_than_five_options_are_a_finding(findings_of: FindingsOf) -> None:
    def menu(count: int) -> str:
        options = ", ".join(f"{key}: start" for key in range(1, count + 1))
        return f"start: {{menu: Choose., options: {{{options}}}}}"

    assert findings_of(menu(5)) == ()
    [finding] = findings_of(menu(6))
    assert (finding.rule, finding.severity) == ("menu-long", Severity.WARNING)


def test_s34_twenty_seconds_of_talking_before_the_first_option_are_a_finding(findings_of: FindingsOf) -> None:
    talk = "We are glad that you call us. " * 11
    option = "{next: start, say: 'To go on, press one.'}"
    [finding] = findings_of(f"start: {{menu: '{talk}', options: {{1: {option}}}}}")
    assert (finding.rule, finding.key) == ("menu-slow", "menu")
    assert findings_of(f"start: {{menu: '{talk[:250]}', options: {{1: {option}}}}}") == ()


def test_a_key_repeats_the_question_and_counts_as_no_mistake(call: CallMaker) -> None:
    line = call(
        "start: {menu: Choose., options: {1: bye}}\nbye: {hangup: normal}", 'defaults: {repeat_key: "*"}'
    )
    for _ in range(5):
        line.press("*")
    assert line.heard == ["Choose."] * 6
    assert line.notes(Fact.NO_MATCH) == []
    line.press("1")
    assert line.session.ended


def test_a_key_that_the_question_offers_itself_does_not_repeat_it(call: CallMaker) -> None:
    line = call(
        'start: {menu: Choose., options: {"*": bye}}\nbye: {hangup: normal}', 'defaults: {repeat_key: "*"}'
    )
    line.press("*")
    assert line.session.ended
