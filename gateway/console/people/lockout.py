"""Guessing is slowed down by where it comes from, never by whom it is aimed at.

A source is a registered panel, or else an address. Nobody can shut out the control room by typing wrong passwords
elsewhere: its panels are sources of their own, and wait at most a few seconds whatever they do. Pure: the time is
given.
"""

from collections import OrderedDict
from dataclasses import dataclass
from typing import Final

FREE: Final = 5
"""wrong ones before waiting begins"""
FIRST_S: Final = 2.0
LONGEST_S: Final = 900.0
PANEL_LONGEST_S: Final = 5.0
FORGET_S: Final = 3600.0
MOST: Final = 4096
"""sources remembered; the one that was quiet longest is forgotten"""


@dataclass(slots=True)
class _Tries:
    wrong: int = 0
    last: float = 0.0
    free_at: float = 0.0


class Lockout:
    """Wrong tries by source."""

    def __init__(self) -> None:
        self._tries: OrderedDict[str, _Tries] = OrderedDict()

    def wait(self, source: str, now: float) -> float:
        """Seconds until this source may try again; 0: now."""
        tries = self._tries.get(source)
        if tries is None or now - tries.last > FORGET_S:
            return 0.0
        return max(0.0, tries.free_at - now)

    def wrong(self, source: str, now: float, *, panel: bool) -> int:
        """Count a wrong try; how many there were."""
        tries = self._tries.pop(source, None)
        if tries is None or now - tries.last > FORGET_S:
            tries = _Tries()
        self._tries[source] = tries
        while len(self._tries) > MOST:
            self._tries.popitem(last=False)
        tries.wrong, tries.last = tries.wrong + 1, now
        if tries.wrong >= FREE:
            longest = PANEL_LONGEST_S if panel else LONGEST_S
            tries.free_at = now + min(longest, FIRST_S * 2.0 ** min(20, tries.wrong - FREE))
        return tries.wrong

    def right(self, source: str) -> None:
        """Somebody signed in from there."""
        self._tries.pop(source, None)
