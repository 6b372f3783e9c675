# long-file: table
"""The named functions of expressions: each a formula in plain numbers, with the units it takes and gives.

A formula is written in the language itself. An argument in another unit is converted to the parameter's; a number
without unit is taken in the parameter's unit, as calibration sheets print them.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import Final


@dataclass(frozen=True, slots=True)
class Parameter:
    """One argument: its unit, and its value where it may be left out."""

    name: str
    unit: str
    default: float | None = None


@dataclass(frozen=True, slots=True)
class Function:
    """A named formula.

    Attributes:
        takes: parameters in order; those with a default come last.
        gives: unit of the result.
        formula: over the parameters' names.
        meaning: what it is, in English and in Chinese.
        source: where the formula is from.
        example: arguments and the result, worked out by hand or from the source.
    """

    takes: tuple[Parameter, ...]
    gives: str
    formula: str
    meaning: str
    chinese: str
    source: str
    example: tuple[tuple[float, ...], float]


def _takes(text: str) -> tuple[Parameter, ...]:
    """``R digit, T °C = 20`` as parameters."""
    found = []
    for part in text.split(","):
        head, _, default = part.partition("=")
        name, _, unit = head.strip().partition(" ")
        found.append(Parameter(name, unit.strip(), float(default) if default.strip() else None))
    return tuple(found)


GEOKON: Final = "Geokon, Instruction Manual Model 4500 series, section on data reduction"
FUNCTIONS: Final[Mapping[str, Function]] = MappingProxyType(
    {
        "digits": Function(
            _takes("f Hz"), "digit", "f * f / 1000",
            "reading of a vibrating wire from its frequency", "振弦频率换算为模数", GEOKON, ((2800.0,), 7840.0),
        ),
        "vw_linear": Function(
            _takes("R digit, R0 digit, G kPa/digit, K kPa/K = 0, T °C = 0, T0 °C = 0, S kPa = 0, S0 kPa = 0"), "kPa",
            "G * (R0 - R) + K * (T - T0) - (S - S0)",
            "pore pressure of a vibrating wire piezometer, linear: gauge factor G, thermal factor K, barometer S",
            "振弦渗压计压力（线性）", GEOKON, ((8000.0, 9000.0, 0.05, 0.1, 15.0, 20.0, 100.0, 101.0), 50.5),
        ),
        "vw_poly": Function(
            _takes("R digit, A, B, C, K kPa/K = 0, T °C = 0, T0 °C = 0, S kPa = 0, S0 kPa = 0"), "kPa",
            "A * R * R + B * R + C + K * (T - T0) - (S - S0)",
            "the same by the polynomial of the calibration sheet, in kPa and digits",
            "振弦渗压计压力（多项式）", GEOKON,
            ((8000.0, -1e-7, -0.05, 460.0, 0.1, 15.0, 20.0, 100.0, 101.0), 54.1),
        ),
        "head": Function(
            _takes("p kPa, density kg/m3 = 1000"), "m", "p * 1000 / (density * 9.80665)",
            "height of a column of liquid with this pressure", "压力换算为水头",
            "hydrostatics; standard gravity (CGPM 1901)",
            ((98.0665,), 10.0),
        ),
        "tank_vertical": Function(
            _takes("level m, diameter m"), "m3", "0.7853981633974483 * diameter * diameter * level",
            "volume in an upright cylinder", "立式圆筒储罐容积", "geometry", ((2.0, 10.0), 157.07963267948966),
        ),
        "tank_horizontal": Function(
            _takes("level m, diameter m, length m"), "m3",
            "length * ((diameter / 2) ^ 2 * acos(1 - 2 * level / diameter) / 1 [rad]"
            " - (diameter / 2 - level) * sqrt(level * (diameter - level)))",
            "volume in a lying cylinder with flat ends", "卧式圆筒储罐容积", "geometry: segment of a circle",
            ((1.0, 2.0, 5.0), 7.853981633974483),
        ),
        "tank_sphere": Function(
            _takes("level m, diameter m"), "m3",
            "if(level >= 0 and level <= diameter, 3.141592653589793 * level ^ 2 * (1.5 * diameter - level) / 3, 0 / 0)",
            "volume in a sphere", "球罐容积", "geometry: cap of a sphere", ((2.0, 2.0), 4.1887902047863905),
        ),
        "dew_point": Function(
            _takes("T °C, RH %"), "°C",
            "243.04 * (ln(RH / 100) + 17.625 * T / (243.04 + T)) / (17.625 - ln(RH / 100) - 17.625 * T / (243.04 + T))",
            "dew point over water, -40 to 50 °C", "露点", "Alduchov and Eskridge, J. Appl. Meteor. 35 (1996)",
            ((20.0, 100.0), 20.0),
        ),
        "gas_mass": Function(
            _takes("x ppm, M g/mol, T °C = 20, p kPa = 101.325"), "mg/m3",
            "x * M * p / (8.314462618 * (T + 273.15))",
            "concentration by mass from ppm", "ppm 换算为 mg/m3", "ideal gas; R by CODATA 2018",
            ((10.0, 34.08), 14.167),
        ),
        "flow_normal": Function(
            _takes("q m3/h, p kPa, T °C"), "m3/h", "q * p / 101.325 * 273.15 / (T + 273.15)",
            "flow at 0 °C and 101.325 kPa from flow at absolute pressure p and T", "工况流量换算为标况",
            "ideal gas; DIN 1343", ((100.0, 202.65, 0.0), 200.0),
        ),
        "kelvin": Function(
            _takes("T °C"), "K", "T + 273.15", "absolute temperature", "摄氏度换算为开尔文",
            "SI brochure", ((0.0,), 273.15),
        ),
        "celsius": Function(
            _takes("T K"), "°C", "T - 273.15", "temperature in °C", "开尔文换算为摄氏度",
            "SI brochure", ((273.15,), 0.0),
        ),
    }
)  # fmt: skip
