"""Scenario files keep their promises; the player is deterministic; the truth is the physics'."""

import csv
from collections.abc import Mapping
from functools import cache
from pathlib import Path

import pytest
import yaml

from simulators.cli import broken_promises
from simulators.errors import BadData
from simulators.player import Player
from simulators.scenario import Scenario, find, load_scenario

ROOT = Path(__file__).parents[3]
NAMES = sorted(path.stem for path in (ROOT / "simulators" / "scenarios").glob("*.yaml"))
DEMO = ROOT / "configs" / "examples" / "demo"


def scenario(name: str) -> Scenario:
    return load_scenario(find(name))


def fingerprint(player: Player) -> tuple[object, ...]:
    measured = [player.measured(tag_id) for tag_id in player.site.tags]
    return (player.seconds, player.plant.values(), repr(measured), player.report())


@cache
def played_out(name: str) -> tuple[Player, frozenset[str]]:
    """A scenario played once for all tests, and the limits of the site that true values crossed in it."""
    player, found = Player(scenario(name)), set[str]()
    player.advance(
        player.scenario.duration_s, lambda: crossed(player, found) if player.steps % 4 == 0 else None
    )
    return player, frozenset(found)


@pytest.mark.parametrize("name", NAMES)
def test_every_scenario_keeps_its_promises(name: str) -> None:
    assert broken_promises(scenario(name), played_out(name)[0].report()) == []


@pytest.mark.parametrize("name", NAMES)
def test_the_last_tenth_of_a_scenario_is_calm(name: str) -> None:
    played = played_out(name)[0]
    calm = played.scenario.duration_s * 0.9
    report = played.report()["expect"]
    late = [e["id"] for e in report if e["raise"][1] > calm or (e["end"] or 0.0) > calm]
    assert late == []


def test_the_same_seed_gives_the_same_run_however_it_is_cut() -> None:
    whole, pieces = Player(scenario("demo")), Player(scenario("demo"))
    whole.advance(300.0)
    for second in range(0, 301, 7):
        pieces.advance(min(300.0, second + 0.3))
        for tag_id in ("LT-101A", "AT-201A", "LT-102A"):
            pieces.measured(tag_id)
    pieces.advance(300.0)
    assert fingerprint(whole) == fingerprint(pieces)


def test_another_seed_gives_another_run() -> None:
    demo = scenario("demo")
    other = Player(Scenario(**{**vars(demo), "seed": demo.seed + 1}))
    first = Player(demo)
    for player in (first, other):
        player.advance(60.0)
    assert first.sensors.values.tolist() != other.sensors.values.tolist()


def test_a_fault_may_be_cleared_before_its_time_and_come_again() -> None:
    player = Player(scenario("instruments"))
    player.advance(70.0)
    held = player.measured("AT-203")
    player.clear("AT-203-frozen")
    player.advance(130.0)
    player.inject("AT-203-frozen", "frozen", "AT-203", {})
    again = player.measured("AT-203")
    player.advance(1500.5)
    assert held != again
    assert "AT-203-frozen" not in player.faults
    with pytest.raises(BadData, match="no fault"):
        player.clear("AT-203-frozen")


def test_the_true_level_crosses_where_the_truth_says() -> None:
    player = Player(scenario("demo"))
    begins = {e["id"]: e["active"][0][0] for e in played_out("demo")[0].report()["expect"]}
    crossing = begins["T101-A-high"]
    player.advance(crossing - 0.5)
    assert player.plant.values()["T101.level"] <= 12.8
    player.advance(crossing)
    assert player.plant.values()["T101.level"] > 12.8


def test_the_leak_saturates_a_detector_at_the_top_of_its_range() -> None:
    player = Player(scenario("demo"))
    player.advance(600.0)
    assert player.plant.values()["gas.A"] > 110.0
    assert player.measured("AT-201A").value == 100.0
    [beyond] = [e["beyond_range"] for e in player.report()["expect"] if e["id"] == "AT-201A-second"]
    assert [end for _, end in beyond] == [None]
    assert 480.0 < beyond[0][0] < 485.0


def limits() -> Mapping[str, dict[str, float]]:
    """Rule id -> trigger of every limit of the demonstration site."""
    columns = {"低低报": "LL", "低报": "L", "高报": "H", "高高报": "HH"}
    with (DEMO / "tags.csv").open(encoding="utf-8-sig", newline="") as file:
        rows = list(csv.DictReader(file))
    return {row["位号"]: {n: float(row[c]) for c, n in columns.items() if row[c]} for row in rows}


