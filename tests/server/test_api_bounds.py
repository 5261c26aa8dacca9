"""What a hostile or slow client can make the API do: little, and in one shape."""

import asyncio
import json
import shutil
import ssl
import subprocess
import threading
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest
from fastapi import FastAPI

from acd.snapshot import DispatchStatus
from config.settings import HttpSettings
from contacts.privacy import Privacy
from server.access.exposure import exposure_problem, reachable_from_outside
from server.access.local_socket import listen_locally
from server.access.roles import Role
from server.access.routes import ROUTES
from server.client.client import ApiRefusedError
from server.http import listening, off_loop
from server.http.errors import MEANINGS
from server.http.listening import WebServer
from server.http.load_metrics import LoadFigures
from server.http.metrics import Metrics
from server.http.ports import ContactLines
from server.http.status import WebhookStatus
from server.journal.reading import ANY_CONTACT, ContactsWanted
from tests.patience import PATIENCE_S, until
from tests.server.api import Api, ListedContacts, aside, serving


@pytest.fixture
async def api(tmp_path: Path) -> AsyncIterator[Api]:
    async with serving(tmp_path) as running:
        yield running


async def connected(api: Api) -> tuple[asyncio.StreamReader, asyncio.StreamWriter]:
    host, port = api.url.removeprefix("http://").split(":")
    return await asyncio.open_connection(host, port)


async def answer_to(api: Api, raw: bytes) -> tuple[int, dict[str, Any]]:
    """Status and body of what comes back for these bytes."""
    reader, writer = await connected(api)
    writer.write(raw)
    whole = await asyncio.wait_for(reader.read(), PATIENCE_S)
    writer.close()
    head, _, body = whole.partition(b"\r\n\r\n")
    return int(head.split(b" ")[1]), json.loads(body) if b"application/json" in head else {}


def request(line: str, token: str, body: bytes = b"", headers: str = "") -> bytes:
    head = f"{line} HTTP/1.1\r\nHost: x\r\nConnection: close\r\nAuthorization: Bearer {token}\r\n{headers}"
    return f"{head}Content-Length: {len(body)}\r\n\r\n".encode() + body


@pytest.mark.parametrize(
    ("line", "body", "headers", "status"),
    [
        ("GET /nowhere", b"", "", 404),
        ("PUT /contacts", b"", "", 405),
        ("GET /contacts?limit=0", b"", "", 422),
        ("GET /contacts?after=%2500", b"", "", 422),
        ("GET /contacts?after=unknown", b"", "", 404),
        ("GET /contacts/..%2F..%2Fetc%2Fpasswd", b"", "", 404),
        ("GET /contacts/" + "a" * 65, b"", "", 422),
        ("GET /contacts/a%00b", b"", "", 422),
        ("GET /agents/al%20ice", b"", "", 422),
        ("POST /agents/alice/break", b"{", "Content-Type: application/json\r\n", 422),
        ("POST /agents/alice/break", b'{"reason": 5}', "Content-Type: application/json\r\n", 422),
        ("POST /agents/alice/break", b'{"other": ""}', "Content-Type: application/json\r\n", 422),
        ("POST /agents/alice/break", b"x" * 70_000, "Content-Type: application/json\r\n", 413),
        ("POST /access/tokens", b'{"name": "x", "role": "king"}', "Content-Type: application/json\r\n", 422),
    ],
)
async def test_every_error_has_the_one_shape(
    api: Api, line: str, body: bytes, headers: str, status: int
) -> None:
    found, told = await answer_to(api, request(line, api.token(Role.ADMINISTRATOR), body, headers))
    assert found == status
    assert told["error"] and told["how_to_fix"]
    assert set(told) == {"error", "how_to_fix", "problems"}


async def test_who_asks_is_settled_before_the_body_is_read(api: Api) -> None:
    raw = b"POST /access/tokens HTTP/1.1\r\nHost: x\r\nConnection: close\r\nContent-Length: 60000\r\n\r\n{"
    assert (await answer_to(api, raw))[0] == 401


async def test_headers_are_bounded(api: Api) -> None:
    raw = b"GET / HTTP/1.1\r\nHost: x\r\nX-Long: " + b"a" * 20_000
    status, told = await answer_to(api, raw)
    assert status == 400
    assert told["error"] and told["how_to_fix"]


