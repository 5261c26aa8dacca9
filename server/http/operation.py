"""What operators use: health, metrics, status, trunks, reload and drain."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from fastapi import FastAPI, Response
from prometheus_client import CONTENT_TYPE_LATEST, generate_latest
from starlette.responses import JSONResponse, PlainTextResponse

from server.access.routes import ROUTES
from server.http.errors import ApiError, answers
from server.http.guard import Who
from server.http.live import LiveView
from server.http.ports import ApiPorts, ReloadOutcome, TrunkStatus
from server.http.status import Health, Status, WebhookStatus
from server.version import VERSION


@dataclass(frozen=True, slots=True)
class RouteLine:
    """One line of the index."""

    route: str
    needs: str


@dataclass(frozen=True, slots=True)
class Index:
    """What there is, for somebody who opens the address in a browser."""

    program: str
    version: str
    routes: tuple[RouteLine, ...]


@dataclass(frozen=True, slots=True)
class GateStatus:
    """Whether new calls are taken, and how many are on the line."""

    draining: bool
    calls: int


def add_operation_routes(app: FastAPI, ports: ApiPorts, live: LiveView) -> None:
    """All on the loop's own thread: what they read belongs to it."""
    _add_open_routes(app, ports)
    _add_gate_routes(app, ports)

    @app.get("/status")
    async def show_status(who: Who) -> Status:
        """Health, agents and queues in one answer."""
        return Status(ports.health(), live.agents(who.sees), live.queues())

    @app.get("/trunks")
    async def list_trunks() -> tuple[TrunkStatus, ...]:
        """Carriers and PBXs that may send calls."""
        return ports.trunks()

    @app.get("/webhooks")
    async def list_webhooks() -> tuple[WebhookStatus, ...]:
        """How far each webhook is, and what is in its way."""
        return ports.webhooks()

    @app.post("/reload", responses=answers(409))
    async def reload(who: Who) -> ReloadOutcome:
        """Reads settings and flows again; applies all that can change while calls go on, or nothing."""
        outcome = await ports.reloader.reload(who.name)
        if outcome.problems:
            first = outcome.problems[0] if len(outcome.problems) == 1 else "the settings have mistakes"
            how = "fix that and reload again; until then nothing is changed"
            raise ApiError(409, first, how, outcome.problems)
        return outcome


def _add_open_routes(app: FastAPI, ports: ApiPorts) -> None:
    @app.get("/")
    async def index() -> Index:
        """What there is, and what it takes."""
        routes = tuple(
            RouteLine(route, permission.value if permission else "nothing")
            for route, permission in ROUTES.items()
        )
        return Index("trunkline", VERSION, routes)

    @app.get("/healthz", responses={503: {"model": Health, "description": "Calls are not taken"}})
    async def healthz(response: Response) -> Health:
        """200 while calls are taken and saved as promised; 503 with the problems while not."""
        health = ports.health()
        response.status_code = 200 if health.healthy else 503
        return health

    @app.get("/metrics", response_class=PlainTextResponse)
    async def metrics() -> Response:
        """For Prometheus; without names of people and numbers."""
        return Response(generate_latest(ports.registry), media_type=CONTENT_TYPE_LATEST)

    @app.get("/openapi.json")
    async def openapi() -> JSONResponse:
        """This document."""
        document: dict[str, Any] = app.openapi()
        return JSONResponse(document)


def _add_gate_routes(app: FastAPI, ports: ApiPorts) -> None:
    def told() -> GateStatus:
        return GateStatus(ports.gate.draining, ports.health().calls)

    @app.post("/drain")
    async def drain() -> GateStatus:
        """No new calls from here on; those on the line go on."""
        ports.gate.draining = True
        return told()

    @app.post("/undrain")
    async def undrain() -> GateStatus:
        """Calls are taken again."""
        ports.gate.draining = False
        return told()
