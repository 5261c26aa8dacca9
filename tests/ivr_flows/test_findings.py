"""Every mistake in a flow file is found at its place, named by its rule, and told with its mend."""

from pathlib import Path

import pytest

from ivr_flows.findings import FlowError, Severity
from ivr_flows.kinds.say import Say
from ivr_flows.known import Known
from ivr_flows.loader import load_flow, parse_flow, read_file
from ivr_flows.segments import PromptFile
from tests.ivr_flows.conftest import FindingsOf

BYE = "\nbye: {hangup: normal}"

MISTAKES = [
    # nodes, keys of the flow, rule, node, key, part of message or mend
    ("start: {say: Hi.}", "", "dead-end", "start", "", "next"),
    ("start: {say: Hi., nxt: bye}" + BYE, "", "key-unknown", "start", "nxt", 'did you mean "next"?'),
    ("start: {say: Hi., next: bey}" + BYE, "", "target-unknown", "start", "next", 'did you mean "bye"?'),
    ("start: {say: Hi., next: bye, next: bye}" + BYE, "", "key-repeated", "start", "next", "twice"),
    ("start: {says: Hi., next: bye}" + BYE, "", "kind-missing", "start", "", 'did you mean "say"?'),
    ("start: {say: Hi., queue: a, next: bye}" + BYE, "", "kind-several", "start", "", "two nodes"),
    ("start: [say, Hi]", "", "value-type", "start", "", "keys and values"),
    ("start: {say: '', next: bye}" + BYE, "", "value-empty", "start", "say", "empty"),
    ("start: {say: [], next: bye}" + BYE, "", "value-empty", "start", "say", "says nothing"),
    ("start: {say: 'Hi {you', next: bye}" + BYE, "", "text-braces", "start", "say", "double it"),
    ("start: {say: 'Hi {you}', next: bye}" + BYE, "", "variable-unknown", "start", "say", "you"),
    ("start: {say: [{puase: 1s}], next: bye}" + BYE, "", "key-unknown", "start", "say.1.puase", "pause"),
    ("start: {say: [{pause: 1}], next: bye}" + BYE, "", "value-range", "start", "say.1.pause", "300ms"),
    ("start: {say: [{digits: 1a}], next: bye}" + BYE, "", "value-type", "start", "say.1.digits", "digits"),
    ("start: {say: [{number: x}], next: bye}" + BYE, "", "value-type", "start", "say.1.number", "number"),
    ("start: {say: [{music: jazz}], next: bye}" + BYE, "", "music-unknown", "start", "say.1.music", "hold"),
    ("start: {say: [{a: 1, b: 2}], next: bye}" + BYE, "", "value-type", "start", "say.1", "piece"),
    ("start: {say: Hi., next: bye, barge_in: yes}" + BYE, "", "value-type", "start", "barge_in", "true"),
    ("start: {menu: Choose.}", "", "key-missing", "start", "", "options"),
    ("start: {menu: Choose., options: {}}", "", "menu-empty", "start", "options", "add one"),
    ("start: {menu: Choose., options: {1: nope}}", "", "target-unknown", "start", "options.1", "nope"),
    ("start: {menu: A., options: {1: {next: x y}}}", "", "name-invalid", "start", "options.1.next", "name"),
    (
        "start: {menu: A., options: {1: {next: start, or_say: go}, 2: {next: start, or_say: Go!}}}",
        "",
        "phrase-repeated",
        "start",
        "options.2",
        "option 1",
    ),
    ("start: {menu: A., options: {1: {next: start, or_say: '?'}}}", "", "phrase-invalid", "start", "", "key"),
    ("start: {menu: A., options: {1: start}, timeout: 5}", "", "value-type", "start", "timeout", "write 5s"),
    ("start: {menu: A., options: {1: start}, timeout: 9m}", "", "value-range", "start", "timeout", "between"),
    (
        "start: {menu: A., options: {1: start}, min_confidence: 2}",
        "",
        "value-range",
        "start",
        "min_confidence",
        "0.5",
    ),
    (
        "start: {collect: n, prompt: N?, digits: 0, next: bye}" + BYE,
        "",
        "value-range",
        "start",
        "digits",
        "write 4",
    ),
    (
        "start: {collect: n, prompt: N?, digits: 6-4, next: bye}" + BYE,
        "",
        "value-range",
        "start",
        "digits",
        "write 4",
    ),
    (
        "start: {collect: n, prompt: N?, digits: 4, next: bye, terminator: 5}" + BYE,
        "",
        "value-choice",
        "start",
        "terminator",
        "none",
    ),
    (
        "start: {collect: n, prompt: N?, digits: 4, secret: true, next: say}\n"
        'say: {say: "It is {n}", next: bye}' + BYE,
        "",
        "secret-shown",
        "say",
        "say",
        "secret",
    ),
    (
        "start: {collect: n, prompt: N?, digits: 4, secret: true, next: b}\n"
        "b: {branch: {variable: n}, cases: {1234: bye}, otherwise: bye}" + BYE,
        "",
        "secret-shown",
        "b",
        "branch.variable",
        "secret",
    ),
    ("start: {queue: a b}", "", "name-invalid", "start", "queue", "name"),
    ("start: {queue: a, skills: {b: 11}}", "", "skill-level", "start", "skills.b", "1 to 10"),
    ("start: {queue: a, priority: high}", "", "value-range", "start", "priority", "number"),
    ("start: {queue: a, max_wait: 0s}", "", "value-range", "start", "max_wait", "between"),
    ("start: {transfer: bob}", "", "transfer-target", "start", "transfer", "sip:"),
    ("start: {transfer: {agent: a, number: 123}}", "", "transfer-target", "start", "transfer", "one target"),
    ("start: {hangup: angry}", "", "value-choice", "start", "hangup", "normal"),
    ("start: {branch: {}, open: bye, closed: bye}" + BYE, "", "branch-condition", "start", "branch", "hours"),
    (
        "start: {branch: {hours: office}, open: bye, closed: bye}" + BYE,
        "",
        "calendar-unknown",
        "start",
        "branch.hours",
        "no calendar",
    ),
    (
        "start: {branch: {variable: contact}, cases: {a: start}, otherwise: bye}" + BYE,
        "",
        "loop-without-wait",
        "start",
        "",
        "waiting",
    ),
    ("start: {hangup: normal}", "langauge: en", "key-unknown", "", "langauge", 'did you mean "language"'),
    ("start: {hangup: normal}", "operator: bob", "target-unknown", "", "operator", "start"),
    ("start: {hangup: normal}", "fallback: bob", "target-unknown", "", "otherwise", "start"),
    ("start: {hangup: normal}", "language: E N", "value-type", "", "language", "en-GB"),
    (
        "start: {hangup: normal}",
        "hours: {a: {zone: Europe/Lodnon, week: {}}}",
        "zone-unknown",
        "",
        "",
        "London",
    ),
    ("start: {hangup: normal}", "hours: {a: {zone: Europe, week: {}}}", "zone-unknown", "", "", ""),
    ("start: {hangup: normal}", "hours: {a: {zone: UTC, week: {mo: 1:00-2:00}}}", "hours-day", "", "", "mon"),
    ("start: {hangup: normal}", "hours: {a: {zone: UTC, week: {mon: 9-17}}}", "hours-span", "", "", "09:00"),
    (
        "start: {hangup: normal}",
        "hours: {a: {zone: UTC, week: {mon-tue: 1:00-2:00, tue: 3:00-4:00}}}",
        "hours-day",
        "",
        "",
        "twice",
    ),
    (
        "start: {hangup: normal}",
        "hours: {a: {zone: UTC, week: {}, closed: [2026-02-30]}}",
        "hours-date",
        "",
        "",
        "2027-01-01",
    ),
    (
        "start: {menu: A., options: {1: start}}",
        "defaults: {no_input: ['{who}']}",
        "variable-unknown",
        "",
        "defaults.no_input",
        "who",
    ),
    ("1st: {hangup: normal}\nstart: {hangup: normal}", "", "name-invalid", "1st", "", "letter"),
]


