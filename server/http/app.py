"""The API: one application, from one frozen set of ports.

How a route is added:

1. Its handler goes into the module of its noun in this folder, inside that module's `add_..._routes(app,
   ports)`: an async function that returns a frozen dataclass. What blocks goes through `ports.off_loop.run`.
   An error is an `ApiError`; ids in the path are `Id`. `who: Who` is the one who asks.
2. Its line goes into `server/access/routes.py`: method, path, permission. Without it the application is not
   built.
3. A new noun: a port in `server/http/ports.py`, and a call of its `add_..._routes` below.
"""

from __future__ import annotations

from typing import Any

from fastapi import FastAPI

from server.access.routes import ROUTES
from server.http.access_log import add_access_log_routes
from server.http.agents import add_agent_routes
from server.http.callbacks import add_callback_routes
from server.http.contacts import add_contact_routes
from server.http.decisions import add_decision_routes
from server.http.errors import OF_EVERY_ROUTE, add_error_answers
from server.http.events import add_event_routes
from server.http.guard import check_every_route, guarded_by
from server.http.lists import add_list_routes
from server.http.live import LiveView
from server.http.notices import add_notice_routes, add_profile_routes
from server.http.operation import add_operation_routes
from server.http.ports import ApiPorts
from server.http.queues import add_queue_routes
from server.http.recording_control import add_recording_control_routes
from server.http.recordings import add_recording_routes
from server.http.tokens import add_token_routes
from server.version import VERSION

DESCRIPTION = (
    "Health and metrics are open on loopback; everything else needs a token, or the unix socket in the data "
    "folder. Every access leaves an event in the journal."
)


def make_app(ports: ApiPorts) -> FastAPI:
    """Raises LookupError when a route lacks its permission."""
    app = FastAPI(
        title="Trunkline",
        version=VERSION,
        description=DESCRIPTION,
        docs_url=None,
        redoc_url=None,
        openapi_url=None,
        responses=OF_EVERY_ROUTE,
        redirect_slashes=False,
    )
    app.router.route_class = guarded_by(ports.door)
    add_error_answers(app)
    live = LiveView(ports.dispatch, ports.customers, ports.acd, ports.monotonic)
    add_operation_routes(app, ports, live)
    add_agent_routes(app, ports, live)
    add_queue_routes(app, live)
    add_contact_routes(app, ports)
    add_notice_routes(app, ports)
    add_profile_routes(app, ports)
    add_list_routes(app, ports)
    add_decision_routes(app, ports)
    add_callback_routes(app, ports)
    add_recording_routes(app, ports)
    add_recording_control_routes(app, ports, live)
    add_event_routes(app, ports)
    add_token_routes(app, ports)
    add_access_log_routes(app, ports)
    check_every_route(app)
    _describe_access(app)
    return app


def _describe_access(app: FastAPI) -> None:
    """Puts what each route takes into the OpenAPI document."""
    document: dict[str, Any] = app.openapi()
    schemes = document.setdefault("components", {}).setdefault("securitySchemes", {})
    schemes["token"] = {"type": "http", "scheme": "bearer"}
    for path, methods in document["paths"].items():
        for method, operation in methods.items():
            permission = ROUTES[f"{method.upper()} {path}"]
            if permission is not None:
                operation["security"] = [{"token": []}]
                operation["x-permission"] = permission.value
