"""The duration field of plugins' settings: the words people write, nanoseconds for the program."""

from typing import Annotated

from pydantic import BeforeValidator

from gateway.model.times import parse_duration


def duration(value: object) -> int:
    """Nanoseconds of ``500ms``, ``1s``, ``5min`` or a number of seconds.

    Raises:
        ValueError: says what is allowed.
    """
    if not isinstance(value, str | int | float):
        raise ValueError("allowed: 500ms, 1s, 5min, 1h, 1d or a number of seconds")  # noqa: TRY004 - pydantic's way
    return parse_duration(value)


Duration = Annotated[int, BeforeValidator(duration)]
"""Nanoseconds; written ``500ms``, ``1s``, ``5min`` or as a number of seconds."""
