"""The targets. One module for each family; every ``Target`` in it counts. A new module is found by being here."""

from __future__ import annotations

from importlib import import_module
from pathlib import Path

from tests.fuzz.target import Target


def targets() -> dict[str, Target]:
    """Name -> target, of all modules of this folder."""
    names = sorted(p.stem for p in Path(__file__).parent.glob("*.py") if p.stem != "__init__")
    modules = (import_module(f"{__name__}.{name}") for name in names)
    found = (each for module in modules for each in vars(module).values() if isinstance(each, Target))
    return {each.name: each for each in found}
