"""From text to expression: `balance > 100 and not starts(caller_number, "+44")`."""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from decimal import Decimal

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

MAX_LENGTH = 500
MAX_DEPTH = 20

_TOKEN = re.compile(
    r"\s*(?:(?P<number>[0-9]{1,15}(?:\.[0-9]{1,6})?)"
    r"|(?P<text>\"[^\"]*\"|'[^']*')"
    r"|(?P<word>[^\W\d]\w*)"
    r"|(?P<sign>==|!=|<=|>=|[<>+*/()-]|,))"
)
_WORDS: Mapping[str, Literal] = {
    "yes": Literal(True, Type.YES_NO),
    "true": Literal(True, Type.YES_NO),
    "no": Literal(False, Type.YES_NO),
    "false": Literal(False, Type.YES_NO),
}
_STRENGTH: Mapping[str, int] = {
    "or": 1,
    "and": 2,
    **dict.fromkeys(("==", "!=", "<", "<=", ">", ">="), 4),
    **dict.fromkeys("+-", 5),
    **dict.fromkeys("*/", 6),
}
_NOT_STRENGTH = 3


@dataclass(frozen=True, slots=True)
class _Token:
    text: str
    at: int
    kind: str


def parse_expression(text: str) -> Expression:
    """Raises ExpressionError with the place and what may be done about it."""
    if len(text) > MAX_LENGTH:
        raise ExpressionError(
            f"an expression has at most {MAX_LENGTH} letters", 0, "set a variable in between"
        )
    parser = _Parser(_tokens(text), len(text))
    expression = parser.expression(0, 0)
    parser.expect_end()
    return expression


def _tokens(text: str) -> list[_Token]:
    tokens: list[_Token] = []
    position = 0
    end = len(text.rstrip())
    while position < end:
        match = _TOKEN.match(text, position)
        if match is None:
            at = position + len(text[position:]) - len(text[position:].lstrip())
            sign = text[at]
            mend = "write == to compare" if sign == "=" else "put text in quotes"
            raise ExpressionError(f'"{sign}" means nothing here', at, mend)
        kind = match.lastgroup or ""
        tokens.append(_Token(match[kind], match.start(kind), kind))
        position = match.end()
    return tokens


class _Parser:
    """Precedence climbing."""

    def __init__(self, tokens: list[_Token], end: int) -> None:
        self._tokens = tokens
        self._next = 0
        self._end = end

    def expression(self, strength: int, depth: int) -> Expression:
        if depth > MAX_DEPTH:
            raise ExpressionError("nested too deeply", self._at(), "set a variable in between")
        left = self._operand(depth)
        while (token := self._peek()) is not None:
            own = _STRENGTH.get(token.text, 0) if token.kind in ("word", "sign") else 0
            if own <= strength:
                break
            self._next += 1
            left = Operation(token.text, left, self.expression(own, depth + 1), token.at)
        return left

    def expect_end(self) -> None:
        if (token := self._peek()) is not None:
            raise ExpressionError(
                f'"{token.text}" is one thing too many', token.at, "join with and, or, + ..."
            )

    def _operand(self, depth: int) -> Expression:
        token = self._take("a value")
        match token.kind:
            case "number":
                return Literal(Decimal(token.text), Type.NUMBER)
            case "text":
                return Literal(token.text[1:-1], Type.TEXT)
            case "word":
                return self._word(token, depth)
        if token.text == "(":
            inner = self.expression(0, depth + 1)
            self._expect(")")
            return inner
        if token.text == "-":
            zero = Literal(Decimal(0), Type.NUMBER)
            return Operation("-", zero, self.expression(_STRENGTH["*"], depth + 1), token.at)
        raise ExpressionError(f'"{token.text}" cannot stand here', token.at, "a value is expected")

    def _word(self, token: _Token, depth: int) -> Expression:
        if token.text == "not":
            return Not(self.expression(_NOT_STRENGTH, depth + 1))
        if token.text in _WORDS:
            return _WORDS[token.text]
        following = self._peek()
        if following is None or following.text != "(":
            return Name(token.text, token.at)
        self._next += 1
        return FunctionCall(token.text, self._arguments(depth), token.at)

    def _arguments(self, depth: int) -> tuple[Expression, ...]:
        arguments: list[Expression] = []
        following = self._peek()
        if following is not None and following.text == ")":
            self._next += 1
            return ()
        while True:
            arguments.append(self.expression(0, depth + 1))
            token = self._take('")"')
            if token.text == ")":
                return tuple(arguments)
            if token.text != ",":
                raise ExpressionError(f'"{token.text}" cannot stand here', token.at, "separate with commas")

    def _expect(self, text: str) -> None:
        token = self._take(f'"{text}"')
        if token.text != text:
            raise ExpressionError(f'"{token.text}" stands where "{text}" is expected', token.at)

    def _peek(self) -> _Token | None:
        return self._tokens[self._next] if self._next < len(self._tokens) else None

    def _take(self, wanted: str) -> _Token:
        token = self._peek()
        if token is None:
            raise ExpressionError(f"the expression ends where {wanted} is expected", self._end)
        self._next += 1
        return token

    def _at(self) -> int:
        token = self._peek()
        return self._end if token is None else token.at
