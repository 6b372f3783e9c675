"""Rules over several tags, from the written configuration through the engine: each raises, clears and goes unknown."""

from pathlib import Path
from typing import Any

import pytest

from detectors.groups import layout
from detectors.layout import IS_UNKNOWN
from gateway.engine import Engine
from gateway.model.batch import of_rows
from gateway.model.inputs import Numbered, Readings, Started
from gateway.model.quality import Quality
from gateway.model.site import Site
from tests.unit.config.writing import good
from tests.unit.engine.plant import T0, S

SITE = """\
version: 1
gateway: gw-01
county: "341524"
site: {id: demo, name: 示范厂}
installations:
  - {id: tank-farm, name: 储罐区, owners: {responsible: wang}}
sources:
  plc1: {kind: modbus-tcp, host: 127.0.0.1, port: 502}
tags: [tags.csv]
rules:
  - %s
people: {wang: {name: 王强}}
"""
TAGS = """\
id,raw,class,unit,low,high,installation,source,address,period,max_age
A,A,level,m,0,20,tank-farm,plc1,1:holding:0,1s,10s
B,B,level,m,0,20,tank-farm,plc1,1:holding:1,1s,10s
C,C,level,m,0,20,tank-farm,plc1,1:holding:2,1s,10s
F,F,flow,m3/h,0,900,tank-farm,plc1,1:holding:3,1s,10s
M,M,state,,,,tank-farm,plc1,1:holding:4,1s,0
"""
DEVIATION = (
    "{id: A.DEV, kind: deviation, tag: A, reference: B, trigger: 10, reset: 5, percent: true, level: yellow}"
)
MOVING = (
    "{id: A.MOVING, kind: moving-limit, tag: A, other: B, gain: 2, offset: 1, dead_band: 0.5, level: red}"
)
SPREAD = (
    "{id: L.SPREAD, kind: spread, group: L, tags: [A, B, C], trigger: 2, reset: 1, least: 2, level: yellow}"
)
STATE = (
    "{id: A.STLIM, kind: state-limit, tag: A, selector: M, level: orange, otherwise: unknown,"
    " cases: [{state: 1, trigger: 12, reset: 11}, {state: 2, trigger: 18}, {state: 3}]}"
)
BALANCE = (
    "{id: A.BALANCE, kind: balance, volume: A, gain: 100, outflows: [F], window: 24s, trigger: 5, side: low,"
    " volume_u: 0.5, flow_u: 0.01, level: red}"
)
EXPRESSION = (
    "{id: L.EXPR, kind: expression, group: L, expression: 'if(M == 1, A - B, A / (B - 5 [m]) * 1 [m])',"
    " unit: m, trigger: 2, reset: 1, level: red}"
)
MULTI = (
    "{id: L.MULTI, kind: multivariate, group: L, tags: [A, B], learn: 30s, keep: 0.5, every: 1s, confidence: 0.99,"
    " trigger: 2, reset: 1.5, level: yellow}"
)


class Bench:
    """An engine over a written site."""

    def __init__(self, folder: Path, entry: str) -> None:
        self.site: Site = good(folder, SITE % entry, TAGS).site
        self.engine, self.number = Engine(self.site, "e1"), 0
        self.rule = self.site.rules[0].id
        self._give(Started(T0, 0, "1"))

    def _give(self, item: Any) -> list[tuple[str, float | None]]:
        self.number += 1
        events = self.engine.step([Numbered(self.number, item)]).events
        return [(e.event.value, e.value) for _, e in events if e.rule == self.rule]

    def unknown(self) -> bool:
        return bool(self.engine.bank.conditions()[0] == IS_UNKNOWN)

    def read(self, at: float, bad: str = "", **values: float) -> list[tuple[str, float | None]]:
        """One input with these values, ``at`` seconds after the start; ``bad`` names a tag that cannot be read."""
        when, index = T0 + int(at * S), self.site.tag_index
        rows = [
            (index[t], when, when, v, int(Quality.DEVICE_EXCEPTION) if t == bad else 0)
            for t, v in values.items()
        ]
        return self._give(Readings(of_rows(self.site.table, rows)))


