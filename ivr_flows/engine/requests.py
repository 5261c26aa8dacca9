"""What a flow asks of the outside: each is carried by a `AskOutside` and answered by a `RequestDone`."""

from collections.abc import Mapping
from dataclasses import dataclass, field

Values = tuple[tuple[str, str], ...]


@dataclass(frozen=True, slots=True)
class HttpRequest:
    """An HTTP call with a JSON body; `take` says under which names which parts of the answer are told.

    A part is a path of keys and numbers, like `customer.orders.0.state`. `tries` counts the first one;
    `cache_s` lets an answer to the same request be told again for that long. A status of 4xx is REFUSED.
    """

    method: str
    url: str
    headers: Values = field(default=(), repr=False)
    body: Values = field(default=(), repr=False)
    take: Values = ()
    tries: int = 1
    cache_s: float = 0.0


@dataclass(frozen=True, slots=True)
class ProfileRead:
    """What is kept about a caller, by the number; names that are not kept are not told."""

    caller: str = field(repr=False)
    names: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class ProfileWrite:
    """Keep something about a caller, for the next call."""

    caller: str = field(repr=False)
    values: Values = field(repr=False)


@dataclass(frozen=True, slots=True)
class NoticeRead:
    """The notice of this name, told as `text`; REFUSED when none is switched on, or it has expired."""

    notice: str


@dataclass(frozen=True, slots=True)
class Notification:
    """Tell a webhook of the server, by its name; what becomes of it is not waited for."""

    hook: str
    values: Values = field(repr=False)


@dataclass(frozen=True, slots=True)
class BotTurn:
    """One thing that the caller said to a conversation partner, with what is known so far.

    Told: `say`, the answer; `done`, yes when the partner hands the caller back; and the slots by their names.
    """

    url: str
    said: str = field(repr=False)
    slots: Values = field(repr=False)


@dataclass(frozen=True, slots=True)
class CallbackCheck:
    """Whether a number can be called back for a queue, and at which times.

    Told: `number`, as it will be called, and `time1`, `time2` ... as ISO moments; REFUSED when it cannot.
    """

    typed: str = field(repr=False)
    queue: str
    times: int


@dataclass(frozen=True, slots=True)
class CallbackWanted:
    """Promise the caller a call, at the place that they have now; REFUSED when it cannot be promised."""

    number: str = field(repr=False)
    queue: str
    skills: tuple[tuple[str, int], ...]
    priority: int
    first: str
    """`customer` or `agent`; empty: as the server's settings say."""
    at: str
    """An ISO moment; empty: when it is their turn."""


CALLED: Mapping[type, str] = {
    HttpRequest: "http",
    ProfileRead: "profile",
    ProfileWrite: "profile",
    NoticeRead: "notice",
    Notification: "notify",
    BotTurn: "bot",
    CallbackCheck: "callback",
    CallbackWanted: "callback",
}
"""What each is called in the journal: the kind of node that asks."""

CallbackRequest = CallbackCheck | CallbackWanted
OutsideRequest = (
    HttpRequest | ProfileRead | ProfileWrite | NoticeRead | Notification | BotTurn | CallbackRequest
)