@pytest.mark.parametrize(("nodes", "top", "rule", "node", "key", "words"), MISTAKES)
def test_a_mistake_is_an_error_at_its_place(
    findings_of: FindingsOf, nodes: str, top: str, rule: str, node: str, key: str, words: str
) -> None:
    found = [finding for finding in findings_of(nodes, top) if finding.rule == rule]
    assert found, findings_of(nodes, top)
    first = found[0]
    assert first.severity is Severity.ERROR
    assert first.node == node or not node
    assert first.key == key or not key
    assert words in f"{first.message} {first.mend}"
    assert first.line > 1


def test_unreachable_nodes_and_unused_calendars_are_warnings(findings_of: FindingsOf) -> None:
    found = findings_of(
        "start: {hangup: normal}\nisland: {hangup: normal}",
        "hours: {a: {zone: UTC, week: {daily: 00:00-24:00}}}",
    )
    assert {(finding.rule, finding.severity) for finding in found} == {
        ("node-unreachable", Severity.WARNING),
        ("calendar-unused", Severity.WARNING),
    }


def test_a_circle_that_only_the_caller_can_leave_is_a_warning(findings_of: FindingsOf) -> None:
    found = findings_of("start: {say: One., next: two}\ntwo: {say: Two., next: start}")
    assert [finding.rule for finding in found] == ["no-way-out", "no-way-out"]


def test_the_fallback_of_the_flow_makes_a_node_reachable(findings_of: FindingsOf) -> None:
    nodes = "start: {menu: Choose., options: {1: start}}\nlost: {hangup: normal}"
    assert findings_of(nodes, "fallback: lost") == ()


def test_line_column_node_key_and_mend_are_told_in_one_line() -> None:
    text = "flow: x\nstart: a\nnodes:\n  a:\n    say: Hi.\n    next: b\n  bb:\n    hangup: normal\n"
    finding = next(f for f in parse_flow(text.encode(), "x.yaml").findings if f.rule == "target-unknown")
    assert (finding.line, finding.column) == (6, 5)
    assert str(finding) == (
        'x.yaml:6:5: error: node a: next: there is no node "b"; did you mean "bb"? [target-unknown]'
    )


