"""Who may change the bindings of whom: digest authentication of a REGISTER (RFC 3261 section 22, pure)."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from urllib.parse import unquote as unescape

from telephony.registrar.bindings import AddressOfRecord, Outcome
from telephony.sip.digest import Algorithm, Challenge, Secret, parse_credentials
from telephony.sip.digest_server import Authenticated, DigestServer, LoginFault, Unauthenticated
from telephony.sip.errors import SipSyntaxError
from telephony.sip.fields import parse_name_addr
from telephony.sip.message import Request
from telephony.sip.uri import Uri

# A first REGISTER has no credentials, and a nonce that is too old is asked for anew: neither is a fault.
_RULES: dict[LoginFault, str] = {
    fault: f"login.{fault}"
    for fault in LoginFault
    if fault not in {LoginFault.NO_CREDENTIALS, LoginFault.EXPIRED_NONCE}
}
# What somebody who does not know the password does; a forged nonce saves them a round.
GUESSES = frozenset({"login.wrong-password", "login.forged-nonce", "login.malformed"})


@dataclass(frozen=True, slots=True)
class Authorized:
    """The sender may change the bindings of `aor`."""

    aor: AddressOfRecord


def authorize_caller(
    request: Request,
    digest: DigestServer,
    secret_of: Callable[[str], Secret | None],
    now: float,
    md5_only: tuple[str, ...] = (),
) -> Authorized | Outcome:
    """Who calls, by digest: whatever From says, it is the account whose password the phone knows."""
    values = request.headers.get_all("Authorization")
    verdict = digest.verify(values, request.method, request.uri, secret_of, now)
    if isinstance(verdict, Authenticated):
        return Authorized(AddressOfRecord(verdict.username))
    return _challenge(verdict, request, md5_only)


def _challenge(verdict: Unauthenticated, request: Request, md5_only: tuple[str, ...]) -> Outcome:
    offered = _understood(verdict.challenges, request.headers.get("User-Agent") or "", md5_only)
    headers = tuple(("WWW-Authenticate", str(challenge)) for challenge in offered)
    return Outcome(401, headers, rule_id=_RULES.get(verdict.fault, ""))


def authorize(
    request: Request,
    digest: DigestServer,
    secret_of: Callable[[str], Secret | None],
    now: float,
    md5_only: tuple[str, ...] = (),
) -> Authorized | Outcome:
    """Who registers, by digest: only the user named in To, for that user's own address.

    `md5_only` are beginnings of User-Agent: phones that give up at a challenge they do not know.
    """
    try:
        aor = _address_of_record(parse_name_addr(request.headers.get("To") or "").uri)
    except SipSyntaxError:
        return Outcome(400, rule_id="registrar.malformed")
    values = request.headers.get_all("Authorization")
    verdict = digest.verify(values, request.method, request.uri, secret_of, now)
    if not isinstance(verdict, Authenticated):
        return _challenge(verdict, request, md5_only)
    if aor is None:
        return Outcome(404, rule_id="registrar.no-address")
    if verdict.username == aor:
        return Authorized(aor)
    return Outcome(403, rule_id="login.other-user")


def _understood(
    challenges: tuple[Challenge, ...], user_agent: str, md5_only: tuple[str, ...]
) -> tuple[Challenge, ...]:
    if not user_agent.startswith(md5_only):
        return challenges
    return tuple(challenge for challenge in challenges if challenge.algorithm is Algorithm.MD5)


def _address_of_record(uri: Uri) -> AddressOfRecord | None:
    return AddressOfRecord(unescape(uri.user)) if uri.is_sip and uri.user else None


def addressed_user(request: Request) -> str | None:
    """Whose phone it says it is."""
    try:
        return _address_of_record(parse_name_addr(request.headers.get("To") or "").uri)
    except SipSyntaxError:
        return None


def claimed_user(request: Request) -> str | None:
    """Who the first readable credentials say they are from; None without any."""
    for value in request.headers.get_all("Authorization"):
        try:
            return parse_credentials(value).username
        except SipSyntaxError:
            continue
    return None
