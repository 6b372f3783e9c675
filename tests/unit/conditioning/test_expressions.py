"""Expressions: what they mean, what they refuse and where, and that units are right."""

import math
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from detectors import program as op
from detectors._numba import kernel
from detectors.interpreter import evaluate
from detectors.types import Array
from gateway.conditioning.expressions import ExpressionError, Known, compile_text
from gateway.conditioning.expressions.functions import FUNCTIONS
from gateway.model.units import KNOWN, unit_of, words

TAGS = {
    "LT-1": "m", "LT-2": "mm", "P": "kPa", "T": "°C", "T2": "℃", "TK": "K", "F": "m3/h", "X": "", "Y": "", "N": "Hz",
    "W": "°", "LP": "%", "G": "%LEL", "101-LT": "m", "a": "", "b": "", "R": "digit",
}  # fmt: skip
NAMES = Known(
    TAGS,
    {"crest": (128.5, "m"), "area": (50.0, "m2")},
    {"strap": ("m", "m3", (0.0, 0.0, 1.0, 10.0, 3.0, 40.0))},
)


@kernel
def run(code: Array, signals: Array, members: Array, points: Array, stack: Array) -> float:
    return evaluate(code, 0, len(code), signals, members, 0, points, stack)


def value(text: str, to: str | None = None, **tags: float) -> float:
    """What an expression is worth; ``LT_1`` stands for tag LT-1."""
    compiled = compile_text(text, NAMES, to)
    code = np.zeros(len(compiled.steps), op.OP)
    for i, (what, arg) in enumerate(compiled.steps):
        code[i]["op"], code[i]["arg"] = what, arg
    signals = np.zeros(len(compiled.inputs), [("value", "<f8")])
    signals["value"] = [tags[name.replace("-", "_")] for name in compiled.inputs]
    points = np.array(compiled.points or [0.0])
    return float(run(code, signals, np.arange(len(signals)), points, np.zeros(op.MAX_STACK)))


@pytest.mark.parametrize(
    ("text", "to", "tags", "wanted"),
    [
        ("crest - LT-1", "m", {"LT_1": 126.0}, 2.5),
        ("crest - LT-1", "cm", {"LT_1": 126.0}, 250.0),
        ("LT-1 - LT-2", "m", {"LT_1": 2.0, "LT_2": 500.0}, 1.5),
        ("LT-2 + LT-1", "mm", {"LT_1": 2.0, "LT_2": 500.0}, 2500.0),
        ("X + Y * 2 ^ 3", "", {"X": 1.0, "Y": 2.0}, 17.0),
        ("(X + Y) * 2", "", {"X": 1.0, "Y": 2.0}, 6.0),
        ("-X ^ 2", "", {"X": 3.0}, -9.0),
        ("X - Y - 1", "", {"X": 5.0, "Y": 2.0}, 2.0),
        ("X / Y / 2", "", {"X": 8.0, "Y": 2.0}, 2.0),
        ("X > 1 and not Y > 1", "", {"X": 2.0, "Y": 1.0}, 1.0),
        ("X > 1 or Y > 1 and X > 5", "", {"X": 2.0, "Y": 0.0}, 1.0),
        ("LT-1 >= 150 [cm]", "", {"LT_1": 1.5}, 1.0),
        ("T > 300 [K]", "", {"T": 27.0}, 1.0),
        ("T - T2", "K", {"T": 27.0, "T2": 20.0}, 7.0),
        ("T + 5 [K]", "°C", {"T": 27.0}, 32.0),
        ("T", "°F", {"T": 100.0}, 212.0),
        ("avg(T, T2)", "°C", {"T": 20.0, "T2": 30.0}, 25.0),
        ("max(T, TK)", "°C", {"T": 20.0, "TK": 303.15}, 30.0),
        ("F * 1 [h]", "m3", {"F": 36.0}, 36.0),
        ("F / area", "mm/s", {"F": 36.0}, 0.2),
        ("sqrt(area) + LT-1 * 0", "m", {"LT_1": 1.0}, math.sqrt(50)),
        ("sin(W)", "", {"W": 30.0}, 0.5),
        ("atan(X)", "°", {"X": 1.0}, 45.0),
        ("log10(X) + exp(ln(Y))", "", {"X": 1000.0, "Y": 4.0}, 7.0),
        ("clamp(X, 0, 10)", "", {"X": 11.0}, 10.0),
        ("clamp(X, 0, 10)", "", {"X": -1.0}, 0.0),
        ("min(X, Y, 3)", "", {"X": 4.0, "Y": 5.0}, 3.0),
        ("if(X != 0, Y / X, 0)", "", {"X": 0.0, "Y": 1.0}, 0.0),
        ("if(X != 0, Y / X, 0)", "", {"X": 2.0, "Y": 1.0}, 0.5),
        ("if(X > 0, LT-1, LT-2)", "m", {"X": 0.0, "LT_1": 1.0, "LT_2": 500.0}, 0.5),
        ("strap(LT-2)", "m3", {"LT_2": 2000.0}, 25.0),
        ("strap(LT-1) + strap(LT-2)", "m3", {"LT_1": 0.5, "LT_2": 3000.0}, 45.0),
        ("LP / 100 [%]", "", {"LP": 80.0}, 0.8),
        ("{101-LT} + 1 [m]", "m", {"101_LT": 1.0}, 2.0),
        ("a - b", "", {"a": 3.0, "b": 1.0}, 2.0),
        ("a -b", "", {"a": 3.0, "b": 1.0}, 2.0),
        ("2*a - 1", "", {"a": 3.0}, 5.0),
        ("head(vw_linear(digits(N), 9000, 0.05, 0.1, T, 20, P, 101))", "m", {"N": 2800.0, "T": 15.0, "P": 100.0},
         (0.05 * 1160 - 0.5 + 1) / 9.80665),
        ("tank_vertical(LT-2, 10 [m])", "L", {"LT_2": 2000.0}, 157079.63267948966),
        ("dew_point(T, LP)", "°C", {"T": 25.0, "LP": 60.0}, 16.69),
    ],
)  # fmt: skip
def test_what_expressions_are_worth(text: str, to: str, tags: Any, wanted: float) -> None:
    assert value(text, to, **tags) == pytest.approx(wanted, rel=1e-3 if "dew" in text else 1e-12)