async def test_a_crowd_at_the_port_leaves_the_local_socket_free(
    api: Api, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(listening, "MAX_CONNECTIONS", 3)
    crowd = [await connected(api) for _ in range(3)]
    status, told = await answer_to(api, request("GET /", ""))
    assert (status, told["error"]) == (503, "3 connections are open")
    assert await aside(lambda: api.local().get("/agents"))
    for _, writer in crowd:
        writer.close()


async def test_a_client_that_never_ends_its_request_is_hung_up_on(
    api: Api, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(listening, "REQUEST_TIMEOUT_S", 0.1)
    for begun in (b"", b"GET / HT", b"POST /reload HTTP/1.1\r\nHost: x\r\nContent-Length: 5\r\n\r\n1"):
        reader, writer = await connected(api)
        writer.write(begun)
        with pytest.raises((ConnectionResetError, AssertionError)):
            assert await asyncio.wait_for(reader.read(), PATIENCE_S) != b"" and begun.startswith(b"POST")
            raise ConnectionResetError
        writer.close()


async def test_a_client_that_does_not_read_its_answer_is_hung_up_on(
    api: Api, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(listening, "UNREAD_TIMEOUT_S", 0.1)
    api.archive.count = 500
    raw = request("GET /contacts?limit=500", api.token(Role.OFFICER)).replace(b"close", b"keep-alive")
    reader, writer = await connected(api)
    writer.transport.pause_reading()  # type: ignore[attr-defined]
    for _ in range(300):
        writer.write(raw)
    async with asyncio.timeout(PATIENCE_S):
        with pytest.raises(ConnectionError):
            while True:
                writer.write(raw)
                await writer.drain()
                await asyncio.sleep(0.01)
    del reader


async def test_finding_15_contacts_are_read_beside_the_loop(tmp_path: Path) -> None:
    threads: set[str] = set()

    class Watched(ListedContacts):
        def page(
            self, limit: int, after: str | None, most: Privacy, wanted: ContactsWanted = ANY_CONTACT
        ) -> ContactLines:
            threads.add(threading.current_thread().name)
            return super().page(limit, after, most, wanted)

    async with serving(tmp_path, archive=Watched()) as api:
        await aside(lambda: api.local().get("/contacts"))
    assert all(name.startswith("api") for name in threads) and threads


async def test_a_slow_database_holds_up_readers_of_contacts_only(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(off_loop, "MAX_WAITING", 3)
    free = threading.Event()

    class Hung(ListedContacts):
        def page(
            self, limit: int, after: str | None, most: Privacy, wanted: ContactsWanted = ANY_CONTACT
        ) -> ContactLines:
            free.wait(PATIENCE_S)
            return super().page(limit, after, most, wanted)

    async with serving(tmp_path, archive=Hung()) as api:
        waiting = [asyncio.create_task(aside(lambda: api.local().get("/contacts"))) for _ in range(3)]
        await until(lambda: api.off_loop.waiting == 3)
        assert (await aside(lambda: api.local().get("/healthz")))["healthy"]
        with pytest.raises(ApiRefusedError, match="too many"):
            await aside(lambda: api.local().get("/contacts"))
        free.set()
        await asyncio.gather(*waiting)


async def test_finding_33_health_is_told_on_the_loops_own_thread(tmp_path: Path) -> None:
    told_on: set[int] = set()
    async with serving(tmp_path) as api:
        health = api.health
        api.on_health = lambda: told_on.add(threading.get_ident())
        assert (await aside(lambda: api.remote().get("/healthz")))["healthy"] == health.healthy
    assert told_on == {threading.get_ident()}


async def test_health_is_503_with_its_problems_while_something_is_wrong(api: Api) -> None:
    api.health = type(api.health)(False, ("journal: disk full",), "1", 1.0, (), 0, False, ())
    status, body = await answer_to(api, b"GET /healthz HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n")
    assert (status, body["problems"]) == (503, ["journal: disk full"])


async def test_u19_the_address_alone_shows_an_index(api: Api) -> None:
    index = await aside(lambda: api.remote().get("/"))
    assert {line["route"] for line in index["routes"]} == set(ROUTES)


async def test_many_screens_ask_dispatch_five_times_a_second_at_most(api: Api) -> None:
    asked = 0
    snapshot = api.dispatch.snapshot

    def counted() -> DispatchStatus:
        nonlocal asked
        asked += 1
        return snapshot()

    api.dispatch.snapshot = counted  # type: ignore[method-assign]
    for _ in range(10):
        await aside(lambda: api.local().get("/queues"))
    assert asked == 1


async def test_the_openapi_document_names_what_each_route_takes_and_every_error(api: Api) -> None:
    document = await aside(lambda: api.remote().get("/openapi.json"))
    described = {
        f"{method.upper()} {path}": operation
        for path, methods in document["paths"].items()
        for method, operation in methods.items()
    }
    assert set(described) == set(ROUTES)
    for route, operation in described.items():
        permission = ROUTES[route]
        assert operation.get("x-permission") == (permission and permission.value)
        assert set(operation["responses"]) - {"200"} <= {str(status) for status in MEANINGS}
    assert document["components"]["schemas"]["ErrorBody"]["required"] == ["error", "how_to_fix"]


def test_what_is_counted_is_on_the_metrics_page_without_numbers() -> None:
    from prometheus_client import generate_latest

    metrics = Metrics()
    hook = WebhookStatus("crm", "https://crm.example/secret-path", 90, 10, 80, 1, "answers 500")
    figures = LoadFigures({"source.unknown": 7}, {"source.unknown": 5}, 3, 12, False, 0.25, 1, 2, (hook,))
    metrics.watch(lambda: figures)
    page = generate_latest(metrics.registry).decode()
    assert 'trunkline_refusals_total{rule="source.unknown"} 7.0' in page
    assert "trunkline_api_failed_logins_total 3.0" in page
    assert "trunkline_journal_waiting 12.0" in page
    assert "trunkline_tick_share 0.25" in page
    assert 'trunkline_webhook_behind{webhook="crm"} 10.0' in page
    assert 'trunkline_webhook_failing{webhook="crm"} 1.0' in page
    assert "secret-path" not in page


@pytest.mark.parametrize(
    ("address", "outside"),
    [("127.0.0.1", False), ("::1", False), ("localhost", False), ("0.0.0.0", True), ("192.0.2.1", True)],
)
def test_what_can_be_reached_from_other_machines_is_told_apart(address: str, outside: bool) -> None:
    assert reachable_from_outside(address) == outside


def test_finding_35_an_address_beyond_loopback_needs_tls(tmp_path: Path) -> None:
    bare = HttpSettings(address="0.0.0.0")
    assert "http.certificate" in exposure_problem(bare)
    certificate, key = tmp_path / "a.pem", tmp_path / "b.pem"
    assert exposure_problem(HttpSettings(address="0.0.0.0", certificate=certificate, private_key=key)) == ""
    assert "belong together" in exposure_problem(HttpSettings(certificate=tmp_path / "a.pem"))
    assert exposure_problem(HttpSettings()) == ""


async def test_what_is_open_here_is_closed_to_other_machines(api: Api) -> None:
    from server.access.door import Knock, TurnedAwayError

    knock = Knock("GET /metrics", "", "192.0.2.7", None, None, nearby=False)
    with pytest.raises(TurnedAwayError, match="needs a token"):
        await api.door.enter(knock)


@pytest.mark.skipif(shutil.which("openssl") is None, reason="makes the certificate")
async def test_with_a_certificate_the_api_speaks_tls(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    key, certificate = tmp_path / "key.pem", tmp_path / "certificate.pem"
    make = f"openssl req -x509 -newkey rsa:2048 -nodes -keyout {key} -out {certificate} -days 2 -subj /CN=x"
    extra = ["-addext", "subjectAltName=IP:127.0.0.1"]
    await aside(lambda: subprocess.run([*make.split(), *extra], check=True, capture_output=True))
    monkeypatch.setenv("SSL_CERT_FILE", str(certificate))
    tls = HttpSettings(certificate=certificate, private_key=key)
    async with serving(tmp_path, tls=tls) as api:
        assert api.url.startswith("https://")
        assert await aside(lambda: api.remote(api.token(Role.SUPERVISOR)).get("/agents"))


async def test_a_certificate_that_is_none_is_told_at_the_start(tmp_path: Path) -> None:
    (tmp_path / "a.pem").write_text("no certificate")
    tls = HttpSettings(certificate=tmp_path / "a.pem", private_key=tmp_path / "a.pem")
    with pytest.raises((OSError, ssl.SSLError)):
        async with serving(tmp_path, tls=tls):
            pass


async def test_a_socket_may_be_closed_as_soon_as_its_server_has_stopped(tmp_path: Path) -> None:
    """Otherwise every stop of the whole server leaves a traceback in the log."""
    bound = listen_locally(tmp_path)
    server = WebServer(FastAPI(), bound)
    serving_task = asyncio.create_task(server.serve())
    await server.started()
    await server.stop()
    bound.close()
    await serving_task


async def test_contacts_of_before_and_after_all_calendars_are_asked_for_in_utc(tmp_path: Path) -> None:
    listed = ListedContacts()
    async with serving(tmp_path, archive=listed) as api:
        await aside(lambda: api.local().get("/contacts?since=0001-01-01T00:00:00%2B14:00"))
        assert str(listed.wanted.since) == "0001-01-01 00:00:00+00:00"
        await aside(lambda: api.local().get("/contacts?until=9999-12-31T23:59:59-14:00"))
        assert str(listed.wanted.until).startswith("9999-12-31 23:59:59")
        assert str(listed.wanted.until).endswith("+00:00")
