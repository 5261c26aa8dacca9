"""`menu` and `collect` as written."""

import re
from dataclasses import replace

from ivr_flows.definition.exits import OPERATOR_LABEL
from ivr_flows.definition.nodes import Collect, Menu, Option
from ivr_flows.findings import did_you_mean
from ivr_flows.languages.key_names import key_names, operator_words
from ivr_flows.phrases import spoken_form
from ivr_flows.reading.context import Context
from ivr_flows.reading.defaults import Defaults
from ivr_flows.reading.fields import NAME, Fields
from ivr_flows.reading.report import Path, Report
from ivr_flows.reading.tree import Scalar, Sequence, Tree

OPERATOR_KEY = "0"
MAX_DIGITS = 64
MAX_PHRASE = 80
_KEYS = re.compile(r"[0-9*#A-D]{1,8}")
_LENGTH = re.compile(r"([0-9]{1,2})(?:\s*(?:-|to)\s*([0-9]{1,2}))?")


def read_menu(fields: Fields, name: str, context: Context) -> Menu:
    prompt = context.prompts.required(fields, "menu")
    options = _options(fields)
    how = context.defaults.refined(fields, context.prompts)
    return Menu(
        name=name,
        prompt=prompt,
        options=_with_operator(_with_key_names(options, how, context), how, context),
        reprompts=how.reprompts(fields.optional_name("fallback")),
        barge_in=how.barge_in,
        type_ahead=how.type_ahead,
        timeout_s=how.timeout_s,
        inter_digit_s=how.inter_digit_s,
        min_confidence=how.min_confidence,
        failed=fields.optional_name("failed"),
    )


def read_collect(fields: Fields, name: str, context: Context) -> Collect:
    variable = fields.name("collect")
    low, high = _length(fields)
    how = context.defaults.refined(fields, context.prompts)
    return Collect(
        name=name,
        variable=variable,
        prompt=context.prompts.required(fields, "prompt"),
        min_digits=low,
        max_digits=high,
        next=fields.name("next"),
        reprompts=how.reprompts(fields.optional_name("fallback")),
        terminator=_terminator(fields),
        secret=fields.flag("secret", False),
        barge_in=how.barge_in,
        type_ahead=how.type_ahead,
        timeout_s=how.timeout_s,
        inter_digit_s=how.inter_digit_s,
        failed=fields.optional_name("failed"),
    )


def _length(fields: Fields) -> tuple[int, int]:
    text = fields.text("digits")
    match = _LENGTH.fullmatch(text)
    low = int(match[1]) if match else 0
    high = int(match[2] or low) if match else 0
    if text and not 1 <= low <= high <= MAX_DIGITS:
        mend = f"write 4, or 4-6; at least 1 and at most {MAX_DIGITS}"
        fields.complain("digits", "value-range", f'"{text[:40]}" is no number of digits', mend)
    return low, high


def _terminator(fields: Fields) -> str | None:
    text = fields.text("terminator", "#")
    if text not in ("#", "*", "none"):
        fields.complain(
            "terminator", "value-choice", f'"{text[:40]}" ends no entry', 'write "#", "*" or none'
        )
    return None if text == "none" else text


def _options(fields: Fields) -> tuple[Option, ...]:
    tree = fields.expect("options")
    if tree is None:
        return ()
    report, path = fields.report, fields.sub("options")
    written = Fields(report, tree, path)
    options: list[Option] = []
    for label in written.names:
        value = written.take(label)
        if value is not None:
            options.append(_option(report, label, value, written.sub(label)))
    if not options:
        report.add(path, "menu-empty", "the menu has no options", "add one like 1: some_node")
    _refuse_repeated_phrases(report, options, path)
    return tuple(options)


def _option(report: Report, label: str, tree: Tree, path: Path) -> Option:
    key = label if _KEYS.fullmatch(label) else None
    phrases: tuple[str, ...] = ()
    if key is None:
        phrases = _phrase(report, label, path)
    if isinstance(tree, Scalar):
        if not NAME.fullmatch(tree.text):
            report.add(path, "name-invalid", f'"{tree.text[:40]}" is no name of a node', place=tree.place)
            return Option(key, phrases, "", label)
        return Option(key, phrases, tree.text, label)
    fields = Fields(report, tree, path)
    said = fields.take("or_say")
    if said is not None:
        phrases += _phrases(report, said, fields.sub("or_say"))
    option = Option(key, tuple(dict.fromkeys(phrases)), fields.name("next"), label)
    fields.finish()
    return option


def _phrases(report: Report, tree: Tree, path: Path) -> tuple[str, ...]:
    found: list[str] = []
    for item in tree.items if isinstance(tree, Sequence) else (tree,):
        if isinstance(item, Scalar):
            found += _phrase(report, item.text, path)
        else:
            report.add(path, "value-type", "a phrase is expected here", place=item.place)
    return tuple(found)


def _phrase(report: Report, text: str, path: Path) -> tuple[str, ...]:
    phrase = spoken_form(text)
    if not phrase or len(phrase) > MAX_PHRASE or phrase.isdigit():
        mend = "write the words, and keys as 0-9, * or #"
        report.add(path, "phrase-invalid", f'"{text[:40]}" is neither a key nor a phrase to be said', mend)
        return ()
    return (phrase,)


def _refuse_repeated_phrases(report: Report, options: list[Option], path: Path) -> None:
    owners: dict[str, str] = {}
    for option in options:
        for phrase in option.phrases:
            owner = owners.setdefault(phrase, option.label)
            if owner != option.label:
                message = f'"{phrase}" also chooses option {owner}'
                report.add(
                    (*path, option.label), "phrase-repeated", message, "give each option its own words"
                )


def _with_key_names(
    options: tuple[Option, ...], how: Defaults, context: Context, taken: frozenset[str] = frozenset()
) -> tuple[Option, ...]:
    """Let keys be said, unless a name of theirs is among the words of an option."""
    if not (how.say_keys and context.speaks):
        return options
    own = taken | {phrase for option in options for phrase in option.phrases}
    return tuple(
        replace(option, phrases=(*option.phrases, *_names_of(option.key, own, context.language)))
        for option in options
    )


def _names_of(key: str | None, own: frozenset[str], language: str) -> tuple[str, ...]:
    names = key_names(key, language) if key is not None else ()
    return tuple(name for name in names if name not in own)


def _with_operator(options: tuple[Option, ...], how: Defaults, context: Context) -> tuple[Option, ...]:
    """Add the operator's key where the menu does not use it, and the word where the menu listens at all."""
    if context.operator is None or any(option.key == OPERATOR_KEY for option in options):
        return options
    phrases = frozenset(phrase for option in options for phrase in option.phrases)
    words = tuple(word for word in operator_words(context.language) if phrases and word not in phrases)
    added = (Option(OPERATOR_KEY, words, context.operator, OPERATOR_LABEL),)
    return (*options, *_with_key_names(added, how, context, phrases))


def unknown_kind_mend(keys: tuple[str, ...], kinds: tuple[str, ...]) -> str:
    """Return the mend for a node without a kind: the kind that one of its keys may have been meant to be."""
    meant = (did_you_mean(key, kinds) for key in keys)
    return next((mend for mend in meant if mend.startswith("did")), "one of: " + ", ".join(kinds))
