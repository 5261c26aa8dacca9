"""`trunkline recordings pause | resume | withdraw`: a recording while its call goes on."""

from __future__ import annotations

from typing import Annotated

import typer

from server.client.client import segment
from server.commands.console import ConfigOption, out
from server.commands.server_options import ServerOption, TokenOption, api

ContactArgument = Annotated[str, typer.Argument(metavar="CONTACT", help="Contact id, from `contacts list`.")]


def pause(
    contact: ContactArgument,
    config: ConfigOption = None,
    server: ServerOption = None,
    token: TokenOption = None,
) -> None:
    """Record silence until `resume`; `recordings.pause_max_s` is the longest that it may last.

    Example: trunkline recordings pause 1a20e245d7753b7180553ce
    """
    with api(config, server, token) as client:
        told = client.post(f"/contacts/{segment(contact)}/recording/pause")
    out.print(f"{contact}: {'paused' if told['changed'] else 'was paused already'}", markup=False)


def resume(
    contact: ContactArgument,
    config: ConfigOption = None,
    server: ServerOption = None,
    token: TokenOption = None,
) -> None:
    """Record what is said again.

    Example: trunkline recordings resume 1a20e245d7753b7180553ce
    """
    with api(config, server, token) as client:
        told = client.post(f"/contacts/{segment(contact)}/recording/resume")
    out.print(f"{contact}: {'resumed' if told['changed'] else 'was not paused'}", markup=False)


def withdraw(
    contact: ContactArgument,
    config: ConfigOption = None,
    server: ServerOption = None,
    token: TokenOption = None,
) -> None:
    """The customer does not want to be recorded: end it, and destroy it where the settings say so.

    Example: trunkline recordings withdraw 1a20e245d7753b7180553ce
    """
    with api(config, server, token) as client:
        told = client.post(f"/contacts/{segment(contact)}/recording/withdraw")
    out.print(f"{contact}: {'ended' if told['changed'] else 'was not being recorded'}", markup=False)
