"""`directory`: dial by name, with the letters on the keys or by saying the name."""

import unicodedata
from collections.abc import Mapping
from dataclasses import dataclass

from ivr_flows.definition.prompts import Prompt, Template, TextTemplate
from ivr_flows.engine import asking
from ivr_flows.engine.asking import Question
from ivr_flows.engine.events import Event
from ivr_flows.engine.instructions import Fact
from ivr_flows.engine.moves import Go, Move
from ivr_flows.engine.run import Run
from ivr_flows.engine.verdict import Open, Reply, Verdict
from ivr_flows.kinds.declare import Kind, group, key
from ivr_flows.kinds.manner import Manner, WaysOut
from ivr_flows.kinds.values import CASES, PROMPT, TARGET, TEXT
from ivr_flows.phrases import spoken_form

LETTERS = ("", "", "abc", "def", "ghi", "jkl", "mno", "pqrs", "tuv", "wxyz")
KEY_OF: Mapping[str, str] = {letter: str(key) for key, letters in enumerate(LETTERS) for letter in letters}
MAX_OFFERED = 9
FOUND = "found"


@dataclass(frozen=True, slots=True, kw_only=True)
class Directory:
    """The first letters of any part of a name find it; of several people the caller chooses."""

    name: str
    prompt: Prompt = key(PROMPT, "the question", word="directory")
    people: Mapping[str, str] = key(CASES, "a node for each name")
    offer: str = key(TEXT, "how each of several is offered", default="For (name), press (key).")
    nobody: str | None = key(TARGET, "nobody is chosen of those offered; absent: asked again", default=None)
    manner: Manner = group(Manner)
    ways: WaysOut = group(WaysOut)


def enter(run: Run, node: Directory) -> Move:
    run.state.partial.pop(FOUND, None)
    return asking.enter(run, _question(run, node))


def resume(run: Run, node: Directory, event: Event) -> Move:
    return asking.resume(run, _question(run, node), event)


def _question(run: Run, node: Directory) -> Question:
    entry = run.state.partial.get(FOUND)
    return _who(node) if entry is None else _which(run, node, found(node.people, entry)[:MAX_OFFERED])


def _who(node: Directory) -> Question:
    phrases = {spoken_form(name): name for name in node.people}
    return Question(
        prompt=node.prompt,
        manner=node.manner,
        ways=node.ways,
        judge=lambda entry: judge(node.people, entry),
        judge_silence=lambda entry: judge_silence(node.people, entry),
        take=lambda run, reply, _by: _found(run, node, reply.value),
        judge_speech=lambda text, _confidence: _judge_speech(phrases, text),
        phrases=tuple(phrases),
    )


def found(people: Mapping[str, str], entry: str) -> list[str]:
    """Return the names of which some part begins with these keys, in alphabetical order."""
    return sorted(name for name in people if any(part.startswith(entry) for part in keys_of_name(name)))


def keys_of_name(name: str) -> tuple[str, ...]:
    """Return the keys of every part of a name, and of the whole; what is on no key is left out.

    A letter with an accent is on the key of the letter without it.
    """
    plain = unicodedata.normalize("NFKD", spoken_form(name))
    parts = ["".join(KEY_OF.get(letter, "") for letter in part) for part in plain.split()]
    return (*(part for part in parts if part), "".join(parts))


def judge(people: Mapping[str, str], entry: str) -> Verdict:
    if entry.endswith("#"):
        return judge_silence(people, entry[:-1])
    # one name is left long before somebody has typed it to its end: the letters that follow belong to it
    return Open.MORE if found(people, entry) else Open.MISMATCH


def judge_silence(people: Mapping[str, str], entry: str) -> Verdict:
    names = found(people, entry) if entry else []
    return Reply(entry if len(names) > 1 else names) if names else Open.MISMATCH


def _judge_speech(phrases: Mapping[str, str], text: str) -> Verdict:
    name = phrases.get(spoken_form(text))
    return Open.MISMATCH if name is None else Reply([name])


def _found(run: Run, node: Directory, reply: list[str] | str) -> Move:
    if isinstance(reply, list):
        return _chosen(run, node, reply[0])
    run.state.partial[FOUND] = reply
    return asking.enter(run, _question(run, node))


def _chosen(run: Run, node: Directory, name: str) -> Move:
    run.state.partial.pop(FOUND, None)
    run.note(Fact.OPTION_CHOSEN, ("option", name), ("by", "directory"))
    return Go(node.people[name])


def _which(run: Run, node: Directory, names: list[str]) -> Question:
    texts = (node.offer.replace("(name)", name).replace("(key)", str(at)) for at, name in enumerate(names, 1))
    prompt = Prompt(tuple(TextTemplate(Template((text,))) for text in texts))

    def pick(entry: str) -> Verdict:
        place = int(entry) - 1 if entry.isdigit() else -1
        return Reply(names[place], late="#") if 0 <= place < len(names) else Open.MISMATCH

    def none_of_them(run: Run, _reason: object) -> Move:
        return Go(node.nobody) if node.nobody is not None else enter(run, node)

    return Question(
        prompt=prompt,
        manner=node.manner,
        ways=node.ways,
        judge=pick,
        judge_silence=pick,
        take=lambda run, reply, _by: _chosen(run, node, reply.value),
        give_up=none_of_them,
    )


DIRECTORY = Kind(
    word="directory",
    node=Directory,
    doc="finds people by the first letters of a name on the keys, or by the name as it is said.",
    example="""
who:
  directory: Please type the first letters of a name, or say it.
  people:
    Ada Lovelace: ada
    Alan Turing: alan
ada: {hangup: normal}
alan: {hangup: normal}
""",
    enter=enter,
    resume=resume,
    may_end=lambda _node: False,
    uses_otherwise=lambda node: node.ways.otherwise is None,
    phrases=lambda node: tuple(map(spoken_form, node.people)),
)
