"""Tag classes: what is measured, its unit family, which side is dangerous, and whether it must be judged by a limit.

Data, not code. ``limit_required`` follows promise 8: a tag of that class without an enabled limit makes its
installation *not-judged*.
"""

from dataclasses import dataclass
from types import MappingProxyType
from typing import Final

from gateway.model.site import Danger

_LENGTH = ("m", "cm", "mm", "%")
_COMBUSTIBLE = ("%LEL", "%vol", "ppm", "mg/m3", "LEL·m")
_TOXIC = ("ppm", "mg/m3", "%vol", "%OEL", "%IDLH")


@dataclass(frozen=True, slots=True)
class TagClass:
    """One row of the class table."""

    chinese: str
    units: tuple[str, ...]
    """units of the family; empty: any"""
    danger: Danger
    limit_required: bool


def _row(chinese: str, units: tuple[str, ...], danger: Danger, *, required: bool = True) -> TagClass:
    return TagClass(chinese, units, danger, required)


CLASSES: Final = MappingProxyType(
    {
        "level": _row("液位", _LENGTH, Danger.BOTH),
        "pressure": _row("压力", ("Pa", "kPa", "MPa", "bar", "mbar"), Danger.BOTH),
        "temperature": _row("温度", ("°C", "℃", "C", "K"), Danger.HIGH),
        "flow": _row("流量", (), Danger.NONE, required=False),
        "gas-combustible": _row("可燃气体", _COMBUSTIBLE, Danger.HIGH),
        "gas-toxic": _row("有毒气体", _TOXIC, Danger.HIGH),
        "oxygen": _row("氧气", ("%vol", "%"), Danger.BOTH),
        "methane": _row("甲烷", ("%", "%vol", "%CH4"), Danger.HIGH),
        "phreatic-depth": _row("浸润线埋深", _LENGTH, Danger.LOW),
        "pool-level": _row("库水位", _LENGTH, Danger.HIGH),
        "freeboard": _row("安全超高", _LENGTH, Danger.LOW),
        "dry-beach": _row("干滩长度", _LENGTH, Danger.LOW),
        "displacement": _row("位移", ("mm", "cm", "m"), Danger.BOTH),
        "rainfall": _row("降雨量", ("mm", "mm/h"), Danger.HIGH, required=False),
        "wind-speed": _row("风速", ("m/s",), Danger.NONE, required=False),
        "wind-direction": _row("风向", ("°", "deg"), Danger.NONE, required=False),
        "state": _row("状态", (), Danger.NONE, required=False),
        "command": _row("指令", (), Danger.NONE, required=False),
        "current": _row("电流", ("A", "mA"), Danger.HIGH, required=False),
        "other": _row("其他", (), Danger.NONE, required=False),
    }
)
DISCRETE: Final = frozenset({"state", "command"})
"""Classes whose values are words, not quantities: no limits, no rates; judged by state and discrepancy rules."""
BY_CHINESE: Final = MappingProxyType({c.chinese: name for name, c in CLASSES.items()})
