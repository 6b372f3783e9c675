"""Trees to programs: names resolved, units checked and converted, every step known to be right before it runs."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Final

from detectors import program as op
from gateway.conditioning.expressions.compiled import Compiled, Known
from gateway.conditioning.expressions.functions import FUNCTIONS, Function
from gateway.conditioning.expressions.parse import Call, Name, Node, Number, names_in, parse
from gateway.conditioning.expressions.tokens import ExpressionError
from gateway.model.units import NUMBER, Unit, unit_of, words

_ANGLE: Final = unit_of("rad")
_SUMS: Final = {"+": op.ADD, "-": op.SUB}
_COMPARES: Final = {"<": op.LT, "<=": op.LE, ">": op.GT, ">=": op.GE, "==": op.EQ, "!=": op.NE}
_TRUTHS: Final = {"and": op.AND, "or": op.OR}
_KEEP_UNIT: Final = {"abs": op.ABS, "round": op.ROUND}
_PLAIN: Final = {"exp": op.EXP, "ln": op.LN}
_OF_ANGLE: Final = {"sin": op.SIN, "cos": op.COS, "tan": op.TAN}
_TO_ANGLE: Final = {"asin": op.ASIN, "acos": op.ACOS, "atan": op.ATAN}
_LN_10: Final = 2.302585092994046
BUILT_IN: Final = {
    "abs": 1, "round": 1, "sqrt": 1, "exp": 1, "ln": 1, "log10": 1, "sin": 1, "cos": 1, "tan": 1, "asin": 1, "acos": 1,
    "atan": 1, "if": 3, "clamp": 3, "min": -2, "max": -2, "avg": -2,
}  # fmt: skip
"""function -> how many arguments; -2: two or more"""


@dataclass(frozen=True, slots=True)
class _Kind:
    """What a part of an expression is: a quantity, or (no unit) true or false. ``delta``: a difference of temperatures,
    or a written number, that may be added to a temperature in °C.
    """

    unit: Unit | None
    delta: bool = False


_TRUTH: Final = _Kind(None)


def compile_text(text: str, known: Known, to: str | None = None) -> Compiled:
    """Parse, check and compile.

    Args:
        text: the expression.
        known: what its names mean.
        to: unit that the result is converted to; None: it keeps its own.

    Raises:
        ExpressionError: with the column of what is wrong.
    """
    tree = parse(text)
    compiler = _Compiler(known)
    kind = compiler.node(tree)
    if to is not None:
        kind = compiler.result(tree, kind, to)
    if not compiler.inputs:
        raise ExpressionError(1, "it depends on no tag", "a fixed value is a constant")
    try:
        op.check(compiler.steps, len(compiler.inputs), compiler.points)
    except ValueError as error:
        raise ExpressionError(1, "too long", "divide it into several computed tags") from error
    return Compiled(
        tuple(compiler.steps),
        tuple(compiler.points),
        tuple(compiler.inputs),
        kind.unit,
        tuple(sorted(compiler.used)),
    )


class _Compiler:
    """One walk over the tree; ``depth`` is how many numbers are on the stack."""

    def __init__(self, known: Known) -> None:
        self.known = known
        self.steps: list[op.Step] = []
        self.inputs: list[str] = []
        self.points: list[float] = []
        self.used: set[str] = set()
        self._tables: dict[str, int] = {}
        self._params: Mapping[str, int] | None = None
        self._depth = 0

    def emit(self, code: int, arg: float = 0.0, moves: int = 0) -> None:
        self.steps.append((code, arg))
        self._depth += moves

    # --- parts ----------------------------------------------------------------------------------------------------

    def node(self, node: Node) -> _Kind:
        """Compile a part; says what it is."""
        if isinstance(node, Number):
            self.emit(op.PUSH, node.value, 1)
            unit = NUMBER if node.unit is None else self._unit(node.unit, node.column)
            return _Kind(unit, delta=not unit.offset)
        if isinstance(node, Name):
            return self._name(node)
        for names, compile_ in self._cases():
            if node.name in names:
                return compile_(node)
        if node.name in self.known.tables and self._params is None:
            return self._table(node)
        if node.name in FUNCTIONS:
            return self._function(node, FUNCTIONS[node.name])
        hint = f"functions are {', '.join(sorted((*BUILT_IN, *FUNCTIONS)))}"
        raise ExpressionError(node.column, f"{node.name} is no function and no table", hint)

    def _cases(self) -> tuple[tuple[Mapping[str, int], Callable[[Call], _Kind]], ...]:
        return (
            (_SUMS, self._sum), (_COMPARES, self._compare), (_TRUTHS, self._truth), ({"not": 0}, self._not),
            ({"neg": 0}, self._negative), ({"*": 0, "/": 0}, self._product), ({"^": 0}, self._power),
            (BUILT_IN, self._built_in),
        )  # fmt: skip

    def _unit(self, text: str, column: int) -> Unit:
        if text.strip() == "":
            raise ExpressionError(column, "empty unit", "leave the brackets away for a plain number")
        return unit_of(text)

    def _name(self, node: Name) -> _Kind:
        if self._params is not None:
            self.emit(op.PICK, self._params[node.text], 1)
            return _Kind(NUMBER, delta=True)
        if node.text in self.known.constants:
            self.used.add(node.text)
            value, unit = self.known.constants[node.text]
            self.emit(op.PUSH, value, 1)
            return _Kind(unit_of(unit), delta=not unit_of(unit).offset)
        if node.text not in self.known.tags:
            raise ExpressionError(
                node.column, f"{node.text} is no tag and no constant", self._meant(node.text)
            )
        if node.text not in self.inputs:
            self.inputs.append(node.text)
        self.emit(op.LOAD, self.inputs.index(node.text), 1)
        return _Kind(unit_of(self.known.tags[node.text]))

    def _meant(self, name: str) -> str:
        parts = name.split("-")
        if len(parts) > 1 and any(part in self.known.tags or part in self.known.constants for part in parts):
            return f"a difference is written with spaces: {' - '.join(parts)}"
        if name in FUNCTIONS or name in BUILT_IN or name in self.known.tables:
            return f"{name} is applied to something: {name}(...)"
        return ""

    # --- operators ------------------------------------------------------------------------------------------------

    def _quantity(self, node: Node) -> _Kind:
        kind = self.node(node)
        if kind.unit is None:
            raise ExpressionError(node.column, "a quantity is expected, this is true or false", "use if(...)")
        return kind

    def _absolute(self, node: Node) -> Unit:
        """A quantity that may be multiplied: no °C."""
        unit = self._quantity(node).unit or NUMBER
        if unit.offset:
            raise ExpressionError(
                node.column, f"{words(unit)} has no zero of its own", "write kelvin(...) around it"
            )
        return unit

    def _alike(self, node: Node, unit: Unit, wanted: Unit) -> None:
        if not unit.alike(wanted):
            hint = (
                f"write {node.value:g} [{words(wanted)}]"
                if isinstance(node, Number) and node.unit is None
                else ""
            )
            raise ExpressionError(node.column, f"{words(unit)} does not go with {words(wanted)}", hint)

    def _convert(self, node: Node, unit: Unit, wanted: Unit, *, shift: bool = True) -> None:
        """The number on top of the stack into another unit."""
        self._alike(node, unit, wanted)
        if unit.factor != wanted.factor:
            self.emit(op.PUSH, unit.factor / wanted.factor, 1)
            self.emit(op.MUL, 0, -1)
        if shift and unit.offset != wanted.offset:
            self.emit(op.PUSH, (unit.offset - wanted.offset) / wanted.factor, 1)
            self.emit(op.ADD, 0, -1)

    def _sum(self, call: Call) -> _Kind:
        left = self._quantity(call.args[0])
        right = self._quantity(call.args[1])
        a, b = left.unit or NUMBER, right.unit or NUMBER
        self._alike(call.args[1], b, a)
        if a.offset and not b.offset and not right.delta:
            raise ExpressionError(
                call.args[1].column, "K and °C together", "write celsius(...) or kelvin(...)"
            )
        if b.offset and (call.name == "+" or not a.offset):
            hint = "the difference of two is written with -, the mean with avg(...)"
            raise ExpressionError(call.args[1].column, f"{words(b)} is not to be added", hint)
        self._convert(call.args[1], b, a, shift=bool(b.offset))
        self.emit(_SUMS[call.name], 0, -1)
        if a.offset and b.offset:
            return _Kind(Unit(a.dims, a.factor), delta=True)
        return _Kind(a, delta=left.delta and right.delta)

    def _compare(self, call: Call) -> _Kind:
        left = self._quantity(call.args[0]).unit or NUMBER
        right = self._quantity(call.args[1]).unit or NUMBER
        self._convert(call.args[1], right, left)
        self.emit(_COMPARES[call.name], 0, -1)
        return _TRUTH

    def _is_truth(self, node: Node) -> None:
        if self.node(node).unit is not None:
            raise ExpressionError(
                node.column, "true or false is expected, this is a quantity", "compare it: x > 0"
            )

    def _truth(self, call: Call) -> _Kind:
        for arg in call.args:
            self._is_truth(arg)
        self.emit(_TRUTHS[call.name], 0, -1)
        return _TRUTH

    def _not(self, call: Call) -> _Kind:
        self._is_truth(call.args[0])
        self.emit(op.NOT)
        return _TRUTH

    def _negative(self, call: Call) -> _Kind:
        unit = self._absolute(call.args[0])
        self.emit(op.NEG)
        return _Kind(unit, delta=isinstance(call.args[0], Number))

    def _product(self, call: Call) -> _Kind:
        left, right = (self._absolute(arg) for arg in call.args)
        self.emit(op.MUL if call.name == "*" else op.DIV, 0, -1)
        return _Kind(left.times(right, 1.0 if call.name == "*" else -1.0))

    def _power(self, call: Call) -> _Kind:
        base, exponent = self._absolute(call.args[0]), _plain(call.args[1])
        if exponent is None:
            raise ExpressionError(
                call.args[1].column, "a plain number is expected behind ^", "use exp and ln"
            )
        self.emit(op.PUSH, exponent, 1)
        self.emit(op.POW, 0, -1)
        return _Kind(NUMBER.times(base, exponent))

    # --- functions ------------------------------------------------------------------------------------------------

    def _built_in(self, call: Call) -> _Kind:
        wanted = BUILT_IN[call.name]
        if len(call.args) != wanted and not (wanted < 0 and len(call.args) >= -wanted):
            many = f"{-wanted} or more" if wanted < 0 else str(wanted)
            raise ExpressionError(call.column, f"{call.name} takes {many}, not {len(call.args)}")
        if call.name == "if":
            return self._if(call)
        if wanted != 1:
            return self._several(call)
        return self._of_one(call)

    def _of_one(self, call: Call) -> _Kind:
        (arg,), name = call.args, call.name
        if name in _KEEP_UNIT:
            kind = self._quantity(arg) if name == "round" else _Kind(self._absolute(arg))
            self.emit(_KEEP_UNIT[name])
            return kind
        unit = self._absolute(arg)
        if name == "sqrt":
            self.emit(op.SQRT)
            return _Kind(NUMBER.times(unit, 0.5))
        if name in _OF_ANGLE:
            self._convert(arg, unit, _ANGLE if unit.dims else NUMBER)
            self.emit(_OF_ANGLE[name])
            return _Kind(NUMBER)
        self._convert(arg, unit, NUMBER)
        self.emit(_PLAIN.get(name, _TO_ANGLE.get(name, op.LN)))
        if name == "log10":
            self.emit(op.PUSH, _LN_10, 1)
            self.emit(op.DIV, 0, -1)
        return _Kind(_ANGLE if name in _TO_ANGLE else NUMBER)

    def _several(self, call: Call) -> _Kind:
        """min, max, avg, clamp: all in the unit of the first. A mean of °C is one, though their sum is none."""
        unit = self._quantity(call.args[0]).unit or NUMBER
        joins = {"min": (op.MIN,), "max": (op.MAX,), "avg": (op.ADD,), "clamp": (op.MAX, op.MIN)}[call.name]
        for i, arg in enumerate(call.args[1:]):
            self._convert(arg, self._quantity(arg).unit or NUMBER, unit)
            self.emit(joins[i % len(joins)], 0, -1)
        if call.name == "avg":
            self.emit(op.PUSH, float(len(call.args)), 1)
            self.emit(op.DIV, 0, -1)
        return _Kind(unit)

    def _if(self, call: Call) -> _Kind:
        """Only the branch that counts is worked out: ``if(x != 0, 1 / x, 0)``."""
        self._is_truth(call.args[0])
        fork = len(self.steps)
        self.emit(op.UNLESS, 0, -1)
        first = self.node(call.args[1])
        end = len(self.steps)
        self.emit(op.JUMP, 0, -1)
        second = self.node(call.args[2])
        if (first.unit is None) != (second.unit is None):
            raise ExpressionError(call.args[2].column, "both branches quantities, or both true or false")
        if first.unit is not None and second.unit is not None:
            self._convert(call.args[2], second.unit, first.unit)
        self.steps[fork] = (op.UNLESS, float(end + 1))
        self.steps[end] = (op.JUMP, float(len(self.steps)))
        return first

    def _table(self, call: Call) -> _Kind:
        x, y, points = self.known.tables[call.name]
        if len(call.args) != 1:
            raise ExpressionError(call.column, f"table {call.name} takes 1, not {len(call.args)}")
        self.used.add(call.name)
        self._argument(call.args[0], x)
        if call.name not in self._tables:
            self._tables[call.name] = len(self.points)
            self.points += [len(points) / 2, *points[::2], *points[1::2]]
        self.emit(op.TABLE, float(self._tables[call.name]))
        return _Kind(unit_of(y))

    def _argument(self, node: Node, unit: str) -> None:
        """A plain number is taken in the unit of the parameter."""
        number = _plain(node)
        if number is not None:
            self.emit(op.PUSH, number, 1)
        else:
            self._convert(node, self._quantity(node).unit or NUMBER, unit_of(unit))

    def _function(self, call: Call, function: Function) -> _Kind:
        takes, base = function.takes, self._depth
        least = sum(p.default is None for p in takes)
        if not least <= len(call.args) <= len(takes):
            wanted = ", ".join(f"{p.name} [{p.unit}]" if p.unit else p.name for p in takes)
            raise ExpressionError(call.column, f"{call.name} takes {wanted}", f"it has {len(call.args)}")
        for i, parameter in enumerate(takes):
            if i < len(call.args):
                self._argument(call.args[i], parameter.unit)
            else:
                self.emit(op.PUSH, parameter.default or 0.0, 1)
        outer, self._params = self._params, {p.name: base + i for i, p in enumerate(takes)}
        self.node(parse(function.formula))
        self._params = outer
        self.emit(op.SQUASH, float(len(takes)), -len(takes))
        return _Kind(unit_of(function.gives))

    def result(self, tree: Node, kind: _Kind, to: str) -> _Kind:
        """The whole into the unit of the tag; true is 1 and false 0 of a tag without unit."""
        wanted = unit_of(to)
        if kind.unit is None:
            if wanted != NUMBER:
                raise ExpressionError(
                    1, f"true or false has no unit, the tag has {to}", "leave its unit empty"
                )
            return kind
        if not kind.unit.alike(wanted):
            raise ExpressionError(1, f"the result is {words(kind.unit)}, the tag has {to or 'no unit'}")
        self._convert(tree, kind.unit, wanted)
        return _Kind(wanted)


def _plain(node: Node) -> float | None:
    """A written number without unit, with a sign or without."""
    if isinstance(node, Number) and node.unit is None:
        return node.value
    if isinstance(node, Call) and node.name == "neg" and isinstance(node.args[0], Number):
        return -node.args[0].value if node.args[0].unit is None else None
    return None


def inputs_of(text: str, known: Known) -> tuple[str, ...]:
    """Names in an expression that are no constants.

    Raises:
        ExpressionError: it is none.
    """
    return tuple(name for name in names_in(parse(text)) if name not in known.constants)
