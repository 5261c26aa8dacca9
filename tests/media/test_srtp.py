"""SRTP: an independent user of libsrtp at the other end; what is not authentic is counted and never heard."""

from __future__ import annotations

import secrets
from typing import Any

import pylibsrtp
import pytest

from media import srtp_sessions
from media.description import LegDescription, PayloadTypes, SrtpKeys, SrtpSuite
from media.errors import MediaError
from media.events import DigitReceived
from media.libraries import load
from media.pointers import MISSING
from media.srtp_sessions import LegSrtp, SrtpFunctions, srtp_available
from tests.media.conftest import Phone, Studio, rtp

TYPES = PayloadTypes(0, 101)


def keys(suite: SrtpSuite = SrtpSuite.AES_CM_128_HMAC_SHA1_80) -> SrtpKeys:
    size = suite.key_bytes
    return SrtpKeys(suite, secrets.token_bytes(size), secrets.token_bytes(size))


class SecurePhone:
    """A phone with a library of its own for SRTP."""

    def __init__(self, phone: Phone, given: SrtpKeys) -> None:
        self.phone, self.keys = phone, given
        profile = getattr(pylibsrtp.Policy, given.suite.value)
        self._seal = pylibsrtp.Session(
            pylibsrtp.Policy(given.receives, pylibsrtp.Policy.SSRC_ANY_OUTBOUND, srtp_profile=profile)
        )
        self._open = pylibsrtp.Session(
            pylibsrtp.Policy(given.sends, pylibsrtp.Policy.SSRC_ANY_INBOUND, srtp_profile=profile)
        )

    def remote(self, **changes: Any) -> LegDescription:
        return self.phone.remote(srtp=self.keys, **changes)

    def sealed(self, payload: bytes, kind: int = 0) -> bytes:
        packet = rtp(self.phone.sequence, self.phone.timestamp, payload, kind)
        self.phone.sequence += 1
        self.phone.timestamp += 0 if kind == 101 else len(payload)
        return bytes(self._seal.protect(packet))

    def send(self, leg: Any, payload: bytes, kind: int = 0, **_: Any) -> None:
        self.throw(leg, self.sealed(payload, kind))

    def throw(self, leg: Any, packet: bytes) -> None:
        self.phone.rtp.sendto(packet, (leg.address, leg.rtp_port))

    def press(self, leg: Any, event: int) -> None:
        Phone.press(self, leg, event)  # type: ignore[arg-type]

    @property
    def timestamp(self) -> int:
        return self.phone.timestamp

    @timestamp.setter
    def timestamp(self, timestamp: int) -> None:
        self.phone.timestamp = timestamp

    def heard(self) -> bytes:
        """Raises pylibsrtp.Error for a packet that is not authentic."""
        return b"".join(self._open.unprotect(packet)[12:] for packet in self.phone.received())

    def reports(self) -> list[bytes]:
        return [self._open.unprotect_rtcp(packet) for packet in self.phone.received("rtcp")]

    def send_report(self, leg: Any, report: bytes) -> None:
        self.phone.rtcp.sendto(self._seal.protect_rtcp(report), (leg.address, leg.rtp_port + 1))


def secured(studio: Studio, make_phone: Any, ear: Any, given: SrtpKeys) -> tuple[SecurePhone, Any]:
    phone = SecurePhone(make_phone(), given)
    leg = studio.engine.open_leg(ear)
    leg.connect(phone.remote())
    studio.advance(0.02)
    return phone, leg


@pytest.mark.parametrize("suite", list(SrtpSuite))
async def test_sound_and_keys_go_both_ways_encrypted(
    studio: Studio, make_phone: Any, make_ear: Any, wave: Any, suite: SrtpSuite
) -> None:
    ear = make_ear()
    phone, leg = secured(studio, make_phone, ear, keys(suite))
    plain = make_phone()
    other = studio.engine.open_leg(make_ear())
    other.connect(plain.remote())
    leg.bridge(other)
    heard = b""
    said = wave(0.6)
    for at in range(0, 8000, 160):
        phone.send(leg, said[at : at + 160].ljust(160, b"\xff"))
        plain.send(other, wave(0.02, 3000))
        studio.advance(0.02)
        heard += phone.heard()
    phone.press(leg, 5)
    studio.advance(0.1)
    assert said[1600:3200] in b"".join(packet[12:] for packet in plain.received())
    assert heard.count(wave(0.02, 3000)) > 20
    assert [event for event in ear if isinstance(event, DigitReceived)] == [DigitReceived("5")]
    report = leg.report()
    assert (report.unauthentic, report.replayed, report.rejected, report.send_errors) == (0, 0, 0, 0)


async def test_reports_are_encrypted_both_ways(
    studio: Studio, make_phone: Any, make_ear: Any, wave: Any
) -> None:
    phone, leg = secured(studio, make_phone, make_ear(), keys())
    reports = []
    for _ in range(150):
        phone.send(leg, wave(0.02))
        studio.advance(0.02)
        phone.heard()
        got = phone.reports()
        reports += got
        if got and leg.report().round_trip_ms is None:
            sent_ntp = int.from_bytes(got[-1][10:14], "big")
            ssrc = got[-1][4:8]
            block = ssrc + bytes(4) + bytes(8) + sent_ntp.to_bytes(4, "big") + bytes(4)
            phone.send_report(leg, b"\x81\xc9\x00\x07load" + block)
    assert reports
    assert all(report[1] == 200 for report in reports)
    assert leg.report().round_trip_ms is not None


