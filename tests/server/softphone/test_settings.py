"""How a softphone process is told who it is."""

from __future__ import annotations

import argparse

import pytest
from hypothesis import given
from hypothesis import strategies as st

from server.softphone.settings import PhoneSettings, PhoneTransport, add_arguments, from_arguments

WORDS = st.text("abcdefghijklmnopqrstuvwxyz.:@", min_size=1, max_size=20)


def parsed(words: list[str], password: str = "") -> PhoneSettings:
    parser = argparse.ArgumentParser()
    add_arguments(parser)
    return from_arguments(parser.parse_args(words), password)


@given(
    st.builds(
        PhoneSettings,
        identity=WORDS,
        registrar=st.none() | WORDS,
        user=st.none() | WORDS,
        password=st.text(max_size=10),
        address=st.just("127.0.0.1"),
        port=st.integers(0, 65535),
        transport=st.sampled_from(PhoneTransport),
        auto_answer_s=st.none() | st.floats(0, 60),
    )
)
def test_settings_come_back_from_their_command_line(settings: PhoneSettings) -> None:
    assert parsed(settings.arguments(), settings.password) == settings


def test_a_password_is_on_no_command_line() -> None:
    settings = PhoneSettings("sip:alice@127.0.0.1", user="alice", password="wonderland-77")
    assert "wonderland-77" not in " ".join(settings.arguments())


def test_a_transport_that_is_none_is_refused() -> None:
    with pytest.raises(SystemExit):
        parsed(["--id", "sip:a@b", "--transport", "pigeon"])
