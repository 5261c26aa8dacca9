"""What every kind of node refuses, by rule and line: a mistake that is written is a mistake that is told."""

import pytest

from ivr_flows.findings import Severity
from ivr_flows.kinds.catalogue import KINDS
from ivr_flows.loader import parse_flow

AROUND = """
flow: refused
start: start
hours: {{office: {{zone: UTC, week: {{mon: 09:00-10:00}}}}}}
nodes:
  start: {node}
  end: {{hangup: }}
"""
LINE = 6
REFUSED: dict[str, tuple[tuple[str, str], ...]] = {
    "say": (
        ("{say: , next: end}", "value-empty"),
        ("{say: Hi., next: nowhere}", "target-unknown"),
        ("{say: Hi.}", "dead-end"),
        ("{say: [{pause: 5}], next: end}", "value-range"),
        ("{say: [{money: lots}], next: end}", "value-type"),
        ("{say: '{nobody}', next: end}", "variable-unknown"),
        ("{say: Hi., barge_in: maybe, next: end}", "value-type"),
        ("{say: Hi., loop: true, next: end, extra: 1}", "key-unknown"),
        ("{say: {musik: hold}, next: end}", "key-unknown"),
    ),
    "menu": (
        ("{menu: Hi., options: {}}", "menu-empty"),
        ("{menu: Hi.}", "key-missing"),
        ("{menu: Hi., options: {1: nowhere}}", "target-unknown"),
        ("{menu: Hi., options: {1: {or_say: x}}}", "key-missing"),
        ("{menu: Hi., options: {1: end}, timeout: 5}", "value-type"),
        ("{menu: Hi., options: {1: end}, min_confidence: 2}", "value-range"),
        ("{menu: Hi., options: {1: {next: end, if: 1 + 1}}}", "expression-type"),
        (
            "{menu: Hi., options: {1: {next: end, or_say: yes please}, 2: {next: end, or_say: yes please}}}",
            "phrase-repeated",
        ),
    ),
    "collect": (
        ("{collect: 9x, prompt: Hi., digits: 4, next: end}", "name-invalid"),
        ("{collect: a, prompt: Hi., digits: 4-2, next: end}", "value-range"),
        ("{collect: a, prompt: Hi., digits: 0, next: end}", "value-range"),
        ("{collect: a, prompt: Hi., digits: 4, terminator: x, next: end}", "value-choice"),
        ("{collect: a, prompt: Hi., type: colour, next: end}", "key-missing value-choice"),
        ("{collect: a, prompt: Hi., pattern: '([', next: end}", "key-missing value-type"),
        ("{collect: a, prompt: Hi., listed: nobody, next: end}", "key-missing list-unknown"),
        ("{collect: a, prompt: Hi., type: integer, min: 9, max: 3, next: end}", "value-range"),
        ("{collect: a, digits: 4, next: end}", "key-missing"),
        ("{collect: a, prompt: Hi., digits: 4, valid: 'a + 1', next: end}", "expression-type"),
        (
            "{collect: a, prompt: Hi., digits: 4, secret: true, confirm: 'You said {a}', next: end}",
            "secret-shown",
        ),
    ),
    "form": (
        ("{form: {}, next: end}", "value-empty"),
        ("{form: {a: {}}, next: end}", "key-missing"),
        ("{form: {a: {ask: Hi., type: colour}}, next: end}", "value-choice"),
        ("{form: {a: {ask: Hi., colour: red}}, next: end}", "key-unknown"),
        ("{form: a, next: end}", "value-empty value-type"),
    ),
    "directory": (
        ("{directory: {}, next: end}", "key-missing key-unknown value-type"),
        ("{directory: Hi., names: {}, next: end}", "key-missing key-unknown"),
        ("{directory: Hi.}", "key-missing"),
    ),
    "faq": (
        ("{faq: Hi., questions: {}}", "operator-missing value-empty"),
        ("{faq: Hi., questions: {a: {answer: Hi.}}}", "operator-missing"),
        ("{faq: Hi., questions: {a: {owner: Ann}}, otherwise: end}", "key-missing operator-missing"),
        (
            "{faq: Hi., questions: {a: {answer: Hi., owner: Ann, expires: someday}}, otherwise: end}",
            "operator-missing value-type",
        ),
    ),
    "intent": (
        ("{intent: Hi.}", "key-missing"),
        ("{intent: Hi., rules: {}, otherwise: end}", "key-missing key-unknown"),
        ("{intent: Hi., rules: {a: {}}, otherwise: end}", "key-missing key-unknown"),
    ),
    "triage": (
        ("{triage: 4, cells: {}}", "triage-cells value-choice value-empty"),
        ("{triage: 2, cells: {low-low-low: {first: end}}}", "triage-cells"),
        ("{triage: 2, severity: Hi.}", "key-missing triage-cells"),
    ),
    "survey": (
        ("{survey: a, questions: {}, next: end}", "value-empty"),
        ("{survey: a, questions: {b: {ask: Hi., scale: 5-1}}, next: end}", "value-type"),
        ("{survey: a, questions: {b: {ask: Hi., scale: some}}, next: end}", "value-type"),
        ("{survey: a, questions: {b: {scale: 1-5}}, next: end}", "key-missing"),
    ),
    "branch": (
        ("{branch: {hours: nobody}, open: end, closed: end}", "calendar-unknown"),
        ("{branch: {variable: nobody}, cases: {a: end}, otherwise: end}", "variable-unknown"),
        ("{branch: {variable: caller_number}, cases: {a: end}}", "key-missing"),
        ("{branch: {}, otherwise: end}", "branch-condition"),
    ),
    "hours": (
        ("{hours: nobody, open: end, closed: end}", "calendar-unknown"),
        ("{hours: office, open: end}", "key-missing"),
    ),
    "switch": (
        ("{switch: {}, otherwise: end}", "value-empty"),
        ("{switch: {'1 +': end}, otherwise: end}", "expression expression-type"),
        ("{switch: {'1 + 1': end}, otherwise: end}", "expression-type"),
        ("{switch: {'nobody == 1': end}, otherwise: end}", "expression-type variable-unknown"),
        ("{switch: {yes: end}}", "key-missing"),
    ),
    "set": (
        ("{set: {}, next: end}", "value-empty"),
        ("{set: {a: 'b +'}, next: end}", "expression"),
        ("{set: {9a: 1}, next: end}", "name-invalid"),
        ("{set: {a: nobody}, next: end}", "variable-unknown"),
    ),
    "split": (
        ("{split: {}}", "value-empty"),
        ("{split: {end: -1}}", "value-empty value-range"),
        ("{split: {end: much}}", "value-empty value-range"),
        ("{split: {nowhere: 1}}", "target-unknown"),
    ),
    "tag": (
        ("{tag: [], next: end}", "value-empty"),
        ("{tag: [a b], next: end}", "name-invalid"),
        ("{tag: [a]}", "key-missing"),
    ),
    "queue": (
        ("{queue: }", "value-empty"),
        ("{queue: a, skills: {b: 11}}", "skill-level"),
        ("{queue: a, skills: {b: some}}", "skill-level"),
        ("{queue: a, priority: 101}", "value-range"),
        ("{queue: a, max_wait: 5}", "value-type"),
        ("{queue: a, announce_every: 1s}", "value-range"),
        ("{queue: a, overflow: nowhere}", "target-unknown"),
        ("{queue: a, tell: {b: nobody}}", "variable-unknown"),
    ),
    "language": (
        ("{language: xx, next: end}", "language-unknown"),
        ("{language: en}", "key-missing"),
    ),
    "http": (
        ("{http: ftp://a, next: end, failed: end}", "value-type"),
        ("{http: a, next: end, failed: end}", "value-type"),
        ("{http: 'https://a', method: STEAL, next: end, failed: end}", "value-choice"),
        ("{http: 'https://a', timeout: 1h, next: end, failed: end}", "value-range"),
        ("{http: 'https://a', tries: 99, next: end, failed: end}", "value-range"),
        ("{http: 'https://a', take: {9x: y}, next: end, failed: end}", "value-type"),
        ("{http: 'https://a/{nobody}', next: end, failed: end}", "variable-unknown"),
    ),
    "profile": (
        ("{profile: burn, next: end}", "key-missing value-choice"),
        ("{profile: read, next: end}", "key-missing"),
        ("{profile: write, next: end}", "key-missing"),
        ("{profile: read, names: [a], values: {b: 1}, next: end}", "key-unknown"),
        ("{profile: write, values: {a: nobody}, next: end}", "variable-unknown"),
    ),
    "bot": (
        ("{bot: nothing, next: end, failed: end}", "key-missing value-type"),
        ("{bot: 'https://a'}", "key-missing"),
    ),
    "notice": (
        ("{notice: , next: end}", "value-empty"),
        ("{notice: 9x y, next: end}", "name-invalid"),
        ("{notice: a, next: nowhere}", "target-unknown"),
    ),
    "notify": (
        ("{notify: , next: end}", "value-empty"),
        ("{notify: a, values: {b: nobody}, next: end}", "variable-unknown"),
    ),
    "record": (
        ("{record: a b, prompt: Hi., next: end}", "name-invalid"),
        ("{record: a, prompt: Hi., max: 2h, next: end}", "value-range"),
        ("{record: a, prompt: Hi., ends_with: x, next: end}", "value-type"),
        ("{record: a, next: end}", "key-missing"),
        ("{record: a, prompt: Hi., silence: 0s, next: end}", "value-range"),
    ),
    "send_digits": (
        ("{send_digits: 12x, next: end}", "value-type"),
        ("{send_digits: , next: end}", "value-empty"),
    ),
    "transfer": (
        ("{transfer: }", "transfer-target"),
        ("{transfer: 'sip:'}", "transfer-target"),
        ("{transfer: {flow: gone}}", "flow-unknown"),
        ("{transfer: a-number}", "transfer-target"),
        ("{transfer: {a: b}}", "key-unknown transfer-target"),
        ("{transfer: '+441', ring_for: 1}", "value-type"),
    ),
    "return": (("{return: , next: end}", "key-unknown"),),
    "hangup": (
        ("{hangup: rudely}", "value-choice"),
        ("{hangup: normal, next: end}", "key-unknown"),
        ("{hangup: normal, prompt: '{nobody}'}", "variable-unknown"),
    ),
}
"""By kind: a node that is wrong, and the rules that it breaks."""
OF_OTHERS = {"callback", "consent"}
"""Kinds whose refusals are tested with what they need of the server."""


