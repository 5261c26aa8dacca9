"""The messages of RFC 4475 (all 49) and RFC 5118, as raw bytes kept outside the repository."""

from __future__ import annotations

import pytest

from telephony.sip.fields import parse_name_addr, parse_name_addrs, parse_vias
from telephony.sip.framing import StreamFramer
from telephony.sip.message import Message, Request, Response
from telephony.sip.parser import SipSyntaxError, parse_message
from telephony.sip.uri import Uri
from tests.torture import FOLDER, MISSING

REQUEST, RESPONSE, DROP = "request", "response", "drop"
# What the parser alone decides: taken as a request or a response, answered with a status, or dropped.
RFC_4475: dict[str, str | int] = {
    # 3.1.1 valid messages
    "wsinv": REQUEST,
    "intmeth": REQUEST,
    "esc01": REQUEST,
    "escnull": REQUEST,
    "esc02": REQUEST,
    "lwsdisp": REQUEST,
    "longreq": REQUEST,
    "dblreq": REQUEST,
    "semiuri": REQUEST,
    "transports": REQUEST,
    "mpart01": REQUEST,
    "unreason": RESPONSE,
    "noreason": RESPONSE,
    # 3.1.2 invalid messages
    "badinv01": 400,
    "clerr": 400,
    "ncl": 400,
    "scalar02": 400,
    "scalarlg": DROP,
    "quotbal": 400,
    "ltgtruri": 400,
    "lwsruri": 400,
    "lwsstart": 400,
    "trws": 400,
    "escruri": 400,
    # Date is nothing we read, so its wrong time zone does no harm.
    "baddate": REQUEST,
    "regbadct": 400,
    "badaspec": 400,
    "baddn": 400,
    "badvers": 505,
    "mismatch01": 400,
    "mismatch02": 400,
    "bigcode": DROP,
    # 3.2 to 3.4: the grammar is fine, what to make of it is decided above the parser
    "badbranch": REQUEST,
    "insuf": 400,
    "unkscm": REQUEST,
    "novelsc": REQUEST,
    "unksm2": REQUEST,
    "bext01": REQUEST,
    "invut": REQUEST,
    "regaut01": REQUEST,
    "multi01": 400,
    "mcl01": 400,
    "bcast": RESPONSE,
    "zeromf": REQUEST,
    "cparam01": REQUEST,
    "cparam02": REQUEST,
    "regescrt": REQUEST,
    "sdp01": REQUEST,
    "inv2543": REQUEST,
}
RFC_5118: dict[str, str | int] = {
    "ipv6-good": REQUEST,
    "ipv6-bad": 400,
    "port-ambiguous": REQUEST,
    "port-unambiguous": REQUEST,
    "via-received-param-with-delim": REQUEST,
    "via-received-param-no-delim": REQUEST,
    "ipv6-in-sdp": REQUEST,
    "mult-ip-in-header": REQUEST,
    "mult-ip-in-sdp": REQUEST,
    "ipv4-mapped-ipv6": REQUEST,
    "ipv6-bug-abnf-3-colons": REQUEST,
    "ipv6-correct-abnf-2-colons": REQUEST,
}
EXPECTED = {f"rfc4475/{name}.dat": kind for name, kind in RFC_4475.items()} | {
    f"rfc5118/{name}": kind for name, kind in RFC_5118.items()
}


def raw(name: str) -> bytes:
    path = FOLDER / name
    if not path.is_file():
        pytest.skip(f"{name}: {MISSING}")
    return path.read_bytes()


def request(name: str) -> Request:
    message = parse_message(raw(f"rfc4475/{name}.dat"))
    assert isinstance(message, Request)
    return message


def classify(data: bytes) -> str | int:
    try:
        message: Message = parse_message(data)
    except SipSyntaxError as error:
        return DROP if error.request is None else error.status
    return REQUEST if isinstance(message, Request) else RESPONSE


def test_the_table_names_all_49_messages_of_rfc_4475() -> None:
    assert len(RFC_4475) == 49


@pytest.mark.parametrize(("name", "expected"), EXPECTED.items(), ids=EXPECTED.keys())
def test_a_torture_message_is_classed_as_the_rfc_says(name: str, expected: str | int) -> None:
    assert classify(raw(name)) == expected


@pytest.mark.parametrize("name", EXPECTED)
def test_a_torture_message_that_parses_survives_writing_and_reading_again(name: str) -> None:
    data = raw(name)
    if EXPECTED[name] not in (REQUEST, RESPONSE):
        with pytest.raises(SipSyntaxError):
            parse_message(data)
        return
    message = parse_message(data)
    again = parse_message(message.to_bytes())
    assert again.headers.without("Content-Length") == message.headers.without("Content-Length")
    assert again.body == message.body
    assert parse_message(again.to_bytes()) == again


@pytest.mark.parametrize("name", [name for name, kind in EXPECTED.items() if isinstance(kind, int)])
def test_a_refused_request_is_saved_far_enough_to_be_answered(name: str) -> None:
    with pytest.raises(SipSyntaxError) as caught:
        parse_message(raw(name))
    saved = caught.value.request
    assert saved is not None
    assert saved.method
    assert saved.headers.get("Via") is not None
    assert saved.headers.get("CSeq") is not None


