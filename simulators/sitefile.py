"""A plant file: physics, devices on the wire and tags."""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from simulators.data import make, mapping, read_yaml, sequence
from simulators.errors import BadData
from simulators.modbus.server import Device
from simulators.physics import Plant, build_plant
from simulators.taglist import listed_tags
from simulators.tags import Tag, read_tags

WIRES = ("tcp", "rtu-tcp", "ascii-tcp", "rtu", "ascii")
KEYS = {
    "plant",
    "zh",
    "en",
    "installations",
    "mqtt_root",
    "physics",
    "devices",
    "tags",
    "tag_list",
    "sensors",
}


@dataclass(frozen=True)
class SiteFile:
    """What a plant file says; ``installations`` is descriptive and only handed on."""

    name: str
    mqtt_root: str
    installations: list[dict[str, Any]]
    physics: Mapping[str, Any]
    devices: dict[str, Device]
    tags: dict[str, Tag]

    def build(self, rng: np.random.Generator) -> Plant:
        """A fresh plant at rest."""
        return build_plant(self.physics, rng)

    def units(self, device: str) -> list[int]:
        """The unit numbers behind one device's port."""
        return sorted({t.modbus.unit for t in self.tags.values() if t.modbus and t.modbus.device == device})


def load_site(path: Path) -> SiteFile:
    """Read and check a plant file."""
    items = read_yaml(path)
    if unknown := sorted(set(items) - KEYS):
        raise BadData(f"{path}: unknown {', '.join(unknown)}; allowed: {', '.join(sorted(KEYS))}")
    physics = mapping(items.get("physics"), "physics")
    variables = build_plant(physics, np.random.default_rng(0)).values()
    described = items.get("tags")
    if "tag_list" in items:
        described = list(listed_tags(path.parent / str(items["tag_list"]), items.get("sensors")))
    tags = read_tags(described, variables)
    devices = _devices(mapping(items.get("devices", {}), "devices"))
    _check_devices(tags, devices)
    places = sequence(items.get("installations"), "installations")
    return SiteFile(
        str(items.get("plant", path.stem)), str(items.get("mqtt_root", "")), places, physics, devices, tags
    )


def _devices(items: Mapping[str, Any]) -> dict[str, Device]:
    made = {name: make(Device, {"name": name, **item}, f"devices.{name}") for name, item in items.items()}
    if wrong := sorted(d.name for d in made.values() if d.wire not in WIRES):
        raise BadData(f"wire of {', '.join(wrong)}: allowed: {', '.join(WIRES)}")
    return made


def _check_devices(tags: Mapping[str, Tag], devices: Mapping[str, Device]) -> None:
    used = {tag.modbus.device for tag in tags.values() if tag.modbus}
    if lost := sorted(used - set(devices)):
        raise BadData(f"tags name unknown devices: {', '.join(lost)}")
