"""Everything that can be wrong with what the server was given, found before anything is started."""

from __future__ import annotations

import os
import socket
from collections.abc import Iterable
from dataclasses import dataclass
from ipaddress import ip_address
from pathlib import Path

import ivr_flows
from acd.settings import known_skills
from config.settings import Settings
from ivr_flows.definition.flow import Flow
from ivr_flows.definition.heard import prompts_of
from ivr_flows.definition.nodes import NumberTarget, Queue, Transfer
from ivr_flows.findings import Severity
from ivr_flows.loader import read_file
from ivr_flows.rules import Known
from ivr_flows.segments import PromptFile
from media.prompt_file import PromptFileError, read_prompt
from server.errors import StartError
from telephony.settings import SipSettings

LIBRARY = Path(ivr_flows.__file__).parent / "library"
ANY_NUMBER = "*"


@dataclass(frozen=True, slots=True)
class Repertoire:
    """What callers can reach: the flow of each number. Every flow has passed its checks."""

    by_number: dict[str, Flow]

    def flow_for(self, number: str) -> Flow | None:
        return self.by_number.get(number) or self.by_number.get(ANY_NUMBER)

    def flows(self) -> tuple[Flow, ...]:
        unique = {flow.path: flow for flow in self.by_number.values()}
        return tuple(unique.values())


def known_to_flows(settings: Settings) -> Known:
    """The names that a flow may use."""
    return Known(
        queues=frozenset(queue.name for queue in settings.queues),
        skills=known_skills(settings.acd),
        agents=frozenset(agent.name for agent in settings.agents),
    )


def load_repertoire(settings: Settings) -> Repertoire:
    """Raises StartError with every mistake in every flow that a number reaches."""
    folder = settings.flows.directory or LIBRARY
    known = known_to_flows(settings)
    problems: list[str] = []
    flows: dict[str, Flow] = {}
    for name in dict.fromkeys(settings.numbers.values()):
        loaded = read_file(folder / f"{name}.yaml", known)
        problems += [str(finding) for finding in loaded.findings if finding.severity is Severity.ERROR]
        if loaded.flow is not None:
            flows[name] = loaded.flow
            problems += _unreadable_prompts(loaded.flow)
            problems += _undiallable(loaded.flow, settings)
    if not settings.numbers:
        problems.append('numbers: no number has a flow, so no caller could be answered; add "*" = "welcome"')
    if problems:
        raise StartError(*problems)
    return Repertoire({number: flows[name] for number, name in settings.numbers.items()})


def prompt_files(flow: Flow) -> tuple[Path, ...]:
    """Every recorded prompt and piece of music that the flow can play."""
    spoken = (
        part.path
        for node in flow.nodes.values()
        for heard in prompts_of(node)
        for part in heard.prompt.segments
        if isinstance(part, PromptFile)
    )
    music = (
        node.music.path
        for node in flow.nodes.values()
        if isinstance(node, Queue) and isinstance(node.music, PromptFile)
    )
    return tuple(dict.fromkeys([*spoken, *music]))


def house_sentences(files: Iterable[Path]) -> tuple[str, ...]:
    """The lines of the vocabulary files; `#` begins a comment. Raises StartError naming an unreadable one."""
    sentences: list[str] = []
    for file in files:
        try:
            lines = file.read_text(encoding="utf-8").splitlines()
        except (OSError, UnicodeDecodeError) as error:
            raise StartError(f"flows.vocabulary: {file}: {error}") from None
        sentences += [line.strip() for line in lines if line.strip() and not line.startswith("#")]
    return tuple(sentences)


def make_writable(folder: Path, key: str) -> None:
    """Makes the folder when it is absent; raises StartError when nothing can be kept there."""
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise StartError(
            f"{key}: {folder} cannot be made ({error.strerror}); name a folder that this user owns"
        ) from None
    if not os.access(folder, os.W_OK | os.X_OK):
        raise StartError(f"{key}: {folder} is not writable; chown it to this user or name another folder")


def check_media_address(settings: Settings) -> None:
    """Raises StartError when callers who reach our signalling could not reach our sound."""
    signalling, sound = ip_address(settings.sip.address), ip_address(settings.media.address)
    if sound.is_loopback and not signalling.is_loopback:
        raise StartError(
            f"media.address: {sound} is reached from this machine only, unlike sip.address {signalling}: "
            "set media.address to the address that callers send their sound to"
        )


def find_sip_port(settings: SipSettings) -> None:
    """Raises StartError when no wanted port is free. Asked first, since the engine takes a while to start."""
    wanted = range(settings.port, settings.port + settings.try_next_ports + 1)
    if settings.port == 0 or any(_is_free(settings.address, port) for port in wanted):
        return
    where = f"{settings.address}:{wanted[0]}" + (f"-{wanted[-1]}" if len(wanted) > 1 else "")
    raise StartError(
        f"sip.port: {where} is in use or not ours to bind, UDP or TCP; "
        "end the program that holds it, or set sip.port to a free one (0: any)"
    )


def _is_free(address: str, port: int) -> bool:
    family = socket.AF_INET6 if ":" in address else socket.AF_INET
    try:
        with (
            socket.socket(family, socket.SOCK_DGRAM) as datagrams,
            socket.create_server((address, port), family=family),
        ):
            datagrams.bind((address, port))
    except OSError:
        return False
    return True


def _unreadable_prompts(flow: Flow) -> list[str]:
    problems = []
    for file in prompt_files(flow):
        try:
            read_prompt(file)
        except PromptFileError as error:
            problems.append(f"{flow.path}: {error}")
    return problems


def _undiallable(flow: Flow, settings: Settings) -> list[str]:
    if settings.flows.number_gateway is not None:
        return []
    return [
        f"{flow.path}: node {node.name}: transfers to number {node.target.number}, "
        "but flows.number_gateway names no carrier to dial it through"
        for node in flow.nodes.values()
        if isinstance(node, Transfer) and isinstance(node.target, NumberTarget)
    ]
