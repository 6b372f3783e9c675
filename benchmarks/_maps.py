"""Twenty register maps in the styles manufacturers publish: what a plant reads of each. long-file: table.

Each line is (area, first address, registers from one value to the next, how many values, type).
"""

# ruff: noqa: E501 - a table

from collections.abc import Mapping
from types import MappingProxyType
from typing import Final

from gateway.sources.modbus.plan import Area, Kind, Point

Run = tuple[str, int, int, int, str]
MAPS: Final[Mapping[str, tuple[Run, ...]]] = MappingProxyType(
    {
        "three-phase meter, floats in pairs": (("input", 0, 2, 34, "float32"), ("input", 52, 2, 2, "float32"),
            ("input", 70, 2, 5, "float32"), ("input", 84, 2, 3, "float32"), ("input", 200, 2, 4, "float32"),
            ("input", 224, 2, 6, "float32"), ("input", 334, 2, 10, "float32"), ("input", 370, 2, 6, "float32")),
        "panel meter, blocks far apart": (("holding", 2999, 2, 12, "float32"), ("holding", 3025, 2, 6, "float32"),
            ("holding", 3053, 2, 8, "float32"), ("holding", 3077, 2, 4, "float32"), ("holding", 3109, 2, 1, "float32"),
            ("holding", 3203, 4, 8, "int64"), ("holding", 21299, 2, 9, "float32")),
        "gas controller, 16 channels of 10 registers": (("input", 100, 10, 16, "float32"), ("input", 102, 10, 16, "uint16"),
            ("input", 103, 10, 16, "uint16")),
        "gas controller, 64 channels, values then states": (("input", 0, 1, 64, "int16"), ("input", 256, 1, 64, "uint16")),
        "tank gauge, 20 tanks of 50 registers": (("input", 0, 50, 20, "float32"), ("input", 2, 50, 20, "float32"),
            ("input", 8, 50, 20, "float32"), ("input", 20, 50, 20, "uint16")),
        "tank gauge, 12 tanks of 32 registers": (("holding", 1000, 32, 12, "uint32"), ("holding", 1004, 32, 12, "int16"),
            ("holding", 1012, 32, 12, "uint32")),
        "PLC data block, dense": (("holding", 0, 2, 180, "float32"),),
        "PLC data block, mixed": (("holding", 0, 1, 60, "int16"), ("holding", 100, 2, 80, "float32"),
            ("holding", 300, 1, 40, "uint16"), ("holding", 512, 2, 30, "int32")),
        "PLC with states in coils": (("coil", 0, 1, 300, "bit"), ("coil", 1024, 1, 100, "bit"),
            ("discrete", 0, 1, 256, "bit"), ("holding", 0, 1, 30, "int16")),
        "flow computer, four streams": (("holding", 7000, 2, 20, "float32"), ("holding", 7100, 2, 20, "float32"),
            ("holding", 7200, 2, 20, "float32"), ("holding", 7300, 2, 20, "float32"), ("holding", 3000, 1, 8, "uint16")),
        "vibrating-wire logger, 40 sensors": (("input", 0, 4, 40, "float32"), ("input", 2, 4, 40, "float32")),
        "piezometer logger, every 8 registers": (("input", 400, 8, 32, "float64"),),
        "weather station": (("input", 0, 1, 12, "int16"), ("input", 30, 2, 6, "float32"), ("input", 61, 1, 4, "uint16")),
        "remote I/O, 8 cards of 4-20 mA": (("input", 0, 16, 8, "int16"), ("input", 1, 16, 8, "int16"),
            ("input", 2, 16, 8, "int16"), ("input", 3, 16, 8, "int16"), ("discrete", 0, 1, 64, "bit")),
        "remote I/O, dense": (("input", 0, 1, 128, "int16"), ("discrete", 0, 1, 512, "bit")),
        "frequency converter": (("holding", 2100, 1, 12, "int16"), ("holding", 3200, 1, 8, "uint16"),
            ("holding", 8501, 1, 3, "uint16"), ("holding", 8602, 1, 2, "int16")),
        "battery management, 16 packs of 60 registers": (("input", 0, 60, 16, "uint16"), ("input", 1, 60, 16, "int16"),
            ("input", 2, 60, 16, "uint16"), ("input", 10, 60, 16, "int16")),
        "fire panel, loops of devices": (("input", 0, 1, 250, "uint16"), ("input", 500, 1, 250, "uint16")),
        "safety PLC, few values among many": (("holding", 10, 37, 14, "float32"), ("discrete", 100, 90, 20, "bit")),
        "mine substation, scattered": (("holding", 0, 23, 30, "uint16"), ("holding", 5, 41, 17, "float32"),
            ("holding", 2000, 7, 50, "int16")),
    }
)  # fmt: skip


def points(name: str) -> list[Point]:
    """Values of one map, each address once."""
    found = [
        Point(Area(area), first + k * step, Kind(kind))
        for area, first, step, count, kind in MAPS[name]
        for k in range(count)
    ]
    return list({(p.area, p.address): p for p in found}.values())
