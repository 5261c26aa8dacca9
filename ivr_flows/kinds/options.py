"""The options of a menu: keys and phrases, and where they lead."""

import re
from dataclasses import dataclass, replace

from ivr_flows.definition.node import Exit
from ivr_flows.definition.prompts import Prompt
from ivr_flows.expressions.tree import Expression, Type
from ivr_flows.kinds.declare import Heard, Value, Written
from ivr_flows.kinds.expression_values import parse_in
from ivr_flows.kinds.manner import Manner
from ivr_flows.kinds.values import NODE_SCHEMA, PROMPT_SCHEMA, prompt_uses
from ivr_flows.languages.key_names import key_names, operator_words
from ivr_flows.phrases import spoken_form
from ivr_flows.reading.context import Context
from ivr_flows.reading.fields import NAME, Fields
from ivr_flows.reading.report import Path, Report
from ivr_flows.reading.tree import Scalar, Sequence, Tree

OPERATOR_KEY = "0"
OPERATOR_LABEL = "operator"
MAX_PHRASE = 80
NO_PROMPT = Prompt()
_KEYS = re.compile(r"[0-9*#A-D]{1,8}")


@dataclass(frozen=True, slots=True)
class Option:
    """One choice of a menu: a key (None: spoken only), the phrases that mean the same, and where it leads."""

    key: str | None
    phrases: tuple[str, ...]
    next: str
    label: str
    """How the option is called in the flow file and in the journal."""
    condition: Expression | None = None
    """The option is there only while this holds."""
    prompt: Prompt = NO_PROMPT
    """Said after the question while the option is there."""

    @property
    def is_inherited(self) -> bool:
        """It is the flow's operator key rather than one of the menu's own."""
        return self.label == OPERATOR_LABEL


def _read_options(fields: Fields, word: str, context: Context, _default: object) -> tuple[Option, ...]:
    tree = fields.expect(word)
    if tree is None:
        return ()
    report, path = fields.report, fields.sub(word)
    written = Fields(report, tree, path)
    options: list[Option] = []
    for label in written.names:
        value = written.take(label)
        if value is not None:
            options.append(_option(report, label, value, written.sub(label), context))
    if not options:
        report.add(path, "menu-empty", "the menu has no options", "add one like 1: some_node")
    refuse_repeated_phrases(report, {option.label: option.phrases for option in options}, path)
    return tuple(options)


def _option(report: Report, label: str, tree: Tree, path: Path, context: Context) -> Option:
    key = label if _KEYS.fullmatch(label) else None
    phrases: tuple[str, ...] = ()
    if key is None:
        phrases = read_phrase(report, label, path)
    if isinstance(tree, Scalar):
        if not NAME.fullmatch(tree.text):
            report.add(path, "name-invalid", f'"{tree.text[:40]}" is no name of a node', place=tree.place)
            return Option(key, phrases, "", label)
        return Option(key, phrases, tree.text, label)
    fields = Fields(report, tree, path)
    said = fields.take("or_say")
    if said is not None:
        phrases += read_phrases(report, said, fields.sub("or_say"))
    condition = fields.optional_text("if")
    option = Option(
        key,
        tuple(dict.fromkeys(phrases)),
        fields.name("next"),
        label,
        None if condition is None else parse_in(fields, "if", condition),
        context.prompts.optional(fields, "say"),
    )
    fields.finish()
    return option


def read_phrases(report: Report, tree: Tree, path: Path) -> tuple[str, ...]:
    found: list[str] = []
    for item in tree.items if isinstance(tree, Sequence) else (tree,):
        if isinstance(item, Scalar):
            found += read_phrase(report, item.text, path)
        else:
            report.add(path, "value-type", "a phrase is expected here", place=item.place)
    return tuple(found)


def read_phrase(report: Report, text: str, path: Path) -> tuple[str, ...]:
    phrase = spoken_form(text)
    if not phrase or len(phrase) > MAX_PHRASE or phrase.isdigit():
        mend = "write the words, and keys as 0-9, * or #"
        report.add(path, "phrase-invalid", f'"{text[:40]}" is neither a key nor a phrase to be said', mend)
        return ()
    return (phrase,)


def refuse_repeated_phrases(report: Report, phrases: dict[str, tuple[str, ...]], path: Path) -> None:
    owners: dict[str, str] = {}
    for label, own in phrases.items():
        for phrase in own:
            owner = owners.setdefault(phrase, label)
            if owner != label:
                message = f'"{phrase}" also chooses option {owner}'
                report.add((*path, label), "phrase-repeated", message, "give each option its own words")


def key_name_phrases(
    options: tuple[Option, ...], manner: Manner, context: Context, taken: frozenset[str] = frozenset()
) -> tuple[Option, ...]:
    """Let keys be said, unless a name of theirs is among the words of an option."""
    if not (manner.say_keys and context.speaks):
        return options
    own = taken | {phrase for option in options for phrase in option.phrases}
    return tuple(
        replace(option, phrases=(*option.phrases, *_names_of(option.key, own, context.language)))
        for option in options
    )


def _names_of(key: str | None, own: frozenset[str], language: str) -> tuple[str, ...]:
    names = key_names(key, language) if key is not None else ()
    return tuple(name for name in names if name not in own)


def with_operator(options: tuple[Option, ...], manner: Manner, context: Context) -> tuple[Option, ...]:
    """Add the operator's key where the menu does not use it, and the word where the menu listens at all."""
    if context.operator is None or any(option.key == OPERATOR_KEY for option in options):
        return options
    phrases = frozenset(phrase for option in options for phrase in option.phrases)
    words = tuple(word for word in operator_words(context.language) if phrases and word not in phrases)
    added = (Option(OPERATOR_KEY, words, context.operator, OPERATOR_LABEL),)
    return (*options, *key_name_phrases(added, manner, context, phrases))


_PHRASES_SCHEMA = {"anyOf": [{"type": "string"}, {"type": "array", "items": {"type": "string"}}]}

OPTIONS = Value(
    "a node, or {next, or_say, if, say}, for each key or phrase",
    _read_options,
    {
        "type": "object",
        "minProperties": 1,
        "additionalProperties": {
            "anyOf": [
                NODE_SCHEMA,
                {
                    "type": "object",
                    "properties": {
                        "next": NODE_SCHEMA,
                        "or_say": _PHRASES_SCHEMA,
                        "if": {"type": "string"},
                        "say": PROMPT_SCHEMA,
                    },
                    "required": ["next"],
                    "additionalProperties": False,
                },
            ]
        },
    },
    exits=lambda word, options: tuple(Exit((word, option.label), option.next) for option in options),
    prompts=lambda word, options: tuple(
        Heard((word, option.label, "say"), option.prompt) for option in options if option.prompt.segments
    ),
    uses=lambda word, options: tuple(
        used for option in options for used in prompt_uses((word, option.label, "say"), option.prompt)
    ),
    expressions=lambda word, options: tuple(
        Written((word, option.label, "if"), option.condition, Type.YES_NO)
        for option in options
        if option.condition is not None
    ),
)