@pytest.mark.parametrize(
    ("text", "tags"),
    [
        ("X / Y", {"X": 1.0, "Y": 0.0}),
        ("X / Y > 3", {"X": 1.0, "Y": 0.0}),  # infinite would be more than 3
        ("if(X / Y > 3, X, Y)", {"X": 1.0, "Y": 0.0}),
        ("not X / Y > 3", {"X": 1.0, "Y": 0.0}),
        ("sqrt(X) > 0 or X < 0", {"X": -1.0}),
        ("ln(X)", {"X": 0.0}),
        ("acos(X)", {"X": 1.1}),
        ("exp(X)", {"X": 1e4}),
        ("X * 1e300 * 1e300 * 0", {"X": 1.0}),
        ("strap(LT-1)", {"LT_1": 3.001}),
        ("strap(LT-1)", {"LT_1": -0.001}),
        ("tank_horizontal(LT-1, 2, 5)", {"LT_1": 2.1}),
        ("tank_sphere(LT-1, 2)", {"LT_1": 2.1}),
        ("X ^ 0.5", {"X": -2.0}),
    ],
)
def test_what_has_no_value_is_not_a_number(text: str, tags: Any) -> None:
    assert math.isnan(value(text, **tags))


@pytest.mark.parametrize(
    ("text", "to", "column", "says"),
    [
        ("crest - LT-9", "m", 9, "LT-9 is no tag and no constant"),
        ("a-b", "", 1, "with spaces: a - b"),
        ("crest - P", "m", 9, "kPa does not go with m"),
        ("LT-1 + 2", "m", 8, "write 2 [m]"),
        ("LT-1 > 2", "", 8, "write 2 [m]"),
        ("LP > 80", "", 6, "write 80 [%]"),
        ("LP + G", "", 6, "%LEL does not go with %"),
        ("LT-1", "kPa", 1, "the result is m, the tag has kPa"),
        ("LT-1", "", 1, "the tag has no unit"),
        ("X > 1", "m", 1, "true or false has no unit"),
        ("T + T2", "°C", 5, "not to be added"),
        ("T - TK", "K", 5, "K and °C together"),
        ("T * 2", "°C", 1, "kelvin(...)"),
        ("X +", "", 4, "ends too early"),
        ("(X + 1", "", 7, ") is expected; for the ( in column 1"),
        ("X Y", "", 3, "an operator before 'Y'"),
        ("X = 1", "", 3, "write == to compare"),
        ("X （ 1", "", 3, "write a plain ("),
        ("X < 1 < 2", "", 7, "one comparison at a time"),
        ("X and Y > 1", "", 1, "true or false is expected"),
        ("1 + (X > 1)", "", 8, "a quantity is expected"),
        ("if(X > 1, LT-1, P)", "m", 17, "kPa does not go with m"),
        ("if(X > 1, X, X > 2)", "", 16, "both branches"),
        ("sqrt(X, Y)", "", 1, "sqrt takes 1, not 2"),
        ("min(X)", "", 1, "min takes 2 or more"),
        ("foo(X)", "", 1, "no function and no table"),
        ("strap(P)", "m3", 7, "kPa does not go with m"),
        ("head(LT-1)", "m", 6, "m does not go with kPa"),
        ("head()", "m", 1, "head takes p [kPa]"),
        ("X ^ Y", "", 5, "a plain number"),
        ("exp(LT-1)", "", 5, "m does not go with a plain number"),
        ("1 + 2", "", 1, "depends on no tag"),
        ("crest", "m", 1, "depends on no tag"),
        ("strap + X", "", 1, "strap(...)"),
        ("X + []", "", 6, "follows a number"),
        ("", "", 1, "ends too early"),
        ("__import__('os')", "", 12, "means nothing here"),
        ("X" + "+1" * 600, "", 1000, "longer than"),
        ("(" * 60 + "X" + ")" * 60, "", 51, "nested too deeply"),
    ],
)  # fmt: skip
def test_what_is_wrong_is_said_with_its_column(text: str, to: str, column: int, says: str) -> None:
    with pytest.raises(ExpressionError) as caught:
        compile_text(text, NAMES, to)
    assert says in str(caught.value)
    assert caught.value.column == column


