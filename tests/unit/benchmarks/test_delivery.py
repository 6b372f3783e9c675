"""The backlog of ``benchmarks.delivery`` is what a gateway leaves, and both sides post the same lines."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from benchmarks._backlog import fill
from benchmarks._bare import texts
from benchmarks._plant import LINES, MIX, TAGS, Day, plant
from gateway.model.batch import concat
from gateway.model.times import NS
from gateway.runtime.recover import recover
from gateway.sinks.influxdb.encode import prefixes, reading_text
from gateway.store import Identity, Store

BASE, SECONDS = 1_795_000_000 * NS, 65


@pytest.mark.parametrize("period", [0, 1, 10])
def test_readings_are_counted_as_they_are_polled(period: int) -> None:
    day = Day("t", BASE, period)
    for first, last in ((0, 1), (0, 61), (7, 30)):
        assert day.lines(first, last) == sum(len(b) for s in range(first, last) for b in day.polls(s))
    if not period:
        assert sum(n for n, _ in MIX) == TAGS
        assert round(day.lines(0, 86_400) / 86_400) == 1009


def test_the_spool_holds_every_reading_and_the_gateway_goes_on_from_there(tmp_path: Path) -> None:
    site = plant()
    day = Day(site.table, BASE)
    fill(tmp_path, site, day, SECONDS)
    store = Store.open(tmp_path, Identity(site.gateway, site.county, site.id), now=BASE + 100 * NS)
    try:
        chunks = store.spool.chunks(0, 1000)
        found = concat(site.table, [c.batch for c in chunks])
        wanted = concat(site.table, [b for s in range(SECONDS) for b in day.polls(s)])
        assert np.array_equal(found.tag, wanted.tag)
        assert np.array_equal(found.source, wanted.source)
        assert np.array_equal(found.value, wanted.value)
        assert len(chunks) == SECONDS, "a chunk is a second"
        assert store.spool.unarchived()[1] == 0
        recovered = recover(store, site)
        assert (recovered.stepped, recovered.difference, recovered.anew) == (0, "", False)
    finally:
        store.close()


def test_the_bare_loop_posts_the_lines_that_the_sink_writes() -> None:
    site = plant()
    day, table = Day(site.table, BASE), prefixes(site)
    bodies = texts(day, 0, SECONDS)
    ours = [reading_text(table, b) for s in range(SECONDS) for b in day.polls(s)]
    assert b"\n".join(bodies).decode() == "\n".join(ours)
    assert {body.count(b"\n") + 1 for body in bodies[:-1]} == {LINES}
