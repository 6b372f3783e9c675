"""Expressions over tags: text to a checked stack program. Own parser, own units; nothing of Python's is evaluated."""

from gateway.conditioning.expressions.compiled import Compiled, Known
from gateway.conditioning.expressions.compiler import compile_text, inputs_of
from gateway.conditioning.expressions.functions import FUNCTIONS
from gateway.conditioning.expressions.names import in_order, known_to
from gateway.conditioning.expressions.tokens import ExpressionError

__all__ = [
    "FUNCTIONS",
    "Compiled",
    "ExpressionError",
    "Known",
    "compile_text",
    "in_order",
    "inputs_of",
    "known_to",
]
