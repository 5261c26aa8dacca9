"""Who calls whom, as URIs and headers say it."""

from __future__ import annotations

import pytest

from telephony.sip.message import Headers
from telephony.sip.uri import Uri
from telephony.trunks.numbers import Identities, caller_of, identities_in, number_of

FROM = Uri.parse("sip:anonymous@anonymous.invalid")


@pytest.mark.parametrize(
    ("uri", "number"),
    [
        ("tel:+81-3-1234-5678", "+81312345678"),
        ("tel:(03)1234.5678;phone-context=+81", "0312345678"),
        ("sip:+81312345678@carrier;user=phone", "+81312345678"),
        ("sip:0312345678;phone-context=x@carrier", "0312345678"),
        ("sip:%2B81312345678@carrier", "+81312345678"),
        ("sip:alice-a.b@h", "alice-a.b"),
        ("sip:h", ""),
        ("tel:", ""),
        ("urn:service:sos", ""),
    ],
)
def test_finding_23_any_uri_has_its_number(uri: str, number: str) -> None:
    assert number_of(Uri.parse(uri) if uri != "tel:" else Uri("tel")) == number


def test_finding_49_what_the_network_asserts_and_whom_the_call_passed_is_kept() -> None:
    found = identities_in(
        Headers(
            (
                ("P-Asserted-Identity", '"Bob" <sip:+81311112222@carrier;user=phone>, <tel:+81311112222>'),
                ("Diversion", "<sip:100@pbx>;reason=no-answer, <sip:200@pbx>;reason=user-busy"),
                ("History-Info", "<sip:300@pbx>;index=1"),
                ("History-Info", "<<<"),
                ("Privacy", "none"),
            )
        )
    )
    assert [each.uri.scheme for each in found.asserted] == ["sip", "tel"]
    assert [each.params.get("reason") for each in found.diversions] == ["no-answer", "user-busy"]
    assert [each.params.get("index") for each in found.history] == ["1"]
    assert not found.private
    assert caller_of(FROM, found, trusted=True) == "+81311112222"


@pytest.mark.parametrize("privacy", ["id", "id;critical", "header; id", "user"])
def test_a_caller_who_wants_to_be_hidden_is_not_shown(privacy: str) -> None:
    found = identities_in(Headers((("P-Asserted-Identity", "<tel:+811>"), ("Privacy", privacy))))
    assert found.private
    assert caller_of(FROM, found, trusted=True) == "anonymous"


def test_only_a_network_that_is_trusted_vouches_for_a_caller() -> None:
    found = identities_in(Headers((("P-Asserted-Identity", "<tel:+811>"),)))
    assert caller_of(FROM, found, trusted=False) == "anonymous"
    assert caller_of(Uri.parse("tel:+812"), Identities(), trusted=True) == "+812"


def test_headers_without_end_are_bounded() -> None:
    lines = tuple(("Diversion", ",".join(["<sip:1@h>"] * 100)) for _ in range(100))
    assert len(identities_in(Headers(lines)).diversions) == 16
