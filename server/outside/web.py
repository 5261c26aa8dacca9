"""HTTP to web services: one pool of connections, answers of bounded size, no redirects."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Protocol

import httpx
import msgspec

MAX_ANSWER_BYTES = 256 * 1024
CONNECTIONS = 100
LONGEST_S = 60.0  # who asks has a shorter budget, as a rule


class WebError(Exception):
    """No answer, or none that can be used; the message says why and quotes nothing of it."""


@dataclass(frozen=True, slots=True)
class WebReply:
    """A status below 500, with the JSON of the body; None where there was none."""

    status: int
    body: Any = field(default=None, repr=False)

    @property
    def refused(self) -> bool:
        return self.status >= 400


class Web(Protocol):
    """Sends one request and reads its answer."""

    async def send(
        self, method: str, url: str, headers: tuple[tuple[str, str], ...], body: Mapping[str, object]
    ) -> WebReply:
        """With a JSON body unless it is empty; raises WebError. A redirect counts as a refusal."""


class HttpWeb:
    """Closed with the server; a request that is cancelled gives its connection up."""

    def __init__(self, transport: httpx.AsyncBaseTransport | None = None) -> None:
        limits = httpx.Limits(max_connections=CONNECTIONS, max_keepalive_connections=20)
        self._client = httpx.AsyncClient(
            limits=limits, follow_redirects=False, timeout=LONGEST_S, trust_env=False, transport=transport
        )

    async def close(self) -> None:
        await self._client.aclose()

    async def send(
        self, method: str, url: str, headers: tuple[tuple[str, str], ...], body: Mapping[str, object]
    ) -> WebReply:
        try:
            request = self._client.build_request(
                method, url, headers=list(headers), json=dict(body) if body else None
            )
            response = await self._client.send(request, stream=True)
            try:
                return await _read(response)
            finally:
                await response.aclose()
        except (httpx.HTTPError, httpx.InvalidURL, ValueError, UnicodeError) as error:
            raise WebError(type(error).__name__) from None


async def _read(response: httpx.Response) -> WebReply:
    if response.status_code >= 500:
        raise WebError(f"status {response.status_code}")
    if response.status_code >= 300:
        return WebReply(max(400, response.status_code))
    body = bytearray()
    async for part in response.aiter_bytes():
        body += part
        if len(body) > MAX_ANSWER_BYTES:
            raise WebError("the answer is too long")
    if not body.strip():
        return WebReply(response.status_code)
    try:
        return WebReply(response.status_code, msgspec.json.decode(bytes(body)))
    except msgspec.DecodeError:
        raise WebError("the answer is no JSON") from None
    except RecursionError:
        raise WebError("the answer is nested too deeply") from None
