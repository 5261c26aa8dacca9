"""The words of a flow: what can be rendered before anybody calls, and what a recogniser should expect."""

from collections.abc import Iterator
from typing import assert_never

from ivr_flows.definition.flow import Flow
from ivr_flows.definition.prompts import (
    SAY_AS,
    DigitsTemplate,
    NumberTemplate,
    Prompt,
    PromptSegment,
    SayAsTemplate,
    TextTemplate,
)
from ivr_flows.kinds.declare import prompts_of
from ivr_flows.kinds.menu import Menu
from ivr_flows.segments import Digits, Music, Number, Pause, PromptFile, Segment, Text

DIGITS = tuple("0123456789")


def spoken_pieces(segment: Segment) -> tuple[str, ...]:
    """Return the sentences that a segment needs from a synthesiser, to be played one after the other.

    Digits are one piece each: ten renderings serve every order number there will ever be.
    """
    match segment:
        case Text(text):
            return (text,)
        case Digits(digits):
            return tuple(digits)
        case Number(number):
            return (str(number),)
        case PromptFile() | Pause() | Music():
            return ()
        case _:
            assert_never(segment)


def spoken_texts(flow: Flow) -> tuple[str, ...]:
    """Return every sentence of a flow that can be rendered ahead, each once, in the order of the file.

    A text with a variable is only known during a call. Written as a list of pieces, with the variable as
    `digits` of its own, it is rendered ahead all the same.
    """
    found = (text for prompt in _prompts(flow) for part in prompt.segments for text in _fixed(part))
    return tuple(dict.fromkeys(found))


def vocabulary(flow: Flow) -> tuple[str, ...]:
    """Return the sentences that callers hear or may say, for a recogniser's language model."""
    sentences: dict[str, None] = {}
    for prompt in _prompts(flow):
        for part in prompt.segments:
            if isinstance(part, TextTemplate):
                sentences[" ".join(part.template.fill({}).split())] = None
    for node in flow.nodes.values():
        if isinstance(node, Menu):
            sentences.update((phrase, None) for option in node.options for phrase in option.phrases)
    return tuple(sentence for sentence in sentences if sentence)


def _prompts(flow: Flow) -> Iterator[Prompt]:
    for node in flow.nodes.values():
        yield from (heard.prompt for heard in prompts_of(node))


def _fixed(part: PromptSegment) -> tuple[str, ...]:
    match part:
        case TextTemplate(template):
            return () if template.fixed is None else (template.fixed.strip(),)
        case DigitsTemplate(template):
            return DIGITS if template.fixed is None else tuple(template.fixed.replace(" ", ""))
        case NumberTemplate(template):
            return () if template.fixed is None else (str(int(template.fixed)),)
        case SayAsTemplate(kind, template):
            said = None if template.fixed is None else SAY_AS[kind](template.fixed, "en")
            return () if said is None else (said,)
        case PromptFile() | Pause() | Music():
            return ()
        case _:
            assert_never(part)