@pytest.mark.parametrize("name", EXPECTED)
def test_a_stream_gives_the_same_message_or_closes(name: str) -> None:
    data = raw(name)
    framer = StreamFramer()
    items: list[bytes] = []
    lost = False
    try:
        for index in range(len(data)):
            items += [item for item in framer.feed(data[index : index + 1]) if isinstance(item, bytes)]
    except SipSyntaxError:
        lost = True
    if name in ("rfc4475/ncl.dat", "rfc4475/mcl01.dat", "rfc4475/inv2543.dat"):
        assert lost
        assert not items
    elif name in ("rfc4475/clerr.dat", "rfc4475/baddn.dat"):
        assert not lost
        assert not items
        assert not framer.idle
    else:
        assert items
        assert classify(items[0]) == EXPECTED[name]


def test_wsinv_unfolds_everywhere() -> None:
    message = request("wsinv")
    assert message.headers.get("cseq") == "0009 INVITE"
    assert parse_name_addr(message.headers.get("to") or "").tag == "1918181833n"
    caller = parse_name_addr(message.headers.get("from") or "")
    assert caller.display == 'J Rosenberg \\"'
    assert caller.tag == "98asjd8"
    vias = [via for line in message.headers.get_all("via") for via in parse_vias(line)]
    assert [(via.transport, via.host, via.branch) for via in vias] == [
        ("UDP", "192.0.2.2", "390skdjuw"),
        ("TCP", "spindle.example.com", "z9hG4bK9ikj8"),
        ("UDP", "192.168.255.111", "z9hG4bK30239"),
    ]
    contact = parse_name_addrs(message.headers.get("contact") or "")[0]
    assert contact.display == 'Quoted string ""'
    assert contact.params.get("q") == "0.33"


def test_intmeth_keeps_odd_user_parts_whole() -> None:
    message = request("intmeth")
    uri = Uri.parse(message.uri)
    assert uri.user == "1_unusual.URI~(to-be!sure)&isn't+it$/crazy?,/;;*"
    assert uri.password == "&it+has=1,weird!*pas$wo~d_too.(doesn't-it)"
    assert uri.host == "example.com"
    assert parse_name_addr(message.headers.get("to") or "").display == "BEL:\x07 NUL:\x00 DEL:\x7f"
    assert parse_name_addr(message.headers.get("from") or "").tag == "_token~1'+`*%!-."


def test_esc01_leaves_escapes_alone() -> None:
    message = request("esc01")
    assert Uri.parse(message.uri).user == "sips%3Auser%40example.com"
    contact = parse_name_addr(message.headers.get("contact") or "").uri
    assert contact.params.items == (("%6C%72", None), ("n%61me", "v%61lue%25%34%31"))


def test_escnull_has_two_different_contacts() -> None:
    first, second = (parse_name_addr(value).uri for value in request("escnull").headers.get_all("contact"))
    assert not first.matches(second)


def test_esc02_does_not_take_an_escaped_header_name_for_contact() -> None:
    message = request("esc02")
    assert message.method == "RE%47IST%45R"
    assert len(message.headers.get_all("contact")) == 2


def test_longreq_keeps_all_34_hops() -> None:
    message = request("longreq")
    assert len(message.headers.get_all("via")) == 34
    assert parse_vias(message.headers.get_all("via")[-1])[0].received == "192.0.2.5"


def test_dblreq_ignores_the_second_request_of_a_datagram() -> None:
    message = request("dblreq")
    assert message.method == "REGISTER"
    assert message.body == b""


def test_semiuri_keeps_the_semicolon_in_the_user_part() -> None:
    assert Uri.parse(request("semiuri").uri).user == "user;par=u%40example.net"


def test_cparam_tells_parameters_of_the_contact_from_those_of_its_uri() -> None:
    outside = parse_name_addr(request("cparam01").headers.get("contact") or "")
    inside = parse_name_addr(request("cparam02").headers.get("contact") or "")
    assert "unknownparam" in outside.params
    assert "unknownparam" not in outside.uri.params
    assert "unknownparam" in inside.uri.params


def test_regescrt_keeps_the_header_of_the_contact() -> None:
    assert parse_name_addr(request("regescrt").headers.get("m") or "").uri.headers == (
        "Route=%3Csip:sip.example.com%3E"
    )


def test_unreason_reads_as_utf_8() -> None:
    message = parse_message(raw("rfc4475/unreason.dat"))
    assert isinstance(message, Response)
    assert message.reason.startswith("= 2**3 * 5**2 но сто")


def test_received_is_read_with_and_without_brackets() -> None:
    for name in ("via-received-param-with-delim", "via-received-param-no-delim"):
        via = parse_vias(parse_message(raw(f"rfc5118/{name}")).headers.get("via") or "")[0]
        assert via.received == "2001:db8::9:255"
        assert via.host == "2001:db8::9:1"