def crossed(player: Player, found: set[str]) -> None:
    true = player.plant.values()
    for tag_id, triggers in limits_of_the_site.items():
        value = true[player.site.tags[tag_id].var]
        found |= {f"{tag_id}.{n}" for n, t in triggers.items() if (value >= t if n[0] == "H" else value <= t)}


limits_of_the_site = limits()


@pytest.mark.parametrize("name", NAMES)
def test_true_values_cross_exactly_the_limits_whose_alarms_are_expected(name: str) -> None:
    found = played_out(name)[1]
    expected = {e.rule for e in scenario(name).expect if e.rule.rsplit(".", 1)[1] in ("LL", "L", "H", "HH")}
    assert found == expected


def test_expected_rules_are_rules_of_the_demonstration_site() -> None:
    site = yaml.safe_load((DEMO / "site.yaml").read_text(encoding="utf-8"))
    known = {rule["id"]: rule["level"] for rule in site["rules"]}
    known |= {f"{t}.{n}": site["limits"][n]["level"] for t, row in limits_of_the_site.items() for n in row}
    for name in NAMES:
        for expected in scenario(name).expect:
            if expected.kind == "process":
                assert known[expected.rule] == expected.level, expected.id
            elif expected.rule.endswith(".FAULT"):
                blinded = limits_of_the_site[expected.tag]
                assert expected.level == ("red" if {"LL", "HH"} & set(blinded) else "yellow"), expected.id


def test_the_tag_list_of_the_demonstration_site_is_the_plant() -> None:
    areas = {"coil": 1, "discrete": 2, "input": 4, "holding": 3}
    site = Player(scenario("demo")).site
    with (DEMO / "tags.csv").open(encoding="utf-8-sig", newline="") as file:
        rows = {row["位号"]: row for row in csv.DictReader(file)}
    assert list(rows) == list(site.tags)
    for tag in site.tags.values():
        row = rows[tag.id]
        assert (row["描述"], row["类别"], row["单位"], row["装置"]) == (
            tag.zh,
            tag.tag_class,
            tag.unit,
            tag.installation,
        )
        assert float(row["周期"].rstrip("s")) == tag.period_s
        if tag.mqtt is not None:
            path = f"#{tag.mqtt.path}" if tag.mqtt.path else ""
            assert row["地址"] == f"{site.mqtt_root}{tag.mqtt.topic}{path}"
            continue
        binding = tag.modbus
        assert binding is not None
        given = row["地址"].split(":")
        unit, area, address, kind, order = [*given, *("bit", "ABCD")[len(given) - 3 :]]
        assert (row["数据源"], int(unit), areas[area], int(address)) == (
            binding.device, binding.unit, binding.function, binding.address)  # fmt: skip
        assert (kind, order) == (binding.type, binding.order if binding.type[-2:] != "16" else "ABCD")
        if tag.signal == "4-20mA":
            assert [float(row["原始下限"]), float(row["原始上限"])] == [tag.current.at4, tag.current.at20]
        elif binding.scale != 1.0:
            assert float(row["原始上限"]) * binding.scale == pytest.approx(float(row["量程上限"]))


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ("hazards: [{at: 1, set: {T101.colour: 1}}]", "no input 'colour'"),
        ("hazards: [{at: 1, set: {T101.inlet_failure: jammed}}]", "allowed: none, stuck"),
        ("hazards: [{when: 1, set: {}}]", "unknown when"),
        ("faults: [{id: a, at: 1, kind: gremlin, target: LT-101A}]", "unknown fault kinds: gremlin"),
        ("faults: [{id: a, at: 1, kind: failure-low, target: LT-101B}]", "cannot have failure-low"),
        ("faults: [{id: a, at: 1, kind: nan, target: LT-101A}]", "cannot have nan"),
        ("faults: [{id: a, at: 1, kind: silent, target: LT-101A}]", "needs a device"),
        ("faults: [{id: a, at: 1, kind: frozen, target: LT-999}]", "needs a tag"),
        ("expect: [{id: e, cause: {var: T101.level}}]", "cause"),
        ("allow: [{tag: x}]", "missing"),
    ],
)
def test_a_wrong_scenario_is_refused_with_the_reason(tmp_path: Path, changes: str, message: str) -> None:
    path = tmp_path / "wrong.yaml"
    path.write_text(f"scenario: wrong\nplant: demo\nseed: 1\nduration_s: 10\n{changes}\n", encoding="utf-8")
    with pytest.raises(BadData, match=message):
        Player(load_scenario(path))
