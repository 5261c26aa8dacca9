"""Prompts as written in a flow: segments in which text may still contain variables."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field

from ivr_flows.languages.key_names import primary
from ivr_flows.languages.spoken import say_count, say_date, say_digits, say_money, say_number, say_time
from ivr_flows.segments import Digits, Music, Number, Pause, PromptFile, Segment, Text


@dataclass(frozen=True, slots=True)
class Variable:
    """The place of a variable in a text."""

    name: str


@dataclass(frozen=True, slots=True)
class Template:
    """Text with variables, already taken apart; literal parts are never empty."""

    parts: tuple[str | Variable, ...]

    @property
    def variables(self) -> tuple[str, ...]:
        return tuple(part.name for part in self.parts if isinstance(part, Variable))

    @property
    def source(self) -> str:
        """The text as its author wrote it, white space aside."""
        return "".join(part if isinstance(part, str) else f"{{{part.name}}}" for part in self.parts)

    @property
    def fixed(self) -> str | None:
        """The whole text when it contains no variable."""
        return None if self.variables else "".join(str(part) for part in self.parts)

    def fill(self, values: Mapping[str, str]) -> str:
        """Return the text; a variable without a value is heard as nothing."""
        return "".join(part if isinstance(part, str) else values.get(part.name, "") for part in self.parts)


@dataclass(frozen=True)
class Speech:
    """In which language something is said: texts are looked up in the catalogue, by how they are written."""

    language: str = "en"
    catalogue: Mapping[str, Template] = field(default_factory=dict)

    def translated(self, template: Template) -> Template:
        return self.catalogue.get(template.source, template) if self.catalogue else template


@dataclass(frozen=True, slots=True)
class TextTemplate:
    """Words, with variables."""

    template: Template

    def fill(self, values: Mapping[str, str], speech: Speech) -> tuple[Segment, ...]:
        text = speech.translated(self.template).fill(values).strip()
        return (Text(text),) if text else ()


@dataclass(frozen=True, slots=True)
class DigitsTemplate:
    """Digits to be read one by one, with variables; whatever is no digit is not read."""

    template: Template

    def fill(self, values: Mapping[str, str], speech: Speech) -> tuple[Segment, ...]:
        digits = "".join(char for char in self.template.fill(values) if char in "0123456789")
        if not digits:
            return ()
        named = None if primary(speech.language) == "en" else say_digits(digits, speech.language)
        return (Digits(digits),) if named is None else tuple(Text(name) for name in named)


@dataclass(frozen=True, slots=True)
class NumberTemplate:
    """A number, with variables; anything else is read as the text that it is."""

    template: Template

    def fill(self, values: Mapping[str, str], speech: Speech) -> tuple[Segment, ...]:
        text = self.template.fill(values).strip()
        is_whole = text.isascii() and text.removeprefix("-").isdigit() and len(text) <= MAX_NUMBER_LENGTH
        if is_whole and primary(speech.language) == "en":
            return (Number(int(text)),)
        said = say_number(text, speech.language) or text
        return (Text(said),) if said else ()


SAY_AS: Mapping[str, Callable[[str, str], str | None]] = {
    "money": say_money,
    "date": say_date,
    "time": say_time,
    "count": say_count,
}
"""What a piece of a prompt can be read as, by its key."""


@dataclass(frozen=True, slots=True)
class SayAsTemplate:
    """A sum, a date, a time or a number of things, with variables; anything else is read as it is."""

    kind: str
    template: Template

    def fill(self, values: Mapping[str, str], speech: Speech) -> tuple[Segment, ...]:
        text = self.template.fill(values).strip()
        said = SAY_AS[self.kind](text, speech.language) or text
        return (Text(said),) if said else ()


MAX_NUMBER_LENGTH = 15

TemplateSegment = TextTemplate | DigitsTemplate | NumberTemplate | SayAsTemplate
PromptSegment = TemplateSegment | PromptFile | Pause | Music

IN_ENGLISH = Speech()


@dataclass(frozen=True, slots=True)
class Prompt:
    """What is to be heard at one place of a flow."""

    segments: tuple[PromptSegment, ...] = ()

    @property
    def variables(self) -> tuple[str, ...]:
        templates = (part.template for part in self.segments if isinstance(part, TemplateSegment))
        return tuple(name for template in templates for name in template.variables)

    def fill(self, values: Mapping[str, str], speech: Speech = IN_ENGLISH) -> tuple[Segment, ...]:
        """Return what is played; a piece that has become empty is left out."""
        filled: list[Segment] = []
        for part in self.segments:
            if isinstance(part, TemplateSegment):
                filled += part.fill(values, speech)
            else:
                filled.append(part)
        return tuple(filled)

    def __add__(self, other: "Prompt") -> "Prompt":
        return Prompt(self.segments + other.segments)
