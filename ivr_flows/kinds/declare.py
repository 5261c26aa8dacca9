"""How a kind of node declares itself: keys with their types and meanings, and the functions that run it."""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import Field, dataclass, field, fields
from typing import TYPE_CHECKING, Any, Generic, TypeVar

from ivr_flows.definition.node import Exit, Node
from ivr_flows.definition.prompts import Prompt
from ivr_flows.engine.events import Event
from ivr_flows.engine.moves import STAY, Move
from ivr_flows.engine.run import Run
from ivr_flows.expressions.tree import Expression, Type
from ivr_flows.reading.fields import Fields

if TYPE_CHECKING:
    from ivr_flows.reading.context import Context

N = TypeVar("N")
KeyPath = tuple[str, ...]
"""Keys of the file from the node downwards."""


class Required:
    """Stands for the default of a key that must be written."""


REQUIRED = Required()


@dataclass(frozen=True, slots=True)
class Heard:
    """A prompt and the path of keys, inside the node, at which it is written."""

    path: KeyPath
    prompt: Prompt


@dataclass(frozen=True, slots=True)
class Used:
    """A variable that is read, and the path of keys at which it is."""

    path: KeyPath
    variable: str
    shown: bool = True
    """It is spoken or sent; a secret must be neither."""


@dataclass(frozen=True, slots=True)
class Named:
    """A name of something outside of the flow's nodes, and the path of keys at which it is written."""

    path: KeyPath
    what: str
    """queue, skill, agent, calendar or list"""
    name: str


@dataclass(frozen=True, slots=True)
class Written:
    """An expression, the path of keys at which it is written, and the type it must have, if any.

    `sets` names the variable that it is put into; `shown`: it is spoken or sent.
    """

    path: KeyPath
    expression: Expression
    wanted: Type | None = None
    sets: str = ""
    shown: bool = False


def _nothing(_word: str, _value: Any) -> tuple[Any, ...]:
    return ()


@dataclass(frozen=True)
class Value:
    """A type of value: how it is read, what it is to an editor and to a reader, and what it tells the rules.

    `read` is given the keys, the word, the context and the default; it notes mistakes and always returns.
    """

    shown: str
    read: Callable[[Fields, str, "Context", Any], Any]
    schema: Mapping[str, Any]
    exits: Callable[[str, Any], tuple[Exit, ...]] = _nothing
    prompts: Callable[[str, Any], tuple[Heard, ...]] = _nothing
    uses: Callable[[str, Any], tuple[Used, ...]] = _nothing
    sets: Callable[[str, Any], tuple[str, ...]] = _nothing
    names: Callable[[str, Any], tuple[Named, ...]] = _nothing
    expressions: Callable[[str, Any], tuple[Written, ...]] = _nothing


@dataclass(frozen=True)
class Key:
    """One key that an author may write in a node; `aliases` are words of older files."""

    word: str
    value: Value
    doc: str
    default: Any = REQUIRED
    aliases: tuple[str, ...] = ()
    inherits: str = ""
    """The field of the flow's defaults that holds when nothing is written."""

    @property
    def required(self) -> bool:
        return isinstance(self.default, Required)


def key(
    value: Value,
    doc: str,
    *,
    word: str = "",
    default: Any = REQUIRED,
    aliases: tuple[str, ...] = (),
    inherits: str = "",
) -> Any:
    """Declare a field of a node type as a key of the file; its word is the field's name unless given."""
    metadata = {"key": Key(word, value, doc, default, aliases, inherits)}
    if isinstance(default, Required):
        return field(metadata=metadata)
    if isinstance(default, Mapping):
        return field(default_factory=lambda: default, metadata=metadata)
    return field(default=default, metadata=metadata)


def group(of: Callable[[], Any]) -> Any:
    """Declare a field that holds several keys, those of another declared type, beside the node's own."""
    return field(default_factory=of, metadata={"group": of})


