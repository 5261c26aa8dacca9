"""Which type an expression has, found out before any call; raises where types do not fit."""

from collections.abc import Collection, Mapping

from ivr_flows.expressions.functions import FUNCTIONS, Function
from ivr_flows.expressions.tree import (
    Expression,
    ExpressionError,
    FunctionCall,
    Literal,
    Name,
    Not,
    Operation,
    Type,
)
from ivr_flows.findings import did_you_mean

_TEXTS = (Type.TEXT, Type.DIGITS)


def type_of(expression: Expression, types: Mapping[str, Type], outer: Mapping[str, Collection[str]]) -> Type:
    """Return the type; `outer` has the names of calendars and lists. Unknown variables count as text."""
    match expression:
        case Literal(type=own):
            return own
        case Name(name):
            return types.get(name, Type.TEXT)
        case Not(of):
            _demand(of, Type.YES_NO, types, outer, 0)
            return Type.YES_NO
        case Operation():
            return _operation(expression, types, outer)
        case FunctionCall():
            return _call(expression, types, outer)


def _operation(
    expression: Operation, types: Mapping[str, Type], outer: Mapping[str, Collection[str]]
) -> Type:
    left, right, at = expression.left, expression.right, expression.at
    if expression.operator in ("and", "or"):
        _demand(left, Type.YES_NO, types, outer, at)
        _demand(right, Type.YES_NO, types, outer, at)
        return Type.YES_NO
    own, other = type_of(left, types, outer), type_of(right, types, outer)
    if expression.operator in "+-*/":
        return _arithmetic(expression, own, other)
    if not _comparable(own, other):
        raise ExpressionError(f"{_said(own)} cannot be compared with {_said(other)}", at, _mend(own, other))
    if expression.operator not in ("==", "!=") and own is Type.YES_NO:
        raise ExpressionError("yes and no have no order", at, "compare with == or !=")
    return Type.YES_NO


def _arithmetic(expression: Operation, own: Type, other: Type) -> Type:
    if expression.operator == "+" and own in _TEXTS and other in _TEXTS:
        return Type.TEXT
    if own is not Type.NUMBER or other is not Type.NUMBER:
        wrong = other if own is Type.NUMBER else own
        raise ExpressionError(f"{_said(wrong)} cannot be computed with", expression.at, "use number(...)")
    return Type.NUMBER


def _comparable(own: Type, other: Type) -> bool:
    if own is other or (own in _TEXTS and other in _TEXTS):
        return True
    return Type.DATE in (own, other) and Type.TEXT in (own, other)


def _call(expression: FunctionCall, types: Mapping[str, Type], outer: Mapping[str, Collection[str]]) -> Type:
    function = FUNCTIONS.get(expression.function)
    if function is None:
        message = f'there is no function "{expression.function}"'
        raise ExpressionError(message, expression.at, did_you_mean(expression.function, FUNCTIONS))
    if len(expression.arguments) != len(function.takes):
        message = f"{expression.function} takes {len(function.takes)} value(s)"
        raise ExpressionError(message, expression.at)
    for place, (argument, wanted) in enumerate(zip(expression.arguments, function.takes, strict=True)):
        if place < len(function.names):
            _demand_name(expression, argument, function, place, outer)
        else:
            _demand(argument, wanted, types, outer, expression.at)
    return function.gives


def _demand_name(
    call: FunctionCall,
    argument: Expression,
    function: Function,
    place: int,
    outer: Mapping[str, Collection[str]],
) -> None:
    what = function.names[place]
    if not isinstance(argument, Name):
        raise ExpressionError(f"{call.function} takes the name of a {what}, without quotes", call.at)
    there = outer.get(what, ())
    if argument.name not in there:
        mend = did_you_mean(argument.name, there) or f"there is no {what} at all"
        raise ExpressionError(f'there is no {what} "{argument.name}"', argument.at, mend)


def _demand(
    expression: Expression,
    wanted: Type,
    types: Mapping[str, Type],
    outer: Mapping[str, Collection[str]],
    at: int,
) -> None:
    found = type_of(expression, types, outer)
    if found is not wanted and not (found in _TEXTS and wanted in _TEXTS):
        raise ExpressionError(
            f"{_said(wanted)} is expected, this is {_said(found)}", at, _mend(wanted, found)
        )


def _mend(own: Type, other: Type) -> str:
    if Type.NUMBER in (own, other) and (own in _TEXTS or other in _TEXTS):
        return "declare the variable with type: number, or use number(...)"
    return ""


def _said(of: Type) -> str:
    return {
        Type.TEXT: "text",
        Type.DIGITS: "text",
        Type.NUMBER: "a number",
        Type.YES_NO: "yes or no",
        Type.DATE: "a date",
    }[of]
