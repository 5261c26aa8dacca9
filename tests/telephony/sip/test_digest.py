"""Digest authentication: the vectors of RFC 7616, who passes, and what is told to whom does not."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from telephony.sip.digest import (
    Algorithm,
    Challenge,
    HashedPassword,
    Password,
    Secret,
    answer_challenge,
    choose_challenge,
    hash_password,
    parse_challenge,
    parse_credentials,
)
from telephony.sip.digest_server import Authenticated, DigestServer, LoginFault, Unauthenticated
from telephony.sip.errors import SipSyntaxError

URI = "sip:127.0.0.1"
CNONCE = "f2/wE4q74E6zIJEtWaHKaf5wv/H5QzzpXusqGemxURZJ"


def secret_of(user: str) -> Secret | None:
    secrets: dict[str, Secret] = {"alice": Password("wonderland"), "bob": _hashed()}
    return secrets.get(user)


def _hashed() -> HashedPassword:
    return HashedPassword(((Algorithm.MD5, hash_password(Algorithm.MD5, "bob", "trunkline", "builder")),))


@pytest.fixture
def server() -> DigestServer:
    return DigestServer("trunkline", b"k" * 32, nonce_life_s=60.0)


def challenge_of(server: DigestServer, algorithm: Algorithm, now: float = 0.0) -> Challenge:
    verdict = server.verify((), "REGISTER", URI, secret_of, now)
    assert isinstance(verdict, Unauthenticated)
    return next(challenge for challenge in verdict.challenges if challenge.algorithm is algorithm)


def answer(challenge: Challenge, user: str = "alice", password: str = "wonderland", nc: int = 1) -> str:
    return answer_challenge(challenge, "REGISTER", URI, user=user, password=password, cnonce="abcdef", nc=nc)


def refusal(
    server: DigestServer, value: str, now: float = 1.0, method: str = "REGISTER"
) -> LoginFault | None:
    verdict = server.verify((value,), method, URI, secret_of, now)
    return verdict.fault if isinstance(verdict, Unauthenticated) else None


@pytest.mark.parametrize(
    ("algorithm", "response"),
    [
        (Algorithm.MD5, "8ca523f5e9506fed4657c9700eebdbec"),
        (Algorithm.SHA_256, "753927fa0e85d155564e2e272a28d1802ca10daf4496794697cf8db5856cb6c1"),
    ],
)
def test_the_example_of_rfc_7616(algorithm: Algorithm, response: str) -> None:
    challenge = Challenge(
        "http-auth@example.org", "7ypf/xlj9XXwfDPEoM4URrv/xwf94BcCAzFZH4GiTo0v", algorithm, "FQhe/qaU"
    )
    value = answer_challenge(
        challenge, "GET", "/dir/index.html", user="Mufasa", password="Circle of Life", cnonce=CNONCE, nc=1
    )
    assert parse_credentials(value).response == response


def test_without_qop_the_answer_is_that_of_rfc_2069() -> None:
    challenge = parse_challenge(
        'Digest realm="testrealm@host.com", nonce="dcd98b7102dd2f0e8b11d0f600bfb0c093"'
    )
    value = answer_challenge(
        challenge, "GET", "/dir/index.html", user="Mufasa", password="CircleOfLife", cnonce="", nc=1
    )
    assert parse_credentials(value).response == "1949323746fe6a43ef61f9606e7febea"
    assert "qop" not in value


@pytest.mark.parametrize("algorithm", Algorithm)
def test_who_knows_the_password_passes(server: DigestServer, algorithm: Algorithm) -> None:
    value = answer(challenge_of(server, algorithm))
    assert server.verify((value,), "REGISTER", URI, secret_of, 1.0) == Authenticated("alice")


def test_a_stored_hash_serves_its_own_algorithm_only(server: DigestServer) -> None:
    assert refusal(server, answer(challenge_of(server, Algorithm.MD5), "bob", "builder")) is None
    with_sha = answer(challenge_of(server, Algorithm.SHA_256), "bob", "builder")
    assert refusal(server, with_sha) is LoginFault.WRONG_PASSWORD


def test_the_strongest_algorithm_is_offered_first_and_chosen(server: DigestServer) -> None:
    offered = [str(challenge) for challenge in server.challenges(0.0)]
    assert [parse_challenge(value).algorithm for value in offered] == [Algorithm.SHA_256, Algorithm.MD5]
    chosen = choose_challenge(reversed(offered))
    assert chosen is not None
    assert chosen.algorithm is Algorithm.SHA_256


def test_challenges_that_we_cannot_answer_are_passed_over() -> None:
    unknown = 'Digest realm="r", nonce="n", algorithm=SHA-512-256, qop="auth"'
    integrity_only = 'Digest realm="r", nonce="n", qop="auth-int"'
    assert choose_challenge((unknown, integrity_only, "Basic realm=x", "")) is None
    mended = choose_challenge((unknown, 'Digest realm="r",nonce="n",qop="auth-int,auth",stale=TRUE'))
    assert mended == Challenge("r", "n", Algorithm.MD5, None, qop_auth=True, stale=True)


@pytest.mark.parametrize(("user", "password"), [("alice", "wrong"), ("nobody", "wonderland"), ("bob", "")])
def test_wrong_and_unknown_look_the_same(server: DigestServer, user: str, password: str) -> None:
    value = answer(challenge_of(server, Algorithm.MD5), user, password)
    verdict = server.verify((value,), "REGISTER", URI, secret_of, 1.0)
    assert isinstance(verdict, Unauthenticated)
    assert verdict.fault is LoginFault.WRONG_PASSWORD
    assert not any(challenge.stale for challenge in verdict.challenges)


def test_an_answer_for_another_method_or_target_does_not_pass(server: DigestServer) -> None:
    value = answer(challenge_of(server, Algorithm.MD5))
    assert refusal(server, value, method="INVITE") is LoginFault.WRONG_PASSWORD
    verdict = server.verify((value,), "REGISTER", "sip:elsewhere", secret_of, 1.0)
    assert isinstance(verdict, Unauthenticated)
    assert verdict.fault is LoginFault.WRONG_URI


def test_a_nonce_count_is_used_once(server: DigestServer) -> None:
    challenge = challenge_of(server, Algorithm.SHA_256)
    assert refusal(server, answer(challenge, nc=1)) is None
    assert refusal(server, answer(challenge, nc=2)) is None
    for count in (1, 2):
        verdict = server.verify((answer(challenge, nc=count),), "REGISTER", URI, secret_of, 1.0)
        assert isinstance(verdict, Unauthenticated)
        assert verdict.fault is LoginFault.REPLAYED
        assert all(fresh.stale for fresh in verdict.challenges)


def test_an_old_nonce_is_stale_for_who_knows_the_password_and_only_for_them(server: DigestServer) -> None:
    challenge = challenge_of(server, Algorithm.MD5)
    assert refusal(server, answer(challenge), now=60.1) is LoginFault.EXPIRED_NONCE
    assert refusal(server, answer(challenge, password="wrong"), now=60.1) is LoginFault.WRONG_PASSWORD


def test_a_nonce_of_somebody_else_is_forged(server: DigestServer) -> None:
    stranger = DigestServer("trunkline", b"x" * 32)
    assert refusal(server, answer(challenge_of(stranger, Algorithm.MD5))) is LoginFault.FORGED_NONCE
    made_up = Challenge("trunkline", "0-1-" + "0" * 32, Algorithm.MD5)
    assert refusal(server, answer(made_up)) is LoginFault.FORGED_NONCE


def test_credentials_for_other_realms_are_left_alone(server: DigestServer) -> None:
    other = answer(Challenge("elsewhere", "n", Algorithm.MD5))
    mine = answer(challenge_of(server, Algorithm.MD5))
    assert refusal(server, other) is LoginFault.NO_CREDENTIALS
    assert server.verify((other, mine), "REGISTER", URI, secret_of, 1.0) == Authenticated("alice")


def test_an_unknown_scheme_gets_a_challenge(server: DigestServer) -> None:
    assert refusal(server, "NoOneKnowsThisScheme opaque-data=here") is LoginFault.MALFORMED


def test_answers_without_qop_are_not_accepted(server: DigestServer) -> None:
    challenge = challenge_of(server, Algorithm.MD5)
    legacy = Challenge(challenge.realm, challenge.nonce, Algorithm.MD5, challenge.opaque, qop_auth=False)
    assert refusal(server, answer(legacy)) is LoginFault.WRONG_PASSWORD


def test_a_forgotten_nonce_cannot_be_replayed() -> None:
    server = DigestServer("trunkline", b"k" * 32, max_nonces=2)
    first = answer(challenge_of(server, Algorithm.MD5))
    assert refusal(server, first) is None
    for _ in range(3):
        assert refusal(server, answer(challenge_of(server, Algorithm.MD5))) is None
    assert refusal(server, first) is LoginFault.REPLAYED


def test_quotes_and_other_alphabets_in_names_survive(server: DigestServer) -> None:
    value = answer(challenge_of(server, Algorithm.MD5), 'J"\\ö', "x")
    assert parse_credentials(value).username == 'J"\\ö'


def test_secrets_do_not_show() -> None:
    assert "wonderland" not in repr(Password("wonderland"))
    assert "abc" not in repr(HashedPassword(((Algorithm.MD5, "abc"),)))


HEADER_TEXT = st.text(st.sampled_from(list(' ,="\\anc01-\x00\udcff')), max_size=60) | st.text(max_size=60)


@given(HEADER_TEXT)
def test_no_text_breaks_the_header_parsers(text: str) -> None:
    base = (
        'Digest username=a, realm="trunkline", nonce="0-1-0", uri="sip:x", response=x, qop=auth, nc=00000001'
    )
    server = DigestServer("trunkline", b"k" * 32)
    for value in (text, f"Digest {text}", base + text, f"{base}, {text}", base.replace("0-1-0", text)):
        for parse in (parse_challenge, parse_credentials):
            try:
                parse(value)
            except SipSyntaxError as error:
                assert error.status == 400
        assert isinstance(server.verify((value,), "REGISTER", text, secret_of, 1.0), Unauthenticated)
