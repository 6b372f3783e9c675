"""What commands print: JSON for programs, lines for people."""

import sys
from typing import Any

import orjson


def say_json(value: Any) -> None:
    """One JSON document on standard output."""
    sys.stdout.write(orjson.dumps(value, option=orjson.OPT_INDENT_2).decode() + "\n")
    sys.stdout.flush()
