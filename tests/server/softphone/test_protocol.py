"""The lines between a softphone process and its driver, and the pipe they go through."""

from __future__ import annotations

import dataclasses
import os
import string
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any, get_args

import pytest
from hypothesis import given
from hypothesis import strategies as st

from server.softphone.channel import LONGEST_LINE_BYTES, Channel
from server.softphone.commands import Call, Command, HangUp, Play, Quit, Record, Register, SendDigits
from server.softphone.events import Event, Failed, Incoming, PhoneReport
from server.softphone.protocol import (
    ProtocolError,
    decode_command,
    decode_report,
    encode_command,
    encode_report,
)

TEXT = st.text(st.characters(exclude_categories=["Cs"]), max_size=30)
PATHS = st.text(string.ascii_letters + string.digits + "_-", min_size=1, max_size=20).map(Path)


def values_of(field: dataclasses.Field[Any]) -> st.SearchStrategy[Any]:
    """What may stand in a field of a command or event."""
    if field.name == "digits":
        return st.text("0123456789*#ABCD", min_size=1, max_size=8)
    if field.type in (Path, "Path"):
        return PATHS
    if field.type in (str, "str"):
        return TEXT
    if field.type in (float, "float"):
        return st.floats(0, 1e6)
    if field.type in (int, "int"):
        return st.integers(0, 10_000)
    return st.from_type(field.type) if isinstance(field.type, type) else st.none()


def any_of(union: Any) -> st.SearchStrategy[Any]:
    kinds = [each for each in get_args(union) if dataclasses.is_dataclass(each)]
    return st.sampled_from(kinds).flatmap(instances)


def instances(kind: Any) -> st.SearchStrategy[Any]:
    given_fields = [field for field in dataclasses.fields(kind) if field.name != "kind"]
    return st.builds(kind, **{field.name: values_of(field) for field in given_fields})


@given(any_of(Command))
def test_every_command_comes_back_from_its_line(command: Command) -> None:
    line = encode_command(command)
    assert line.endswith(b"\n")
    assert line.count(b"\n") == 1
    assert decode_command(line) == command


@given(any_of(Event), st.floats(0, 1e6))
def test_every_event_comes_back_from_its_line(event: Event, at_s: float) -> None:
    report = PhoneReport(at_s, at_s + 5, event)
    assert decode_report(encode_report(report)) == report


@given(st.binary(max_size=200))
def test_what_is_no_line_of_the_protocol_is_refused_by_its_own_error(line: bytes) -> None:
    for decode in (decode_command, decode_report):
        try:
            decode(line)
        except ProtocolError:
            continue


@pytest.mark.parametrize(
    "line",
    [b"{}", b'{"kind": "fly"}', b'{"kind": "call"}', b'{"kind": "send_digits", "digits": "one"}', b"[]", b""],
)
def test_a_command_that_cannot_be_carried_out_is_refused_when_it_is_read(line: bytes) -> None:
    with pytest.raises(ProtocolError):
        decode_command(line)


@dataclass
class Piped:
    """A channel whose driver is the test."""

    channel: Channel
    to_phone: int
    from_phone: int

    def write(self, data: bytes) -> None:
        os.write(self.to_phone, data)

    def reports(self) -> list[PhoneReport[Event]]:
        return [decode_report(line) for line in os.read(self.from_phone, 1 << 20).splitlines()]


@pytest.fixture
def piped() -> Iterator[Piped]:
    commands_out, commands_in = os.pipe()
    reports_out, reports_in = os.pipe()
    made = Piped(Channel(commands_out, reports_in), commands_in, reports_out)
    yield made
    for descriptor in (commands_out, commands_in, reports_out, reports_in):
        try:
            os.close(descriptor)
        except OSError:
            continue


def test_commands_arrive_in_order_and_reading_never_waits(piped: Piped) -> None:
    assert list(piped.channel.commands()) == []
    piped.write(encode_command(Register()) + encode_command(Call("sip:100@127.0.0.1")))
    assert list(piped.channel.commands()) == [Register(), Call("sip:100@127.0.0.1")]
    assert list(piped.channel.commands()) == []


def test_a_command_may_come_in_pieces(piped: Piped) -> None:
    line = encode_command(SendDigits("123#"))
    piped.write(line[:7])
    assert list(piped.channel.commands()) == []
    piped.write(line[7:])
    assert list(piped.channel.commands()) == [SendDigits("123#")]


def test_a_line_that_is_no_command_is_answered_and_the_next_is_obeyed(piped: Piped) -> None:
    piped.write(b"nonsense\n\n" + encode_command(HangUp()))
    assert list(piped.channel.commands()) == [HangUp()]
    [report] = piped.reports()
    assert isinstance(report.event, Failed)
    assert report.event.what == "command"


def test_a_line_without_end_is_not_kept_without_end(piped: Piped) -> None:
    for _ in range(3):
        piped.write(b"x" * LONGEST_LINE_BYTES)
        assert list(piped.channel.commands()) == []
    piped.write(b"\n" + encode_command(Play(Path("a.wav"))))
    assert list(piped.channel.commands())[-1] == Play(Path("a.wav"))


def test_the_end_of_the_input_means_quit(piped: Piped) -> None:
    os.close(piped.to_phone)
    assert list(piped.channel.commands()) == [Quit()]
    assert list(piped.channel.commands()) == [Quit()]


def test_a_driver_that_no_longer_reads_means_quit(piped: Piped) -> None:
    os.close(piped.from_phone)
    piped.channel.report(Failed("call", "x"))
    assert Quit() in list(piped.channel.commands())


def test_a_report_says_when_it_happened_by_both_clocks(piped: Piped) -> None:
    happened = time.monotonic() - 2
    piped.channel.report(Incoming("sip:a@b", "A", "call-1"), happened)
    piped.channel.report(Failed("record", "x"))
    earlier, now = piped.reports()
    assert earlier.at_s == happened
    assert now.wall_s - earlier.wall_s == pytest.approx(2, abs=0.5)


def test_a_recording_may_be_asked_for_before_there_is_a_call() -> None:
    assert decode_command(encode_command(Record(Path("heard.wav")))) == Record(Path("heard.wav"))
