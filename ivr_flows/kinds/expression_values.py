"""Keys whose values are expressions."""

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from ivr_flows.definition.node import Exit
from ivr_flows.expressions.parser import parse_expression
from ivr_flows.expressions.tree import Expression, ExpressionError, Literal, Type
from ivr_flows.kinds.declare import Required, Value, Written
from ivr_flows.kinds.values import NODE_SCHEMA
from ivr_flows.reading.fields import NAME, Fields
from ivr_flows.reading.tree import Scalar

if TYPE_CHECKING:
    from ivr_flows.reading.context import Context

NOTHING = Literal("", Type.TEXT)
EXPRESSION_SCHEMA = {"anyOf": [{"type": "string"}, {"type": "number"}, {"type": "boolean"}]}


def parse_in(fields: Fields, key: str, text: str) -> Expression:
    """Parse what stands under a key; a mistake is noted there."""
    try:
        return parse_expression(text)
    except ExpressionError as error:
        where = f" (at letter {error.at + 1})"
        fields.complain(key, "expression", error.message + where, error.mend)
        return NOTHING


def _read(fields: Fields, word: str, _context: "Context", default: Any) -> Expression | None:
    text = fields.text(word) if isinstance(default, Required) else fields.optional_text(word)
    if not text:
        return NOTHING if isinstance(default, Required) else default
    return parse_in(fields, word, text)


def condition_value() -> Value:
    return Value(
        "a condition",
        _read,
        {"anyOf": [{"type": "string"}, {"type": "boolean"}]},
        expressions=lambda word, value: () if value is None else (Written((word,), value, Type.YES_NO),),
    )


CONDITION = condition_value()

TEXT_OF = Value(
    "an expression, like a variable",
    _read,
    EXPRESSION_SCHEMA,
    expressions=lambda word, value: () if value is None else (Written((word,), value),),
)


def _read_assignments(
    fields: Fields, word: str, _context: "Context", default: Any
) -> Mapping[str, Expression]:
    tree = fields.expect(word) if isinstance(default, Required) else fields.take(word)
    if tree is None:
        return {}
    written = Fields(fields.report, tree, fields.sub(word))
    found: dict[str, Expression] = {}
    for name in written.names:
        value = written.take(name)
        if not NAME.fullmatch(name):
            written.complain(
                name, "name-invalid", f'"{name[:40]}" is no name', "use letters, digits, _ and -"
            )
        if isinstance(value, Scalar) and not value.text:
            found[name] = NOTHING
        elif text := written.text(name, ""):
            found[name] = parse_in(written, name, text)
    return found


ASSIGNMENTS = Value(
    "an expression for each variable",
    _read_assignments,
    {"type": "object", "additionalProperties": EXPRESSION_SCHEMA},
    sets=lambda _word, values: tuple(values),
    expressions=lambda word, values: tuple(
        Written((word, name), expression, sets=name) for name, expression in values.items()
    ),
)
SENT = Value(
    "an expression for each name",
    _read_assignments,
    {"type": "object", "additionalProperties": EXPRESSION_SCHEMA},
    expressions=lambda word, values: tuple(
        Written((word, name), expression, shown=True) for name, expression in values.items()
    ),
)
"""What is told to somebody: an argument of a flow, a field of a request."""


def _read_choices(
    fields: Fields, word: str, _context: "Context", _default: Any
) -> tuple[tuple[Expression, str, str], ...]:
    tree = fields.expect(word)
    if tree is None:
        return ()
    written = Fields(fields.report, tree, fields.sub(word))
    found = []
    for text in written.names:
        target = written.name(text)
        found.append((parse_in(written, text, text), target, text))
    return tuple(found)


CHOICES = Value(
    "a node for each condition, the first that holds",
    _read_choices,
    {"type": "object", "minProperties": 1, "additionalProperties": NODE_SCHEMA},
    exits=lambda word, choices: tuple(Exit((word, text), target) for _, target, text in choices),
    expressions=lambda word, choices: tuple(
        Written((word, text), expression, Type.YES_NO) for expression, _, text in choices
    ),
)
