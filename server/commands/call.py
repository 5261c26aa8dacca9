"""`trunkline call`: a scriptable caller."""

from __future__ import annotations

import asyncio
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from server.commands.console import (
    ConfigOption,
    JsonOption,
    err,
    mistakes_explained,
    out,
    print_json,
    settings_of,
)
from server.errors import StartError

if TYPE_CHECKING:
    from config.settings import Settings
    from server.softphone.scripted_call import Result, Script

EXIT_NOT_ANSWERED = 1
WHO = {"us": "this caller", "peer": "the other side"}


def call(
    target: Annotated[str, typer.Argument(metavar="URI", help="Whom to call: sip:100@127.0.0.1:5060")],
    press: Annotated[
        list[str] | None,
        typer.Option(metavar="KEYS", help="Keys to press: 0-9 * # A-D. Repeated: later, after --listen."),
    ] = None,
    say: Annotated[str, typer.Option(help="Words to say after the keys.")] = "",
    record: Annotated[
        Path | None, typer.Option(help="Stereo WAV file: left what is heard, right what is said.")
    ] = None,
    listen: Annotated[float, typer.Option(help="Seconds to listen before each act.", min=0)] = 2.0,
    stay: Annotated[float, typer.Option(help="Hang up after so many seconds.", min=0.1, max=3600)] = 30.0,
    caller: Annotated[str, typer.Option(help="User part of the calling address.")] = "caller",
    context: Annotated[
        str, typer.Option(metavar="TOKEN", help="Sent along; the flow has it as the variable `context`.")
    ] = "",
    config: ConfigOption = None,
    as_json: JsonOption = False,
) -> None:
    """Calls, listens, presses keys, speaks, and hangs up; exit code 1 when the call is not answered.

    Example: trunkline call sip:100@127.0.0.1:5060 --press 1 --say "hello" --record out.wav
    """
    with mistakes_explained():
        settings = settings_of(config)
        if len(context) > 256 or not context.isprintable():
            raise StartError("--context: up to 256 characters, all printable")
        if record is not None and not record.absolute().parent.is_dir():
            raise StartError(f"--record: {record.parent} is no folder")
        from server.softphone.scripted_call import Script

        script = Script(target, caller, listen, tuple(press or ()), say, stay, record, context)
        result = _call(script, settings)
    if as_json:
        print_json(asdict(result))
    else:
        _tell(result)
    if result.setup_ms is None:
        raise typer.Exit(EXIT_NOT_ANSWERED)


def _call(script: Script, settings: Settings) -> Result:
    from media.errors import MediaError
    from media.speech.errors import SpeechError
    from server.logs import configure_logs
    from server.softphone.scripted_call import carry_out
    from telephony.sip.errors import SipSyntaxError
    from telephony.transport.sip_transport import TransportError

    configure_logs("text", "warning")
    with err.status("calling") as status:
        try:
            return asyncio.run(carry_out(script, settings, status.update))
        except (MediaError, SpeechError, TransportError, SipSyntaxError, ValueError, OSError) as error:
            raise StartError(f"{script.target}: {error}") from None


def _tell(result: Result) -> None:
    if result.setup_ms is None:
        out.print(f"not answered: {result.status} {result.reason}", markup=False)
        return
    out.print(
        f"answered after {result.setup_ms} ms, lasted {result.duration_s} s, "
        f"ended by {WHO.get(result.ended_by, result.ended_by)}"
    )
    out.print(
        f"{result.packets_received} packets heard, {result.packets_lost} lost, {result.packets_sent} sent"
    )
    if result.recording:
        out.print(f"recorded in {result.recording}", markup=False)
