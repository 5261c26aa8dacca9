"""Every route of the API and what it takes to use it.

A route that is not listed here cannot be added to the application: `make_app` refuses to build it. To add
one, write its handler in the module of its noun in `server/http/` and its line here.
"""

from __future__ import annotations

from server.access.roles import Permission

OPEN = None
"""Nobody is asked who they are: the route shows no name, no number and no address."""

ROUTES: dict[str, Permission | None] = {
    "GET /": OPEN,
    "GET /healthz": OPEN,
    "GET /metrics": OPEN,
    "GET /openapi.json": OPEN,
    "GET /status": Permission.SEE_LIVE,
    "GET /agents": Permission.SEE_LIVE,
    "GET /agents/{agent}": Permission.SEE_LIVE,
    "GET /agents/{agent}/contact": Permission.ACT_AS_AGENT,
    "POST /agents/{agent}/break": Permission.ACT_AS_AGENT,
    "POST /agents/{agent}/back": Permission.ACT_AS_AGENT,
    "POST /agents/{agent}/transfer": Permission.ACT_AS_AGENT,
    "POST /agents/{agent}/hold": Permission.ACT_AS_AGENT,
    "POST /agents/{agent}/resume": Permission.ACT_AS_AGENT,
    "POST /agents/{agent}/wrap-up/done": Permission.ACT_AS_AGENT,
    "POST /agents/{agent}/wrap-up/extend": Permission.ACT_AS_AGENT,
    "GET /queues": Permission.SEE_LIVE,
    "GET /queues/{queue}": Permission.SEE_LIVE,
    "GET /trunks": Permission.SEE_LIVE,
    "GET /notices": Permission.SEE_LIVE,
    "PUT /notices/{notice}": Permission.CHANGE_NOTICES,
    "DELETE /notices/{notice}": Permission.CHANGE_NOTICES,
    "POST /profiles/show": Permission.READ_CONTACTS,
    "POST /profiles/erase": Permission.ERASE_PERSONAL,
    "GET /lists/{name}": Permission.READ_CONTACTS,
    "POST /lists/{name}/add": Permission.CHANGE_LISTS,
    "POST /lists/{name}/remove": Permission.CHANGE_LISTS,
    "GET /contacts": Permission.READ_CONTACTS,
    "GET /contacts/{contact}": Permission.READ_CONTACTS,
    "POST /contacts/{contact}/erase": Permission.ERASE_PERSONAL,
    "GET /contacts/{contact}/why": Permission.READ_CONTACTS,
    "POST /contacts/{contact}/recording/pause": Permission.PAUSE_RECORDINGS,
    "POST /contacts/{contact}/recording/resume": Permission.PAUSE_RECORDINGS,
    "POST /contacts/{contact}/recording/withdraw": Permission.PAUSE_RECORDINGS,
    "GET /recordings": Permission.READ_RECORDINGS,
    "GET /recordings/search": Permission.READ_RECORDINGS,
    "GET /recordings/due": Permission.CHANGE_RECORDINGS,
    "GET /recordings/erasures": Permission.READ_RECORDINGS,
    "GET /recordings/{recording}": Permission.READ_RECORDINGS,
    "POST /recordings/{recording}/verify": Permission.READ_RECORDINGS,
    "GET /recordings/{recording}/sound": Permission.READ_RECORDINGS,
    "GET /recordings/{recording}/case": Permission.CHANGE_RECORDINGS,
    "POST /recordings/{recording}/hold": Permission.CHANGE_RECORDINGS,
    "POST /recordings/{recording}/release": Permission.CHANGE_RECORDINGS,
    "DELETE /recordings/{recording}": Permission.CHANGE_RECORDINGS,
    "GET /callbacks": Permission.READ_CONTACTS,
    "GET /callbacks/lost": Permission.READ_CONTACTS,
    "GET /callbacks/times": Permission.PROMISE_CALLBACKS,
    "GET /callbacks/{contact}": Permission.READ_CONTACTS,
    "POST /callbacks": Permission.PROMISE_CALLBACKS,
    "DELETE /callbacks/{contact}": Permission.PROMISE_CALLBACKS,
    "GET /events": Permission.FOLLOW_EVENTS,
    "GET /webhooks": Permission.OPERATE,
    "POST /reload": Permission.OPERATE,
    "POST /drain": Permission.OPERATE,
    "POST /undrain": Permission.OPERATE,
    "GET /access/log": Permission.READ_ACCESS,
    "GET /access/tokens": Permission.GRANT_ACCESS,
    "POST /access/tokens": Permission.GRANT_ACCESS,
    "DELETE /access/tokens/{token}": Permission.GRANT_ACCESS,
}

POLLED = frozenset(route for route, permission in ROUTES.items() if permission is Permission.SEE_LIVE)
"""What screens ask for again and again: one fact a minute for each reader stands for all of these reads."""
