"""Via, addresses, CSeq and the grammar under them."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from hypothesis import given
from hypothesis import strategies as st

from telephony.sip.errors import SipSyntaxError
from telephony.sip.fields import (
    CSeq,
    NameAddr,
    parse_cseq,
    parse_name_addr,
    parse_name_addrs,
    parse_via,
    parse_vias,
    quote,
    split_list,
    unquote,
)
from telephony.sip.uri import Uri


def test_several_hops_on_one_line() -> None:
    first, second = parse_vias("SIP/2.0/UDP a.example:5062;branch=z9hG4bKx;rport , SIP / 2.0 / tcp [::1]")
    assert (first.transport, first.host, first.port, first.branch) == ("UDP", "a.example", 5062, "z9hG4bKx")
    assert "rport" in first.params
    assert first.rport is None
    assert (second.transport, second.host, second.port, second.branch) == ("TCP", "::1", None, None)
    assert str(second) == "SIP/2.0/TCP [::1]"


def test_a_server_notes_where_a_request_came_from() -> None:
    same = parse_via("SIP/2.0/UDP 192.0.2.1:5060;branch=z")
    assert same.received_from("192.0.2.1", 5060) is same
    moved = same.received_from("198.51.100.1", 1024)
    assert (moved.received, moved.rport) == ("198.51.100.1", None)
    wished = parse_via("SIP/2.0/UDP 192.0.2.1;rport;branch=z").received_from("192.0.2.1", 4000)
    assert str(wished) == "SIP/2.0/UDP 192.0.2.1;rport=4000;branch=z;received=192.0.2.1"


def test_a_forged_received_does_not_survive() -> None:
    via = parse_via("SIP/2.0/UDP 192.0.2.1;received=203.0.113.9;rport=99")
    assert via.received_from("192.0.2.1", 5060).received == "192.0.2.1"
    assert via.received_from("192.0.2.1", 5060).rport == 5060


@pytest.mark.parametrize("value", ["70000", "-1", "x", "\u0665", "9" * 5000])
def test_an_rport_that_is_no_port_reads_as_none(value: str) -> None:
    try:
        via = parse_via(f"SIP/2.0/UDP a;rport={value}")
    except SipSyntaxError:
        return
    assert via.rport is None


@pytest.mark.parametrize(
    "text",
    [
        "",
        "SIP/2.0/UDP",
        "SIP/2.0/UDP ",
        "SIP/1.0/UDP a",
        "SIP/2.0/UDP a:99999",
        "SIP/2.0/UDP a;;b",
        "SIP/2.0/UDP a,",
        "SIP/2.0/UDP a b",
        "SIP/2.0/UDP a;b=",
        'SIP/2.0/UDP a;b="c',
        "UDP a",
    ],
)
def test_a_broken_via_is_refused(text: str) -> None:
    with pytest.raises(SipSyntaxError):
        parse_vias(text)


@pytest.mark.parametrize(
    ("text", "display", "uri", "tag"),
    [
        ("sip:a@b;tag=1", None, "sip:a@b", "1"),
        ("<sip:a@b;lr>;tag=1", None, "sip:a@b;lr", "1"),
        ('"A. \\"B\\" <C>, D" <sip:a@b> ; tag = 1', 'A. "B" <C>, D', "sip:a@b", "1"),
        ("A B <sip:a@b>", "A B", "sip:a@b", None),
        ("caller<sip:a@b>;tag=323", "caller", "sip:a@b", "323"),
        ('"" <sip:a@b>', "", "sip:a@b", None),
        ("<tel:+1555>;tag=x", None, "tel:+1555", "x"),
        ('<sip:a@b>;q=0.5;+sip.instance="<urn:uuid:0>";tag=abc==', None, "sip:a@b", "abc=="),
    ],
)
def test_the_parts_of_an_address(text: str, display: str | None, uri: str, tag: str | None) -> None:
    address = parse_name_addr(text)
    assert (address.display, str(address.uri), address.tag) == (display, uri, tag)
    assert parse_name_addr(str(address)) == address


@pytest.mark.parametrize(
    "text",
    [
        "",
        "<>",
        "<sip:a@b",
        "sip:a@b>",
        '"x <sip:a@b>',
        "< sip:a@b>",
        "<sip:a@b>x",
        "<sip:a@b>;;",
        "sip:a@b?h=1",
        "sip:a,b@c",
        "Bell, A <sip:a@b>",
        "*",
    ],
)
def test_a_broken_address_is_refused(text: str) -> None:
    with pytest.raises(SipSyntaxError):
        parse_name_addr(text)


def test_a_list_of_addresses_is_cut_at_the_right_commas() -> None:
    addresses = parse_name_addrs('"a, b" <sip:a,b@c>;x="1,2", <sip:d@e>')
    assert [str(address.uri) for address in addresses] == ["sip:a,b@c", "sip:d@e"]


def test_a_display_name_that_is_no_utf_8_becomes_clean_text() -> None:
    address = parse_name_addr(b'"caf\xe9" <sip:a@b>'.decode("utf-8", "surrogateescape"))
    assert address.display == "caf\ufffd"


def test_a_line_break_in_a_display_name_cannot_reach_the_wire() -> None:
    written = str(NameAddr("x\r\nEvil: 1", Uri.parse("sip:a@b")))
    assert "\r" not in written
    assert "\n" not in written


def test_cseq_reads_leading_zeros_and_refuses_what_is_out_of_range() -> None:
    assert parse_cseq(" 0009  INVITE ") == CSeq(9, "INVITE")
    assert parse_cseq("2147483647 ACK").number == 2**31 - 1
    for text in ("2147483648 ACK", "1", "ACK", "-1 ACK", "1 A CK", "9" * 6000 + " ACK", "\u0661 ACK"):
        with pytest.raises(SipSyntaxError):
            parse_cseq(text)


@given(st.text(st.characters(exclude_characters="\r\n", exclude_categories=["Cs"])))
def test_quoting_is_undone_by_unquoting(text: str) -> None:
    assert unquote(quote(text)) == text


ADDRESS_TEXT = st.text(st.sampled_from(list(' \t",;<>=\\@:sip*?[]%a1\x00\xe9\udcff')), max_size=60)


@pytest.mark.parametrize("parse", [parse_vias, parse_name_addr, parse_name_addrs, parse_cseq, split_list])
@given(text=ADDRESS_TEXT | st.text(max_size=60))
def test_no_text_breaks_a_field_parser(parse: Callable[[str], object], text: str) -> None:
    for prefix in ("", "SIP/2.0/UDP a", "<sip:a@b>", '"x" <sip:a@b>', "1 "):
        try:
            parse(prefix + text)
        except SipSyntaxError as error:
            assert error.status == 400


@given(ADDRESS_TEXT)
def test_an_address_that_parses_survives_writing(text: str) -> None:
    try:
        address = parse_name_addr(text + "<sip:a@b>;tag=x")
    except SipSyntaxError:
        return
    assert parse_name_addr(str(address)) == address


@given(
    st.from_regex(
        r"SIP/2\.0/[A-Z]{3} [a-z.]{1,9}(:[1-9][0-9]{0,3})?(;[a-z]{1,5}(=[a-z0-9.]{1,9})?){0,4}",
        fullmatch=True,
    )
)
def test_a_canonical_via_is_written_as_it_was_read(text: str) -> None:
    assert str(parse_via(text)) == text
