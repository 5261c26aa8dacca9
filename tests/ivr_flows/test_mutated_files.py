"""Whatever the bytes of a flow file: no exception, and every refusal names file and line."""

from datetime import UTC, datetime
from pathlib import Path

from hypothesis import given, settings
from hypothesis import strategies as st

from ivr_flows.definition.flow import Flow
from ivr_flows.engine.inputs import (
    DigitPressed,
    Input,
    PlaybackFinished,
    PlaybackId,
    QueueLeft,
    QueueOutcome,
    Started,
    Tick,
)
from ivr_flows.engine.session import Session
from ivr_flows.findings import Severity
from ivr_flows.loader import parse_flow
from tests.ivr_flows.conftest import JUST_NOW

LIBRARY = Path(__file__).parents[2] / "ivr_flows" / "library"
EXAMPLES = Path(__file__).parents[1] / "data" / "flows"
SEEDS = sorted(path.read_bytes() for folder in (LIBRARY, EXAMPLES) for path in folder.glob("*.yaml"))
TOKENS = [
    b":", b"- ", b"\n", b"  ", b'"\\e[0m"', b'"\\ud800"', b'"a\\nb"',
    b"{", b"}", b"[", b"]", b"'", b'"', b"|", b">", b"&a ", b"*a", b"!x ", b"#", b"?",
    b"\t", b"\x00", b"\xff", b"%", b"@", b"~", b"null", b"0", b"-1", b"99999999999", b"1e9", b"{x}", b"---\n",
    b"next", b"start", b"\xe2\x80\xa8", b"\xf0\x9f\x93\x9e", b"\\", b"<<: ", b"true", b"5s", b"\r",
]  # fmt: skip


@st.composite
def mutated(draw: st.DrawFn) -> bytes:
    data = draw(st.sampled_from(SEEDS))
    for _ in range(draw(st.integers(1, 6))):
        at = draw(st.integers(0, len(data)))
        length = draw(st.integers(0, 12))
        kind = draw(st.sampled_from(["insert", "delete", "replace", "copy", "line"]))
        if kind == "insert":
            data = data[:at] + draw(st.sampled_from(TOKENS)) + data[at:]
        elif kind == "delete":
            data = data[:at] + data[at + length :]
        elif kind == "replace":
            data = data[:at] + draw(st.binary(max_size=4)) + data[at + length :]
        elif kind == "copy":
            source = draw(st.integers(0, len(data)))
            data = data[:at] + data[source : source + 10 * length] + data[at:]
        else:
            lines = data.splitlines(keepends=True) or [b""]
            del lines[min(len(lines) - 1, at % len(lines))]
            data = b"".join(lines)
    return data


@settings(max_examples=400, deadline=None)
@given(mutated())
def test_a_mutated_file_is_refused_with_a_place_or_runs(data: bytes) -> None:
    check(data)


@settings(max_examples=200, deadline=None)
@given(st.binary(max_size=200))
def test_any_bytes_are_refused_with_a_place(data: bytes) -> None:
    check(data)


def check(data: bytes) -> None:
    loaded = parse_flow(data, "mutated.yaml")
    lines = data.count(b"\n") + data.count(b"\r") + data.count(b"\xe2\x80\xa8") + data.count(b"\xc2\x85") + 2
    for finding in loaded.findings:
        assert finding.file == "mutated.yaml"
        assert 1 <= finding.line <= lines
        assert finding.column >= 1
        assert finding.message
        assert "\n" not in str(finding)
    errors = [finding for finding in loaded.findings if finding.severity is Severity.ERROR]
    assert (loaded.flow is None) == bool(errors)
    if loaded.flow is not None:
        walk(loaded.flow)


def walk(flow: Flow) -> None:
    session, now = Session(flow), 0.0
    session.resume(Started(datetime(2026, 11, 23, 12, 0, tzinfo=UTC)), now)
    script: tuple[Input | None, ...] = (
        None,
        DigitPressed("3", JUST_NOW),
        None,
        DigitPressed("1", JUST_NOW),
        None,
        Tick(),
        QueueLeft(QueueOutcome.NOBODY),
    )
    for received in script:
        now = max(now + 0.5, session.answer_due() or 0.0)
        session.resume(received or PlaybackFinished(PlaybackId(session.state.playback)), now)
