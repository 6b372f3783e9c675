"""The per-tag statistical rules, from the written configuration through the engine: each raises and clears."""

import math
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from gateway.engine import Engine
from gateway.model.batch import of_rows
from gateway.model.inputs import Numbered, Readings, Started, Tick
from gateway.model.site import Site
from tests.unit.config.writing import good
from tests.unit.engine.plant import T0, S
from tests.unit.engine.test_groups import SITE

TAGS = """\
id,raw,class,unit,low,high,installation,source,address,period,max_age
A,A,level,m,0,20,tank-farm,plc1,1:holding:0,1s,10s
R,R,rainfall,mm,0,50,tank-farm,plc1,1:holding:1,1s,10s
D,D,displacement,mm,-500,500,tank-farm,plc1,1:holding:2,1s,10s
M,M,state,,,,tank-farm,plc1,1:holding:3,1s,10s
"""
ENTRIES = {
    "total": "{id: R.TOTAL, kind: total, tag: R, window: 60s, buckets: 10, trigger: 20, reset: 5, level: orange}",
    "mean": "{id: A.MEAN, kind: mean, tag: A, window: 60s, buckets: 10, trigger: 12, reset: 11, level: red}",
    "peak": "{id: A.PEAK, kind: peak, tag: A, window: 20s, buckets: 10, trigger: 12, reset: 11, level: red}",
    "starts": "{id: M.STARTS, kind: starts, tag: M, values: [1], window: 60s, buckets: 10, trigger: 3, level: blue}",
    "dwell": "{id: M.DWELL, kind: dwell, tag: M, values: [1], longest: 30s, window: 60s, level: yellow}",
    "setpoint": "{id: A.SETPT, kind: setpoint, tag: A, target: 10, trigger: 2, reset: 1, level: yellow}",
    "cusum": "{id: A.CUSUM, kind: cusum, tag: A, mean: 10, sigma: 0.2, trigger: 8, reset: 4, level: yellow}",
    "ewma": "{id: A.EWMA, kind: ewma, tag: A, sigma: 0.1, warm_up: 60, trigger: 5, reset: 3, level: yellow}",
    "page-hinkley": "{id: A.PH, kind: page-hinkley, tag: A, delta: 0.5, memory: 60, trigger: 5, reset: 2,"
    " level: yellow}",
    "hampel": "{id: A.HAMPEL, kind: hampel, tag: A, sigma: 0.2, trigger: 6, reset: 4, level: blue}",
    "baseline": "{id: A.BASE, kind: baseline, tag: A, sigma: 0.2, period: 60s, slots: 6, warm_up: 2, trigger: 6,"
    " reset: 4, level: yellow}",
    "excess": "{id: A.EXCESS, kind: excess, tag: A, window: 60s, buckets: 10, trigger: 2, reset: 1, level: yellow}",
    "shift": "{id: A.SHIFT, kind: shift, tag: A, window: 60s, buckets: 12, trigger: 1, reset: 0.5, level: blue}",
    "noise": "{id: A.NOISE, kind: noise, tag: A, window: 120s, buckets: 12, sigma: 0.01, trigger: 3,"
    " reset: 2, level: blue}",
    "oscillation": "{id: A.OSC, kind: oscillation, tag: A, band: 3, window: 60s, buckets: 10, trigger: 4, reset: 1,"
    " level: yellow}",
    "velocity": "{id: D.VEL, kind: velocity, tag: D, window: 30s, buckets: 10, per: min, trigger: 30,"
    " reset: 10, level: red}",
    "inverse-velocity": "{id: D.INVVEL, kind: inverse-velocity, tag: D, window: 60s, buckets: 20, horizon: 60s,"
    " slowest: 2, per: min, level: red}",
}


def level(n: int) -> float:
    """Quiet at 10, with a step, a spike, a hunt and noise of its own between 200 s and 300 s."""
    quiet = 10.0 + 0.1 * math.sin(n * 2.4)
    return quiet if not 200 <= n < 300 else 14.0 + (4.0 * math.sin(n * 0.9))


def displacement(n: int) -> float:
    """Accelerates towards 320 s, stands still from 300 s."""
    return -60.0 * math.log((320.0 - min(n, 300)) / 320.0) + 0.001 * math.sin(n * 2.4)


VALUES: dict[str, Any] = {
    "A": level,
    "R": lambda n: 1.0 if 200 <= n < 230 else 0.0,
    "D": displacement,
    "M": lambda n: float(n // 10 % 2) if 200 <= n < 260 else float(260 <= n < 300),
}
SHAPES: dict[str, Any] = {
    "hampel": lambda n: 10.0 + 0.1 * math.sin(n * 2.4) + (5.0 if n == 200 else 0.0),
    "noise": lambda n: 10.0 + (1.0 if 200 <= n < 210 else 0.1) * math.sin(n * 2.4),
    "shift": lambda n: 10.0 + 0.1 * math.sin(n * 2.4) + (3.0 if n >= 200 else 0.0),
}


def happenings(folder: Path, kind: str) -> Iterator[tuple[int, Any]]:
    site: Site = good(folder, SITE % ENTRIES[kind], TAGS).site
    engine, rule = Engine(site, "e1"), site.rules[0]
    engine.step([Numbered(1, Started(T0, 0, "1"))])
    shape = SHAPES.get(kind, VALUES[rule.tags[0]])
    for n in range(600):
        now = T0 + n * S
        batch = of_rows(site.table, [(site.tag_index[rule.tags[0]], now, now, shape(n), 0)])
        for numbered in (Numbered(2 * n + 2, Readings(batch)), Numbered(2 * n + 3, Tick(now))):
            yield from ((n, e) for _, e in engine.step([numbered]).events if e.rule == rule.id)


@pytest.mark.parametrize("kind", sorted(ENTRIES))
def test_raises_and_clears(tmp_path: Path, kind: str) -> None:
    found = list(happenings(tmp_path, kind))
    events = [e.event.value for _, e in found]
    assert events[:2] == ["raised", "cleared"], found
    assert 190 <= found[0][0] <= 320
    raised = found[0][1]
    assert raised.kind == kind
    assert math.isfinite(raised.value)


def test_an_alarm_carries_what_its_number_is(tmp_path: Path) -> None:
    (_, rain) = next(happenings(tmp_path, "total"))
    assert (rain.value, rain.limit) == (20.0, 20.0)
    (_, slide) = next(happenings(tmp_path, "velocity"))
    assert slide.rate == pytest.approx(30 / 60, rel=0.2)
    assert np.isfinite(slide.value)
