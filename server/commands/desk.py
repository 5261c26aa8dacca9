"""`trunkline desk`: an agent's page in the terminal: who calls and why, who waits, and their keys."""

from __future__ import annotations

import select
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING, Annotated, Any

import typer

from server.client.client import ApiClient, ApiRefusedError, segment
from server.commands.console import ConfigOption, out
from server.commands.server_options import ServerOption, TokenOption, api
from server.commands.spoken import settled
from server.commands.tables import span
from server.errors import StartError

if TYPE_CHECKING:
    from rich.console import Group

LOOK_EVERY_S = 1.0
LAST_EVENTS = 8
KEYS = (
    "b break   r ready again (ends wrap-up or break)   c wrap-up code   p pause recording   "
    "h hold   g go on   t transfer   q leave this page"
)
ASKED = {"t": "transfer to: ", "c": "code: "}
"""Keys after which something is written, up to the Enter key."""


@dataclass(frozen=True, slots=True)
class Page:
    """What the agent sees at one moment."""

    agent: dict[str, Any]
    contact: dict[str, Any]
    queues: list[dict[str, Any]]
    said: str = ""


def desk(
    name: Annotated[str, typer.Argument(metavar="NAME", help="The agent's name.")],
    once: Annotated[bool, typer.Option("--once", help="Show the page once, and end.")] = False,
    config: ConfigOption = None,
    server: ServerOption = None,
    token: TokenOption = None,
) -> None:
    """Who calls and why, who waits; keys for breaks, wrap-up, hold and transfer. The phone rings elsewhere.

    Example: trunkline desk alice
    """
    from rich.live import Live

    with api(config, server, token) as client:
        page = look(client, name)
        if once:
            out.print(desk_screen(page))
            return
        if not sys.stdin.isatty():
            raise StartError("the desk needs a terminal; --once shows it without one")
        with (
            _single_keys() as pressed,
            Live(desk_screen(page), console=out, screen=True, auto_refresh=False) as live,
        ):
            work(client, name, pressed, lambda page: live.update(desk_screen(page), refresh=True))


def look(client: ApiClient, name: str, said: str = "") -> Page:
    path = f"/agents/{segment(name)}"
    return Page(client.get(path), client.get(f"{path}/contact"), client.get("/queues"), said)


def work(client: ApiClient, name: str, pressed: Iterator[str | None], show: Callable[[Page], None]) -> None:
    """Until q: does what each key says and shows what came of it. None is a moment without a key."""
    for key in pressed:
        if key == "q":
            return
        if key in ASKED:
            text = _written(pressed, ASKED[key], lambda said: show(look(client, name, said)))
            show(look(client, name, act_with(client, name, key, text)))
        else:
            show(look(client, name, act(client, name, key)))


def _written(pressed: Iterator[str | None], asked: str, show: Callable[[str], None]) -> str:
    """What is written until the Enter key; nothing after Escape."""
    text = ""
    show(asked)
    for key in pressed:
        if key in ("\n", "\r"):
            return text.strip()
        if key == "\x1b":
            return ""
        if key in ("\x7f", "\b"):
            text = text[:-1]
        elif key is not None and key.isprintable():
            text += key
        if key is not None:
            show(asked + text)
    return ""


def act_with(client: ApiClient, name: str, key: str, text: str) -> str:
    """What to tell the agent about a key that something was written after."""
    path = f"/agents/{segment(name)}"
    if not text:
        return "nothing done"
    try:
        if key == "t":
            client.post(f"{path}/transfer", {"to": text})
            return f"transferring to {text}"
        client.post(f"{path}/wrap-up/done", {"code": text})
    except ApiRefusedError as refused:
        return str(refused)
    return "ready again"


def act(client: ApiClient, name: str, key: str | None) -> str:
    """What to tell the agent about the key."""
    path = f"/agents/{segment(name)}"
    if key == "b":
        agent = client.post(f"{path}/break", {"reason": ""})
        return "break" if agent["state"] == "break" else "break: begins after this call"
    if key in ("h", "g"):
        return _hold(client, path, on=key == "h")
    if key == "r":
        try:
            client.post(f"{path}/wrap-up/done")
        except ApiRefusedError as refused:
            if refused.status != 409:
                raise
            return f"{refused} (press c)"
        client.post(f"{path}/back")
        return "ready again"
    if key == "p":
        return _pause(client, name)
    return "" if key is None else f"no such key; {KEYS}"


def _pause(client: ApiClient, name: str) -> str:
    """The one key for both: what is paused is resumed."""
    contact = client.get(f"/agents/{segment(name)}/contact")["contact"]
    if contact is None:
        return "no customer"
    path = f"/contacts/{segment(contact)}/recording"
    try:
        if client.post(f"{path}/resume")["changed"]:
            return "recording again"
        client.post(f"{path}/pause")
    except ApiRefusedError as refused:
        return str(refused)
    return "recording paused: p resumes it"


def _hold(client: ApiClient, path: str, *, on: bool) -> str:
    try:
        client.post(f"{path}/hold" if on else f"{path}/resume")
    except ApiRefusedError as refused:
        return str(refused)
    return "the customer hears music" if on else "you hear each other again"


def desk_screen(page: Page) -> Group:
    """The page."""
    from rich.console import Group
    from rich.text import Text

    agent = page.agent
    state = agent["state"] + (", customer on hold" if agent["held"] else "")
    lines = [Text.assemble((agent["display"], "bold"), f"   {state} for {span(agent['since_s'])}")]
    if agent["break_reason"] is not None and agent["state"] != "break":
        lines.append(Text("a break begins after this"))
    lines += [Text(), *_customer(page.contact), Text(), *_waiting(page.queues), Text()]
    return Group(*lines, Text(page.said, style="bold"), Text(KEYS, style="dim"))


def _customer(contact: dict[str, Any]) -> list[Any]:
    from rich.text import Text

    if contact["contact"] is None:
        return [Text("no customer")]
    head = Text.assemble(("customer  ", "dim"), (contact["customer"] or "number withheld", "bold"))
    return [head, *(Text(f"  {event['text']}") for event in settled(contact["events"])[-LAST_EVENTS:])]


def _waiting(queues: list[dict[str, Any]]) -> list[Any]:
    from rich.text import Text

    waits = [queue for queue in queues if queue["waiting"]]
    if not waits:
        return [Text("nobody waits")]
    return [
        Text(f"{queue['name']}: {queue['waiting']} waiting, the first for {span(queue['longest_wait_s'])}")
        for queue in waits
    ]


@contextmanager
def _single_keys() -> Iterator[Iterator[str | None]]:
    """Keys of the terminal as they are pressed, None each second; afterwards it is as before."""
    import termios
    import tty

    before = termios.tcgetattr(sys.stdin)
    tty.setcbreak(sys.stdin)
    try:
        yield _keys()
    finally:
        termios.tcsetattr(sys.stdin, termios.TCSADRAIN, before)


def _keys() -> Iterator[str | None]:
    while True:
        ready, _, _ = select.select([sys.stdin], [], [], LOOK_EVERY_S)
        key = sys.stdin.read(1) if ready else None
        if key == "":
            return
        yield key
