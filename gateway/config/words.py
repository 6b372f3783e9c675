"""Numbers and names of a rule as people read them."""

from enum import Enum
from typing import Final

from gateway.config.durations import spelled

TIMES: Final = ("on_delay", "off_delay")


def number_word(name: str, value: object) -> str:
    """``3s`` of a delay in ns, ``12.8`` of a limit, ``shadow`` of a stage."""
    if name in TIMES and isinstance(value, int):
        return spelled(value)
    if isinstance(value, float | int):
        return f"{value:.12g}"
    return str(value.value if isinstance(value, Enum) else value)
