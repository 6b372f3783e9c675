"""By which outputs an alarm goes, one after the other, until its delivery is confirmed."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Ways:
    """``first``: the output everything goes by. What it has not confirmed within ``within`` (ns) goes by the next.

    Confirmed means stored by the county where that output has receipts, else accepted by the other side.
    """

    first: str
    within: int
    then: tuple[str, ...]
