"""A mistake in a setting, in words that say how to fix it."""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Mapping
from ipaddress import ip_address, ip_network
from typing import Any

Context = Mapping[str, Any]

LONGEST_SHOWN = 60
UNSAID = re.compile(r"password|secret|token", re.IGNORECASE)


def words(kind: str, value: Any, context: Context, fallback: str) -> str:
    """`kind` is pydantic's name of the error, `context` its details and `fallback` its own words."""
    if kind.startswith("ip_") and kind.endswith("_network"):
        return _network(value)
    say = _WORDS.get(kind)
    if say is None:
        return fallback.removeprefix("Value error, ")
    return say(shown(value), value, context)


def shown(value: Any) -> str:
    """As it stands in the file, cut to a readable length."""
    if isinstance(value, (dict, list)):
        return "a table" if isinstance(value, dict) else "a list"
    text = json.dumps(value, ensure_ascii=False, default=str)
    return text if len(text) <= LONGEST_SHOWN else text[:LONGEST_SHOWN] + "…"


def hidden(path: tuple[str | int, ...]) -> bool:
    """Whether the value at the path must not be shown."""
    return any(UNSAID.search(str(part)) for part in path)


def not_an_address(value: str) -> str:
    """The mistake of a host name, or of nonsense, where this machine's own address is wanted."""
    own = "127.0.0.1" if value == "localhost" else "an address of this machine, such as 203.0.113.10"
    return f"{shown(value)} is no IP address; write {own}"


def not_reachable(value: str) -> str:
    """The mistake of an address that nobody could send to."""
    return f"{shown(value)} is no address that others reach; write the one that they see, or leave it out"


def _number(said: str, value: Any, _context: Context) -> str:
    if isinstance(value, str):
        try:
            float(value)
        except ValueError:
            return f"{said} is no number"
        return f"{said} is text; write it without quotes: {value}"
    return f"{said} is no number"


def _whole(said: str, value: Any, context: Context) -> str:
    if isinstance(value, float):
        return f"{said} is no whole number"
    return _number(said, value, context)


def _text(said: str, value: Any, _context: Context) -> str:
    if isinstance(value, (dict, list)):
        return f"takes text, not {said}"
    return f'{said} is no text; put it in quotes: "{value}"'


def _choice(said: str, _value: Any, context: Context) -> str:
    return f"{said} is none of {str(context.get('expected', '')).replace(chr(39), chr(34))}"


def _listed(said: str, value: Any, _context: Context) -> str:
    return f"takes a list; write [{said}]" if not isinstance(value, dict) else "takes a list, not a table"


def _network(value: Any) -> str:
    said = shown(value)
    address, _, _ = str(value).partition("/")
    try:
        return f"{said} is no network; write {ip_network(str(value), strict=False)}"
    except ValueError:
        pass
    try:
        prefix = 28 if ip_address(address).version == 4 else 64
        return f"{said} is no network; write {ip_network(f'{address}/{prefix}', strict=False)}"
    except ValueError:
        return f"{said} is no network; write the carrier's addresses, such as 198.51.100.0/28"


def _at(bound: str, relation: str) -> Callable[[str, Any, Context], str]:
    return lambda said, _value, context: f"{said} is out of range; {relation} {_plain(context.get(bound))}"


def _plain(number: Any) -> Any:
    return int(number) if isinstance(number, float) and number.is_integer() else number


DIALLED = r"^\+?(?:[0-9x*#]|\[[0-9](?:-?[0-9])*\])+\.?$"
"""Numbers that look alike, in a rule of what may be dialled."""

_FORMS = {
    r"^\S+$": "{said} has a space in it; write it without",
    r"^[0-9]{2,8}$": "{said} is no extension; write 2 to 8 digits",
    r"^(|mqtts?://[^\s/?#@]+)$": "{said} is no broker; write mqtt:// or mqtts:// and a host",
    r"^[^\s+#/$][^\s+#]*$": "{said} is no topic; write words, with / between them",
    r"^https?://[^\s/?#]+[^\s#]*$": "{said} is no web address; write https:// and a host",
    r"^(|wss?://[^\s/?#@]+(/[^\s]*)?)$": "{said} is no speech server; write ws:// or wss:// and a host",
    r"^[A-Za-z0-9.:\-]{1,255}$": "{said} is no address; write a name or an IP address",
    r"^[A-Z]{2}$": "{said} is no country; write two capitals, say DE",
    r"^[0-9*#]{2,16}$": "{said} is no number that a phone dials; write 2 to 16 keys",
    r"^([0-9*#]{2,6})?$": "{said} are no keys; write 2 to 6 of them, say *9",
    r"^[*#][0-9*#]{1,7}$": "{said} is no feature code; write * or #, and 1 to 7 keys behind it",
    r"^\+?[0-9]{0,20}$": "{said} is no number; write digits, with a + where it is international",
    r"^\+?[0-9]{2,20}$": "{said} is no number; write 2 to 20 digits, or a + and digits",
    r"^\+?[0-9*#]{0,16}$": "{said} cannot be dialled; write up to 16 keys, or a + and keys",
    DIALLED: "{said} is no pattern of numbers; write digits, x for any digit, [1-9] for some, "
    "and a last . for one or more of any",
    r"^[0-9]{1,4}$": "{said} are no keys of a wrap-up; write 1 to 4 digits",
    r"^[\w -]+$": "{said} is no name; write letters, digits, spaces, _ and -",
}

_WORDS: dict[str, Callable[[str, Any, Context], str]] = {
    "missing": lambda *_: "required, but not given",
    "int_type": _whole,
    "int_from_float": _whole,
    "int_parsing": _whole,
    "float_type": _number,
    "bool_type": lambda said, *_: f"{said} is neither true nor false",
    "string_type": _text,
    "path_type": _text,
    "enum": _choice,
    "literal_error": _choice,
    "tuple_type": _listed,
    "list_type": _listed,
    "dict_type": lambda said, *_: f"takes a table, not {said}",
    "model_type": lambda said, *_: f"takes a table, not {said}",
    "dataclass_type": lambda said, *_: f"takes a table, not {said}",
    "greater_than": _at("gt", "it must be more than"),
    "greater_than_equal": _at("ge", "the least is"),
    "less_than": _at("lt", "it must be less than"),
    "less_than_equal": _at("le", "the most is"),
    "finite_number": lambda said, *_: f"{said} is no finite number; write one",
    "string_too_short": lambda *_: "must not be empty",
    "string_too_long": lambda _said, _value, context: f"longer than {context.get('max_length')} characters",
    "too_short": lambda _said, _value, context: f"needs at least {context.get('min_length')} item(s)",
    "too_long": lambda _said, _value, context: f"takes at most {context.get('max_length')} item(s)",
    "string_pattern_mismatch": lambda said, _value, context: _FORMS.get(
        str(context.get("pattern")), "{said} has another form than {pattern}"
    ).format(said=said, pattern=context.get("pattern")),
}
