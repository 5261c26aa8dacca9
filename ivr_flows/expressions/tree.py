"""Expressions as data."""

from dataclasses import dataclass
from decimal import Decimal
from enum import StrEnum


class Type(StrEnum):
    """What a variable holds. Whatever it is, a session keeps it as text; empty text is no value."""

    TEXT = "text"
    DIGITS = "digits"
    NUMBER = "number"
    YES_NO = "yes_no"
    DATE = "date"


@dataclass(frozen=True, slots=True)
class Literal:
    """A value as written."""

    value: str | Decimal | bool
    type: Type


@dataclass(frozen=True, slots=True)
class Name:
    """A variable."""

    name: str
    at: int


@dataclass(frozen=True, slots=True)
class Not:
    """The opposite."""

    of: "Expression"


@dataclass(frozen=True, slots=True)
class Operation:
    """Two values and what is made of them."""

    operator: str
    left: "Expression"
    right: "Expression"
    at: int


@dataclass(frozen=True, slots=True)
class FunctionCall:
    """A function of `functions.FUNCTIONS`."""

    function: str
    arguments: tuple["Expression", ...]
    at: int


Expression = Literal | Name | Not | Operation | FunctionCall


class ExpressionError(Exception):
    """The text is no expression, or its types do not fit; `at` counts letters from 0."""

    def __init__(self, message: str, at: int, mend: str = "") -> None:
        super().__init__(message)
        self.message = message
        self.at = at
        self.mend = mend


def names_in(expression: Expression) -> tuple[Name, ...]:
    """Return the variables that an expression reads."""
    match expression:
        case Name():
            return (expression,)
        case Not(of):
            return names_in(of)
        case Operation(left=left, right=right):
            return names_in(left) + names_in(right)
        case FunctionCall(arguments=arguments):
            return tuple(name for argument in arguments for name in names_in(argument))
        case Literal():
            return ()
