"""Words of a county's report. Pure."""

from typing import Final, Protocol

from gateway.model.times import NS, iso

GRACE: Final = 2.0
"""A gateway that has not been heard for this many times its promised interval is silent."""


class Life(Protocol):
    """What liveness is judged by."""

    state: str
    heard: int
    every_s: float


def liveness(known: Life, now: int) -> str:
    """``live``, ``offline`` (it or its broker said so), ``silent`` (a promise broken) or ``unknown`` (never heard)."""
    if known.state in {"offline", "unknown"}:
        return known.state
    late = now - known.heard > GRACE * known.every_s * NS
    return "silent" if late else "live"


def times(at: int) -> str | None:
    """RFC 3339, or None for never."""
    return iso(at) if at else None
