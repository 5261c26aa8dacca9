"""URIs: text survives, equality is that of RFC 3261 section 19.1.4."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from telephony.sip.errors import SipSyntaxError
from telephony.sip.uri import MAX_URI_LENGTH, Params, Uri


@pytest.mark.parametrize(
    "text",
    [
        "sip:alice@atlanta.com",
        "sip:alice:secretword@atlanta.com;transport=tcp",
        "sips:alice@atlanta.com?subject=project%20x&priority=urgent",
        "sip:+1-212-555-1212:1234@gateway.com;user=phone",
        "sip:1212@gateway.com",
        "sip:alice@192.0.2.4",
        "sip:atlanta.com;method=REGISTER?to=alice%40atlanta.com",
        "sip:alice;day=tuesday@atlanta.com",
        "sip:alice@[2001:db8::10]:5070;lr",
        "sip:*97#@pbx",
        "tel:+1-201-555-0123;phone-context=example.com",
        "urn:service:sos",
    ],
)
def test_a_uri_is_written_as_it_was_read(text: str) -> None:
    assert str(Uri.parse(text)) == text


def test_the_parts_of_a_uri() -> None:
    uri = Uri.parse("sips:al%20ice:pw@[::1]:5061;transport=tcp;lr?a=b")
    assert (uri.scheme, uri.user, uri.password) == ("sips", "al%20ice", "pw")
    assert (uri.host, uri.port, uri.headers) == ("::1", 5061, "a=b")
    assert uri.host_port == "[::1]:5061"
    assert uri.params == Params((("transport", "tcp"), ("lr", None)))
    assert "LR" in uri.params
    assert uri.params.get("Transport") == "tcp"


@pytest.mark.parametrize(
    "text",
    [
        "",
        "alice",
        "sip:",
        "sip:@host",
        "sip:alice@",
        "sip:a@b@c",
        "sip:a b@c",
        "sip:a@b c",
        "sip:a@b;",
        "sip:a@b;=x",
        "sip:a@b:port",
        "sip:a@b:65536",
        "sip:a@b:",
        "sip:2001:db8::1",
        "sip:a@[2001:db8::1",
        "sip:a%2@b",
        "sip:a@b?",
        "sip:a\r\n@b",
        "sip:\u00e9@b",
        "sip:a@b\u0660",
        "<sip:a@b>",
        "tel:",
        "tel:1 2",
        "sip:" + "a" * MAX_URI_LENGTH,
    ],
)
def test_what_is_no_uri_is_refused(text: str) -> None:
    with pytest.raises(SipSyntaxError):
        Uri.parse(text)


@pytest.mark.parametrize(
    ("left", "right"),
    [
        ("sip:%61lice@atlanta.com;transport=TCP", "sip:alice@AtLanTa.CoM;Transport=tcp"),
        ("sip:carol@chicago.com", "sip:carol@chicago.com;newparam=5"),
        ("sip:carol@chicago.com;newparam=5", "sip:carol@chicago.com;security=on"),
        (
            "sip:biloxi.com;transport=tcp;method=REGISTER?to=sip:bob%40biloxi.com",
            "sip:biloxi.com;method=REGISTER;transport=tcp?to=sip:bob%40biloxi.com",
        ),
        (
            "sip:alice@atlanta.com?subject=project%20x&priority=urgent",
            "sip:alice@atlanta.com?priority=urgent&subject=project%20x",
        ),
    ],
)
def test_the_equal_uris_of_the_rfc(left: str, right: str) -> None:
    assert Uri.parse(left).matches(Uri.parse(right))
    assert Uri.parse(right).matches(Uri.parse(left))


@pytest.mark.parametrize(
    ("left", "right"),
    [
        ("SIP:ALICE@AtLanTa.CoM;Transport=udp", "sip:alice@AtLanTa.CoM;Transport=UDP"),
        ("sip:bob@biloxi.com", "sip:bob@biloxi.com:5060"),
        ("sip:bob@biloxi.com", "sip:bob@biloxi.com;transport=udp"),
        ("sip:bob@biloxi.com", "sip:bob@biloxi.com:6000;transport=tcp"),
        ("sip:carol@chicago.com", "sip:carol@chicago.com?Subject=next%20meeting"),
        ("sip:bob@phone21.boxesbybob.com", "sip:bob@192.0.2.4"),
        ("sip:carol@chicago.com;security=off", "sip:carol@chicago.com;security=on"),
        ("sip:a%3Bb@c", "sip:a;b@c"),
        ("sip:bob@biloxi.com", "sips:bob@biloxi.com"),
    ],
)
def test_the_different_uris_of_the_rfc(left: str, right: str) -> None:
    assert not Uri.parse(left).matches(Uri.parse(right))
    assert not Uri.parse(right).matches(Uri.parse(left))


def test_parameters_are_replaced_in_place_or_appended() -> None:
    params = Params((("a", "1"), ("B", None)))
    assert str(params.with_("b", "2")) == ";a=1;B=2"
    assert str(params.with_("c", None)) == ";a=1;B;c"


@given(st.text(max_size=100) | st.from_regex(r"sips?:[!-~]{0,60}", fullmatch=True))
def test_any_text_is_a_uri_that_survives_or_is_refused(text: str) -> None:
    try:
        uri = Uri.parse(text)
    except SipSyntaxError:
        return
    assert Uri.parse(str(uri)) == uri
    assert uri.matches(uri)
