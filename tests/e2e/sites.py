"""Small sites over one scripted device."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any


def plc(port: int, **settings: Any) -> dict[str, dict[str, Any]]:
    """One quick Modbus device named ``plc``."""
    quick = {"period": "200ms", "timeout": "500ms", "retry_max": "1s", "reprobe": "1s"}
    return {"plc": {"kind": "modbus-tcp", "host": "127.0.0.1", "port": port, **quick, **settings}}


def level(number: int, **cells: object) -> dict[str, object]:
    """``LT-<number>``: register ``number`` in mm, range 0-10 m, limits 8 and 9 m unless given."""
    tag = f"LT-{number}"
    return {
        "id": tag,
        "raw": tag,
        "description": f"{number} 罐液位",
        "class": "level",
        "unit": "m",
        "low": 0,
        "high": 10,
        "installation": "farm",
        "source": "plc",
        "address": f"1:holding:{number}",
        "raw_low": 0,
        "raw_high": 10000,
        "period": "200ms",
        "max_age": "3s",
        "H": 8,
        "HH": 9,
        **cells,
    }


def mqtt(port: int, **settings: Any) -> Mapping[str, Any]:
    """An output to a broker on loopback."""
    return {"kind": "mqtt", "host": "127.0.0.1", "port": port, **settings}
