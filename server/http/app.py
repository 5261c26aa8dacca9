"""The administration port: health, metrics and what is going on, over HTTP."""

from __future__ import annotations

import asyncio
import contextlib
import socket
from collections.abc import Callable
from typing import Annotated

import uvicorn
from fastapi import FastAPI, HTTPException, Query, Response
from prometheus_client import CONTENT_TYPE_LATEST, generate_latest
from sqlalchemy import Engine

from config.settings import HttpSettings
from server.errors import StartError
from server.http.metrics import Metrics
from server.http.status import Status
from server.journal.records import ContactSummary, events_of, newest_contacts

STARTUP_TIMEOUT_S = 10.0


def make_app(status: Callable[[], Status], metrics: Metrics, store: Engine) -> FastAPI:
    """`status` is asked anew at every request."""
    app = FastAPI(title="Trunkline", docs_url=None, redoc_url=None)

    @app.get("/healthz")
    def healthz(response: Response) -> Status:
        """200 while the server takes calls; 503 with the reasons while it does not."""
        now = status()
        response.status_code = 200 if now.healthy else 503
        return now

    @app.get("/metrics")
    def metrics_page() -> Response:
        return Response(generate_latest(metrics.registry), media_type=CONTENT_TYPE_LATEST)

    @app.get("/contacts")
    def contacts(limit: Annotated[int, Query(ge=1, le=10_000)] = 50) -> list[ContactSummary]:
        """Newest first, with their outcome."""
        return newest_contacts(store, limit)

    @app.get("/contacts/{contact_id}")
    def contact(contact_id: str) -> list[dict[str, object]]:
        """Every fact of one contact, in order."""
        events = events_of(store, contact_id)
        if not events:
            raise HTTPException(404, f"no contact {contact_id}")
        return [
            {"sequence": event.sequence, "at": event.at, "kind": event.kind, "fields": dict(event.fields)}
            for event in events
        ]

    return app


def listen(settings: HttpSettings) -> socket.socket:
    """A bound socket on the wanted port or one of the next; raises StartError when none is free."""
    tried = range(settings.port, settings.port + settings.try_next_ports + 1)
    for port in tried:
        with contextlib.suppress(OSError):
            return socket.create_server((settings.address, port), backlog=128)
    where = f"{settings.address}:{tried[0]}" + (f"-{tried[-1]}" if len(tried) > 1 else "")
    raise StartError(
        f"http.port: {where} is in use or not ours to bind; "
        "end the program that holds it, or set http.port to a free one (0: any)"
    )


class WebServer:
    """uvicorn inside our event loop, without its own signal handling."""

    def __init__(self, app: FastAPI, bound: socket.socket) -> None:
        config = uvicorn.Config(app, log_config=None, access_log=False, lifespan="off")
        self._server = _QuietServer(config)
        self._socket = bound

    @property
    def address(self) -> str:
        host, port = self._socket.getsockname()[:2]
        return f"http://{host}:{port}"

    async def serve(self) -> None:
        """Until `stop`."""
        await self._server.serve(sockets=[self._socket])

    def stop(self) -> None:
        self._server.should_exit = True

    async def started(self) -> None:
        """Returns once requests are answered; raises StartError after ten seconds."""
        try:
            async with asyncio.timeout(STARTUP_TIMEOUT_S):
                while not self._server.started:  # noqa: ASYNC110 - uvicorn offers no event
                    await asyncio.sleep(0.01)
        except TimeoutError:
            raise StartError("the HTTP server did not start within ten seconds") from None


class _QuietServer(uvicorn.Server):
    """Ctrl-C and SIGTERM are the program's to handle: it drains calls first."""

    @contextlib.contextmanager
    def capture_signals(self):  # type: ignore[no-untyped-def]
        yield
