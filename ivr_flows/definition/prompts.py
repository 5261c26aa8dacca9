"""Prompts as written in a flow: segments in which text may still contain variables."""

from collections.abc import Mapping
from dataclasses import dataclass

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
    def fixed(self) -> str | None:
        """The whole text when it contains no variable."""
        return None if self.variables else "".join(str(part) for part in self.parts)

    def fill(self, values: Mapping[str, str]) -> str:
        """Return the text; a variable without a value is heard as nothing."""
        return "".join(part if isinstance(part, str) else values.get(part.name, "") for part in self.parts)


@dataclass(frozen=True, slots=True)
class TextTemplate:
    """Words, with variables."""

    template: Template

    def fill(self, values: Mapping[str, str]) -> Segment | None:
        text = self.template.fill(values).strip()
        return Text(text) if text else None


@dataclass(frozen=True, slots=True)
class DigitsTemplate:
    """Digits to be read one by one, with variables; whatever is no digit is not read."""

    template: Template

    def fill(self, values: Mapping[str, str]) -> Segment | None:
        digits = "".join(char for char in self.template.fill(values) if char in "0123456789")
        return Digits(digits) if digits else None


@dataclass(frozen=True, slots=True)
class NumberTemplate:
    """A whole number, with variables; anything else is read as the text that it is."""

    template: Template

    def fill(self, values: Mapping[str, str]) -> Segment | None:
        text = self.template.fill(values).strip()
        if text.isascii() and text.removeprefix("-").isdigit() and len(text) <= MAX_NUMBER_LENGTH:
            return Number(int(text))
        return Text(text) if text else None


MAX_NUMBER_LENGTH = 15

TemplateSegment = TextTemplate | DigitsTemplate | NumberTemplate
PromptSegment = TemplateSegment | PromptFile | Pause | Music


@dataclass(frozen=True, slots=True)
class Prompt:
    """What is to be heard at one place of a flow."""

    segments: tuple[PromptSegment, ...] = ()

    @property
    def variables(self) -> tuple[str, ...]:
        templates = (part.template for part in self.segments if isinstance(part, TemplateSegment))
        return tuple(name for template in templates for name in template.variables)

    def fill(self, values: Mapping[str, str]) -> tuple[Segment, ...]:
        """Return what is played; a piece that has become empty is left out."""
        filled = (part.fill(values) if isinstance(part, TemplateSegment) else part for part in self.segments)
        return tuple(part for part in filled if part is not None)

    def __add__(self, other: "Prompt") -> "Prompt":
        return Prompt(self.segments + other.segments)
