"""The sockets of the API, and uvicorn on them with bounds on what a client may hold up."""

from __future__ import annotations

import asyncio
import contextlib
import socket
from typing import Any, cast

import h11
import uvicorn
from fastapi import FastAPI
from starlette.responses import JSONResponse
from starlette.types import Receive, Scope, Send
from uvicorn.protocols.http.h11_impl import H11Protocol

from config.settings import HttpSettings
from server.access.principal import PeerCredentials
from server.errors import StartError
from server.http.errors import ErrorBody

STARTUP_TIMEOUT_S = 60.0
STOP_TIMEOUT_S = 2
MAX_CONNECTIONS = 200
MAX_HEADER_BYTES = 16 * 1024
REQUEST_TIMEOUT_S = 15.0
UNREAD_TIMEOUT_S = 30.0


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
    """uvicorn inside our event loop, without its own signal handling. One for each socket, so that a crowd
    at the TCP port leaves the local socket free."""

    def __init__(self, app: FastAPI, bound: socket.socket, tls: HttpSettings | None = None) -> None:
        """`tls` names the files of certificate and key, if it has any; raises OSError for bad ones."""
        certificate, key = (tls.certificate, tls.private_key) if tls else (None, None)
        self._scheme = "https" if certificate else "http"
        config = uvicorn.Config(
            app,
            http=_BoundedProtocol,
            ws="none",
            log_config=None,
            access_log=False,
            lifespan="off",
            # Nobody may say through a header that they come from elsewhere.
            proxy_headers=False,
            server_header=False,
            h11_max_incomplete_event_size=MAX_HEADER_BYTES,
            timeout_graceful_shutdown=STOP_TIMEOUT_S,
            ssl_certfile=certificate,
            ssl_keyfile=key,
        )
        config.load()  # here, and not when it is served: a bad certificate is told at the start
        self._server = _QuietServer(config)
        self._socket = bound
        self._ended = asyncio.Event()
        self._ended.set()

    @property
    def address(self) -> str:
        host, port = self._socket.getsockname()[:2]
        return f"{self._scheme}://{host}:{port}"

    async def serve(self) -> None:
        """Until `stop`."""
        self._ended.clear()
        try:
            await self._server.serve(sockets=[self._socket])
        finally:
            self._ended.set()

    async def stop(self) -> None:
        """Returns when nothing is served any more: only then may the socket be closed."""
        self._server.should_exit = True
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(2 * STOP_TIMEOUT_S):
                await self._ended.wait()

    async def started(self) -> None:
        """Returns once requests are answered; raises StartError after a minute."""
        try:
            async with asyncio.timeout(STARTUP_TIMEOUT_S):
                while not self._server.started:  # noqa: ASYNC110 - uvicorn offers no event
                    await asyncio.sleep(0.01)
        except TimeoutError:
            raise StartError("the HTTP server did not start within a minute") from None


async def _crowded(scope: Scope, receive: Receive, send: Send) -> None:
    """What a connection too many is told; it is closed, and those there are have their answers."""
    body = ErrorBody(error=f"{MAX_CONNECTIONS} connections are open", how_to_fix="close some and try again")
    headers = {"Retry-After": "1", "Connection": "close"}
    await JSONResponse(body.model_dump(), 503, headers)(scope, receive, send)


class _QuietServer(uvicorn.Server):
    """Ctrl-C and SIGTERM are the program's to handle: it drains calls first."""

    @contextlib.contextmanager
    def capture_signals(self):  # type: ignore[no-untyped-def]
        yield


class _BoundedProtocol(H11Protocol):
    """Says who is at the other end of a unix socket, and hangs up on a client that is too slow.

    A request must be here whole within REQUEST_TIMEOUT_S of its first byte (or of the connection), and what
    we send must be read within UNREAD_TIMEOUT_S.
    """

    _unfinished: asyncio.TimerHandle | None = None
    _unread: asyncio.TimerHandle | None = None

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
        super().connection_made(transport)
        connection = cast(socket.socket, transport.get_extra_info("socket"))
        peer = PeerCredentials.of(connection)
        if peer is not None:
            self.app_state: dict[str, Any] = {**self.app_state, "peer": peer}
        if len(self.connections) > MAX_CONNECTIONS:
            self.app = _crowded
        self._await_request()

    def send_400_response(self, msg: str) -> None:
        """In the shape of every other error."""
        body = ErrorBody(
            error=msg, how_to_fix="send HTTP/1.1 with headers of 16 kB at most"
        ).model_dump_json()
        head = "HTTP/1.1 400 Bad Request\r\nContent-Type: application/json\r\nConnection: close\r\n"
        self.transport.write(f"{head}Content-Length: {len(body)}\r\n\r\n{body}".encode("ascii"))
        self.transport.close()

    def data_received(self, data: bytes) -> None:
        super().data_received(data)
        self._await_request()

    def connection_lost(self, exc: Exception | None) -> None:
        self._request_is_here()
        self._is_read()
        super().connection_lost(exc)

    def pause_writing(self) -> None:
        super().pause_writing()
        if self._unread is None:
            self._unread = self.loop.call_later(UNREAD_TIMEOUT_S, self.transport.abort)

    def resume_writing(self) -> None:
        super().resume_writing()
        self._is_read()

    def _await_request(self) -> None:
        if self.conn.their_state not in (h11.IDLE, h11.SEND_BODY):
            self._request_is_here()
        elif self._unfinished is None:
            self._unfinished = self.loop.call_later(REQUEST_TIMEOUT_S, self.transport.abort)

    def _request_is_here(self) -> None:
        if self._unfinished is not None:
            self._unfinished.cancel()
            self._unfinished = None

    def _is_read(self) -> None:
        if self._unread is not None:
            self._unread.cancel()
            self._unread = None
