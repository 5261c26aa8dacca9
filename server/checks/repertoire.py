"""The flows that callers reach, and everything that keeps a flow from being used."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

import ivr_flows
from acd.settings import known_skills
from config.across import Mistake
from config.settings import Settings
from ivr_flows.definition.flow import Flow
from ivr_flows.findings import Finding, Severity, did_you_mean
from ivr_flows.kinds.declare import prompts_of
from ivr_flows.kinds.queue import Queue
from ivr_flows.known import NOTHING_KNOWN, Known
from ivr_flows.loader import Loaded, read_file
from ivr_flows.segments import PromptFile
from media.speech.settings import Engine
from server.errors import StartError

LIBRARY = Path(ivr_flows.__file__).parent / "library"
ANY_NUMBER = "*"

# The languages in which callers are understood; None: the model decides, and does not say.
RECOGNISED = {Engine.POCKETSPHINX: frozenset({"en"}), Engine.VOSK: None}

# What `server.intake.caller_port` and `server.outside` can carry out beyond the ordinary.
CAPABILITIES = frozenset(
    {"announce", "bot", "callback", "http", "notice", "notify", "profile", "record", "send_digits", "tell"}
)

Told = Callable[[Mistake], str]


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
    """What a flow may name."""
    return Known(
        queues=frozenset(queue.name for queue in settings.queues),
        skills=known_skills(settings.acd),
        agents=frozenset(agent.name for agent in settings.agents),
        dials_numbers=settings.flows.number_gateway is not None,
        waits=frozenset(queue.name for queue in settings.queues if queue.max_wait_s is not None),
        today=datetime.now(UTC).date(),
        recognised=RECOGNISED[settings.speech.engine],
        capabilities=CAPABILITIES,
    )


def read_checked(file: Path, settings: Settings | None) -> Loaded:
    """A flow file judged by the settings it is used with; without any, what it names is not judged."""
    loaded = read_file(file, NOTHING_KNOWN if settings is None else known_to_flows(settings))
    if loaded.flow is None or not (unreadable := _unreadable_prompts(loaded.flow, file)):
        return loaded
    return Loaded(None, tuple(sorted((*loaded.findings, *unreadable))))


def load_repertoire(settings: Settings, told: Told | None = None) -> Repertoire:
    """Raises StartError with every mistake in every flow that a number reaches."""
    repertoire, problems = examine_repertoire(settings, told or _without_place)
    if problems:
        raise StartError(*problems)
    return repertoire


def examine_repertoire(settings: Settings, told: Told) -> tuple[Repertoire, list[str]]:
    """The flows that are fit to be used, and what is wrong with the others; `told` knows the lines."""
    folder = settings.flows.directory or LIBRARY
    problems: list[str] = []
    flows: dict[str, Flow] = {}
    for name in dict.fromkeys(settings.numbers.values()):
        file = folder / f"{name}.yaml"
        if not file.is_file():
            number = next(number for number, flow in settings.numbers.items() if flow == name)
            problems.append(told(Mistake(("numbers", number), _absent(name, file))))
            continue
        loaded = read_checked(file, settings)
        problems += [str(each) for each in loaded.findings if each.severity is Severity.ERROR]
        if loaded.flow is not None:
            flows[name] = loaded.flow
    if not settings.numbers:
        message = 'no number has a flow, so no caller could be answered; add "*" = "welcome"'
        problems.append(told(Mistake(("numbers",), message)))
    by_number = {number: flows[name] for number, name in settings.numbers.items() if name in flows}
    return Repertoire(by_number), problems


def prompt_files(flow: Flow) -> tuple[Path, ...]:
    """Every recorded prompt and piece of music that the flow, and those it leads to, can play."""
    nodes = [node for each in (flow, *flow.flows.values()) for node in each.nodes.values()]
    spoken = (
        part.path
        for node in nodes
        for heard in prompts_of(node)
        for part in heard.prompt.segments
        if isinstance(part, PromptFile)
    )
    music = (
        node.music.path for node in nodes if isinstance(node, Queue) and isinstance(node.music, PromptFile)
    )
    return tuple(dict.fromkeys([*spoken, *music]))


def _absent(name: str, file: Path) -> str:
    there = [each.stem for each in sorted(file.parent.glob("*.yaml"))]
    return f'there is no flow "{name}": {file} is absent; {did_you_mean(name, there) or "write it"}'


def _unreadable_prompts(flow: Flow, file: Path) -> list[Finding]:
    files = prompt_files(flow)
    if not files:
        return []
    # Sound needs numpy, which takes a while to import: only flows that play files wait for it.
    from media.prompt_file import PromptFileError, read_prompt  # noqa: PLC0415

    findings = []
    for each in files:
        try:
            read_prompt(each)
        except PromptFileError as error:
            findings.append(
                Finding(str(file), 1, 1, "prompt-unreadable", str(error), "record it as 16-bit PCM WAV")
            )
    return findings


def _without_place(mistake: Mistake) -> str:
    return f"{'.'.join(map(str, mistake.path))}: {mistake.message}"
