"""The instruments of `trunkline bench contacts` count what really happened."""

import json
import socket
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager

import pytest
from typer.testing import CliRunner

from server.bench import caller
from server.bench.caller import Callers, CallTally
from server.bench.contacts import cpu_s
from server.cli import app
from tests.patience import PATIENCE_S

Answer = Callable[[str, bytes], bytes | None]


def response(request: bytes, status: str) -> bytes:
    kept = [
        line
        for line in request.split(b"\r\n\r\n")[0].split(b"\r\n")[1:]
        if line.split(b":")[0].lower() in (b"via", b"from", b"to", b"call-id", b"cseq")
    ]
    return b"\r\n".join([f"SIP/2.0 {status}".encode(), *kept, b"Content-Length: 0", b"", b""])


@contextmanager
def server(answer: Answer) -> Iterator[tuple[str, list[str]]]:
    """Answers each request as it is told to; tells the methods that came."""
    seen: list[str] = []
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as ours:
        ours.bind(("127.0.0.1", 0))
        ours.settimeout(0.05)
        done = threading.Event()

        def serve() -> None:
            while True:
                asked_to_end = done.is_set()
                try:
                    request, source = ours.recvfrom(65535)
                except TimeoutError:
                    if asked_to_end:  # nothing more was on its way when the end was asked for
                        return
                    continue
                method = request.split()[0].decode()
                seen.append(method)
                if (told := answer(method, request)) is not None:
                    ours.sendto(told, source)

        thread = threading.Thread(target=serve)
        thread.start()
        host, port = ours.getsockname()
        yield f"{host}:{port}", seen
        done.set()
        thread.join()


def load(answer: Answer, calls: int = 10) -> tuple[CallTally, list[str]]:
    with server(answer) as (address, seen):
        return Callers(address).run(200, calls / 200), seen


@pytest.fixture
def patient(monkeypatch: pytest.MonkeyPatch) -> None:
    """Callers who ask once, however late a busy machine answers."""
    monkeypatch.setattr(caller, "PATIENCE_S", PATIENCE_S)
    monkeypatch.setattr(caller, "REPEAT_AFTER_S", PATIENCE_S)


@pytest.mark.usefixtures("patient")
def test_a_call_that_is_answered_and_hung_up_is_whole() -> None:
    tally, seen = load(lambda method, request: None if method == "ACK" else response(request, "200 OK"))
    assert (tally.placed, tally.whole, tally.refused, tally.lost) == (10, 10, {}, 0)
    assert len(tally.answer_ms) == 10
    assert sorted(seen) == ["ACK"] * 10 + ["BYE"] * 10 + ["INVITE"] * 10


@pytest.mark.usefixtures("patient")
def test_a_refusal_is_acknowledged_and_counted_by_its_status() -> None:
    def refuse(method: str, request: bytes) -> bytes | None:
        return response(request, "503 Service Unavailable") if method == "INVITE" else None

    tally, seen = load(refuse)
    assert (tally.whole, tally.refused, tally.lost) == (0, {"503": 10}, 0)
    assert seen.count("ACK") == 10


def test_a_call_that_nobody_answers_is_asked_again_and_then_lost(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(caller, "PATIENCE_S", 4.0)
    monkeypatch.setattr(caller, "REPEAT_AFTER_S", 0.2)
    tally, seen = load(lambda *_: None, calls=3)
    assert (tally.whole, tally.lost) == (0, 3)
    assert tally.repeated >= 3
    assert seen.count("INVITE") == 3 + tally.repeated


@pytest.mark.usefixtures("patient")
def test_two_loads_on_one_server_are_different_calls() -> None:
    ids: set[bytes] = set()

    def collect(method: str, request: bytes) -> bytes | None:
        ids.update(line for line in request.split(b"\r\n") if line.startswith(b"Call-ID"))
        return None if method == "ACK" else response(request, "200 OK")

    load(collect, 5)
    load(collect, 5)
    assert len(ids) == 10


def test_cpu_time_of_a_process_grows_with_its_work() -> None:
    import os

    before = cpu_s(os.getpid())
    while cpu_s(os.getpid()) - before < 0.02:
        sum(range(10_000))


@pytest.mark.interop
def test_s_bench_contacts_measures_whole_contacts_beside_bare_calls() -> None:
    told = CliRunner().invoke(app, ["bench", "contacts", "--rate", "10", "--seconds", "2", "--json"])
    assert told.exit_code == 0, told.output
    bare, whole = json.loads(told.stdout)
    assert whole["whole"] == bare["whole"] == 20
    assert whole["refused"] == whole["lost"] == 0
    assert whole["cpu_ms"] > 0


@pytest.mark.interop
@pytest.mark.matrix
def test_the_sip_bench_measures_set_up_and_overload() -> None:
    told = CliRunner().invoke(app, ["bench", "sip", "--rate", "10", "--seconds", "2", "--json"])
    assert told.exit_code == 0, told.output
    cost = json.loads(told.stdout)
    assert cost["bare"]["whole"] == 20
    assert cost["bare"]["signalling_ms"] > 0
    assert cost["rated"] > 0
    assert cost["overloaded"]["whole"] > 0
