"""On which line of a TOML file every table, key and list item stands; `tomllib` does not tell.

The text has been read by `tomllib` before, so it is well formed: this only follows its brackets and strings.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass

Path = tuple[str | int, ...]

_SPACE = re.compile(r"(?:[ \t\r\n]|#[^\n]*)+")
_BLANK = re.compile(r"[ \t]*")
_BARE_KEY = re.compile(r"[A-Za-z0-9_-]+")
_STRING = re.compile(
    r'"""(?:\\.|[^\\])*?"{3,5}|' + r"'''(?:.|\n)*?'{3,5}" + r'|"(?:\\.|[^"\\])*"|' + r"'[^']*'", re.DOTALL
)
_SCALAR = re.compile(r"[^\s,\]}#][^,\]}#\n]*")
_ESCAPE = re.compile(r"\\(u[0-9a-fA-F]{4}|U[0-9a-fA-F]{8}|.)", re.DOTALL)
_ESCAPED = {"b": "\b", "t": "\t", "n": "\n", "f": "\f", "r": "\r", "e": "\x1b"}


def lines_of(text: str) -> dict[Path, int]:
    """Line, counted from 1, by path: ("sip", "trunks", 0, "networks", 1)."""
    return dict(_Scanner(text).places())


@dataclass(slots=True)
class _Scanner:
    """One pass over the text; `at` is the next character."""

    text: str
    at: int = 0
    _line: int = 1
    _counted_to: int = 0

    def places(self) -> Iterator[tuple[Path, int]]:
        table: Path = ()
        items: dict[Path, int] = {}
        while self._skip(_SPACE) < len(self.text):
            line = self._here()
            if self.text[self.at] == "[":
                table = self._header(items)
                yield table, line
            else:
                yield from self._pair(table)

    def _header(self, items: dict[Path, int]) -> Path:
        """The path of `[a.b]` or `[[a.b]]`; a part that names a list of tables means its newest one."""
        many = self.text.startswith("[[", self.at)
        self.at += 2 if many else 1
        path: Path = ()
        keys = self._keys()
        for number, key in enumerate(keys, 1):
            path = (*path, key)
            if many and number == len(keys):
                items[path] = items.get(path, -1) + 1
            if path in items:
                path = (*path, items[path])
        self.at += 2 if many else 1
        return path

    def _pair(self, table: Path) -> Iterator[tuple[Path, int]]:
        line = self._here()
        keys = self._keys()
        path = (*table, *keys)
        for length in range(len(table) + 1, len(path)):
            yield path[:length], line
        self.at += 1  # the equals sign
        yield path, line
        yield from self._value(path)

    def _value(self, path: Path) -> Iterator[tuple[Path, int]]:
        self._skip(_BLANK)
        first = self.text[self.at]
        if first == "[":
            yield from self._list(path)
        elif first == "{":
            yield from self._inline_table(path)
        else:
            self._skip(_STRING if first in "\"'" else _SCALAR)

    def _list(self, path: Path) -> Iterator[tuple[Path, int]]:
        self.at += 1
        number = 0
        while self._next_is_not("]"):
            yield (*path, number), self._here()
            yield from self._value((*path, number))
            number += 1

    def _inline_table(self, path: Path) -> Iterator[tuple[Path, int]]:
        self.at += 1
        while self._next_is_not("}"):
            yield from self._pair(path)

    def _next_is_not(self, end: str) -> bool:
        """Steps over a comma; at the end also over the bracket."""
        self._skip(_SPACE)
        if self.text[self.at] == ",":
            self.at += 1
            self._skip(_SPACE)
        if self.text[self.at] != end:
            return True
        self.at += 1
        return False

    def _keys(self) -> tuple[str, ...]:
        keys = [self._key()]
        while self.text[self.at] == ".":
            self.at += 1
            keys.append(self._key())
        return tuple(keys)

    def _key(self) -> str:
        self._skip(_BLANK)
        start = self.at
        quote = self.text[start]
        self._skip(_STRING if quote in "\"'" else _BARE_KEY)
        key = self.text[start : self.at]
        self._skip(_BLANK)
        if quote == '"':
            return _ESCAPE.sub(_unescaped, key[1:-1])
        return key[1:-1] if quote == "'" else key

    def _skip(self, pattern: re.Pattern[str]) -> int:
        found = pattern.match(self.text, self.at)
        self.at = found.end() if found else self.at
        return self.at

    def _here(self) -> int:
        self._line += self.text.count("\n", self._counted_to, self.at)
        self._counted_to = self.at
        return self._line


def _unescaped(found: re.Match[str]) -> str:
    code = found[1]
    return chr(int(code[1:], 16)) if code[0] in "uU" else _ESCAPED.get(code, code)
