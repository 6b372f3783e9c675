"""Text of an expression to tokens, each with its column."""

import re
from dataclasses import dataclass
from typing import Final

LONGEST: Final = 1000
"""characters of an expression"""
_TOKEN: Final = re.compile(
    r"""\s*(?:
      (?P<number>(?:[0-9]+\.?[0-9]*|\.[0-9]+)(?:[eE][-+]?[0-9]+)?(?![A-Za-z_]))
    | (?P<name>[A-Za-z0-9_]+(?:-[A-Za-z0-9_]+)*)
    | \{(?P<braced>[A-Za-z0-9_-]+)\}
    | \[(?P<unit>[^\[\]]*)\]
    | (?P<mark><=|>=|==|!=|[-+*/^(),<>])
    )""",
    re.VERBOSE,
)
_HINTS: Final = {
    "（": "write a plain (",
    "）": "write a plain )",
    "，": "write a plain ,",
    "＋": "write a plain +",
    "－": "write a plain -",
    "—": "write a plain -",
    "×": "write *",
    "÷": "write /",
    "=": "write == to compare",
    "&": "write and",
    "|": "write or",
    "!": "write not",
    "%": "write a unit in brackets: 5 [%]",
    ".": "numbers are written 0.5; a name has no dot",
}


class ExpressionError(ValueError):
    """What is wrong in an expression, and where: ``column`` counts from 1."""

    def __init__(self, column: int, message: str, hint: str = "") -> None:
        self.column, self.message, self.hint = column, message, hint
        super().__init__(f"column {column}: {message}" + (f"; {hint}" if hint else ""))


@dataclass(frozen=True, slots=True)
class Token:
    """One word. ``kind``: number, name, unit, mark, end."""

    kind: str
    text: str
    column: int


def tokens(text: str) -> list[Token]:
    """All tokens, with one of kind ``end`` behind them.

    Names may hold a minus inside (``LT-1``), so a difference is written with spaces: ``a - b``. A name that begins with
    a digit or ends with a minus is written in braces: ``{101-LT}``.

    Raises:
        ExpressionError: a character that no token begins with.
    """
    if len(text) > LONGEST:
        raise ExpressionError(
            LONGEST, f"longer than {LONGEST} characters", "divide it into several computed tags"
        )
    found, at, end = [], 0, len(text.rstrip())
    while at < end:
        match = _TOKEN.match(text, at)
        if match is None:
            at += len(text[at:]) - len(text[at:].lstrip())
            raise ExpressionError(at + 1, f"{text[at]!r} means nothing here", _HINTS.get(text[at], ""))
        kind = str(match.lastgroup)
        found.append(Token("name" if kind == "braced" else kind, match[kind], match.start(kind) + 1))
        at = match.end()
    return [*found, Token("end", "", end + 1)]
