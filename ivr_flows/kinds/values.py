"""The types of value that keys of nodes have, as far as more than one kind of node uses them."""

from collections.abc import Iterable, Mapping
from typing import TYPE_CHECKING, Any

from ivr_flows.definition.node import Exit
from ivr_flows.definition.prompts import Prompt
from ivr_flows.findings import did_you_mean
from ivr_flows.kinds.declare import Heard, Named, Required, Used, Value
from ivr_flows.reading.fields import NAME as NAME_FORM
from ivr_flows.reading.fields import Fields

if TYPE_CHECKING:
    from ivr_flows.reading.context import Context

NODE_SCHEMA = {"type": "string", "pattern": r"^[^\W\d][\w-]*$"}
NAME_SCHEMA = NODE_SCHEMA
PROMPT_SCHEMA = {"$ref": "#/$defs/prompt"}
TIME_SCHEMA = {
    "type": "string",
    "pattern": r"^\s*(\d+\s*h\s*)?(\d+\s*m\s*)?(\d+(\.\d+)?\s*s\s*)?(\d+\s*ms\s*)?$",
}


def _is_required(default: Any) -> bool:
    return isinstance(default, Required)


def _read_target(fields: Fields, word: str, context: "Context", default: Any) -> str | None:
    if word == "next" and word not in fields and context.following is not None:
        return context.following
    return fields.name(word) if _is_required(default) else fields.optional_name(word)


def _leads(word: str, value: str | None) -> tuple[Exit, ...]:
    return (Exit((word,), value),) if value else ()


TARGET = Value("a node", _read_target, NODE_SCHEMA, exits=_leads)


def _read_prompt(fields: Fields, word: str, context: "Context", default: Any) -> Prompt:
    return (
        context.prompts.required(fields, word)
        if _is_required(default)
        else context.prompts.optional(fields, word)
    )


def prompt_uses(path: tuple[str, ...], prompt: Prompt) -> tuple[Used, ...]:
    return tuple(Used(path, name) for name in prompt.variables)


PROMPT = Value(
    "a prompt",
    _read_prompt,
    PROMPT_SCHEMA,
    prompts=lambda word, prompt: (Heard((word,), prompt),),
    uses=lambda word, prompt: prompt_uses((word,), prompt),
)


def _read_prompts(fields: Fields, word: str, context: "Context", default: Any) -> tuple[Prompt, ...]:
    found = context.prompts.several(fields, word)
    return default if found is None else found


PROMPTS = Value(
    "a list of prompts",
    _read_prompts,
    {"anyOf": [{"type": "array", "items": PROMPT_SCHEMA}, PROMPT_SCHEMA]},
    prompts=lambda word, prompts: tuple(Heard((word,), prompt) for prompt in prompts),
    uses=lambda word, prompts: tuple(used for prompt in prompts for used in prompt_uses((word,), prompt)),
)

FLAG = Value(
    "true or false", lambda fields, word, _c, default: fields.flag(word, default), {"type": "boolean"}
)
FRACTION = Value(
    "a number from 0 to 1",
    lambda fields, word, _c, default: fields.fraction(word, default),
    {"type": "number", "minimum": 0, "maximum": 1},
)
VARIABLE = Value(
    "the name of a variable",
    lambda fields, word, _c, default: (
        fields.name(word) if _is_required(default) else fields.optional_name(word)
    ),
    NAME_SCHEMA,
    sets=lambda _word, name: (name,) if name else (),
)


def _read_text(fields: Fields, word: str, _context: "Context", default: Any) -> str | None:
    return fields.text(word) if _is_required(default) else fields.optional_text(word) or default


TEXT = Value("a text", _read_text, {"type": "string"})


def duration(low_s: float, high_s: float) -> Value:
    """Return the type of lengths of time between two limits, held in seconds."""

    def read(fields: Fields, word: str, _context: "Context", default: Any) -> float | None:
        if _is_required(default):
            fields.expect(word)
        return fields.duration(word, None if _is_required(default) else default, low_s, high_s)

    return Value("a time", read, TIME_SCHEMA)


def whole(low: int, high: int) -> Value:
    return Value(
        f"a number from {low} to {high}",
        lambda fields, word, _c, default: fields.whole(word, default, low, high),
        {"type": "integer", "minimum": low, "maximum": high},
    )


def choice(of: Iterable[str]) -> Value:
    """Return the type of words out of a short list."""
    allowed = tuple(of)

    def read(fields: Fields, word: str, _context: "Context", default: Any) -> str:
        text = fields.text(word) if _is_required(default) else fields.text(word, default)
        if text in allowed:
            return text
        if text:
            message = f'"{text[:40]}" is none of the choices'
            fields.complain(word, "value-choice", message, did_you_mean(text, allowed))
        return allowed[0]

    return Value(
        "one of " + ", ".join(allowed),
        read,
        {"enum": [*allowed, *(int(word) for word in allowed if word.isdigit())]},
    )


def outer_name(what: str) -> Value:
    """Return the type of names of something that the server knows: a queue, an agent."""
    return Value(
        f"the name of a {what}",
        lambda fields, word, _c, default: (
            fields.name(word) if _is_required(default) else fields.optional_name(word)
        ),
        NAME_SCHEMA,
        names=lambda word, name: (Named((word,), what, name),) if name else (),
    )


def _read_names(fields: Fields, word: str, _context: "Context", default: Any) -> tuple[str, ...]:
    texts = fields.texts(word)
    if texts is None:
        if _is_required(default):
            fields.expect(word)
        return () if _is_required(default) else default
    for text in texts:
        if not NAME_FORM.fullmatch(text):
            fields.complain(word, "name-invalid", f'"{text[:40]}" is no name', "use letters, digits, _ and -")
    return texts


NAMES = Value(
    "a list of names",
    _read_names,
    {"anyOf": [NAME_SCHEMA, {"type": "array", "items": NAME_SCHEMA}]},
)

_NO_VALUES: Mapping[str, str] = {}


def _read_cases(fields: Fields, word: str, _context: "Context", default: Any) -> Mapping[str, str]:
    tree = fields.expect(word) if _is_required(default) else fields.take(word)
    if tree is None:
        return _NO_VALUES
    cases = Fields(fields.report, tree, fields.sub(word))
    return {value: cases.name(value) for value in cases.names}


CASES = Value(
    "a node for each value",
    _read_cases,
    {"type": "object", "additionalProperties": NODE_SCHEMA},
    exits=lambda word, cases: tuple(Exit((word, value), target) for value, target in (cases or {}).items()),
)
