"""Posts to one receiver over one connection that stays open, in a thread of its own that may block."""

from __future__ import annotations

import asyncio
import http.client
import socket
import ssl
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from urllib.parse import urlsplit

MAX_ANSWER_BYTES = 64 * 1024


class HttpPoster:
    """Follows no redirects: what is signed goes where the settings say, and nowhere else."""

    def __init__(self, url: str, timeout_s: float) -> None:
        parts = urlsplit(url)
        self._https = parts.scheme == "https"
        self._host, self._port = parts.hostname or "", parts.port
        self._target = (parts.path or "/") + (f"?{parts.query}" if parts.query else "")
        self._timeout_s = timeout_s
        self._connection: http.client.HTTPConnection | None = None
        self._asking: http.client.HTTPConnection | None = None
        self._closed = False
        self._thread = ThreadPoolExecutor(1, thread_name_prefix="webhook")

    async def post(self, headers: dict[str, str], body: bytes) -> int | None:
        loop = asyncio.get_running_loop()
        return await loop.run_in_executor(self._thread, self._post, headers, body)

    def close(self) -> None:
        """Does not wait for an answer that may never come."""
        self._closed = True
        self._thread.shutdown(wait=False, cancel_futures=True)
        connection = self._asking
        if connection is not None and connection.sock is not None:
            with suppress(OSError):
                connection.sock.shutdown(socket.SHUT_RDWR)

    def _post(self, headers: dict[str, str], body: bytes) -> int | None:
        connection, self._connection = self._connection or self._connect(), None
        self._asking = connection
        try:
            if self._closed:
                return None
            connection.request("POST", self._target, body, headers)
            answer = connection.getresponse()
            answer.read(MAX_ANSWER_BYTES)
        except (OSError, http.client.HTTPException):
            connection.close()
            return None
        finally:
            self._asking = None
        if answer.will_close or not answer.isclosed():
            connection.close()
        else:
            self._connection = connection
        return answer.status

    def _connect(self) -> http.client.HTTPConnection:
        if not self._https:
            return http.client.HTTPConnection(self._host, self._port, timeout=self._timeout_s)
        context = ssl.create_default_context()
        return http.client.HTTPSConnection(self._host, self._port, timeout=self._timeout_s, context=context)
