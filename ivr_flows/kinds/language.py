"""`language`: from here on the caller hears, and says, another language."""

from dataclasses import dataclass

from ivr_flows.engine.moves import Move
from ivr_flows.engine.run import Run
from ivr_flows.kinds.declare import Kind, Named, Value, key
from ivr_flows.kinds.values import TARGET
from ivr_flows.reading.context import Context
from ivr_flows.reading.fields import Fields


def _read_language(fields: Fields, word: str, _context: Context, _default: object) -> str:
    return fields.text(word)


LANGUAGE_NAME = Value(
    "a language of the flow, like ja",
    _read_language,
    {"type": "string"},
    names=lambda word, name: (Named((word,), "language", name),),
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Language:
    """Choose among the flow's own language and those under `languages`."""

    name: str
    language: str = key(LANGUAGE_NAME, "the language")
    next: str = key(TARGET, "where the caller goes on")


def enter(run: Run, node: Language) -> Move:
    run.state.language = "" if node.language == run.flow.language else node.language
    return run.leave(node.next)


LANGUAGE = Kind(
    word="language",
    node=Language,
    doc="changes what callers hear and may say to another of the flow's languages.",
    example="""
japanese:
  language: en
  next: hello
hello: {say: Hello., next: bye}
bye: {hangup: normal}
""",
    enter=enter,
    may_end=lambda _node: False,
    waits=False,
)
