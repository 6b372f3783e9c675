from __future__ import annotations

from itertools import product
from pathlib import Path
from typing import Any

import pydantic
import pytest
import yaml

import gateway
from gateway.config.registry import SOURCES
from gateway.model.site import Tag
from gateway.sources.modbus import config_serial
from gateway.sources.modbus.address import Notation
from gateway.sources.modbus.config import Settings, bind, links
from gateway.sources.modbus.plan import Area, Kind, Order, Point

FOLDER = Path(gateway.__file__).parent / "sources" / "modbus"
SETTINGS = Settings(kind="modbus-tcp", host="plc")
KINDS: dict[str, Any] = {kind: module for kind, module in SOURCES.items() if kind.startswith("modbus")}
SERIAL = config_serial.Settings(kind="modbus-serial", port="/dev/ttyS1")

ALIKE = set(product((Notation.ZERO, Notation.ONE, Notation.HEX), repeat=2))
"""Read as another number, not refused: why it must be declared."""


def tag(id_: str = "T-1") -> Tag:
    return Tag(id=id_, raw=id_, description="", cls="level", unit="m", installation="")


@pytest.mark.parametrize(
    ("cell", "unit", "point"),
    [
        ("1:holding:0", 1, Point(Area.HOLDING, 0, Kind.UINT16)),
        ("1:holding:0:float32:CDAB", 1, Point(Area.HOLDING, 0, Kind.FLOAT32, Order.CDAB)),
        ("255:input:65532:float64:DCBA", 255, Point(Area.INPUT, 65532, Kind.FLOAT64, Order.DCBA)),
        ("0:coil:12", 0, Point(Area.COIL, 12, Kind.BIT)),
        (" 3:discrete:65535:bit ", 3, Point(Area.DISCRETE, 65535, Kind.BIT)),
        ("1:holding:5.3:bit", 1, Point(Area.HOLDING, 5, Kind.BIT, Order.ABCD, 3)),
        ("1:holding:5.15", 1, Point(Area.HOLDING, 5, Kind.BIT, Order.ABCD, 15)),
        ("1:input:5:float16", 1, Point(Area.INPUT, 5, Kind.FLOAT16)),
        ("1:input:5:string8:BADC", 1, Point(Area.INPUT, 5, Kind.STRING, Order.BADC, length=8)),
        (
            "1:input:5:string8{RUN=1 STOP=0}",
            1,
            Point(Area.INPUT, 5, Kind.STRING, length=8, codes=(("RUN", 1.0), ("STOP", 0.0))),
        ),
        (
            "1:input:5:uint16:BADC{1=0 -2=1.5}",
            1,
            Point(Area.INPUT, 5, Kind.UINT16, Order.BADC, codes=(("1", 0.0), ("-2", 1.5))),
        ),
    ],
)
def test_addresses(cell: str, unit: int, point: Point) -> None:
    found = bind(SETTINGS, cell, tag())
    assert (found.unit, found.point) == (unit, point)


@pytest.mark.parametrize(
    "cell",
    [
        "",
        "40001",
        "1:holding",
        "1:holding:-1",
        "256:holding:0",
        "1:registers:0",
        "1:holding:0:float32:ABDC",
        "1:holding:65535:float32",
        "1:holding:65536",
        "1:coil:0:uint16",
        "1:coil:0.1",
        "1:holding:0:bit",
        "1:holding:0.16:bit",
        "1:holding:0.1:uint16",
        "1:holding:0:uint16:ABCD:x",
        "1:holding:1F",
        "1:holding:0:string",
        "1:holding:0:string7",
        "1:holding:0:string248",
        "1:holding:0:string8:DCBA",
        "1:holding:0:float32{1=0}",
        "1:holding:0:uint16{}",
        "1:holding:0:uint16{1=0 1=1}",
        "1:holding:0:uint16{a=0}",
        "1:holding:0:uint16{1.5=0}",
        "1:holding:0:uint16{1=x}",
        "1:coil:0{1=0}",
        "１:holding:0",
    ],
)
def test_a_bad_address_says_what_is_allowed(cell: str) -> None:
    with pytest.raises(ValueError, match=r"allowed: unit:area:address"):
        bind(SETTINGS, cell, tag())


