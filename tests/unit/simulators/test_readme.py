"""The README names every fault, key, input, command and option, and no fault that is none."""

import re
from dataclasses import fields
from pathlib import Path

import pytest

from simulators.causes import Cause
from simulators.cli import _parser
from simulators.control import COMMANDS
from simulators.encode import FORMATS, ORDERS
from simulators.faults import KINDS
from simulators.modbus.server import Device
from simulators.player import Player
from simulators.scenario import Allowed, Expected, Hazard, Scenario, TimedFault, find, load_scenario
from simulators.sitefile import KEYS
from simulators.tags import Current, ModbusBinding, MqttBinding, Tag

README = (Path(__file__).parents[3] / "simulators" / "README.md").read_text(encoding="utf-8")
OWN = {"folder", "tag_class", "name"}  # not keys of a file, or spelt otherwise there
TYPES = (
    Cause,
    Expected,
    Allowed,
    Hazard,
    TimedFault,
    Scenario,
    Tag,
    ModbusBinding,
    MqttBinding,
    Current,
    Device,
)


def rows(heading: str) -> dict[str, str]:
    """First cell -> row of the tables under a heading."""
    section = README.split(f"## {heading}\n", 1)[1].split("\n## ", 1)[0]
    return {m[1]: m[0] for m in re.finditer(r"^\| `([^`]+)` \|.*$", section, re.MULTILINE)}


def test_the_fault_table_is_the_catalogue() -> None:
    table = rows("Faults")
    assert set(table) == set(KINDS)
    for name, kind in KINDS.items():
        assert kind.meaning in table[name]
        assert f"| {kind.target} |" in table[name]
        assert all(f"`{key}` = {value:g}" in table[name] for key, value in kind.params.items())


def test_the_command_table_is_the_control_port() -> None:
    assert set(rows("Control port")) == set(COMMANDS)


@pytest.mark.parametrize("cls", TYPES)
def test_every_key_is_documented(cls: type) -> None:
    names = {field.name for field in fields(cls)} - OWN
    assert {name for name in names if f"`{name}`" not in README} == set()


def test_types_orders_plant_keys_and_scenarios_are_documented() -> None:
    names = {path.stem for path in find("demo").parent.glob("*.yaml")}
    assert {key for key in KEYS | names if f"`{key}`" not in README} == set()
    assert all(word in README for word in (*FORMATS, *ORDERS))


def test_every_input_is_documented() -> None:
    for path in Player(load_scenario(find("demo"))).plant.inputs():
        part, name = path.split(".")
        shown = [f"`{place}.{name}`" for place in (part, "<tank>", "<pond>")]
        assert any(one in README for one in shown) or (part == "gas" and "`gas.<source>`" in README), path


def test_every_option_is_documented() -> None:
    helped = next(a for a in _parser()._actions if a.dest == "command").choices["run"].format_help()  # type: ignore[index]
    assert {o for o in re.findall(r"--[a-z0-9-]+", helped) if o not in README and o != "--help"} == set()
