"""The duration field of the site file; plugins' settings use the same words."""

from typing import Annotated

from pydantic import BeforeValidator

from gateway.model.times import parse_duration

ALLOWED = "a number of seconds, or a number with ms, s, min, h or d (e.g. 500ms, 1s, 5min)"

Duration = Annotated[int, BeforeValidator(parse_duration)]
"""pydantic field: text or number in, nanoseconds out."""
