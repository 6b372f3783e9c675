from __future__ import annotations

from pathlib import Path

import pydantic
import pytest
import yaml

import gateway
from gateway.model.site import Tag
from gateway.sources.modbus.config import Settings, bind, links
from gateway.sources.modbus.plan import Area, Kind, Order, Point

FOLDER = Path(gateway.__file__).parent / "sources" / "modbus"
SETTINGS = Settings(kind="modbus-tcp", host="plc")


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
        "1:holding:0:float16",
        "1:holding:0:float32:ABDC",
        "1:holding:65535:float32",
        "1:holding:65536",
        "1:coil:0:uint16",
        "1:coil:0.1",
        "1:holding:0:bit",
        "1:holding:0.16:bit",
        "1:holding:0.1:uint16",
        "1:holding:0:uint16:ABCD:x",
        "１:holding:0",
    ],
)
def test_a_bad_address_says_what_is_allowed(cell: str) -> None:
    with pytest.raises(ValueError, match=r"allowed: unit:area:address"):
        bind(SETTINGS, cell, tag())


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
        Settings.model_validate(settings)


def test_every_setting_is_in_the_readme() -> None:
    readme = (FOLDER / "README.md").read_text()
    assert [name for name in Settings.model_fields if f"`{name}`" not in readme] == []


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
