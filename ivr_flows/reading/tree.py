"""YAML 1.2 as a tree in which everything knows its line and column.

Only text, lists and mappings exist: what a plain scalar means is decided by the key that it is written under,
so `no`, `09:00` and `007` are never turned into something else. The tree is built from parser events as they
come, so that no file can make it deeper or larger than the limits, however short the file is.
"""

import unicodedata
from collections.abc import Iterator
from dataclasses import dataclass

from ruamel.yaml import YAML
from ruamel.yaml.error import MarkedYAMLError, YAMLError
from ruamel.yaml.events import (
    AliasEvent,
    DocumentStartEvent,
    Event,
    MappingEndEvent,
    MappingStartEvent,
    ScalarEvent,
    SequenceEndEvent,
    SequenceStartEvent,
)
from ruamel.yaml.reader import ReaderError

MAX_FILE_BYTES = 512 * 1024
MAX_DEPTH = 16
MAX_NODES = 20_000
"""Counted after aliases have been expanded."""


@dataclass(frozen=True, slots=True)
class Place:
    """A line and a column of a file, both counted from 1."""

    line: int
    column: int


@dataclass(frozen=True, slots=True)
class Scalar:
    """Text as written; `plain` when it was not quoted."""

    place: Place
    text: str
    plain: bool
    weight: int = 1


@dataclass(frozen=True, slots=True)
class Sequence:
    """A list."""

    place: Place
    items: tuple["Tree", ...]
    weight: int


@dataclass(frozen=True, slots=True)
class Entry:
    """A key of a mapping and what stands under it."""

    key: str
    place: Place
    value: "Tree"


@dataclass(frozen=True, slots=True)
class Mapping:
    """Keys in the order of the file; a repeated key is still there twice."""

    place: Place
    entries: tuple[Entry, ...]
    weight: int

    def get(self, key: str) -> "Tree | None":
        return next((entry.value for entry in self.entries if entry.key == key), None)


Tree = Scalar | Sequence | Mapping


class TreeError(Exception):
    """The file is no tree; carries what a finding needs."""

    def __init__(self, place: Place, rule: str, message: str, mend: str = "") -> None:
        super().__init__(message)
        self.place = place
        self.rule = rule
        self.message = message
        self.mend = mend


def parse_tree(data: bytes) -> Tree:
    """Parse one document; raises TreeError for anything else, whatever the bytes."""
    if len(data) > MAX_FILE_BYTES:
        limit = f"a flow file may have at most {MAX_FILE_BYTES // 1024} KiB"
        raise TreeError(Place(1, 1), "file-too-large", limit, "split the flow")
    builder = _Builder()
    _build(builder, _decode(data))
    if builder.root is None:
        raise TreeError(Place(1, 1), "file-empty", "the file contains no flow")
    return builder.root


def _build(builder: "_Builder", text: str) -> None:
    try:
        for event in _events(text):
            builder.take(event)
    except TreeError:
        raise
    except ReaderError as error:
        raise _unreadable(text, error) from error
    except MarkedYAMLError as error:
        raise _syntax(error, builder.place) from error
    except YAMLError as error:
        raise TreeError(builder.place, "yaml-syntax", _one_line(str(error))) from error
    except Exception as error:
        # the parser is not ours and trips over some malformed escapes and directives with errors of its own
        raise TreeError(builder.place, "yaml-syntax", "this is not YAML from here on") from error


def _decode(data: bytes) -> str:
    try:
        return data.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        before = data[: error.start]
        line = before.count(b"\n") + 1
        column = error.start - (before.rfind(b"\n") + 1) + 1
        message = f"byte 0x{data[error.start]:02x} is not UTF-8"
        raise TreeError(Place(line, column), "file-encoding", message, "save the file as UTF-8") from error


def _events(text: str) -> Iterator[Event]:
    yaml = YAML(typ="safe", pure=True)
    yield from yaml.parse(text)


def _unreadable(text: str, error: ReaderError) -> TreeError:
    position = int(error.position)
    before = text[:position]
    place = Place(before.count("\n") + 1, position - (before.rfind("\n") + 1) + 1)
    message = f"the character U+{ord(text[position]):04X} may not stand in a YAML file"
    return TreeError(place, "file-encoding", message, "delete it")


