"""API tokens over the API: made, listed and revoked by administrators."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta

from fastapi import FastAPI
from pydantic import BaseModel, ConfigDict, Field

from server.access.roles import Role
from server.access.tokens import Token, TokensError
from server.http.errors import ApiError, answers
from server.http.ids import Id
from server.http.ports import ApiPorts


class TokenRequest(BaseModel):
    """Whose token it is to be. An agent's names the agent whom it may act for."""

    model_config = ConfigDict(extra="forbid")

    name: str = Field(min_length=1, max_length=60, pattern=r"^[^\x00-\x1f\x7f]+$")
    role: Role
    agent: str = Field(default="", max_length=64)
    days: int | None = Field(default=None, ge=1, le=3650)


@dataclass(frozen=True, slots=True)
class TokenLine:
    """A token as it is listed: never the token itself."""

    id: str
    name: str
    role: Role
    agent: str
    created: datetime
    expires: datetime | None


@dataclass(frozen=True, slots=True)
class NewToken:
    """The one time that the token is shown."""

    token: str
    entry: TokenLine


def add_token_routes(app: FastAPI, ports: ApiPorts) -> None:
    """The file is small and private; writing it blocks for one sync, which administrators may cost us."""

    @app.get("/access/tokens")
    async def list_tokens() -> tuple[TokenLine, ...]:
        """Oldest first."""
        return tuple(map(_line, ports.tokens.all()))

    @app.post("/access/tokens", responses=answers(409))
    async def create_token(wanted: TokenRequest) -> NewToken:
        """Shows the token once; only its hash is saved."""
        _check(wanted, ports)
        now = ports.utc()
        expires = now + timedelta(days=wanted.days) if wanted.days else None
        try:
            entry, token = ports.tokens.create(
                wanted.name, wanted.role, now, agent=wanted.agent, expires=expires
            )
        except TokensError as error:
            raise ApiError(409, str(error), "see the message") from None
        return NewToken(token, _line(entry))

    @app.delete("/access/tokens/{token}", responses=answers(404, 409))
    async def revoke_token(token: Id) -> TokenLine:
        """By its id; it opens nothing from here on."""
        try:
            revoked = ports.tokens.revoke(token)
        except TokensError as error:
            raise ApiError(409, str(error), "see the message") from None
        if revoked is None:
            raise ApiError(404, f"no token {token}", "`trunkline access tokens list` shows the ids")
        return _line(revoked)


def _check(wanted: TokenRequest, ports: ApiPorts) -> None:
    agents = {agent.name for agent in ports.acd().agents}
    if (wanted.role is Role.AGENT) != bool(wanted.agent):
        raise ApiError(
            409, "body.agent: a token of role agent names an agent, and no other does", "see /agents"
        )
    if wanted.agent and wanted.agent not in agents:
        raise ApiError(409, f"body.agent: no agent {wanted.agent}", "`trunkline agents` lists all")


def _line(token: Token) -> TokenLine:
    return TokenLine(token.id, token.name, token.role, token.agent, token.created, token.expires)