@pytest.mark.parametrize(
    ("node", "rules"), [case for cases in REFUSED.values() for case in cases], ids=lambda value: value[:40]
)
def test_a_node_that_is_wrong_is_refused_by_rule_line_and_with_a_mend(node: str, rules: str) -> None:
    found = parse_flow(AROUND.format(node=node).encode(), "refused.yaml").findings
    errors = [finding for finding in found if finding.severity is Severity.ERROR]
    assert " ".join(sorted({finding.rule for finding in errors})) == rules
    assert {finding.line for finding in errors} == {LINE}
    assert all(finding.message and finding.node == "start" for finding in errors)
    assert all(str(finding).startswith(f"refused.yaml:{LINE}:") for finding in errors)


def test_every_kind_refuses_something() -> None:
    assert set(REFUSED) | OF_OTHERS == set(KINDS)


@pytest.mark.parametrize("kind", KINDS)
def test_the_word_of_a_kind_alone_is_no_node_that_runs_away(kind: str) -> None:
    """Nothing behind the word, or nothing else in the node: told with its place, never an exception."""
    for node in (f"{{{kind}: }}", f"{{{kind}: []}}", f"{{{kind}: {{}}}}", f"{{{kind}: 1, {kind}: 2}}"):
        loaded = parse_flow(AROUND.format(node=node).encode(), "refused.yaml")
        assert loaded.flow is not None or any(finding.line == LINE for finding in loaded.findings)