@pytest.mark.parametrize(
    ("notation", "cell", "place"),
    [
        (Notation.ONE, "1:holding:1", (Area.HOLDING, 0)),
        (Notation.ONE, "1:coil:65536", (Area.COIL, 65535)),
        (Notation.HEX, "1:input:1f:float32", (Area.INPUT, 31)),
        (Notation.FIVE, "1:00001", (Area.COIL, 0)),
        (Notation.FIVE, "1:19999", (Area.DISCRETE, 9998)),
        (Notation.FIVE, "1:30001:float32:CDAB", (Area.INPUT, 0)),
        (Notation.FIVE, "1:40010.3", (Area.HOLDING, 9)),
        (Notation.SIX, "1:465536", (Area.HOLDING, 65535)),
        (Notation.SIX, "1:000001", (Area.COIL, 0)),
    ],
)
def test_the_notation_of_the_source_is_the_only_one(
    notation: Notation, cell: str, place: tuple[Area, int]
) -> None:
    found = bind(SETTINGS.model_copy(update={"addresses": notation}), cell, tag()).point
    assert (found.area, found.address) == place
    others = [n for n in Notation if n is not notation and (notation, n) not in ALIKE]
    for other in others:
        with pytest.raises(ValueError, match="allowed: unit:"):
            bind(SETTINGS.model_copy(update={"addresses": other}), cell, tag())


@pytest.mark.parametrize(
    ("notation", "cell"),
    [
        (Notation.FIVE, "1:40000"),
        (Notation.FIVE, "1:20001"),
        (Notation.FIVE, "1:400001"),
        (Notation.FIVE, "1:4001"),
        (Notation.FIVE, "1:holding:0"),
        (Notation.SIX, "1:465537"),
        (Notation.SIX, "1:40001"),
        (Notation.ONE, "1:holding:0"),
        (Notation.ONE, "1:holding:65537"),
        (Notation.HEX, "1:holding:0x10"),
        (Notation.HEX, "1:holding:10000"),
    ],
)
def test_a_number_of_another_notation_is_refused(notation: Notation, cell: str) -> None:
    with pytest.raises(ValueError, match="allowed: unit:"):
        bind(SETTINGS.model_copy(update={"addresses": notation}), cell, tag())


@pytest.mark.parametrize("port", ["COM3", "com3", "\\\\.\\COM3"])
def test_a_port_of_windows_is_one_line_by_any_of_its_names(port: str) -> None:
    made = SERIAL.model_copy(update={"port": port})
    assert (made.port, made.place) == (port, "COM3")
    assert links("s", made, {"A": bind(made, "1:holding:0", tag())})[0][0].description == "Modbus COM3"


@pytest.mark.parametrize("cell", ["0:holding:0", "248:holding:0"])
def test_units_of_a_serial_line(cell: str) -> None:
    with pytest.raises(ValueError, match="allowed: units 1-247"):
        bind(SERIAL, cell, tag())


def test_a_value_longer_than_a_request_is_refused() -> None:
    with pytest.raises(ValueError, match="longer than max_registers"):
        bind(SETTINGS.model_copy(update={"max_registers": 4}), "1:holding:0:string10", tag())


def test_links_are_the_connection_and_its_units() -> None:
    bound = {
        id_: bind(SETTINGS, cell, tag(id_)) for id_, cell in {"A": "2:holding:0", "B": "1:coil:0"}.items()
    }
    found, of_tag = links("plc1", SETTINGS, bound)
    assert [(link.id, link.parent) for link in found] == [
        ("plc1", ""),
        ("plc1.1", "plc1"),
        ("plc1.2", "plc1"),
    ]
    assert of_tag == {"A": ("plc1", "plc1.2"), "B": ("plc1", "plc1.1")}


def test_the_sample_is_what_the_readme_shows_and_loads() -> None:
    text = (FOLDER / "sample.yaml").read_text()
    assert text in (FOLDER / "README.md").read_text()
    for settings in yaml.safe_load(text)["sources"].values():
        KINDS[settings["kind"]].Settings.model_validate(settings)


@pytest.mark.parametrize("kind", KINDS)
def test_every_setting_is_in_the_readme(kind: str) -> None:
    readme = (FOLDER / "README.md").read_text()
    assert [name for name in KINDS[kind].Settings.model_fields if f"`{name}`" not in readme] == []


def test_every_type_and_notation_is_in_the_readme() -> None:
    readme = (FOLDER / "README.md").read_text()
    assert [k for k in Kind if f"`{k}" not in readme] == []
    assert [n for n in Notation if f"`{n}`" not in readme] == []


@pytest.mark.parametrize(
    "change",
    [
        {"hots": "x"},
        {"max_registers": 126},
        {"timeout": "0s"},
        {"timeout": None},
        {"timeout": "1 hour"},
        {"port": 0},
    ],
)
def test_bad_settings_are_refused(change: dict[str, object]) -> None:
    with pytest.raises(pydantic.ValidationError):
        Settings.model_validate({"kind": "modbus-tcp", "host": "plc", **change})
