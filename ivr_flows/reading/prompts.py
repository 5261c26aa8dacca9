"""Prompts: a text, one piece, or a list of texts and pieces."""

import re
from collections.abc import Callable
from functools import partial
from pathlib import Path as FilePath

from ivr_flows.definition.prompts import (
    SAY_AS,
    DigitsTemplate,
    NumberTemplate,
    Prompt,
    PromptSegment,
    SayAsTemplate,
    Template,
    TextTemplate,
    Variable,
)
from ivr_flows.findings import did_you_mean
from ivr_flows.reading.fields import Fields, parse_duration
from ivr_flows.reading.marks import MarkError, split_marks
from ivr_flows.reading.report import Path, Report
from ivr_flows.reading.tree import Entry, Mapping, Scalar, Sequence, Tree
from ivr_flows.segments import BUILTIN_MUSIC, Music, Pause, PromptFile

PIECES = ("text", "file", "pause", "digits", "number", "money", "date", "time", "count", "music")
"""What a prompt can be made of, by the key of each piece."""

SAY_AS_FORMS = {"money": "12.50 GBP", "date": "2026-12-24", "time": "17:30", "count": "3 people"}

MAX_TEXT = 2000
MAX_PAUSE_S = 30.0
_BRACES = re.compile(r"\{\{|\}\}|\{([^\W\d]\w{0,63})\}|[{}]")


