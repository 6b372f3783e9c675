"""The gateway cannot write to the field: no write function code of Modbus is spelled anywhere in it.

Numbers such as 5 or 16 have honest uses (seconds, bits), so a number counts when it is written in hexadecimal as
protocol people write function codes, or where its neighbourhood speaks of functions or codes.
"""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator

import pytest

from tests.docs import tree

# Write Single Coil, Write Single Register, Write Multiple Coils, Write Multiple Registers, Mask Write Register,
# Read/Write Multiple Registers; and Write File Record.
WRITE_CODES = {5, 6, 15, 16, 21, 22, 23}
WRITE_WORDS = re.compile(
    r"write_?(single|multiple)?_?(coil|register|file_?record)s?|mask_?write|read_?write_?multiple",
    re.IGNORECASE,
)
CODE_WORDS = re.compile(r"(^|_)(fc|func|function|functions|codes?)(_|$)|functioncode", re.IGNORECASE)


def write_words(text: str) -> Iterator[str]:
    """Names of writing calls and requests, in code; prose may say what the product never does."""
    for node in ast.walk(ast.parse(text)):
        for name in _names(node):
            if WRITE_WORDS.search(name):
                yield name


def write_codes(text: str) -> Iterator[str]:
    for node in ast.walk(ast.parse(text)):
        if isinstance(node, ast.Constant) and _is_code(node) and _is_hex(text, node):
            yield f"line {node.lineno}: {ast.get_source_segment(text, node)}"
        elif any(CODE_WORDS.search(each) for each in _own_names(node)):
            for part in _value_parts(node):
                yield from (f"line {each.lineno}: {each.value}" for each in ast.walk(part) if _is_code(each))


def _is_code(node: ast.AST) -> bool:
    return isinstance(node, ast.Constant) and type(node.value) is int and node.value in WRITE_CODES


def _is_hex(text: str, node: ast.Constant) -> bool:
    return (ast.get_source_segment(text, node) or "").lower().startswith("0x")


def _names(node: ast.AST) -> list[str]:
    fields = ("id", "attr", "name", "arg", "asname")
    return [value for field in fields if isinstance(value := getattr(node, field, None), str)]


def _own_names(node: ast.AST) -> list[str]:
    """What a statement or expression binds, compares or passes a value to."""
    match node:
        case ast.Assign(targets=targets):
            return [name for target in targets for each in ast.walk(target) for name in _names(each)]
        case ast.AnnAssign(target=target):
            return [name for each in ast.walk(target) for name in _names(each)]
        case ast.Compare(left=left, comparators=right):
            return [name for part in (left, *right) for each in ast.walk(part) for name in _names(each)]
        case ast.keyword(arg=str(name)):
            return [name]
        case ast.ClassDef(name=name):
            return [re.sub(r"(?<!^)(?=[A-Z])", "_", name)]
        case _:
            return []


def _value_parts(node: ast.AST) -> list[ast.AST]:
    match node:
        case ast.Assign(value=value) | ast.keyword(value=value):
            return [value]
        case ast.AnnAssign(value=value):
            return [value] if value else []
        case ast.Compare(left=left, comparators=right):
            return [left, *right]
        case ast.ClassDef(body=body):
            return list(body)
        case _:
            return []


def test_no_writing_call_anywhere_in_the_gateway() -> None:
    found = [
        (tree.name(each), word) for each in tree.sources("gateway") for word in write_words(tree.text(each))
    ]
    assert found == []


def test_no_write_function_code_in_the_modbus_source() -> None:
    sources = tree.sources("gateway/sources/modbus")
    assert sources
    assert [(tree.name(each), code) for each in sources for code in write_codes(tree.text(each))] == []


@pytest.mark.parametrize(
    "planted",
    [
        "FC_SOMETHING = 6",
        "FUNCTIONS = {1: 'coil', 16: 'registers'}",
        "class FunctionCode(IntEnum):\n    X = 5\n",
        "request = pack(0x10, 1, 2)",
        "if function == 23: pass",
        "send(function_code=15)",
    ],
)
def test_a_planted_code_is_found(planted: str) -> None:
    assert list(write_codes(planted))


@pytest.mark.parametrize(
    "planted", ["client.write_register(1, 2)", "from pymodbus.pdu import WriteSingleCoilRequest"]
)
def test_a_planted_call_is_found(planted: str) -> None:
    assert list(write_words(planted))


def test_honest_numbers_pass() -> None:
    assert (
        list(write_codes("timeout_s = 5\nbits = range(16)\nFUNCTION_OF = {'holding': 3}\nheader = data[:6]"))
        == []
    )