def test_all_mistakes_are_told_at_once(findings_of: FindingsOf) -> None:
    found = findings_of(
        """
        start: {say: Hi., nxt: two}
        two: {menu: A., options: {1: nope}, timeout: 5}
        three: {queue: a, priority: x}
        four: {hangup: angry}
        """
    )
    assert {finding.node for finding in found} == {"start", "two", "three", "four"}
    assert [finding.line for finding in found] == sorted(finding.line for finding in found)


def test_names_outside_the_flow_are_checked_when_they_are_known() -> None:
    text = b"""
flow: x
start: a
nodes:
  a: {queue: suport, skills: {german: 1, frnch: 2}, otherwise: b}
  b: {transfer: {agent: alise}}
"""
    assert parse_flow(text, "x.yaml").findings == ()
    known = Known(frozenset({"support"}), frozenset({"german", "french"}), frozenset({"alice"}))
    found = parse_flow(text, "x.yaml", known=known).findings
    assert [(f.rule, f.node, f.key) for f in found] == [
        ("queue-unknown", "a", "queue"),
        ("skill-unknown", "a", "skills.frnch"),
        ("agent-unknown", "b", "transfer.agent"),
    ]
    assert all("did you mean" in finding.mend for finding in found)


def test_a_missing_prompt_file_is_an_error_and_an_existing_one_is_resolved(tmp_path: Path) -> None:
    (tmp_path / "hello.wav").write_bytes(b"RIFF")
    flow = tmp_path / "flow.yaml"
    flow.write_text(
        "flow: x\nstart: a\nnodes:\n  a: {say: [{file: hello.wav}], next: b}\n  b: {hangup: normal}\n"
    )
    node = load_flow(flow).nodes["a"]
    assert isinstance(node, Say)
    sound = node.prompt.segments[0]
    assert isinstance(sound, PromptFile)
    assert sound.path == tmp_path / "hello.wav"
    flow.write_text(flow.read_text().replace("hello.wav", "hallo.wav"))
    with pytest.raises(FlowError, match="prompt-missing") as caught:
        load_flow(flow)
    assert caught.value.findings[0].line == 4


def test_queue_music_may_be_a_file_that_must_exist(tmp_path: Path) -> None:
    flow = tmp_path / "flow.yaml"
    flow.write_text("flow: x\nstart: a\nnodes:\n  a: {queue: q, music: jazz.wav}\n")
    assert [finding.rule for finding in read_file(flow).findings] == ["prompt-missing"]


@pytest.mark.parametrize(
    ("data", "rule", "line"),
    [
        (b"", "file-empty", 1),
        (b"# nothing\n", "file-empty", 1),
        (b"flow: x\nstart: \xff\n", "file-encoding", 2),
        (b"flow: x\nstart: \x07\n", "file-encoding", 2),
        (b"flow: x\nnodes: [\n", "yaml-syntax", 3),
        (b"flow: x\nsay: a: b\n", "yaml-syntax", 2),
        (b"flow: x\nvoice: *none\n", "yaml-alias", 2),
        (b"flow: x\nvoice: !!python/object x\n", "yaml-tag", 2),
        (b"flow: x\n---\nflow: y\n", "yaml-limit", 2),
        (b"[" * 100_000, "yaml-limit", 1),
        (b"x" * 600_000, "file-too-large", 1),
        (b"flow: &a [*a]\n", "yaml-alias", 1),
    ],
)
def test_what_is_no_flow_file_is_refused_with_its_line(data: bytes, rule: str, line: int) -> None:
    (finding,) = parse_flow(data, "x.yaml").findings
    assert (finding.rule, finding.line) == (rule, line)


def test_aliases_cannot_blow_a_file_up() -> None:
    lines = ["a0: &a0 [x, x, x, x, x, x, x, x, x]"]
    lines += [f"a{n}: &a{n} [{', '.join([f'*a{n - 1}'] * 9)}]" for n in range(1, 12)]
    (finding,) = parse_flow("\n".join(lines).encode(), "x.yaml").findings
    assert finding.rule == "yaml-limit"
    assert finding.line <= 6


def test_aliases_within_the_limit_are_welcome() -> None:
    text = b"""
flow: x
start: a
nodes:
  a: {menu: A., options: {1: b}, no_input: &sorry [Sorry.]}
  b: {menu: B., options: {1: a}, no_input: *sorry}
"""
    assert parse_flow(text, "x.yaml").findings == ()


@pytest.mark.parametrize("name", ["missing.yaml", "", "."])
def test_a_file_that_cannot_be_read_is_a_finding(tmp_path: Path, name: str) -> None:
    (finding,) = read_file(tmp_path / name).findings
    assert finding.rule == "file-unreadable"


def test_windows_line_ends_and_a_byte_order_mark_are_welcome() -> None:
    text = "\ufeffflow: x\r\nstart: a\r\nnodes:\r\n  a: {hangup: normal}\r\n"
    assert parse_flow(text.encode(), "x.yaml").findings == ()
