"""Keys whose value is a mapping from names, which the author chooses, to entries with keys of their own."""

from collections.abc import Callable, Iterator, Mapping
from typing import TYPE_CHECKING, Any

from ivr_flows.kinds.declare import KeyPath, Value, keys_of, values_of
from ivr_flows.reading.declared import read_declared
from ivr_flows.reading.fields import Fields

if TYPE_CHECKING:
    from ivr_flows.reading.context import Context


def named_entries(shown: str, entry: type, empty: str) -> Value:
    """Return the type of `{name: {...}}` whose entries are of a declared type; `empty` mends an empty one."""

    def read(fields: Fields, word: str, context: "Context", _default: Any) -> Mapping[str, Any]:
        tree = fields.expect(word)
        if tree is None:
            return {}
        written = Fields(fields.report, tree, fields.sub(word))
        found: dict[str, Any] = {}
        for name in written.names:
            value = written.take(name)
            if value is not None:
                inner = Fields(fields.report, value, written.sub(name))
                found[name] = entry(**read_declared(entry, inner, context))
                inner.finish()
        if not found:
            fields.complain(word, "value-empty", "nothing stands here", empty)
        return found

    return Value(shown, read, _schema(entry), **_told_by_entries())


def _schema(entry: type) -> Mapping[str, Any]:
    keys = list(keys_of(entry))
    return {
        "type": "object",
        "minProperties": 1,
        "additionalProperties": {
            "type": "object",
            "properties": {key.word: {"description": key.doc, **key.value.schema} for key in keys},
            "required": [key.word for key in keys if key.required],
            "additionalProperties": False,
        },
    }


def _told_by_entries() -> dict[str, Callable[[str, Any], tuple[Any, ...]]]:
    """What the keys of every entry tell the rules, with their paths below the whole."""
    return {what: _collector(what) for what in ("exits", "prompts", "uses", "names", "expressions", "sets")}


def _collector(what: str) -> Callable[[str, Any], tuple[Any, ...]]:
    def collect(word: str, entries: Mapping[str, Any]) -> tuple[Any, ...]:
        return tuple(_below((word, name), each) for name, each in _each(what, entries))

    return collect


def _each(what: str, entries: Mapping[str, Any]) -> Iterator[tuple[str, Any]]:
    for name, entry in entries.items():
        for key, value in values_of(entry):
            yield from ((name, told) for told in getattr(key.value, what)(key.word, value))


def _below(path: KeyPath, told: Any) -> Any:
    if isinstance(told, str):
        return told
    values = {name: getattr(told, name) for name in told.__dataclass_fields__}
    return type(told)(**{**values, "path": (*path, *told.path)})
