"""`trunkline flow record`: a prompt spoken into the telephone, or brought as a file, made fit for playing."""

from __future__ import annotations

import secrets
from collections.abc import Iterable
from dataclasses import dataclass, field
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING, Annotated, Any

import typer

from server.client.client import ApiClient, segment
from server.commands.console import ConfigOption, err, mistakes_explained, out, settings_of
from server.commands.server_options import ServerOption, TokenOption, api
from server.errors import StartError

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

FLOW = "record_prompt"
KINDS = ("flow.variable_set", "statement.", "contact.closed")
CALLER_CHANNEL = 0


def record(
    file: Annotated[Path, typer.Argument(metavar="FILE", help="The prompt to write: prompts/hello.wav")],
    source: Annotated[
        Path | None, typer.Option("--from", metavar="WAV", help="Take this recording instead of a call.")
    ] = None,
    number: Annotated[
        str, typer.Option(metavar="NUMBER", help="The number to dial, if the settings are not here.")
    ] = "",
    config: ConfigOption = None,
    server: ServerOption = None,
    token: TokenOption = None,
) -> None:
    """Records or replaces a prompt by telephone: shows a PIN, waits for the call, keeps what was said.

    The number must have the flow record_prompt. Silence is cut and the loudness set; so it is with a WAV file
    of any rate that --from names.

    Example: trunkline flow record prompts/hello.wav
    """
    with mistakes_explained():
        if not file.absolute().parent.is_dir():
            raise StartError(f"{file}: {file.parent} is no folder")
        if source is not None:
            _keep(file, source, channel=None)
            return
        dialled = number or _number(config)
    pin = f"{secrets.randbelow(10**6):06}"
    with api(config, server, token) as client:
        out.print(f"Call {dialled} and enter {pin}. Ctrl-C gives up.", markup=False)
        item = recorded(client, pin)
        with TemporaryDirectory() as folder:
            sound = Path(folder) / "said.wav"
            with sound.open("wb") as stream:
                client.download(f"/recordings/{segment(item)}/sound", stream)
            _keep(file, sound, CALLER_CHANNEL)


def _number(config: Path | None) -> str:
    numbers = settings_of(config).numbers
    found = next((number for number, flow in numbers.items() if flow == FLOW), None)
    if found is None or found == "*":
        raise StartError(f'no number has the flow {FLOW}; add "700" = "{FLOW}" under [numbers], and reload')
    return found


def recorded(client: ApiClient, pin: str) -> str:
    """The recording that the caller with this PIN kept; waits for it."""
    watch = PromptWatch(pin)
    for event in _followed(client):
        if (item := watch.told(event)) is not None:
            return item
    raise StartError("the server has ended")


def _followed(client: ApiClient) -> Iterable[dict[str, Any]]:
    return client.events("/events", None, {"kind": KINDS})


@dataclass
class PromptWatch:
    """Who entered the PIN, and what they said last: that is the prompt once they have hung up."""

    pin: str
    _contacts: dict[str, str | None] = field(default_factory=dict)

    def told(self, event: dict[str, Any]) -> str | None:
        """The item, as soon as it is certain and safe."""
        contact, fields = event["contact"], event["fields"]
        if event["kind"] == "flow.variable_set":
            if fields.get("variable") == "pin" and fields.get("value") == self.pin:
                self._contacts.setdefault(contact, None)
        elif contact in self._contacts:
            if event["kind"] == "statement.kept":
                self._contacts[contact] = fields["recording"]
            elif event["kind"] == "contact.closed":
                item = self._contacts.pop(contact)
                if item is None:
                    err.print("the caller has left without saying anything; the PIN is still good")
                return item
        return None


def _keep(file: Path, sound: Path, channel: int | None) -> None:
    from media.prompt_file import PromptFileError, read_pcm, write_pcm
    from media.prompt_level import levelled, trimmed

    try:
        said: NDArray[np.int16] = levelled(trimmed(read_pcm(sound, channel)))
        if not len(said):
            raise StartError(f"{file}: nothing but silence; it is left as it was")
        write_pcm(file, said)
    except (PromptFileError, OSError) as error:
        raise StartError(str(error)) from None
    lasts = f"{len(said) / 8000:.1f} s"
    out.print(f"{file}: {lasts}; `trunkline reload` has it played from the next call on", markup=False)