class PromptReader:
    """Reads prompts; files are looked for beside the flow file (`folder` None: files are not looked for)."""

    def __init__(self, report: Report, folder: FilePath | None) -> None:
        self._report = report
        self._folder = folder
        self._pieces: dict[str, Callable[[str, Path, Scalar], PromptSegment | None]] = {
            **{kind: partial(self._say_as, kind) for kind in SAY_AS},
            "text": self._plain,
            "file": self._file,
            "pause": self._pause,
            "digits": self._digits,
            "number": self._number,
            "music": self._music,
        }

    def required(self, fields: Fields, key: str) -> Prompt:
        tree = fields.expect(key)
        return Prompt() if tree is None else self.read(tree, fields.sub(key))

    def optional(self, fields: Fields, key: str) -> Prompt:
        tree = fields.take(key)
        return Prompt() if tree is None else self.read(tree, fields.sub(key))

    def several(self, fields: Fields, key: str) -> tuple[Prompt, ...] | None:
        """Read a list of prompts; a prompt that is itself a list stands in brackets of its own."""
        tree = fields.take(key)
        if tree is None:
            return None
        path = fields.sub(key)
        if not isinstance(tree, Sequence):
            return (self.read(tree, path),)
        return tuple(self.read(item, (*path, str(index))) for index, item in enumerate(tree.items, 1))

    def read(self, tree: Tree, path: Path) -> Prompt:
        if not isinstance(tree, Sequence):
            return Prompt(self._piece(tree, path))
        self._report.mark(path, tree.place)
        if not tree.items:
            self._report.add(path, "value-empty", "the prompt says nothing", "write a text", place=tree.place)
        pieces = (self._piece(item, (*path, str(index))) for index, item in enumerate(tree.items, 1))
        return Prompt(tuple(part for piece in pieces for part in piece))

    def music(self, tree: Tree, path: Path) -> Music | PromptFile | None:
        """Read what is heard while waiting: the name of built-in music, or a file."""
        if not isinstance(tree, Scalar):
            self._report.add(
                path, "value-type", "the name of a music or of a file is expected", place=tree.place
            )
            return None
        return Music(tree.text) if tree.text in BUILTIN_MUSIC else self._file(tree.text, path, tree)

    def _piece(self, tree: Tree, path: Path) -> tuple[PromptSegment, ...]:
        self._report.mark(path, tree.place)
        if isinstance(tree, Scalar):
            return self._text(tree.text, path, tree)
        if isinstance(tree, Mapping) and len(tree.entries) == 1:
            piece = self._tagged(tree.entries[0], path)
            return () if piece is None else (piece,)
        message = "a piece of a prompt is a text, or one of " + ", ".join(self._pieces)
        self._report.add(path, "value-type", message, "write it like - pause: 300ms", place=tree.place)
        return ()

    def _tagged(self, entry: Entry, path: Path) -> PromptSegment | None:
        path = (*path, entry.key)
        self._report.mark(path, entry.place)
        read = self._pieces.get(entry.key)
        if read is None:
            message = f'"{entry.key[:40]}" is no piece of a prompt'
            self._report.add(path, "key-unknown", message, did_you_mean(entry.key, self._pieces))
            return None
        if not isinstance(entry.value, Scalar):
            self._report.add(path, "value-type", "a single value is expected here", place=entry.value.place)
            return None
        return read(entry.value.text, path, entry.value)

    def _text(self, text: str, path: Path, scalar: Scalar) -> tuple[PromptSegment, ...]:
        """Read a text, with the few marks of SSML that every synthesiser here can follow."""
        try:
            parts = split_marks(text)
        except MarkError as error:
            self._report.add(path, "ssml", error.message, error.mend, place=scalar.place)
            return ()
        found = (self._pieces[kind](inner, path, scalar) for kind, inner in parts)
        return tuple(piece for piece in found if piece is not None)

    def _plain(self, text: str, path: Path, scalar: Scalar) -> PromptSegment | None:
        template = self._template(text, path, scalar)
        return None if template is None else TextTemplate(template)

    def _say_as(self, kind: str, text: str, path: Path, scalar: Scalar) -> PromptSegment | None:
        template = self._template(text, path, scalar)
        if template is None:
            return None
        if template.fixed is not None and SAY_AS[kind](template.fixed, "en") is None:
            message = f'"{text[:40]}" cannot be read as {kind}'
            mend = f"write it like {SAY_AS_FORMS[kind]}"
            self._report.add(path, "value-type", message, mend, place=scalar.place)
            return None
        return SayAsTemplate(kind, template)

    def _digits(self, text: str, path: Path, scalar: Scalar) -> PromptSegment | None:
        template = self._template(text, path, scalar)
        if template is None:
            return None
        if template.fixed is not None and not re.fullmatch("[0-9 ]+", template.fixed):
            message = f'"{text[:40]}" is not made of digits'
            self._report.add(path, "value-type", message, 'write digits or "{variable}"', place=scalar.place)
            return None
        return DigitsTemplate(template)

    def _number(self, text: str, path: Path, scalar: Scalar) -> PromptSegment | None:
        template = self._template(text, path, scalar)
        if template is None:
            return None
        if template.fixed is not None and not re.fullmatch("-?[0-9]{1,15}", template.fixed):
            message = f'"{text[:40]}" is no whole number'
            self._report.add(
                path, "value-type", message, 'write a number or "{variable}"', place=scalar.place
            )
            return None
        return NumberTemplate(template)

    def _pause(self, text: str, path: Path, scalar: Scalar) -> PromptSegment | None:
        seconds = parse_duration(text)
        if seconds is None or not 0 < seconds <= MAX_PAUSE_S:
            message = f'"{text[:40]}" is no pause of at most {MAX_PAUSE_S:g}s'
            self._report.add(path, "value-range", message, "write it like 300ms or 2s", place=scalar.place)
            return None
        return Pause(round(seconds * 1000))

    def _music(self, text: str, path: Path, scalar: Scalar) -> PromptSegment | None:
        if text in BUILTIN_MUSIC:
            return Music(text)
        message = f'there is no built-in music "{text[:40]}"'
        self._report.add(
            path, "music-unknown", message, did_you_mean(text, BUILTIN_MUSIC), place=scalar.place
        )
        return None

    def _file(self, text: str, path: Path, scalar: Scalar) -> PromptFile | None:
        if not text.strip() or "\0" in text or len(text) > 255:
            self._report.add(path, "value-type", "a file name is expected here", place=scalar.place)
            return None
        if self._folder is None:
            return PromptFile(FilePath(text))
        file = self._folder / text
        if not _is_file(file):
            message = f"there is no prompt file {file}"
            mend = "record it, or correct its name; it is looked for beside the flow file"
            self._report.add(path, "prompt-missing", message, mend, place=scalar.place)
        return PromptFile(file)

    def _template(self, text: str, path: Path, scalar: Scalar) -> Template | None:
        text = " ".join(text.split())
        if not text:
            self._report.add(path, "value-empty", "the text is empty", "write a text", place=scalar.place)
            return None
        if len(text) > MAX_TEXT:
            self._report.add(
                path, "value-range", f"more than {MAX_TEXT} letters", "split it", place=scalar.place
            )
            return None
        template = parse_template(text)
        if template is None:
            mend = "name a variable like {order_number}; for a brace to be read, double it"
            self._report.add(path, "text-braces", "a lone brace in a text", mend, place=scalar.place)
        return template


def parse_template(text: str) -> Template | None:
    """Take a text apart at its variables; None when a brace is out of place."""
    parts: list[str | Variable] = []
    literal = ""
    position = 0
    for match in _BRACES.finditer(text):
        literal += text[position : match.start()]
        position = match.end()
        if match[0] in ("{{", "}}"):
            literal += match[0][0]
        elif match[1]:
            parts += [literal, Variable(match[1])] if literal else [Variable(match[1])]
            literal = ""
        else:
            return None
    literal += text[position:]
    return Template(tuple([*parts, literal] if literal else parts))


def _is_file(file: FilePath) -> bool:
    try:
        return file.is_file()
    except (OSError, ValueError):
        return False