async def test_what_is_in_clear_forged_or_in_another_key_is_counted_and_never_heard(
    studio: Studio, make_phone: Any, make_ear: Any, wave: Any
) -> None:
    ear = make_ear()
    phone, leg = secured(studio, make_phone, ear, keys())
    feed = leg.start_recording()
    liar = SecurePhone(phone.phone, keys())
    for _ in range(10):
        phone.phone.send(leg, wave(0.02))
        liar.send(leg, wave(0.02))
        forged = bytearray(phone.sealed(wave(0.02)))
        forged[40] ^= 1
        phone.throw(leg, bytes(forged))
        studio.advance(0.02)
    liar.press(leg, 1)
    studio.advance(0.2)
    frames = feed.read()
    assert frames is not None
    assert set(frames.samples[:, 0].tobytes()) == {0xFF}
    report = leg.report()
    assert (report.unauthentic, report.packets_received) == (36, 0)
    assert not [event for event in ear if isinstance(event, DigitReceived)]


async def test_a_replayed_packet_is_counted_and_not_heard_again(
    studio: Studio, make_phone: Any, make_ear: Any, wave: Any
) -> None:
    phone, leg = secured(studio, make_phone, make_ear(), keys())
    for _ in range(10):
        packet = phone.sealed(wave(0.02))
        phone.throw(leg, packet)
        phone.throw(leg, packet)
        studio.advance(0.02)
    studio.advance(0.1)
    report = leg.report()
    assert (report.replayed, report.unauthentic, report.packets_received) == (10, 0, 10)


async def test_who_only_forges_cannot_become_the_party(
    studio: Studio, make_phone: Any, make_ear: Any, wave: Any
) -> None:
    phone, leg = secured(studio, make_phone, make_ear(), keys())
    stranger = make_phone()
    for _ in range(50):
        stranger.send(leg, wave(0.02))
        studio.advance(0.02)
    assert stranger.received() == []
    assert leg.report().unauthentic == 50
    phone.send(leg, wave(0.02))
    studio.advance(0.1)
    assert leg.report().packets_received == 1


async def test_the_same_keys_go_on_and_new_keys_begin_anew(
    studio: Studio, make_phone: Any, make_ear: Any, wave: Any
) -> None:
    given = keys()
    phone, leg = secured(studio, make_phone, make_ear(), given)
    old = phone.sealed(wave(0.02))
    phone.throw(leg, old)
    studio.advance(0.02)
    leg.connect(phone.remote(may_send=False))
    leg.connect(phone.remote())
    studio.advance(0.02)
    phone.throw(leg, old)
    phone.send(leg, wave(0.02))
    studio.advance(0.02)
    assert (leg.report().replayed, leg.report().packets_received) == (1, 2)
    changed = SecurePhone(phone.phone, keys())
    leg.connect(changed.remote())
    studio.advance(0.02)
    phone.phone.received()
    for _ in range(10):
        changed.send(leg, wave(0.02))
        studio.advance(0.02)
        changed.heard()
    assert (leg.report().packets_received, leg.report().unauthentic) == (12, 0)


async def test_a_goodbye_is_encrypted(studio: Studio, make_phone: Any, make_ear: Any, wave: Any) -> None:
    phone, leg = secured(studio, make_phone, make_ear(), keys())
    phone.send(leg, wave(0.02))
    studio.advance(0.1)
    phone.reports()
    leg.close()
    studio.advance(0.1)
    [goodbye] = phone.reports()
    assert goodbye[-8:-4] == b"\x81\xcb\x00\x01"


def test_keys_are_not_printed_and_have_the_right_size() -> None:
    given = SrtpKeys(SrtpSuite.AES_CM_128_HMAC_SHA1_80, b"s" * 30, b"r" * 30)
    assert "sss" not in repr(given)
    with pytest.raises(MediaError):
        SrtpKeys(SrtpSuite.AEAD_AES_256_GCM, b"s" * 30, b"r" * 30)


def test_contexts_the_tick_may_still_use_are_kept_and_older_ones_are_not() -> None:
    sessions = LegSrtp()
    contexts = [sessions.addresses(keys(), MISSING) for _ in range(3)]
    assert len({receives for _, receives in contexts}) == 3
    assert sessions.kept == 3
    sessions.addresses(keys(), contexts[1][1])
    assert sessions.kept == 3
    assert sessions.addresses(None, contexts[1][1]) == (MISSING, MISSING)


def test_when_the_peer_alone_changes_its_key_ours_goes_on_counting() -> None:
    first, second = keys(), keys()
    sessions = LegSrtp()
    sends, receives = sessions.addresses(first, MISSING)
    other = SrtpKeys(first.suite, first.sends, second.receives)
    assert sessions.addresses(other, receives)[0] == sends
    assert sessions.addresses(other, receives)[1] != receives
    assert sessions.addresses(second, receives)[0] != sends


def test_a_library_without_a_function_is_not_used(monkeypatch: pytest.MonkeyPatch) -> None:
    assert srtp_available()
    assert load("pylibsrtp._binding", ("srtp_protect", "srtp_no_such_function")) is None
    assert load("no_such_module", ("srtp_protect",)) is None
    monkeypatch.setattr(
        srtp_sessions, "srtp_functions", lambda: SrtpFunctions(MISSING, MISSING, MISSING, MISSING)
    )
    assert not srtp_available()
    with pytest.raises(MediaError):
        LegSrtp().addresses(keys(), MISSING)
