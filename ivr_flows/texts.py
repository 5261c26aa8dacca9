"""The words of a flow: what can be rendered before anybody calls, and what a recogniser should expect."""

from collections.abc import Iterator, Mapping
from typing import assert_never

from ivr_flows.definition.flow import Flow
from ivr_flows.definition.prompts import (
    SAY_AS,
    DigitsTemplate,
    NumberTemplate,
    Prompt,
    PromptSegment,
    SayAsTemplate,
    Speech,
    Template,
    TemplateSegment,
    TextTemplate,
)
from ivr_flows.kinds.catalogue import KIND_OF
from ivr_flows.kinds.declare import prompts_of
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


def by_voice(flow: Flow) -> dict[str | None, tuple[str, ...]]:
    """Return what can be rendered ahead of a flow and of those that it leads to, in all languages, by voice.

    A voice that is None is the server's own.
    """
    found: dict[str | None, dict[str, None]] = {}
    for each in (flow, *flow.flows.values()):
        own = found.setdefault(each.voice or flow.voice, {})
        own.update(dict.fromkeys(spoken_texts(each)))
        for language, catalogue in each.catalogues.items():
            voice = each.voices.get(language, each.voice or flow.voice)
            found.setdefault(voice, {}).update(_translated(each, language, catalogue))
    return {voice: tuple(texts) for voice, texts in found.items()}


def _translated(flow: Flow, language: str, catalogue: Mapping[str, Template]) -> dict[str, None]:
    speech = Speech(language, catalogue)
    parts = (part for prompt in _prompts(flow) for part in prompt.segments)
    fixed = (part for part in parts if isinstance(part, TemplateSegment) and not part.template.variables)
    segments = (segment for part in fixed for segment in part.fill({}, speech))
    return dict.fromkeys(text for segment in segments for text in spoken_pieces(segment))


def vocabulary(flow: Flow) -> tuple[str, ...]:
    """Return the sentences that callers hear or may say, for a recogniser's language model."""
    sentences: dict[str, None] = {}
    for prompt in _prompts(flow):
        for part in prompt.segments:
            if isinstance(part, TextTemplate):
                sentences[" ".join(part.template.fill({}).split())] = None
    for node in flow.nodes.values():
        sentences.update((phrase, None) for phrase in KIND_OF[type(node)].phrases(node))
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
