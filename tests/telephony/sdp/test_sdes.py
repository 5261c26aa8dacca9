"""Keys for SRTP in SDP."""

from __future__ import annotations

import base64

import pytest
from hypothesis import given
from hypothesis import strategies as st

from telephony.sdp.description import MediaDescription
from telephony.sdp.sdes import CryptoKey, CryptoSuite, choose, crypto_keys

# RFC 4568 section 10.2.
EXAMPLE = "1 AES_CM_128_HMAC_SHA1_80 inline:WVNfX19zZW1jdGwgKCkgewkyMjA7fQp9CnVubGVz|2^20"


def section(*values: str) -> MediaDescription:
    attributes = tuple(("crypto", value) for value in values)
    return MediaDescription("audio", 4000, "RTP/SAVP", ("0",), attributes=attributes)


def test_the_example_of_the_rfc_is_read() -> None:
    [key] = crypto_keys(section(EXAMPLE))
    assert (key.tag, key.suite, len(key.key)) == (1, CryptoSuite.AES_CM_128_HMAC_SHA1_80, 30)


@pytest.mark.parametrize("suite", CryptoSuite)
def test_every_suite_comes_back_as_it_was_written(suite: CryptoSuite) -> None:
    key = CryptoKey(7, suite, bytes(range(suite.key_bytes)))
    assert crypto_keys(section(str(key))) == (key,)


@pytest.mark.parametrize(
    "value",
    [
        "",
        "1 NULL inline:AAAA",
        "1 AES_CM_128_HMAC_SHA1_80 inline:AAAA",
        "1 AES_CM_128_HMAC_SHA1_80 inline:!!!!",
        EXAMPLE + "|1:4",
        EXAMPLE + " UNENCRYPTED_SRTP",
        "x " + EXAMPLE,
    ],
)
def test_what_cannot_be_used_is_left_out(value: str) -> None:
    assert crypto_keys(section(value, EXAMPLE)) == crypto_keys(section(EXAMPLE))


def test_our_order_decides_what_is_taken() -> None:
    offered = tuple(
        CryptoKey(n, suite, bytes(suite.key_bytes)) for n, suite in enumerate(reversed(CryptoSuite))
    )
    taken = choose(offered, tuple(CryptoSuite))
    assert taken is not None
    assert taken.suite is CryptoSuite.AEAD_AES_256_GCM
    assert choose(offered[:1], (CryptoSuite.AEAD_AES_256_GCM,)) is None


def test_keys_stay_out_of_logs() -> None:
    [key] = crypto_keys(section(EXAMPLE))
    assert base64.b64encode(key.key).decode() not in repr(key)
    assert str(key.key) not in repr(key)


@given(st.text(max_size=200))
def test_nothing_breaks_it(value: str) -> None:
    assert len(crypto_keys(section(value))) <= 1


def test_offers_without_end_are_bounded() -> None:
    assert len(crypto_keys(section(*[EXAMPLE] * 1000))) == 32
