"""`docs/api.md`, made from the tables of routes and roles: `python -m server.access.page > docs/api.md`."""

from __future__ import annotations

import sys

from server.access.roles import GRANTS, SEES, Role
from server.access.routes import POLLED, ROUTES

HEAD = """# The API

Everything that commands show and do goes through the API of the running server: `trunkline agents` is
`GET /agents`. The whole description, with parameters and answers, is served at `/openapi.json` (OpenAPI 3.1);
this page says who may do what. It is made from the server's own tables; a test holds it to them.

On this machine, as the server's user, and from a program or through a tunnel:

    curl -s --unix-socket var/api.sock http://localhost/agents
    curl -s -H "Authorization: Bearer $TOKEN" http://127.0.0.1:8080/agents

A token is made by `trunkline access tokens create NAME --role ROLE [--days N]`. The commands take
`--server URL` and `--token` (or `TRUNKLINE_TOKEN`). Give a reason for an access in the header `X-Reason`: it
stands in the access log.

Errors have one form, `{"error": ..., "how_to_fix": ..., "problems": [...]}`; `problems` lists every mistake
where there are several. Lists that grow come in pages: `next` of one page is `after` or `before` of the next.
"""


def page() -> str:
    """The whole page."""
    return "\n".join([HEAD, *_roles(), "", *_routes(), ""])


def _roles() -> list[str]:
    lines = ["## Roles", "", "| role | may | sees numbers and names |", "| --- | --- | --- |"]
    for role in Role:
        may = "; ".join(permission.value for permission, roles in GRANTS.items() if role in roles)
        lines.append(f"| {role.value} | {may} | {'no' if SEES[role].value == 'public' else 'yes'} |")
    return lines


def _routes() -> list[str]:
    lines = ["## Routes", "", "| route | lets somebody | roles |", "| --- | --- | --- |"]
    for route, permission in ROUTES.items():
        if permission is None:
            lines.append(f"| `{route}` | open on this machine | |")
            continue
        roles = ", ".join(role.value for role in Role if role in GRANTS[permission])
        once = " (one event a minute)" if route in POLLED else ""
        lines.append(f"| `{route}` | {permission.value}{once} | {roles} |")
    return lines


if __name__ == "__main__":
    sys.stdout.write(page())
