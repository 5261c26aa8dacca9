"""The command line: `trunkline --help`. A command is imported when it is called: none waits for another."""

from __future__ import annotations

from dataclasses import dataclass
from importlib import import_module
from typing import Annotated, Any

import typer
from typer.core import TyperGroup


@dataclass(frozen=True, slots=True)
class CommandEntry:
    """Where a command is found: a function of its name, or a group called `app`; and its line of help."""

    module: str
    help: str


COMMANDS = {
    "demo": CommandEntry("server.commands.demo", "Show and prove one whole call, then keep serving."),
    "serve": CommandEntry("server.commands.serve", "Take calls until SIGTERM or Ctrl-C."),
    "doctor": CommandEntry("server.commands.doctor", "Check this machine, the settings and the flows."),
    "call": CommandEntry("server.commands.call", "Call a number, press keys, speak, and hang up."),
    "flow": CommandEntry("server.commands.flow", "Check flow files and try them in the terminal."),
    "status": CommandEntry("server.commands.operation", "How the running server and its parts are."),
    "reload": CommandEntry("server.commands.operation", "Apply changed settings and flows, all or nothing."),
    "top": CommandEntry("server.commands.top", "Queues, agents and health, live."),
    "desk": CommandEntry("server.commands.desk", "An agent's page: who calls and why, breaks, ready again."),
    "drain": CommandEntry("server.commands.operation", "Take no new calls; those on the line go on."),
    "agents": CommandEntry("server.commands.agents", "Agents as they are now; breaks."),
    "queues": CommandEntry("server.commands.queues", "Queues as they are now: who waits and how long."),
    "callbacks": CommandEntry("server.commands.callbacks", "Calls that customers are promised."),
    "trunks": CommandEntry(
        "server.commands.operation", "Carriers that may send calls, and how many they have."
    ),
    "notices": CommandEntry("server.commands.notices", "What callers are told for a while, like a downtime."),
    "profiles": CommandEntry("server.commands.profiles", "What flows keep about callers; erase it."),
    "lists": CommandEntry("server.commands.lists", "Numbers: blocked, first in queues, not to be called."),
    "contacts": CommandEntry("server.commands.contacts", "What happened to customers, from ring to wrap-up."),
    "why": CommandEntry("server.commands.why", "Why a contact went to an agent, or to none."),
    "webhooks": CommandEntry("server.commands.operation", "How far each webhook is."),
    "bus": CommandEntry("server.commands.bus", "The event bus: its AsyncAPI document."),
    "events": CommandEntry("server.commands.events", "Follow the journal as it grows."),
    "recordings": CommandEntry("server.commands.recordings", "List, show, verify and play recordings."),
    "speech": CommandEntry("server.commands.speech", "Speech recognition for other machines."),
    "vault": CommandEntry(
        "server.commands.vault", "Check that recordings are what they were, without the server."
    ),
    "store": CommandEntry("server.commands.store", "Back up the database; bring it to a new schema."),
    "acd": CommandEntry("server.commands.acd", "Dispatch on its own: simulated days."),
    "bench": CommandEntry("server.commands.bench", "Measure what the server costs on this machine."),
    "access": CommandEntry("server.commands.access", "Tokens and roles of the API."),
}


class WholeHelp(TyperGroup):
    """A group whose list of commands says each one's first sentence, uncut."""

    def format_commands(self, ctx: Any, formatter: Any) -> None:
        rows = [(name, self.sentence(ctx, name)) for name in self.list_commands(ctx)]
        with formatter.section("Commands"):
            formatter.write_dl(rows)

    def sentence(self, ctx: Any, name: str) -> str:
        command = self.get_command(ctx, name)
        text = " ".join((command.help or "").split("\n\n")[0].split()) if command else ""
        return text.split("; ")[0]


class Lazy(WholeHelp):
    """The commands of the table, each imported when it is wanted."""

    def list_commands(self, ctx: Any) -> list[str]:
        return list(COMMANDS)

    def get_command(self, ctx: Any, cmd_name: str) -> Any:
        if cmd_name not in COMMANDS:
            return None
        if cmd_name not in self.commands:
            self.commands[cmd_name] = _load(cmd_name)
        return self.commands[cmd_name]

    def sentence(self, ctx: Any, name: str) -> str:
        return COMMANDS[name].help


def _load(name: str) -> Any:
    module = import_module(COMMANDS[name].module)
    group: typer.Typer | None = getattr(module, "app", None)
    parent = typer.Typer(add_completion=False, rich_markup_mode=None, cls=WholeHelp)
    if group is None:
        parent.command(name)(getattr(module, name))
        command = typer.main.get_command(parent)
    else:
        parent.add_typer(group, name=name, help=COMMANDS[name].help, cls=WholeHelp)
        command = typer.main.get_group(parent).commands[name]
    command.name = name
    return command


app = typer.Typer(
    name="trunkline",
    help="A real-time voice telephony and IVR server. Start with `trunkline demo`.",
    cls=Lazy,
    no_args_is_help=True,
    add_completion=False,
    rich_markup_mode=None,
    pretty_exceptions_enable=False,
)


def _version(wanted: bool) -> None:
    if wanted:
        from server.version import VERSION  # noqa: PLC0415 - reading it takes a third of a short command

        typer.echo(f"trunkline {VERSION}")
        raise typer.Exit


@app.callback()
def _options(
    version: Annotated[
        bool, typer.Option("--version", callback=_version, is_eager=True, help="Print the version and end.")
    ] = False,
) -> None:
    """Options of the program itself."""


def main() -> None:
    """The entry point of the installed program."""
    app()


if __name__ == "__main__":
    main()
