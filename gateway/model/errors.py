"""Errors, named by what the caller does next.

::

    FengsuiError
    ├── Retry           keep the data, wait (``after`` seconds if known), try again
    ├── Reject          this record will never be accepted: dead-letter it with the reason, go on
    ├── Misconfigured   a person must change something; carries every fault found, not the first
    └── Refused         a command cannot be done in this state; nothing was changed

Any other exception is a bug: the supervisor restarts that unit and raises a system alarm.
"""

from collections.abc import Iterable
from dataclasses import dataclass


class FengsuiError(Exception):
    """Root of every error this product raises on purpose."""


class Retry(FengsuiError):
    """The other side is not there, or says later. Nothing was lost; try again."""

    def __init__(self, reason: str, *, after: float | None = None) -> None:
        super().__init__(reason)
        self.reason = reason
        self.after = after


class Reject(FengsuiError):
    """The other side will never take this record."""

    def __init__(self, reason: str) -> None:
        super().__init__(reason)
        self.reason = reason


class Refused(FengsuiError):
    """An illegal command or transition; state untouched."""

    def __init__(self, reason: str) -> None:
        super().__init__(reason)
        self.reason = reason


@dataclass(frozen=True, slots=True)
class Fault:
    """One thing wrong in configuration or data, said so that a person can mend it."""

    file: str
    line: int | None
    path: str
    value: str
    allowed: str
    hint: str = ""

    def __str__(self) -> str:
        place = f"{self.file}:{self.line}" if self.line else self.file
        text = f"{place}: {self.path}: {self.value}; allowed: {self.allowed}"
        return f"{text}; hint: {self.hint}" if self.hint else text


class Misconfigured(FengsuiError):
    """Configuration that cannot be run; ``faults`` lists everything that is wrong."""

    def __init__(self, faults: Iterable[Fault] | str) -> None:
        self.faults: tuple[Fault, ...] = () if isinstance(faults, str) else tuple(faults)
        super().__init__(faults if isinstance(faults, str) else "\n".join(map(str, self.faults)))
