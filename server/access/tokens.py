"""API tokens: handed out once, kept as hashes in a private file of the data folder.

A token is 256 random bits. Nobody can guess one at any speed, so one fast hash is enough to make the file
useless to a thief; the slow hashes that protect passwords would only let strangers burn our processor.
"""

from __future__ import annotations

import hashlib
import hmac
import os
import re
import secrets
from datetime import datetime
from pathlib import Path

import msgspec

from server.access.principal import Principal
from server.access.roles import Role

FILE_NAME = "tokens.json"
MAX_TOKENS = 1000
PREFIX = "tl"
_TOKEN = re.compile(rf"{PREFIX}_([0-9a-f]{{8}})_([A-Za-z0-9_-]{{43}})")


class TokensError(Exception):
    """The tokens cannot be read or written, or no more fit; the message says how to fix it."""


class Token(msgspec.Struct, frozen=True, kw_only=True):
    """A token as it is kept: who may use it and how long, without the token itself."""

    id: str
    name: str
    """Whose it is: a person or a program, as the facts of their accesses name them."""
    role: Role
    agent: str = ""
    created: datetime
    expires: datetime | None = None
    digest: str

    def valid(self, now: datetime) -> bool:
        return self.expires is None or now < self.expires

    @property
    def principal(self) -> Principal:
        return Principal(self.name, self.role, self.agent)


class TokenBook:
    """All tokens of one server, in memory and in the file; changed by this server alone."""

    def __init__(self, data_directory: Path) -> None:
        """Raises TokensError when the file is there and cannot be understood."""
        self._file = data_directory / FILE_NAME
        self._tokens = _read(self._file)

    def __len__(self) -> int:
        return len(self._tokens)

    def all(self) -> tuple[Token, ...]:
        return tuple(sorted(self._tokens.values(), key=lambda token: token.created))

    def create(
        self, name: str, role: Role, now: datetime, *, agent: str = "", expires: datetime | None = None
    ) -> tuple[Token, str]:
        """The new entry and the token, which is shown this once; raises TokensError. Blocks on the disk."""
        if len(self._tokens) >= MAX_TOKENS:
            raise TokensError(f"there are {MAX_TOKENS} tokens; revoke some that nobody uses")
        identifier, secret = secrets.token_hex(4), secrets.token_urlsafe(32)
        token = Token(
            id=identifier,
            name=name,
            role=role,
            agent=agent,
            created=now,
            expires=expires,
            digest=_digest(secret),
        )
        changed = self._tokens | {identifier: token}
        _write(self._file, changed)
        self._tokens = changed
        return token, f"{PREFIX}_{identifier}_{secret}"

    def revoke(self, identifier: str) -> Token | None:
        """Takes effect at once; None where there is no such token. Blocks on the disk."""
        token = self._tokens.get(identifier)
        if token is not None:
            changed = {key: each for key, each in self._tokens.items() if key != identifier}
            _write(self._file, changed)
            self._tokens = changed
        return token

    def principal(self, token: str, now: datetime) -> Principal | None:
        """Whose token it is; None for one that is malformed, unknown, revoked or expired."""
        parts = _TOKEN.fullmatch(token)
        known = self._tokens.get(parts[1]) if parts else None
        if parts is None or known is None:
            return None
        right = hmac.compare_digest(known.digest, _digest(parts[2]))
        return known.principal if right and known.valid(now) else None


def _digest(secret: str) -> str:
    return hashlib.blake2b(secret.encode(), digest_size=32, person=b"trunkline-token").hexdigest()


def _read(file: Path) -> dict[str, Token]:
    try:
        tokens = msgspec.json.decode(file.read_bytes(), type=list[Token])
    except FileNotFoundError:
        return {}
    except (OSError, msgspec.DecodeError) as error:
        raise TokensError(f"{file}: {error}; repair it, or delete it and make new tokens") from None
    return {token.id: token for token in tokens}


def _write(file: Path, tokens: dict[str, Token]) -> None:
    temporary = file.with_suffix(".new")
    try:
        descriptor = os.open(temporary, os.O_WRONLY | os.O_CREAT | os.O_TRUNC | os.O_CLOEXEC, 0o600)
        with os.fdopen(descriptor, "wb") as stream:
            stream.write(msgspec.json.format(msgspec.json.encode(list(tokens.values())), indent=1))
            stream.flush()
            os.fsync(stream.fileno())
        temporary.replace(file)
    except OSError as error:
        raise TokensError(
            f"{file}: cannot be written ({error.strerror}); make {file.parent} writable for the server"
        ) from None
