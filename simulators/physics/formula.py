"""Formulas of a plant file: arithmetic over named values, read once into functions; Python evaluates no text.

A formula may use numbers, names (``level``, ``air.rain_mm_h``), ``+ - * / **``, comparisons, ``and or not``,
``a if c else b`` and the functions of :data:`FUNCTIONS`.
"""

import ast
import math
import operator
from collections.abc import Callable, Mapping
from typing import Any, Final

from simulators.errors import BadData

Env = Mapping[str, float]
Formula = Callable[[Env], float]

FUNCTIONS: Final[Mapping[str, Callable[..., float]]] = {
    "min": min,
    "max": max,
    "abs": abs,
    "exp": math.exp,
    "log": math.log,
    "sqrt": math.sqrt,
    "sin": math.sin,
    "cos": math.cos,
    "floor": math.floor,
}
_BINARY: Final[Mapping[type[ast.AST], Callable[[float, float], float]]] = {
    ast.Add: operator.add,
    ast.Sub: operator.sub,
    ast.Mult: operator.mul,
    ast.Div: operator.truediv,
    ast.Mod: operator.mod,
    ast.Pow: operator.pow,
}
_COMPARE: Final[Mapping[type[ast.AST], Callable[[float, float], bool]]] = {
    ast.Lt: operator.lt,
    ast.LtE: operator.le,
    ast.Gt: operator.gt,
    ast.GtE: operator.ge,
    ast.Eq: operator.eq,
    ast.NotEq: operator.ne,
}


def formula(text: float | str, where: str) -> Formula:
    """A number or a text as a function of the values by name.

    Raises:
        BadData: it is not a formula, with its place.
    """
    if isinstance(text, int | float):
        constant = float(text)
        return lambda _: constant
    try:
        return _node(ast.parse(text, mode="eval").body)
    except (SyntaxError, ValueError) as error:
        raise BadData(f"{where}: {text!r} is not a formula: {error}") from error


def names_in(text: float | str) -> set[str]:
    """The values a formula looks at."""
    if isinstance(text, int | float):
        return set()
    found = {_dotted(node) for node in ast.walk(ast.parse(text, mode="eval")) if _is_name(node)}
    return {name for name in found if name not in FUNCTIONS} - {n.split(".")[0] for n in found if "." in n}


def _node(node: ast.AST) -> Formula:
    made = _MAKERS.get(type(node))
    if made is None:
        raise ValueError(f"{type(node).__name__} is not allowed")
    return made(node)


def _constant(node: Any) -> Formula:
    if isinstance(node.value, bool) or not isinstance(node.value, int | float):
        raise BadData(f"{node.value!r} is not a number")
    value = float(node.value)
    return lambda _: value


def _name(node: Any) -> Formula:
    name = _dotted(node)
    return lambda env: env[name]


def _binary(node: Any) -> Formula:
    apply, left, right = _BINARY.get(type(node.op)), _node(node.left), _node(node.right)
    if apply is None:
        raise ValueError(f"{type(node.op).__name__} is not allowed")
    return lambda env: apply(left(env), right(env))


def _unary(node: Any) -> Formula:
    value = _node(node.operand)
    if isinstance(node.op, ast.USub):
        return lambda env: -value(env)
    if isinstance(node.op, ast.Not):
        return lambda env: float(not value(env))
    raise ValueError(f"{type(node.op).__name__} is not allowed")


def _compare(node: Any) -> Formula:
    if len(node.ops) != 1 or type(node.ops[0]) not in _COMPARE:
        raise ValueError("one comparison at a time")
    apply, left, right = _COMPARE[type(node.ops[0])], _node(node.left), _node(node.comparators[0])
    return lambda env: float(apply(left(env), right(env)))


def _logic(node: Any) -> Formula:
    parts = [_node(value) for value in node.values]
    if isinstance(node.op, ast.And):
        return lambda env: float(all(part(env) for part in parts))
    return lambda env: float(any(part(env) for part in parts))


def _choice(node: Any) -> Formula:
    test, yes, no = _node(node.test), _node(node.body), _node(node.orelse)
    return lambda env: yes(env) if test(env) else no(env)


def _call(node: Any) -> Formula:
    name = node.func.id if isinstance(node.func, ast.Name) else ""
    if name not in FUNCTIONS or node.keywords:
        raise ValueError(f"functions are {', '.join(FUNCTIONS)}")
    apply, arguments = FUNCTIONS[name], [_node(argument) for argument in node.args]
    return lambda env: float(apply(*[argument(env) for argument in arguments]))


def _is_name(node: ast.AST) -> bool:
    return isinstance(node, ast.Name | ast.Attribute)


def _dotted(node: Any) -> str:
    if isinstance(node, ast.Attribute):
        return f"{_dotted(node.value)}.{node.attr}"
    if isinstance(node, ast.Name):
        return node.id
    raise ValueError("a name like pump or air.rain_mm_h")


_MAKERS: Final[Mapping[type[ast.AST], Callable[[Any], Formula]]] = {
    ast.Constant: _constant,
    ast.Name: _name,
    ast.Attribute: _name,
    ast.BinOp: _binary,
    ast.UnaryOp: _unary,
    ast.Compare: _compare,
    ast.BoolOp: _logic,
    ast.IfExp: _choice,
    ast.Call: _call,
}
