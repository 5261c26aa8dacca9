"""A flow in two languages, and the marks that texts may hold."""

from pathlib import Path

import pytest

from ivr_flows.engine.instructions import Listen, StartPlayback
from ivr_flows.findings import Severity
from ivr_flows.loader import load_flow, read_file
from ivr_flows.segments import Digits, Pause, Text
from ivr_flows.texts import by_voice
from tests.ivr_flows.conftest import CallMaker, FindingsOf

JA = "languages: {ja: {voice: ja, texts: {Choose.: 選んでください。, sales: [営業]}}}"
MENU = """
start: {language: ja, next: ask}
ask: {menu: Choose., options: {1: {next: start, or_say: sales}}}
"""


def test_u12_a_caller_hears_and_says_the_language_that_was_chosen(call: CallMaker) -> None:
    line = call(MENU, JA)
    assert line.heard == ["選んでください。"]
    assert line.playing.voice == "ja"
    [listen] = [order for order in line.orders if isinstance(order, Listen)]
    assert listen.phrases == ("営業", "いち")
    line.say("営業")
    assert line.node == "ask"
    assert len([order for order in line.orders if isinstance(order, StartPlayback)]) == 2


def test_u12_a_missing_translation_is_a_finding(findings_of: FindingsOf) -> None:
    found = findings_of(MENU.replace("menu: Choose.", "menu: [Choose., Now.]"), JA)
    assert [(finding.rule, finding.severity, finding.node) for finding in found] == [
        ("translation-missing", Severity.WARNING, "ask")
    ]


def test_a_language_that_the_flow_does_not_have_is_a_mistake(findings_of: FindingsOf) -> None:
    found = findings_of("start: {language: de, next: bye}\nbye: {hangup: normal}", JA)
    assert [finding.rule for finding in found] == ["language-unknown"]


def test_a_part_of_ssml_stands_in_texts(call: CallMaker) -> None:
    line = call(
        """
        start:
          - say: 'Hello.<break time="300ms"/>Code <say-as interpret-as="digits">47</say-as>, thank you.'
          - hangup:
        """
    )
    assert line.playing.segments == (
        Text("Hello."),
        Pause(300),
        Text("Code"),
        Digits("47"),
        Text(", thank you."),
    )


def test_other_marks_are_refused(findings_of: FindingsOf) -> None:
    for text in (
        "<emphasis>now</emphasis>",
        '<say-as interpret-as="x">1</say-as>',
        '<say-as interpret-as="date">1',
    ):
        found = findings_of(f"start: [{{say: '{text}'}}, {{hangup: normal}}]")
        assert "ssml" in [finding.rule for finding in found]


def test_a_sign_that_is_no_mark_is_text(call: CallMaker) -> None:
    line = call("start: [{say: 'a < b, and c > d'}, {hangup: normal}]")
    assert line.heard == ["a < b, and c > d"]


def test_u12_what_is_said_in_every_language_is_known_by_voice_before_the_first_call(tmp_path: Path) -> None:
    (tmp_path / "part.yaml").write_text(
        "flow: part\nstart: a\nvoice: other\nnodes:\n  a: [{say: Part.}, {return: }]\n"
    )
    (tmp_path / "main.yaml").write_text(
        "flow: main\nstart: a\nlanguages: {ja: {voice: ja, texts: {Hello.: こんにちは。}}}\n"
        'nodes:\n  a: [{say: [Hello., {digits: "1"}]}, {transfer: {flow: part}}, {hangup: normal}]\n'
    )
    spoken = by_voice(load_flow(tmp_path / "main.yaml"))
    assert spoken == {None: ("Hello.", "1"), "ja": ("こんにちは。", "いち"), "other": ("Part.",)}


@pytest.mark.parametrize(
    ("written_in", "rules"),
    [
        ("{Hello.: Konnichiwa.}", []),
        ("{Hello.: [Konnichiwa., Yaa.]}", []),
        ("[Hello.]", ["catalogue-broken"]),
        ("{Hello.: {to: Ada}}", ["translation-broken"]),
        ("{Hello.: [Konnichiwa., {to: Ada}]}", ["translation-broken"]),
        ("{Hello.: }", ["translation-broken"]),
        ("{Hello.: 'Konnichiwa, {'}", ["translation-broken"]),
        ("nowhere.yaml", ["catalogue-missing"]),
        ("list.yaml", ["catalogue-broken"]),
        ("broken.yaml", ["catalogue-broken"]),
    ],
)
def test_a_catalogue_is_read_whole_or_is_a_finding(tmp_path: Path, written_in: str, rules: list[str]) -> None:
    (tmp_path / "list.yaml").write_text("[Hello., Konnichiwa.]\n")
    (tmp_path / "broken.yaml").write_text("Hello.: [\n")
    flow = tmp_path / "main.yaml"
    flow.write_text(
        f"flow: main\nstart: a\nlanguages: {{ja: {{voice: ja, texts: {written_in}}}}}\n"
        "nodes:\n  a: {hangup: normal, prompt: Hello.}\n"
    )
    errors = [each for each in read_file(flow).findings if each.severity is Severity.ERROR]
    assert [each.rule for each in errors] == rules
    assert all(each.line == 3 for each in errors)


@pytest.mark.parametrize("language", ["no such thing", "j", "../ja", "ja_JP"])
def test_what_is_no_language_is_a_mistake(findings_of: FindingsOf, language: str) -> None:
    top = f"languages: {{'{language}': {{texts: {{Hello.: X.}}}}}}"
    found = findings_of("start: {hangup: normal, prompt: Hello.}", top)
    assert "value-type" in [each.rule for each in found if each.severity is Severity.ERROR]