def _syntax(error: MarkedYAMLError, reached: Place) -> TreeError:
    mark = error.problem_mark or error.context_mark
    place = reached if mark is None else Place(mark.line + 1, mark.column + 1)
    message = error.problem or error.context or "this is not YAML"
    mend = ""
    if "mapping values are not allowed" in message:
        mend = "put text that contains a colon in quotes"
    if "could not find expected ':'" in message or "found character" in message:
        mend = "put the text in quotes, and indent with spaces"
    return TreeError(place, "yaml-syntax", _one_line(message), mend)


def _one_line(message: str) -> str:
    return " ".join(message.split())[:200]


def _is_control(char: str) -> bool:
    return unicodedata.category(char) in ("Cc", "Cs") and char not in "\n\t"


@dataclass(slots=True)
class _Open:
    """A list or mapping whose end has not come yet."""

    place: Place
    anchor: str | None
    is_mapping: bool
    items: list[Tree]
    weight: int = 1


class _Builder:
    """Keeps the open collections on a stack of its own, so that depth costs no recursion."""

    def __init__(self) -> None:
        self.root: Tree | None = None
        self.place = Place(1, 1)
        self._stack: list[_Open] = []
        self._anchors: dict[str, Tree] = {}
        self._nodes = 0
        self._documents = 0

    def take(self, event: Event) -> None:
        self.place = Place(event.start_mark.line + 1, event.start_mark.column + 1)
        if isinstance(event, DocumentStartEvent):
            self._documents += 1
            if self._documents > 1:
                raise TreeError(self.place, "yaml-limit", "a file holds one flow, here starts another", "")
        elif isinstance(event, ScalarEvent):
            self._refuse_tag(event.tag)
            self._refuse_control_characters(event.value)
            self._add(Scalar(self.place, event.value, not event.style), event.anchor)
        elif isinstance(event, SequenceStartEvent | MappingStartEvent):
            self._open(event)
        elif isinstance(event, SequenceEndEvent | MappingEndEvent):
            self._close()
        elif isinstance(event, AliasEvent):
            self._alias(event.anchor)

    def _open(self, event: SequenceStartEvent | MappingStartEvent) -> None:
        self._refuse_tag(event.tag)
        if len(self._stack) >= MAX_DEPTH:
            raise TreeError(self.place, "yaml-limit", f"nested deeper than {MAX_DEPTH} levels")
        self._stack.append(_Open(self.place, event.anchor, isinstance(event, MappingStartEvent), []))

    def _close(self) -> None:
        done = self._stack.pop()
        if not done.is_mapping:
            self._add(Sequence(done.place, tuple(done.items), done.weight), done.anchor)
            return
        pairs = zip(done.items[::2], done.items[1::2], strict=True)
        entries = tuple(self._entry(key, value) for key, value in pairs)
        self._add(Mapping(done.place, entries, done.weight), done.anchor)

    def _entry(self, key: Tree, value: Tree) -> Entry:
        if not isinstance(key, Scalar):
            raise TreeError(key.place, "yaml-syntax", "a key must be text", "put it in quotes")
        return Entry(key.text, key.place, value)

    def _alias(self, name: str) -> None:
        target = self._anchors.get(name)
        if target is None:
            raise TreeError(self.place, "yaml-alias", f"there is no anchor &{name[:40]} before this alias")
        self._add(target, None)

    def _add(self, tree: Tree, anchor: str | None) -> None:
        if anchor:
            self._anchors[anchor] = tree
        if not self._stack:
            self.root = tree
            return
        top = self._stack[-1]
        top.items.append(tree)
        top.weight += tree.weight
        self._nodes += 1
        if top.weight > MAX_NODES or self._nodes > MAX_NODES:
            raise TreeError(self.place, "yaml-limit", f"more than {MAX_NODES} values, aliases expanded")

    def _refuse_control_characters(self, text: str) -> None:
        # escapes such as "\\e" and "\\ud800" can write what a terminal obeys and what UTF-8 cannot hold
        if not text.isprintable() and any(_is_control(char) for char in text):
            message = "the text contains a control character"
            raise TreeError(self.place, "file-encoding", message, "delete the escape")

    def _refuse_tag(self, tag: object) -> None:
        if tag is not None:
            raise TreeError(self.place, "yaml-tag", "tags (!...) have no meaning in a flow", "delete the tag")
