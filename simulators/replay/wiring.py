"""Where each recorded tag goes: registers of Modbus devices and MQTT topics, from one JSON or YAML file."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from simulators.data import make, mapping, read_yaml
from simulators.errors import BadData
from simulators.modbus.server import Device
from simulators.tags import Tag, read_tag

UNITS = ("s", "ms", "us", "ns", "iso")


@dataclass(frozen=True)
class Place:
    """A topic, and the dotted place of the value in its JSON; empty: the payload is the value."""

    topic: str
    path: str = ""


@dataclass(frozen=True)
class Publisher:
    """A broker, and what is published there. ``time`` is the dotted place of the source time, in ``time_unit``.

    ``every`` is a topic with ``{tag}`` for the tags that ``tags`` does not name.
    """

    host: str
    port: int
    user: str = ""
    password_env: str = ""
    time: str = ""
    time_unit: str = "ms"
    tags: Mapping[str, Place] = field(default_factory=dict)
    every: str = ""

    def place(self, tag: str) -> Place | None:
        """Where a tag's readings go."""
        found = self.tags.get(tag)
        if found is None and self.every:
            return Place(self.every.replace("{tag}", tag), "v")
        return found


@dataclass(frozen=True)
class Wiring:
    """``tags``: those in registers, by their column in the recording."""

    devices: Mapping[str, Device]
    tags: Mapping[str, Tag]
    hold_s: Mapping[str, float]
    """how long a register shows a reading; then the instrument has failed, as the recording says no more"""
    publishers: tuple[Publisher, ...]


def load_wiring(path: Path) -> Wiring:
    """Read and check a wiring file: ``devices``, ``registers`` (a tag as in a plant file, and ``hold_s``), ``mqtt``.

    Raises:
        BadData: says where.
    """
    items = read_yaml(path)
    if unknown := sorted(set(items) - {"devices", "registers", "mqtt"}):
        raise BadData(f"{path}: unknown {', '.join(unknown)}; allowed: devices, registers, mqtt")
    described = mapping(items.get("devices", {}), "devices")
    devices = {
        name: make(Device, {"name": name, **item}, f"devices.{name}") for name, item in described.items()
    }
    tags, hold = _registers(mapping(items.get("registers", {}), "registers"))
    if lost := {t.modbus.device for t in tags.values() if t.modbus} - set(devices):
        raise BadData(f"{path}: registers of unknown devices: {', '.join(sorted(lost))}")
    brokers = mapping(items.get("mqtt", {}), "mqtt")
    return Wiring(devices, tags, hold, tuple(_publisher(each, f"mqtt.{n}") for n, each in brokers.items()))


def _registers(items: Mapping[str, Any]) -> tuple[dict[str, Tag], dict[str, float]]:
    tags, hold = {}, {}
    for column, item in items.items():
        given = mapping(item, f"registers.{column}")
        hold[column] = float(given.pop("hold_s", 0.0))
        blank = {"id": column, "zh": "", "en": "", "class": "", "unit": "", "period_s": 1.0,
                 "var": column, "installation": ""}  # fmt: skip
        tags[column] = read_tag({**blank, **given}, f"registers.{column}")
    return tags, hold


def _publisher(item: object, where: str) -> Publisher:
    given = mapping(item, where)
    places = mapping(given.pop("tags", {}), f"{where}.tags")
    given["tags"] = {tag: make(Place, each, f"{where}.tags.{tag}") for tag, each in places.items()}
    made = make(Publisher, given, where)
    if made.time_unit not in UNITS:
        raise BadData(f"{where}.time_unit: {made.time_unit!r}; allowed: {', '.join(UNITS)}")
    return made
