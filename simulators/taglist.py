"""A plant's tags out of the tag list of its site: where each is on the wire; the plant file adds what each measures."""

import csv
import re
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any, Final

from simulators.data import mapping
from simulators.errors import BadData

AREAS: Final = {"coil": 1, "discrete": 2, "holding": 3, "input": 4}
UNITS: Final = {"": 1.0, "s": 1.0, "min": 60.0, "h": 3600.0, "d": 86_400.0}
_DURATION: Final = re.compile(r"([0-9.]+)(s|min|h|d)?")
WIDEST: Final = (-1e12, 1e12)
"""range of a tag that has none: it never saturates"""


def listed_tags(path: Path, sensors: object) -> Iterator[dict[str, Any]]:
    """Tags as a plant file's ``tags`` has them: rows of ``path`` with an entry in ``sensors`` (var, lag, noise)."""
    measured = mapping(sensors, "sensors")
    try:
        with path.open(encoding="utf-8-sig", newline="") as file:
            rows = {row["位号"]: row for row in csv.DictReader(file)}
    except (OSError, KeyError, csv.Error) as error:
        raise BadData(f"{path}: {error}") from error
    if lost := sorted(set(measured) - set(rows)):
        raise BadData(f"{path}: sensors of unknown tags: {', '.join(lost)}")
    for tag, sensor in measured.items():
        yield _tag(rows[tag], tag, mapping(sensor, f"sensors.{tag}"))


def _tag(row: Mapping[str, str | None], tag: str, sensor: Mapping[str, Any]) -> dict[str, Any]:
    low, high = _number(row, "量程下限"), _number(row, "量程上限")
    given = list(sensor.get("range") or ([low, high] if low is not None and high is not None else WIDEST))
    out: dict[str, Any] = {
        "id": row.get("编号") or tag,
        "zh": row.get("描述") or tag,
        "en": row.get("英文描述") or "",
        "class": row.get("点型") or row.get("类别") or "",
        "unit": row.get("单位") or "",
        "installation": row.get("装置") or "",
        "range": given,
        "period_s": _seconds(row.get("周期") or ""),
        **{k: v for k, v in sensor.items() if k != "range"},
    }
    address = row.get("地址") or ""
    if "#" in address or "/" in address:
        topic, _, at = address.partition("#")
        return out | {"mqtt": {"topic": topic, "path": at}}
    if ":" not in address:
        return out | {"by_hand": True}
    return out | _modbus(row, address, given)


def _modbus(row: Mapping[str, str | None], address: str, given: list[float]) -> dict[str, Any]:
    parts = address.split(":")
    if len(parts) < 3 or parts[1] not in AREAS:
        raise BadData(f"{row.get('位号')}: address {address!r}: unit:area:address[:type[:order]]")
    kind = "bit" if parts[1] in ("coil", "discrete") else (parts[3] if len(parts) > 3 else "uint16")
    out: dict[str, Any] = {"device": row.get("数据源") or "", "unit": int(parts[0]), "function": AREAS[parts[1]],
                           "address": int(parts[2]), "type": kind}  # fmt: skip
    if len(parts) > 4:
        out["order"] = parts[4]
    low, high = _number(row, "原始下限"), _number(row, "原始上限")
    if row.get("信号") == "4-20mA":
        return {"modbus": out, "signal": "4-20mA", "current": {"at4": low or 4000.0, "at20": high or 20000.0}}
    if low is not None and high is not None:
        scale = (given[1] - given[0]) / (high - low)
        out |= {"scale": scale, "offset": given[0] - low * scale}
    return {"modbus": out}


def _number(row: Mapping[str, str | None], column: str) -> float | None:
    text = (row.get(column) or "").strip()
    return float(text) if text else None


def _seconds(text: str) -> float:
    match = _DURATION.fullmatch(text.strip())
    return float(match[1]) * UNITS[match[2] or ""] if match else 1.0
