"""The part of SSML 1.1 that may stand in texts: `<break time="300ms"/>` and `<say-as interpret-as="digits">`.

It is taken apart into pieces when a flow is read, so that every synthesiser can follow it.
"""

import re
from collections.abc import Iterator, Mapping

_TAG = re.compile(r"<(/?)([a-z][a-z-]*)((?:\s+[a-z-]+=\"[^\"<]*\")*)\s*(/?)>")
_ATTRIBUTE = re.compile(r"([a-z-]+)=\"([^\"]*)\"")

SAY_AS_KINDS: Mapping[str, str] = {
    "digits": "digits",
    "characters": "digits",
    "cardinal": "number",
    "number": "number",
    "currency": "money",
    "date": "date",
    "time": "time",
}
DEFAULT_BREAK = "500ms"


class MarkError(Exception):
    """A mark that is not understood."""

    def __init__(self, message: str, mend: str) -> None:
        super().__init__(message)
        self.message = message
        self.mend = mend


def split_marks(text: str) -> list[tuple[str, str]]:
    """Return kinds of prompt pieces with their texts; a text without marks is one piece. Raises MarkError."""
    if "<" not in text or _TAG.search(text) is None:
        return [("text", text)]
    return [(kind, inner) for kind, inner in _parts(text) if kind == "pause" or inner.strip()]


def _parts(text: str) -> Iterator[tuple[str, str]]:
    position, kind = 0, "text"
    for tag in _TAG.finditer(text):
        yield kind, text[position : tag.start()]
        position = tag.end()
        closes, name, attributes, is_empty = tag.groups()
        values = dict(_ATTRIBUTE.findall(attributes))
        if name == "break" and is_empty:
            yield "pause", values.get("time", DEFAULT_BREAK)
        elif name == "say-as" and not is_empty:
            kind = _say_as(values, kind, closes=bool(closes))
        elif name != "speak":
            mend = "use <break time=.../> and <say-as interpret-as=...>, or pieces of a prompt"
            raise MarkError(f"<{name}> is not understood here", mend)
    if kind != "text":
        raise MarkError("a say-as is never closed", "write </say-as>")
    yield kind, text[position:]


def _say_as(values: Mapping[str, str], kind: str, *, closes: bool) -> str:
    if closes:
        return "text"
    wanted = values.get("interpret-as", "")
    if kind != "text" or wanted not in SAY_AS_KINDS:
        kinds = ", ".join(SAY_AS_KINDS)
        raise MarkError(f'say-as "{wanted[:40]}" is not understood here', f"interpret-as is one of {kinds}")
    return SAY_AS_KINDS[wanted]
