"""What every piece of a plant has: settable inputs and true values, both by name."""

from abc import ABC, abstractmethod
from collections.abc import Mapping
from typing import ClassVar

from simulators.errors import BadData

Setting = float | str


class Part(ABC):
    """A piece of plant.  ``inputs`` are what a scenario may set; the rest follows from physics."""

    inputs: dict[str, Setting]
    choices: ClassVar[Mapping[str, tuple[str, ...]]] = {}

    @abstractmethod
    def values(self) -> dict[str, float]:
        """True values now, by short name."""

    def number(self, name: str) -> float:
        """An input that is a number."""
        return float(self.inputs[name])

    def check(self, name: str, value: Setting) -> None:
        """There is such an input and it can have this value."""
        if name not in self.inputs:
            raise BadData(f"no input {name!r}; this part has {', '.join(sorted(self.inputs))}")
        allowed = self.choices.get(name)
        if allowed is not None and value not in allowed:
            raise BadData(f"input {name!r} cannot be {value!r}; allowed: {', '.join(allowed)}")
        if allowed is None and not isinstance(value, int | float):
            raise BadData(f"input {name!r} is a number, not {value!r}")

    def set(self, name: str, value: Setting) -> None:
        """Change one input."""
        self.check(name, value)
        self.inputs[name] = value if isinstance(value, str) else float(value)
