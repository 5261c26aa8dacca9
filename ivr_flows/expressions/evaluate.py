"""What an expression comes to. Its types have been checked; what is missing makes no value, and no error."""

from decimal import Decimal, InvalidOperation

from ivr_flows.expressions.functions import FUNCTIONS, Plain, Scope, to_number
from ivr_flows.expressions.tree import Expression, FunctionCall, Literal, Name, Not, Operation, Type


def as_text(value: Plain) -> str:
    """Return a value as a session keeps it."""
    match value:
        case None:
            return ""
        case bool():
            return "yes" if value else "no"
        case Decimal():
            return f"{value.normalize():f}" if value else "0"
        case _:
            return value


def is_true(expression: Expression, scope: Scope) -> bool:
    return evaluate(expression, scope) is True


def evaluate(expression: Expression, scope: Scope) -> Plain:
    match expression:
        case Literal(value):
            return value
        case Name(name):
            return of_type(scope.variables.get(name, ""), scope.types.get(name, Type.TEXT))
        case Not(of):
            opposite = evaluate(of, scope)
            return None if opposite is None else opposite is not True
        case Operation():
            return _operation(expression, scope)
        case FunctionCall():
            return _call(expression, scope)


def of_type(text: str, wanted: Type) -> Plain:
    if wanted is Type.NUMBER:
        return to_number(text)
    if wanted is Type.YES_NO:
        return {"yes": True, "true": True, "no": False, "false": False}.get(text)
    return text


def _operation(expression: Operation, scope: Scope) -> Plain:
    left = evaluate(expression.left, scope)
    if expression.operator == "and":
        return left is True and evaluate(expression.right, scope) is True
    if expression.operator == "or":
        return left is True or evaluate(expression.right, scope) is True
    right = evaluate(expression.right, scope)
    if left is None or right is None:
        # what is not there equals nothing, and is neither more nor less than anything
        return expression.operator == "!=" if expression.operator in _COMPARES else None
    return _compared(expression.operator, left, right)


_COMPARES = ("==", "!=", "<", "<=", ">", ">=")


def _compared(operator: str, left: Plain, right: Plain) -> Plain:
    match operator, left, right:
        case "==", _, _:
            return left == right
        case "!=", _, _:
            return left != right
        case (("<" | "<=" | ">" | ">="), Decimal(), Decimal()):
            return _ordered(operator, left < right, left == right)
        case (("<" | "<=" | ">" | ">="), str(), str()):
            return _ordered(operator, left < right, left == right)
        case "+", str(), str():
            return left + right
        case _, Decimal(), Decimal():
            return _computed(operator, left, right)
        case _:
            return None


def _ordered(operator: str, less: bool, equal: bool) -> bool:
    return {"<": less, "<=": less or equal, ">": not less and not equal, ">=": not less}[operator]


def _computed(operator: str, left: Decimal, right: Decimal) -> Decimal | None:
    try:
        match operator:
            case "+":
                return left + right
            case "-":
                return left - right
            case "*":
                return left * right
            case _:
                return left / right if right else None
    except InvalidOperation:
        return None


def _call(expression: FunctionCall, scope: Scope) -> Plain:
    function = FUNCTIONS[expression.function]
    arguments: list[Plain] = []
    for place, argument in enumerate(expression.arguments):
        if place < len(function.names) and isinstance(argument, Name):
            arguments.append(argument.name)
        else:
            arguments.append(evaluate(argument, scope))
    if any(argument is None for argument in arguments):
        return None
    return function.compute(scope, *arguments)
