"""`trunkline speech serve`: this machine's recogniser for others, over the Vosk WebSocket protocol."""

from __future__ import annotations

import asyncio
import signal
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from server.commands.console import ConfigOption, mistakes_explained, out, settings_of
from server.errors import StartError

if TYPE_CHECKING:
    from media.speech.settings import SpeechSettings

app = typer.Typer(no_args_is_help=True, help="Speech recognition for other machines.")
LOOPBACK = ("127.0.0.1", "::1", "localhost")


@app.callback()
def speech() -> None:
    """A group although there is one command yet."""


@app.command()
def serve(
    host: Annotated[str, typer.Option(help="Address to listen on.")] = "127.0.0.1",
    port: Annotated[int, typer.Option(help="TCP port; 0 lets the system choose.", min=0, max=65535)] = 2700,
    token_file: Annotated[
        Path | None, typer.Option(help="File with the token that clients need; needed beyond loopback.")
    ] = None,
    config: ConfigOption = None,
) -> None:
    """Understands what Vosk clients send, with the engine and vocabulary of the settings, until Ctrl-C.

    Example: trunkline speech serve --port 2700
    """
    from server.live_transcripts.starting import read_token

    with mistakes_explained():
        settings = settings_of(config)
        token = read_token(token_file)
        if token is None and host not in LOOPBACK:
            raise StartError("--token-file is needed where others can reach the port")
        asyncio.run(_serve(settings.speech, host, port, token))


async def _serve(settings: SpeechSettings, host: str, port: int, token: str | None) -> None:
    from media.speech.errors import SpeechError
    from media.speech.recogniser import SpeechWorkers
    from media.speech.vocabulary import General
    from media.speech.vosk_server import VoskServer
    from media.speech.worker_session import WorkerRecognizer

    stop = asyncio.Event()
    for number in (signal.SIGINT, signal.SIGTERM):
        asyncio.get_running_loop().add_signal_handler(number, stop.set)
    workers = SpeechWorkers(settings.model_copy(update={"menu_workers": 0}))
    try:
        await workers.start()
        server = VoskServer(WorkerRecognizer(workers), General(), token)
        async with server.listening(host, port) as listening:
            bound = listening.sockets[0].getsockname()
            out.print(f"ready: ws://{bound[0]}:{bound[1]}, engine {workers.engine}", markup=False)
            await stop.wait()
    except (SpeechError, OSError) as error:
        raise StartError(str(error)) from None
    finally:
        await workers.stop()
