"""Units of measurement: what may be added to what, and by which factor. Data; a unit nobody knows is its own dimension.

Factors are exact by definition (SI brochure, 9th edition; conventional millimetre of mercury and metre of water column
by ISO 80000-4) unless a comment says otherwise.
"""

import math
import re
from dataclasses import dataclass
from functools import lru_cache
from types import MappingProxyType
from typing import Final

Dims = tuple[tuple[str, float], ...]
"""(base, exponent), sorted, none of them 0"""
WATER_COLUMN: Final = 9806.65
"""Pa of a metre of water: 1000 kg/m3 x 9.80665 m/s2"""


@dataclass(frozen=True, slots=True)
class Unit:
    """value in base units = value x ``factor`` + ``offset``."""

    dims: Dims = ()
    factor: float = 1.0
    offset: float = 0.0

    def times(self, other: "Unit", power: float = 1.0) -> "Unit":
        """This unit times the power of another; both without offset."""
        found = dict(self.dims)
        for base, exponent in other.dims:
            found[base] = found.get(base, 0.0) + exponent * power
        return Unit(tuple(sorted((b, e) for b, e in found.items() if e)), self.factor * other.factor**power)

    def alike(self, other: "Unit") -> bool:
        """One can be converted to the other."""
        return self.dims == other.dims


NUMBER: Final = Unit()


def _units(dims: dict[str, float], **factors: float) -> dict[str, Unit]:
    return {name: Unit(tuple(sorted(dims.items())), factor) for name, factor in factors.items()}


_PRESSURE: Final = {"kg": 1.0, "m": -1.0, "s": -2.0}
_FRACTION: Final = {"vol": 1.0}
KNOWN: Final = MappingProxyType(
    {
        "": NUMBER,
        "1": NUMBER,
        # Neither are per cent plain numbers: `level > 80` of a level in % must not silently mean 8000 %.
        **_units({"%": 1.0}, **{"%": 1.0, "‰": 0.1}),
        **_units({"rad": 1.0}, rad=1.0, **{"°": math.pi / 180, "deg": math.pi / 180}),
        **_units({"m": 1.0}, m=1.0, mm=1e-3, cm=1e-2, km=1e3),
        **_units({"m": 2.0}, m2=1.0, cm2=1e-4, mm2=1e-6, ha=1e4),
        **_units({"m": 3.0}, m3=1.0, L=1e-3, l=1e-3, mL=1e-6),
        **_units({"s": 1.0}, s=1.0, ms=1e-3, min=60.0, h=3600.0, d=86400.0),
        **_units({"s": -1.0}, Hz=1.0, kHz=1e3, rpm=1 / 60),
        **_units({"kg": 1.0}, kg=1.0, g=1e-3, mg=1e-6, ug=1e-9, t=1e3),
        "μg": Unit((("kg", 1.0),), 1e-9),
        **_units(
            _PRESSURE, Pa=1.0, hPa=1e2, kPa=1e3, MPa=1e6, bar=1e5, mbar=1e2, mmHg=133.322, mH2O=WATER_COLUMN
        ),
        "mmH2O": Unit(tuple(sorted(_PRESSURE.items())), WATER_COLUMN / 1000),
        **_units({"kg": 1.0, "m": 1.0, "s": -2.0}, N=1.0, kN=1e3),
        **_units({"kg": 1.0, "m": 2.0, "s": -2.0}, J=1.0, kJ=1e3, kWh=3.6e6),
        **_units({"kg": 1.0, "m": 2.0, "s": -3.0}, W=1.0, kW=1e3, MW=1e6),
        **_units({"A": 1.0}, A=1.0, mA=1e-3),
        **_units({"kg": 1.0, "m": 2.0, "s": -3.0, "A": -1.0}, V=1.0, mV=1e-3, kV=1e3),
        **_units({"mol": 1.0}, mol=1.0, kmol=1e3),
        **_units({"K": 1.0}, K=1.0),
        **dict.fromkeys(("°C", "℃", "C", "degC"), Unit((("K", 1.0),), 1.0, 273.15)),
        "°F": Unit((("K", 1.0),), 5 / 9, 459.67 * 5 / 9),
        # A share of a volume of gas is no plain number: 5 %vol and 5 % of a range are not to be added.
        **_units(_FRACTION, ppm=1e-6, ppb=1e-9),
        **dict.fromkeys(("%vol", "%VOL", "%CH4"), Unit((("vol", 1.0),), 0.01)),
    }
)
_POWER: Final = re.compile(r"(.*?)\^?(-?[1-9])$|(.*?)([²³])$")
_RAISED: Final = {"²": "2", "³": "3"}


@lru_cache(maxsize=1024)
def unit_of(text: str) -> Unit:
    """The unit that a text means: one of :data:`KNOWN`, products and quotients of them, or a dimension of its own.

    Never fails: a site may measure in tiles. Only °C and °F have an offset, and only alone.
    """
    text = text.strip()
    if text in KNOWN:
        return KNOWN[text]
    found = NUMBER
    for i, divisor in enumerate(text.split("/")):
        for word in re.split(r"[·*]", divisor):
            found = found.times(_factor(word.strip()), -1.0 if i else 1.0)
    return found


def _factor(word: str) -> Unit:
    if word in KNOWN:
        unit = KNOWN[word]
        return Unit(unit.dims, unit.factor)
    match = _POWER.fullmatch(word)
    if match:
        base, power = (match[1], match[2]) if match[2] else (match[3], _RAISED[match[4]])
        if base in KNOWN:
            return NUMBER.times(KNOWN[base], float(power))
    return Unit(((word, 1.0),))


def words(unit: Unit) -> str:
    """A unit as people write it: its own name where it has one, or its base units."""
    for name, known in KNOWN.items():
        if name not in ("", "1") and known == unit:
            return name
    if not unit.dims:
        return "a plain number"
    scale = "" if unit.factor == 1.0 else f"{unit.factor:g} "
    return scale + "·".join(base if e == 1 else f"{base}^{e:g}" for base, e in unit.dims)
