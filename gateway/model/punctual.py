"""What a clock may be able to do beside telling the time (:class:`gateway.model.ports.Clock`)."""

from collections.abc import Callable
from typing import Protocol, runtime_checkable


@runtime_checkable
class Punctual(Protocol):
    """A clock that calls at a moment, without a task that sleeps until then."""

    def at(self, when: int, call: Callable[[int], None]) -> "Appointment":
        """Call once with ``now()``, in the event loop, when that is ``when`` (ns) or a little later."""
        ...


class Appointment(Protocol):
    """A call that was asked for."""

    def cancel(self) -> None:
        """Do not call."""
        ...
