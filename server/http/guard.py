"""Every route behind the door: who asks is settled before the body is read."""

from __future__ import annotations

from collections.abc import Callable, Coroutine
from typing import Annotated, Any

from fastapi import Depends, FastAPI, Request
from fastapi.routing import APIRoute
from starlette.exceptions import HTTPException
from starlette.responses import Response
from starlette.types import Message, Receive

from server.access.door import Door, Knock, bearer
from server.access.exposure import reachable_from_outside
from server.access.principal import PeerCredentials, Principal
from server.access.routes import ROUTES

LOCAL = "local"
MAX_REASON = 200
MAX_BODY_BYTES = 64 * 1024


def guarded_by(door: Door) -> type[APIRoute]:
    """The route class of an application whose every request passes the door."""

    class GuardedRoute(APIRoute):
        """A route that cannot be reached around the door."""

        def get_route_handler(self) -> Callable[[Request], Coroutine[Any, Any, Response]]:
            handle = super().get_route_handler()
            [route] = names_of(self)

            async def guarded(request: Request) -> Response:
                request.state.knock = knock = _knock(route, request)
                request.state.principal = await door.enter(knock)
                return await handle(Request(request.scope, _bounded(request.receive)))

            return guarded

    return GuardedRoute


def names_of(route: APIRoute) -> tuple[str, ...]:
    """As ROUTES calls them."""
    return tuple(f"{method} {route.path}" for method in sorted(route.methods or ()))


def _bounded(receive: Receive) -> Receive:
    """Raises HTTPException 413 once more has come than any request needs."""
    size = 0

    async def counted() -> Message:
        nonlocal size
        message = await receive()
        size += len(message.get("body", b""))
        if size > MAX_BODY_BYTES:
            raise HTTPException(413, f"the body is larger than {MAX_BODY_BYTES} bytes")
        return message

    return counted


def _knock(route: str, request: Request) -> Knock:
    peer: PeerCredentials | None = getattr(request.state, "peer", None)
    source = request.client.host if request.client and peer is None else LOCAL
    return Knock(
        route=route,
        subject="/".join(request.path_params.values()),
        source=source,
        token=bearer(request.headers),
        peer=peer,
        reason=request.headers.get("x-reason", "")[:MAX_REASON],
        nearby=source == LOCAL or not reachable_from_outside(source),
    )


def _who(request: Request) -> Principal:
    principal: Principal = request.state.principal
    return principal


Who = Annotated[Principal, Depends(_who)]
"""A handler's parameter: who passed the door. Routes that are open to everybody have nobody."""


def check_every_route(app: FastAPI) -> None:
    """Raises LookupError for a route that the table of permissions does not name, or that has no guard."""
    for route in app.routes:
        if not isinstance(route, APIRoute):
            raise LookupError(f"{route} is not behind the door: add it with the decorators of the app")  # noqa: TRY004
        for name in names_of(route):
            if name not in ROUTES:
                raise LookupError(f"{name}: add it to server/access/routes.py with what it takes to use it")
