"""The keys of one mapping, asked for one by one; what was never asked for is an unknown key.

A value that cannot be read is noted and replaced by the default, so that reading goes on to the next mistake.
"""

import re

from ivr_flows.findings import did_you_mean
from ivr_flows.reading.report import Path, Report, Upgrade
from ivr_flows.reading.tree import Entry, Mapping, Scalar, Sequence, Tree

NAME = re.compile(r"[^\W\d][\w-]{0,63}")
_DURATION = re.compile(r"(?:(\d{1,4})h)?(?:(\d{1,4})m)?(?:(\d{1,5}(?:\.\d{1,3})?)s)?(?:(\d{1,6})ms)?")
_TRUE = ("true", "True", "TRUE")
_FALSE = ("false", "False", "FALSE")


class Fields:
    """Reads one mapping; `finish` must be called at the end."""

    def __init__(self, report: Report, tree: Tree, path: Path) -> None:
        self.report = report
        self.path = path
        self._entries: dict[str, Entry] = {}
        self._asked: set[str] = set()
        report.mark(path, tree.place)
        if not isinstance(tree, Mapping):
            report.add(path, "value-type", "keys and values are expected here", place=tree.place)
            return
        for entry in tree.entries:
            if entry.key in self._entries:
                report.add((*path, entry.key), "key-repeated", "the key is there twice", place=entry.place)
                continue
            self._entries[entry.key] = entry
            report.mark((*path, entry.key), entry.place)

    def __contains__(self, key: str) -> bool:
        return key in self._entries

    def rename(self, old: str, new: str) -> None:
        """Take a word of older files for the one that means the same; the upgrade is kept for `flow fmt`."""
        if old not in self._entries or new in self._entries:
            return
        entry = self._entries.pop(old)
        self._entries[new] = Entry(new, entry.place, entry.value)
        self.report.mark((*self.path, new), entry.place)
        self.report.upgrades.append(Upgrade(entry.place, old, new))

    @property
    def names(self) -> tuple[str, ...]:
        """All keys that are there, for mappings whose keys the author chooses."""
        return tuple(self._entries)

    def sub(self, key: str) -> Path:
        return (*self.path, key)

    def take(self, key: str) -> Tree | None:
        self._asked.add(key)
        entry = self._entries.get(key)
        return None if entry is None else entry.value

    def expect(self, key: str) -> Tree | None:
        """Take a key that must be there."""
        value = self.take(key)
        if value is None:
            self.report.add(self.path, "key-missing", f'"{key}" is missing', f"add {key}:")
        return value

    def complain(self, key: str, rule: str, message: str, mend: str = "", at: Tree | None = None) -> None:
        self.report.add(self.sub(key), rule, message, mend, place=None if at is None else at.place)

    def text(self, key: str, default: str | None = None) -> str:
        """Take a text; it must be there when no default is given."""
        value = self.expect(key) if default is None else self.take(key)
        if value is None:
            return default or ""
        return self._scalar(key, value) or default or ""

    def optional_text(self, key: str) -> str | None:
        value = self.take(key)
        return None if value is None else self._scalar(key, value)

    def flag(self, key: str, default: bool) -> bool:
        text = self.optional_text(key)
        if text is None:
            return default
        if text in _TRUE or text in _FALSE:
            return text in _TRUE
        self.complain(key, "value-type", f'"{text[:40]}" is neither true nor false', "write true or false")
        return default

    def duration(self, key: str, default: float | None, low_s: float, high_s: float) -> float | None:
        text = self.optional_text(key)
        if text is None:
            return default
        seconds = parse_duration(text)
        if seconds is None:
            unit = f"write {text}s for seconds" if text.isdigit() else "write it like 5s, 500ms, 2m or 1m30s"
            self.complain(key, "value-type", f'"{text[:40]}" is no length of time', unit)
            return default
        if not low_s <= seconds <= high_s:
            allowed = f"between {low_s:g}s and {high_s:g}s"
            self.complain(key, "value-range", f'"{text}" is not {allowed}', f"choose a time {allowed}")
            return default
        return seconds

    def whole(self, key: str, default: int, low: int, high: int) -> int:
        text = self.optional_text(key)
        if text is None:
            return default
        number = parse_whole(text, low, high)
        if number is None:
            message = f'"{text[:40]}" is no whole number from {low} to {high}'
            self.complain(key, "value-range", message, f"write a number from {low} to {high}")
            return default
        return number

    def fraction(self, key: str, default: float) -> float:
        text = self.optional_text(key)
        if text is None:
            return default
        if re.fullmatch(r"0(\.\d{1,6})?|1(\.0{1,6})?", text) is None:
            self.complain(
                key, "value-range", f'"{text[:40]}" is not between 0 and 1', "write a number like 0.5"
            )
            return default
        return float(text)

    def name(self, key: str) -> str:
        """Take a name that must be there: of a node, a queue, a variable, an agent."""
        text = self.text(key)
        if text and not NAME.fullmatch(text):
            self.complain(key, "name-invalid", f'"{text[:40]}" is no name', "use letters, digits, _ and -")
            return ""
        return text

    def texts(self, key: str) -> tuple[str, ...] | None:
        """Take one text, or a list of them."""
        tree = self.take(key)
        if tree is None:
            return None
        items = tree.items if isinstance(tree, Sequence) else (tree,)
        found = (self._scalar(key, item) for item in items)
        return tuple(text for text in found if text is not None)

    def optional_name(self, key: str) -> str | None:
        return (self.name(key) or None) if key in self else self.optional_text(key)

    def finish(self) -> None:
        """Report the keys that nobody asked for."""
        for key, entry in self._entries.items():
            if key not in self._asked:
                missing = self._asked - set(self._entries)
                mend = did_you_mean(key, missing) or "delete it"
                self.report.add(
                    self.sub(key), "key-unknown", f'"{key[:40]}" is no key here', mend, place=entry.place
                )

    def _scalar(self, key: str, value: Tree) -> str | None:
        if not isinstance(value, Scalar):
            self.complain(key, "value-type", "a single value is expected here", at=value)
            return None
        if not value.text.strip():
            self.complain(key, "value-empty", "the value is empty", "write a value, or delete the key")
            return None
        return value.text


def parse_duration(text: str) -> float | None:
    """Read `5s`, `500ms`, `2m`, `1m30s`, `1h`; a number without a unit is refused."""
    match = _DURATION.fullmatch(text.replace(" ", ""))
    if match is None or not any(match.groups()):
        return None
    hours, minutes, seconds, milliseconds = (float(part or 0) for part in match.groups())
    return hours * 3600 + minutes * 60 + seconds + milliseconds / 1000


def parse_whole(text: str, low: int, high: int) -> int | None:
    if re.fullmatch(r"-?[0-9]{1,9}", text) is None:
        return None
    number = int(text)
    return number if low <= number <= high else None
