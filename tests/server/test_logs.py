"""What is private in a fact is in no log line, whoever passes it."""

from __future__ import annotations

import contextlib
import json
import os
import sys
from typing import Any

import pytest
import structlog
from prometheus_client import generate_latest

from contacts.facts.contact import ContactStarted, LegEnded, ParticipantJoined
from contacts.facts.entry import FACT_TYPES
from contacts.facts.flow import DigitAccepted, VariableSet
from contacts.ids import ContactId
from contacts.privacy import Privacy, privacy_of
from server.http.metrics import Metrics
from server.logs import OF_OURS, StandardError, configure_logs, private_names, redact

NUMBER = "0301234567"


def logged(**fields: Any) -> dict[str, Any]:
    return dict(redact(None, "info", {"event": "something.happened", **fields}))


@pytest.mark.parametrize("name", ["caller", "caller_name", "asserted", "diverted_from", "digit", "value"])
def test_a_field_that_is_private_in_a_fact_is_redacted(name: str) -> None:
    assert logged(**{name: "0301234567"}) == {"event": "something.happened", name: "[redacted]"}


@pytest.mark.parametrize(
    "name", ["password", "sdp", "body", "transcript", "digits", "authorization", "token"]
)
def test_what_opens_doors_or_was_said_is_redacted(name: str) -> None:
    assert logged(**{name: "1234"})[name] == "[redacted]"


@pytest.mark.parametrize(
    "name", ["contact", "number", "reason", "queue", "agent", "trunk", "address", "port"]
)
def test_what_an_operator_needs_is_shown(name: str) -> None:
    assert logged(**{name: "100"})[name] == "100"


def test_every_private_field_is_redacted_or_its_name_is_public_elsewhere() -> None:
    public = {n for t in FACT_TYPES for n, p in privacy_of(t).items() if p is Privacy.PUBLIC}
    for fact_type in FACT_TYPES:
        for name, privacy in privacy_of(fact_type).items():
            assert privacy is Privacy.PUBLIC or name in private_names() | public | OF_OURS


def test_a_whole_fact_is_logged_by_its_public_fields() -> None:
    started = ContactStarted(contact=ContactId("c1"), caller="0301234567", number="100")
    shown = logged(fact=started)["fact"]
    assert shown["number"] == "100"
    assert "0301234567" not in json.dumps(shown)


def test_types_whose_fields_are_private_are_not_forgotten() -> None:
    """Numbers, keys and what callers said: whoever adds a field like these makes it private."""
    assert privacy_of(ContactStarted)["caller"] is Privacy.PERSONAL
    assert privacy_of(ParticipantJoined)["address"] is Privacy.PERSONAL
    assert privacy_of(DigitAccepted)["digit"] is Privacy.PERSONAL
    assert privacy_of(VariableSet)["value"] is Privacy.PERSONAL
    assert privacy_of(LegEnded)["status"] is Privacy.PUBLIC


def test_the_log_of_a_server_redacts(capsys: pytest.CaptureFixture[str]) -> None:
    configure_logs("json", "info")
    try:
        structlog.get_logger("x").info("call.taken", caller=NUMBER, contact="c1")
        try:
            heard = {"number": NUMBER}
            int("x", base=len(heard) + 9)
        except ValueError:
            structlog.get_logger("x").exception("call.failed")
    finally:
        structlog.reset_defaults()
    told = capsys.readouterr().err
    assert NUMBER not in told
    assert json.loads(told.splitlines()[0])["contact"] == "c1"
    assert "ValueError" in told


def test_a_log_that_cannot_be_written_harms_nobody_and_is_counted(monkeypatch: pytest.MonkeyPatch) -> None:
    configure_logs("text", "info")
    before = StandardError.lost_lines
    full = os.fdopen(os.open("/dev/full", os.O_WRONLY), "w")
    try:
        with monkeypatch.context() as patched:
            patched.setattr(sys, "stderr", full)
            structlog.get_logger("x").warning("call.failed")
            with contextlib.suppress(OSError):
                full.close()
            structlog.get_logger("x").warning("call.failed")
    finally:
        structlog.reset_defaults()
    shown = generate_latest(Metrics().registry).decode()
    assert f"trunkline_log_lines_lost {before + 2:.1f}" in shown