@pytest.mark.parametrize("kind", KINDS)
def test_a_key_that_a_kind_does_not_have_is_refused_with_what_it_might_be(kind: str) -> None:
    found = parse_flow(AROUND.format(node=f"{{{kind}: x, nxet: end}}").encode(), "refused.yaml").findings
    assert any(finding.rule == "key-unknown" and finding.key == "nxet" for finding in found)


TOP = {
    "flow: 9 lives": "name-invalid",
    "start: nowhere": "target-unknown",
    "operator: nowhere": "target-unknown",
    "otherwise: nowhere": "target-unknown",
    "failed: nowhere": "target-unknown",
    "hung_up: nowhere": "target-unknown",
    "language: english please": "value-type",
    "zone: Mars/Olympus": "zone-unknown",
    "limits: {steps: 1}": "value-range",
    "limits: {time: 5}": "value-type",
    "limits: {then: nowhere}": "target-unknown",
    "limits: {patience: 1}": "key-unknown",
    "variables: {9x: 1}": "name-invalid",
    "variables: {x: {type: colour}}": "value-choice",
    "variables: {x: {secret: maybe}}": "value-type",
    "defaults: {timeout: soon}": "value-type",
    "defaults: {colour: red}": "key-unknown",
    "colour: red": "key-unknown",
}


@pytest.mark.parametrize(("key", "rule"), TOP.items())
def test_a_key_of_the_whole_flow_that_is_wrong_is_refused_where_it_stands(key: str, rule: str) -> None:
    word = key.partition(":")[0]
    lines = {"flow": "flow: x", "start": "start: end"} | {word: key}
    text = "\n".join([*lines.values(), "nodes:", "  end: {hangup: }", ""])
    found = parse_flow(text.encode(), "top.yaml").findings
    errors = [finding for finding in found if finding.severity is Severity.ERROR]
    assert {finding.rule for finding in errors} == {rule}
    assert {finding.line for finding in errors} == {list(lines).index(word) + 1}
