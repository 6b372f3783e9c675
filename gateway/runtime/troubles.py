"""The gateway's own troubles, told on edges: each becomes a system alarm when it comes and ends it when it goes."""

from collections.abc import Callable, Iterable
from dataclasses import dataclass, field

from gateway.model.inputs import Input, SystemFault
from gateway.model.ports import Clock


@dataclass(slots=True)
class Troubles:
    """Everyone who runs something reports here; repeats are dropped."""

    clock: Clock
    put: Callable[[Input], None]
    _active: set[str] = field(default_factory=set)

    def __call__(self, what: str, *, active: bool, detail: str = "") -> None:
        """``what`` came or went."""
        if active == (what in self._active):
            return
        (self._active.add if active else self._active.discard)(what)
        self.put(SystemFault(self.clock.now(), what, active, detail))

    @property
    def active(self) -> list[str]:
        """What is active now, sorted."""
        return sorted(self._active)

    def seed(self, names: Iterable[str]) -> None:
        """System alarms that were active when the gateway stopped: whoever finds it well again ends them."""
        self._active |= set(names)