def declared_key(declared: Field[Any]) -> Key | None:
    found: Key | None = declared.metadata.get("key")
    if found is None or found.word:
        return found
    return Key(declared.name, found.value, found.doc, found.default, found.aliases, found.inherits)


def keys_of(declaring: type) -> Iterator[Key]:
    """Return all keys of a declared type, those of its groups included."""
    for declared in fields(declaring):
        if (inner := declared.metadata.get("group")) is not None:
            yield from keys_of(inner)
        elif (found := declared_key(declared)) is not None:
            yield found


def values_of(declaring: Any) -> Iterator[tuple[Key, Any]]:
    """Return every key of a node with its value."""
    for declared in fields(declaring):
        value = getattr(declaring, declared.name)
        if "group" in declared.metadata:
            yield from values_of(value)
        elif (found := declared_key(declared)) is not None:
            yield found, value


def exits(node: Node) -> tuple[Exit, ...]:
    """Return the ways out that a node names itself."""
    return tuple(way for found, value in values_of(node) for way in found.value.exits(found.word, value))


def prompts_of(node: Node) -> tuple[Heard, ...]:
    """Return all prompts of a node, reprompts that it inherits included."""
    return tuple(
        heard for found, value in values_of(node) for heard in found.value.prompts(found.word, value)
    )


def variables_used(node: Node) -> tuple[Used, ...]:
    return tuple(used for found, value in values_of(node) for used in found.value.uses(found.word, value))


def expressions_of(node: Node) -> tuple[Written, ...]:
    return tuple(
        each for found, value in values_of(node) for each in found.value.expressions(found.word, value)
    )


def names_used(node: Node) -> tuple[Named, ...]:
    return tuple(named for found, value in values_of(node) for named in found.value.names(found.word, value))


def variables_set(node: Node) -> frozenset[str]:
    return frozenset(name for found, value in values_of(node) for name in found.value.sets(found.word, value))


def _stay(_run: Run, _node: Any, _event: Event) -> Move:
    return STAY


def _as_read(node: Any, _fields: Fields, _context: "Context") -> Any:
    return node


def _ends_without_next(node: Any) -> bool:
    return getattr(node, "next", "") is None


def _never(_node: Any) -> bool:
    return False


def _no_names(_node: Any) -> frozenset[str]:
    return frozenset()


def _wants_nothing(_node: Any, _key: str) -> bool:
    return False


def _no_types(_node: Any) -> Mapping[str, Type]:
    return {}


def _no_phrases(_node: Any) -> tuple[str, ...]:
    return ()


def _no_hint(_node: Any) -> str:
    return ""


@dataclass(frozen=True)
class Kind(Generic[N]):
    """A kind of node. `enter` begins it, `resume` tells it what happened; both return where to go."""

    word: str
    node: type[N]
    doc: str
    example: str
    """The nodes of a small flow whose first one is of this kind."""
    enter: Callable[[Run, N], Move]
    resume: Callable[[Run, N, Event], Move] = _stay
    finish: Callable[[N, Fields, "Context"], N] = _as_read
    """Checks what no single key shows, and completes the node."""
    secrets: Callable[[N], frozenset[str]] = _no_names
    types: Callable[[N], Mapping[str, Type]] = _no_types
    """What the variables that it sets hold, where that is no plain text."""
    may_end: Callable[[N], bool] = _ends_without_next
    uses_otherwise: Callable[[N], bool] = _never
    """A caller may leave the node by the flow's `otherwise`."""
    wants: Callable[[N, str], bool] = _wants_nothing
    """A key is one that the node itself asks for, and no late end of the entry before."""
    phrases: Callable[[N], tuple[str, ...]] = _no_phrases
    """What callers may say here, in the language of the flow."""
    hint: Callable[[N], str] = _no_hint
    """What a caller can do here, for the simulator."""
    ends: bool = False
    """It ends the call, so a prompt of its own that fails leads nowhere else."""
    needs: str = ""
    """The capability of a server without which a flow with such a node is refused."""
    waits: bool = True
    """Time passes here; what never waits must not lead back to itself."""
