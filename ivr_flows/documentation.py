"""The page about the kinds of node, from what they declare."""

from typing import Any

from ivr_flows.expressions.functions import FUNCTIONS
from ivr_flows.kinds.catalogue import KINDS
from ivr_flows.kinds.declare import Key, Kind, keys_of
from ivr_flows.kinds.manner import Manner, WaysOut
from ivr_flows.newcomer import PAGE

HEAD = """\
# The flow language, kind by kind

This page is made from the program (`trunkline flow language`); `ivr_flows/README.md` explains the language.
A node does one thing; the key that names this thing tells its kind. A node may also be a list of such nodes,
done one after the other. Keys without "required" may be left out.
"""


def language_page() -> str:
    """Return the whole page, in Markdown."""
    parts = [HEAD, PAGE, _questions(), *(kind_section(kind) for kind in KINDS.values()), _functions()]
    return "\n".join(parts).rstrip() + "\n"


def kind_section(kind: Kind[Any]) -> str:
    """Return what is said about one kind."""
    shared = {key.word for of in (Manner, WaysOut) for key in keys_of(of)}
    own = [key for key in keys_of(kind.node) if not (_asks(kind) and key.word in shared)]
    lines = [f"## {kind.word}", "", f"`{kind.word}` {kind.doc}", ""]
    if kind.needs:
        lines += [f"Needs a server that can do `{kind.needs}`.", ""]
    lines += _table(own)
    if _asks(kind):
        lines += ["", "Also every key of [questions](#questions)."]
    lines += ["", "```yaml", kind.example.strip("\n"), "```", ""]
    return "\n".join(lines)


def _asks(kind: Kind[Any]) -> bool:
    return any(key.word == "no_input" for key in keys_of(kind.node))


def _questions() -> str:
    keys = [*keys_of(Manner), *keys_of(WaysOut)]
    head = [
        "## Questions",
        "",
        "What all kinds that ask share; the first ones may also stand under `defaults:`.",
        "",
    ]
    return "\n".join([*head, *_table(keys), ""])


def _table(keys: list[Key]) -> list[str]:
    rows = ["| key | value | meaning |", "| --- | --- | --- |"]
    return rows + [f"| `{key.word}` | {_cell(key.value.shown)} | {_cell(_meaning(key))} |" for key in keys]


def _meaning(key: Key) -> str:
    notes = []
    if key.required:
        notes.append("required")
    elif isinstance(key.default, str | int | float) and key.default != "" and not key.inherits:
        notes.append(f"[{_default(key)}]")
    if key.inherits:
        notes.append("[as the defaults say]")
    if key.aliases:
        notes.append("in older files: " + ", ".join(f"`{alias}`" for alias in key.aliases))
    return "; ".join([key.doc, *notes])


def _default(key: Key) -> str:
    if isinstance(key.default, bool):
        return "true" if key.default else "false"
    if isinstance(key.default, float) and key.value.shown == "a time":
        return f"{key.default:g}s"
    return f"{key.default:g}" if isinstance(key.default, int | float) else str(key.default)


def _cell(text: str) -> str:
    return text.replace("|", "\\|")


def _functions() -> str:
    lines = [
        "## Expressions",
        "",
        "Numbers, \"texts\" or 'texts', `yes`, `no`, variables; `+ - * /`, `== != < <= > >=`, `and`, `or`,",
        "`not`, parentheses. What is missing makes no value: no comparison with it holds but `!=`.",
        "",
        "| function | gives | meaning |",
        "| --- | --- | --- |",
    ]
    for name, function in FUNCTIONS.items():
        takes = [*function.names, *(each.value for each in function.takes[len(function.names) :])]
        lines.append(f"| `{name}({', '.join(takes)})` | {function.gives.value} | {function.doc} |")
    return "\n".join(lines)
