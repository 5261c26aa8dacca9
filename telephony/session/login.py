"""Logging in where we are the client: remembers the challenge and counts the uses of its nonce."""

from __future__ import annotations

from dataclasses import dataclass, field

from telephony.session.identity import Tokens
from telephony.sip.digest import Challenge, answer_challenge, choose_challenge
from telephony.sip.message import Response

# One wrong guess may be an old nonce; a second refusal means a wrong password.
_MAX_REFUSALS = 2


@dataclass(frozen=True, slots=True)
class Login:
    """A user name and password for whoever asks."""

    user: str
    password: str = field(repr=False)


@dataclass(slots=True)
class Authorizer:
    """Answers the challenges of one call or registration (RFC 3261 section 22.2 and 22.3)."""

    login: Login | None
    tokens: Tokens
    _challenges: dict[str, Challenge] = field(default_factory=dict)
    _uses: int = 0
    _refusals: int = 0

    def learn(self, response: Response) -> bool:
        """Takes the challenge of a 401 or 407; says whether another try makes sense."""
        asked, answered = (
            ("WWW-Authenticate", "Authorization")
            if response.status == 401
            else ("Proxy-Authenticate", "Proxy-Authorization")
        )
        challenge = choose_challenge(response.headers.get_all(asked))
        if answered in self._challenges and challenge is not None and not challenge.stale:
            self._refusals += 1
        if self.login is None or challenge is None or self._refusals == _MAX_REFUSALS:
            return False
        self._challenges[answered] = challenge
        self._uses = 0
        return True

    def succeeded(self) -> None:
        """The peer took what we sent: an expired nonce later on counts as a first refusal again."""
        self._refusals = 0

    def headers(self, method: str, uri: str) -> tuple[tuple[str, str], ...]:
        """The credentials for a request; empty before the first challenge."""
        login = self.login
        if login is None or not self._challenges:
            return ()
        self._uses += 1
        return tuple(
            (
                name,
                answer_challenge(
                    challenge,
                    method,
                    uri,
                    user=login.user,
                    password=login.password,
                    cnonce=self.tokens(),
                    nc=self._uses,
                ),
            )
            for name, challenge in self._challenges.items()
        )
