"""Tokens to a tree, by precedence: or, and, not, comparison, + -, * /, sign, ^."""

from dataclasses import dataclass
from typing import Final

from gateway.conditioning.expressions.tokens import ExpressionError, Token, tokens

DEEPEST: Final = 50
"""brackets within brackets"""
_BINARY: Final = {
    "or": 1, "and": 2, "<": 4, "<=": 4, ">": 4, ">=": 4, "==": 4, "!=": 4, "+": 5, "-": 5, "*": 6, "/": 6, "^": 8,
}  # fmt: skip
_NOT, _COMPARES, _SIGN, _POWER = 3, 4, 7, 8
WORDS: Final = frozenset({"and", "or", "not"})


@dataclass(frozen=True, slots=True)
class Number:
    """A number, with a unit where one is written."""

    value: float
    unit: str | None
    column: int


@dataclass(frozen=True, slots=True)
class Name:
    """A tag, or a named constant."""

    text: str
    column: int


@dataclass(frozen=True, slots=True)
class Call:
    """A function, a table or an operator (``+``, ``not``, ``neg``, ...) with what it is applied to."""

    name: str
    args: tuple["Node", ...]
    column: int


Node = Number | Name | Call


def parse(text: str) -> Node:
    """The tree of an expression.

    Raises:
        ExpressionError: it is none; says where and what was expected.
    """
    parser = _Parser(tokens(text))
    node = parser.expression(0)
    if parser.next.kind != "end":
        raise ExpressionError(
            parser.next.column, f"an operator before {parser.next.text!r}", _joined(parser.next)
        )
    return node


def names_in(node: Node) -> tuple[str, ...]:
    """Names that are not called, each once, in order."""
    if isinstance(node, Name):
        return (node.text,)
    if isinstance(node, Number):
        return ()
    return tuple(dict.fromkeys(name for arg in node.args for name in names_in(arg)))


def _joined(token: Token) -> str:
    return "a name that begins with a digit is written in braces: {101-LT}" if token.kind == "name" else ""


class _Parser:
    """Precedence climbing over the tokens."""

    def __init__(self, found: list[Token]) -> None:
        self._tokens, self._at, self._depth = found, 0, 0

    @property
    def next(self) -> Token:
        return self._tokens[self._at]

    def take(self) -> Token:
        token = self.next
        self._at += 1
        return token

    def expression(self, least: int) -> Node:
        """Everything that binds at least as strongly."""
        self._depth += 1
        if self._depth > DEEPEST:
            raise ExpressionError(
                self.next.column, "nested too deeply", "divide it into several computed tags"
            )
        left, compared = self._prefix(), False
        while self._operator() and (power := _BINARY[self.next.text]) >= least:
            token = self.take()
            if compared and power == _COMPARES:
                raise ExpressionError(token.column, "one comparison at a time", "a < b and b < c")
            compared = power == _COMPARES
            right = self.expression(power if power == _POWER else power + 1)
            left = Call(token.text, (left, right), token.column)
        self._depth -= 1
        return left

    def _operator(self) -> bool:
        return self.next.kind in ("mark", "name") and self.next.text in _BINARY

    def _prefix(self) -> Node:
        token = self.take()
        if token.kind == "mark" and token.text == "-":
            return Call("neg", (self.expression(_SIGN),), token.column)
        if token.kind == "name" and token.text == "not":
            return Call("not", (self.expression(_NOT),), token.column)
        if token.kind == "mark" and token.text == "(":
            inner = self.expression(0)
            self._expect(")", token)
            return inner
        if token.kind == "number":
            unit = self.take().text if self.next.kind == "unit" else None
            return Number(float(token.text), unit, token.column)
        if token.kind == "name" and token.text not in WORDS:
            return self._named(token)
        raise ExpressionError(token.column, "a tag, a number, a function or ( is expected", _what(token))

    def _named(self, token: Token) -> Node:
        if self.next.text != "(" or self.next.kind != "mark":
            return Name(token.text, token.column)
        opened, args = self.take(), []
        while self.next.text != ")" or self.next.kind != "mark":
            args.append(self.expression(0))
            if self.next.kind != "mark" or self.next.text != ",":
                break
            self.take()
        self._expect(")", opened)
        return Call(token.text, tuple(args), token.column)

    def _expect(self, mark: str, opened: Token) -> None:
        if self.next.kind != "mark" or self.next.text != mark:
            raise ExpressionError(
                self.next.column, f"{mark} is expected", f"for the ( in column {opened.column}"
            )
        self.take()


def _what(token: Token) -> str:
    if token.kind == "unit":
        return "a unit in brackets follows a number"
    return "the expression ends too early" if token.kind == "end" else f"not {token.text!r}"