def test_the_quality_codes_of_groups_are_the_public_ones() -> None:
    assert layout.NOT_A_NUMBER == Quality.NOT_A_NUMBER
    assert layout.NOT_SET == Quality.CONFIGURATION
    assert layout.DOUBTFUL == Quality.SOURCE_UNCERTAIN


def names(events: Any) -> list[str]:
    return [event for event, _ in events]


@pytest.mark.parametrize(
    ("entry", "quiet", "loud", "value", "bad"),
    [
        (DEVIATION, {"A": 10.0, "B": 10.0}, {"A": 12.0}, 10.0, "B"),
        (MOVING, {"A": 10.0, "B": 6.0}, {"A": 14.0}, 1.0, "B"),
        (SPREAD, {"A": 10.0, "B": 10.5, "C": 10.2}, {"C": 13.0}, 3.0, "A"),
        (STATE, {"A": 12.5, "M": 2.0}, {"M": 1.0}, 12.5, "M"),
    ],
    ids=["deviation", "moving-limit", "spread", "state-limit"],
)
def test_raises_clears_and_goes_unknown(
    tmp_path: Path, entry: str, quiet: dict[str, float], loud: dict[str, float], value: float, bad: str
) -> None:
    bench = Bench(tmp_path, entry)
    assert bench.read(1, **quiet) == []
    assert bench.read(2, **loud) == [("raised", pytest.approx(value))]
    if entry == SPREAD:
        assert bench.read(3, bad="A", A=0.0) == []  # two are enough
        assert names(bench.read(3.1, bad="B", B=0.0)) == ["unknown"]
    else:
        assert names(bench.read(3, bad=bad, **{bad: 0.0})) == ["unknown"]
    assert names(bench.read(4, **quiet | loud)) == ["known"]
    assert names(bench.read(5, **quiet)) == ["cleared"]
    bench.read(16, A=quiet["A"])  # the others are too old, but a state holds
    assert bench.unknown() is (entry != STATE)


def test_a_state_without_limit_and_one_that_nobody_named(tmp_path: Path) -> None:
    bench = Bench(tmp_path, STATE)
    assert bench.read(1, A=19.0, M=3.0) == []
    assert not bench.unknown()
    assert bench.read(2, M=7.0) == []
    assert bench.unknown()
    assert names(bench.read(3, M=2.0)) == ["raised"]


def test_a_leak(tmp_path: Path) -> None:
    """36 m3/h leave a tank of 100 m2; then as many again, that no meter sees."""
    bench, found, level = Bench(tmp_path, BALANCE), [], 15.0
    for second in range(300):
        leak = 1.0 if 60 <= second < 120 else 0.0
        level -= (0.01 * 36 / 36 + leak) / 100
        bad = "F" if second == 200 else ""
        found += [(second, *e) for e in bench.read(second, bad, A=level, F=36.0 if bad == "" else 0.0)]
    assert [e for _, e, _ in found] == ["raised", "cleared"]
    assert 60 < found[0][0] < 75
    assert found[0][2] < -5
    assert 120 < found[1][0] < 150


def test_two_that_no_longer_go_together(tmp_path: Path) -> None:
    bench, found = Bench(tmp_path, MULTI), []
    for second in range(120):
        swing = 5 + second * 7 % 11 * 0.3
        wobble = 0.02 * (second * 5 % 7 - 3)
        bad = "B" if second == 100 else ""
        found += [
            (second, e)
            for e, _ in bench.read(second, bad, A=swing, B=swing + wobble + 1.0 * (60 <= second < 80))
        ]
    assert found == [(60, "raised"), (80, "cleared")]


def test_the_same_after_a_restart(tmp_path: Path) -> None:
    whole, parts = Bench(tmp_path, MULTI), Bench(tmp_path, MULTI)
    for second in range(60):
        swing = 5 + second * 7 % 11 * 0.3
        for bench in (whole, parts):
            bench.read(second, A=swing, B=swing + 0.02 * (second * 5 % 7 - 3) + (second > 50))
        fresh = Engine(parts.site, "e1")
        fresh.restore(parts.engine.snapshot())
        parts.engine = fresh
    assert parts.engine.snapshot() == whole.engine.snapshot()
