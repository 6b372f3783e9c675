"""Concentrations of a substance in another unit: by its molar mass and volume, exposure limit and explosive limit."""

from collections.abc import Mapping
from typing import Final

from gateway.config.packs.schema import Quantity, SubstanceEntry
from gateway.model.units import unit_of

PPM: Final = "ppm"
MASS: Final = "mg/m3"
_SHARES: Final[Mapping[str, str]] = {"%LEL": "lel", "%OEL": "oel", "%IDLH": "idlh"}
"""unit -> the number of a substance that it is a percentage of"""


def convert(value: float, unit: str, to: str, substance: SubstanceEntry | None) -> float | None:
    """``value`` in unit ``to``; None where it cannot be converted.

    Volume shares by the ideal gas: ppm = mg/m3 x molar volume (L/mol) / molar mass (g/mol).
    """
    if unit == to:
        return value
    here, there = unit_of(unit), unit_of(to)
    if here.alike(there):
        return (value * here.factor + here.offset - there.offset) / there.factor
    if substance is None:
        return None
    share, back = _ppm(value, unit, substance), _ppm(1.0, to, substance)
    return None if share is None or not back else share / back


def _ppm(value: float, unit: str, substance: SubstanceEntry) -> float | None:
    if unit in _SHARES:
        whole: Quantity | None = getattr(substance, _SHARES[unit])
        full = _ppm(whole.value, whole.unit, substance) if whole is not None else None
        return None if full is None else value / 100.0 * full
    found = unit_of(unit)
    if found.alike(unit_of(PPM)):
        return value * found.factor / unit_of(PPM).factor
    if found.alike(unit_of(MASS)) and substance.molar_mass and substance.molar_volume:
        mass = value * found.factor / unit_of(MASS).factor
        return mass * substance.molar_volume.value / substance.molar_mass.value
    return None