@pytest.mark.parametrize("name", FUNCTIONS)
def test_every_function_gives_its_example(name: str) -> None:
    function = FUNCTIONS[name]
    args, wanted = function.example
    written = ", ".join(f"{x:.17g}" for x in args[1:])
    text = f"{name}(a{', ' if written else ''}{written})"
    known = Known({"a": function.takes[0].unit})
    compiled = compile_text(text, known, function.gives)
    code = np.zeros(len(compiled.steps), op.OP)
    for i, (what, arg) in enumerate(compiled.steps):
        code[i]["op"], code[i]["arg"] = what, arg
    signals = np.array([(args[0],)], [("value", "<f8")])
    found = run(code, signals, np.zeros(1, np.int64), np.zeros(1), np.zeros(op.MAX_STACK))
    assert found == pytest.approx(wanted, rel=1e-4)
    assert function.meaning
    assert function.chinese
    assert function.source


def test_every_function_stands_on_the_page_of_expressions_as_it_is() -> None:
    page = (Path(__file__).parents[3] / "docs" / "computed.md").read_text()
    for name, function in FUNCTIONS.items():
        row = next(line for line in page.splitlines() if line.startswith(f"| `{name}("))
        for said in (
            function.gives,
            function.meaning,
            function.chinese,
            f"`{function.formula}`",
            function.source,
        ):
            assert said in row
        for p in function.takes:
            assert p.name + (f" [{p.unit}]" if p.unit else "") in row


@given(text=st.text("XY+-*/^()<>=,. 0123456789abcifLT{}[]", max_size=40))
@settings(max_examples=300, deadline=None)
def test_any_text_is_compiled_or_refused_with_a_column(text: str) -> None:
    try:
        compiled = compile_text(text, NAMES)
    except ExpressionError as error:
        inside = 1 <= error.column <= len(text) + 1
    else:
        inside = bool(compiled.inputs)
    assert inside


numbers = st.integers(-20, 20).map(float)


@st.composite
def sums(draw: st.DrawFn, depth: int = 3) -> str:
    if depth == 0 or draw(st.booleans()):
        return draw(st.sampled_from(["X", "Y", "3", "0.5", "7"]))
    return f"({draw(sums(depth - 1))} {draw(st.sampled_from('+-*/'))} {draw(sums(depth - 1))})"


@given(text=sums(), x=numbers, y=numbers)
@settings(max_examples=200, deadline=None)
def test_arithmetic_is_python_s(text: str, x: float, y: float) -> None:
    try:
        wanted = eval(text, {}, {"X": x, "Y": y})
    except ZeroDivisionError:
        wanted = math.nan
    assert value(f"{text} + 0 * X", X=x, Y=y) == pytest.approx(wanted, nan_ok=True)


@pytest.mark.parametrize(
    ("text", "factor", "like"),
    [("m3/h", 1 / 3600, "L/s"), ("mg/m3", 1e-6, "kg/m3"), ("kPa/digit", 1e3, "Pa/digit"), ("m/s2", 1.0, "m/s^2"),
     ("L/min", 1e-3 / 60, "m³/s"), ("t/h", 1 / 3.6, "kg/s"), ("kW*h", 3.6e6, "J")],
)  # fmt: skip
def test_units_are_put_together(text: str, factor: float, like: str) -> None:
    assert unit_of(text).factor == pytest.approx(factor)
    assert unit_of(text).alike(unit_of(like))


def test_a_unit_nobody_knows_is_like_itself_only() -> None:
    assert unit_of("tiles").alike(unit_of("tiles"))
    assert not unit_of("tiles").alike(unit_of("m"))
    assert all(words(u) for u in KNOWN.values())
