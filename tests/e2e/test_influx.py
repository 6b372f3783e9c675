"""Everything measured and decided is found again in the databases: value, time and tags."""

from __future__ import annotations

import itertools
import json
import time
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from gateway.model.events import EventKind, Record
from gateway.model.times import MS, parse_iso
from gateway.store import Identity, Store
from tests.e2e.conftest import GatewayFactory
from tests.e2e.device import Device
from tests.e2e.sites import level, plc
from tests.helpers.gateway import Gateway, until, write_site
from tests.servers import Influxd, VictoriaMetrics

IDENTITY = Identity("gw-e2e", "341524", "plant")
COUNTER = 4
BAD = 128
pytestmark = pytest.mark.timeout(300)


@dataclass(frozen=True)
class Reading:
    """One row of the spool."""

    tag: str
    time: int
    value: float
    quality: int


def run_a_shift(gateway: Gateway, device: Device) -> None:
    """Alarms that come and go, an acknowledgement, a saturated detector, a lost device, a counter that runs through."""
    device.count(COUNTER)
    gateway.start()
    device.set(1, 9500)
    device.set(2, 10_900)  # beyond its range: UNCERTAIN
    gateway.wait_event(EventKind.RAISED, "LT-1.HH")
    gateway.ack("all", comment='带"引号"，逗号 = 空格 \\')
    device.set(1, 5000)
    gateway.wait_event(EventKind.CLEARED, "LT-1.H")
    device.hang_up()
    gateway.wait_event(EventKind.RAISED, "plc.LINK")
    device.listen()
    gateway.wait_event(EventKind.CLEARED, "plc.LINK")
    seen = device.requests
    until(lambda: device.requests > seen + 5, what="a second more of readings")


def site(tmp_path: Path, device: Device, **outputs: Any) -> Path:
    tags = [
        level(1),
        level(2),
        level(3),
        level(COUNTER, raw_low="", raw_high="", low=0, high=30000, H=29000, HH=""),
    ]
    return write_site(tmp_path, sources=plc(device.port), tags=tags, outputs=outputs)


def delivered(gateway: Gateway) -> bool:
    status = gateway.api("/status")
    return not any(n for name, n in status["backlog"].items() if name.startswith("db"))


@dataclass(frozen=True)
class Kept:
    """What the gateway has kept, and how much of it, from the beginning, it knows to be delivered."""

    rows: list[Reading]
    records: list[Record]
    delivered_rows: int
    delivered_seq: int


def kept(gateway: Gateway, output: str = "db") -> Kept:
    names = [f"LT-{n}" for n in (1, 2, 3, COUNTER)]
    store = Store.open(gateway.state, IDENTITY, now=time.time_ns())
    try:
        assert not store.note, "the same journal, not a new epoch"
        rows, taken, delivered_rows = [], store.cursor(f"{output}.readings"), 0
        for chunk in store.spool.chunks(0, 1 << 30):
            columns = (getattr(chunk.batch, n).tolist() for n in ("tag", "source", "value", "quality"))
            rows += [Reading(names[t], s, v, q) for t, s, v, q in zip(*columns, strict=True)]
            delivered_rows = len(rows) if chunk.id <= taken else delivered_rows
        return Kept(rows, store.records(-1, 1 << 30), delivered_rows, store.cursor(f"{output}.events"))
    finally:
        store.close()


def rewind(gateway: Gateway, output: str) -> None:
    store = Store.open(gateway.state, IDENTITY, now=time.time_ns())
    store.set_cursors({f"{output}.readings": 0, f"{output}.events": 0})
    assert store.flush(time.time_ns())
    store.close()


def test_influxdb_holds_every_reading_and_every_event_and_no_more_when_sent_twice(
    tmp_path: Path, device: Device, gateway_of: GatewayFactory, influxd: Influxd
) -> None:
    influxd.create_database("plant")
    output = {"kind": "influxdb", "version": 1, "url": influxd.url, "database": "plant"}
    gateway = gateway_of(site(tmp_path, device, db=output))
    run_a_shift(gateway, device)
    assert gateway.stop() == 0
    ours = kept(gateway)
    found = influxd.query("SELECT * FROM reading", "plant")
    # What was under way when it stopped may be there already: more than is known to be delivered, never less.
    assert 0.8 * len(ours.rows) < ours.delivered_rows <= len(found) <= len(ours.rows)
    compare_readings(ours.rows[: len(found)], found)
    events = influxd.query("SELECT * FROM alarm_event", "plant")
    assert len(events) >= ours.delivered_seq
    compare_events(ours.records[: len(events)], events)
    every_poll_is_there(device, [r for r in found if r["tag"] == f"LT-{COUNTER}"])

    device.hang_up()  # nothing new is measured while the old is sent again
    rewind(gateway, "db")
    gateway.start()
    head = len(gateway.journal())
    until(lambda: delivered(gateway), what="everything sent again")
    assert gateway.stop() == 0
    again = {row["time"]: row for row in influxd.query("SELECT * FROM alarm_event", "plant")}
    assert [again[e["time"]] for e in events] == events
    assert len(again) >= head
    compare_events(kept(gateway).records[: len(again)], list(again.values()))
    last = max(int(r["time"]) for r in found)
    assert influxd.query(f"SELECT * FROM reading WHERE time <= {last}", "plant") == found


def compare_readings(rows: Sequence[Reading], found: Sequence[dict[str, Any]]) -> None:
    assert {(r["county"], r["site"], r["installation"], r["class"]) for r in found} == {
        ("341524", "plant", "farm", "level")
    }
    wanted = {(r.tag, r.time): (None if r.quality >= BAD else r.value, r.quality) for r in rows}
    assert {(r["tag"], r["time"]): (r["value"], r["quality"]) for r in found} == wanted
    qualities = {q for _, q in wanted.values()}
    assert min(qualities) < 64
    assert any(64 <= q < BAD for q in qualities), "UNCERTAIN ones too"
    assert max(qualities) >= BAD, "BAD ones too"


def compare_events(records: Sequence[Record], found: Sequence[dict[str, Any]]) -> None:
    assert len(found) == len(records), "no event has overwritten another"
    by_seq = {row["seq"]: row for row in found}
    for record in records:
        row, event = by_seq[record.seq], record.event
        body = json.loads(record.data)
        assert row["time"] == record.recorded == parse_iso(body["recorded"])
        assert row["json"] == record.data.decode(), "the exact text of the journal"
        assert (row["event"], row["level"]) == (
            event.event.value,
            event.level.word if event.level else "none",
        )
        for name in ("tag", "rule", "installation", "comment"):
            assert (row.get(name) or "") == getattr(event, name)
        assert (row["epoch"], row["hash"], row["source_time"]) == (body["epoch"], record.hash, event.time)
        for name in ("value", "limit", "reset"):
            assert row.get(name) == getattr(event, name)
        assert (row.get("id") or "") == event.id


def every_poll_is_there(device: Device, found: Sequence[dict[str, Any]]) -> None:
    """A register that counts its own readings: a lost, doubled or reordered one would show as a jump."""
    values = [int(r["value"]) for r in sorted(found, key=lambda r: int(r["time"])) if r["value"] is not None]
    served = device.served[COUNTER]
    jumps = [(a, b) for a, b in itertools.pairwise(values) if b != a + 1]
    assert len(jumps) <= 1, f"at most the answer that the lost connection took along: {jumps}"
    assert len(values) > 0.8 * len(served)


def test_victoriametrics_holds_the_same_numbers_at_the_millisecond(
    tmp_path: Path, device: Device, gateway_of: GatewayFactory, victoriametrics: VictoriaMetrics
) -> None:
    output = {"kind": "influxdb", "version": 2, "url": victoriametrics.url, "org": "o", "bucket": "b"}
    gateway = gateway_of(site(tmp_path, device, db=output))
    run_a_shift(gateway, device)
    assert gateway.stop() == 0
    ours = kept(gateway)
    quality = points(victoriametrics, "reading_quality", "tag", ours.delivered_rows)
    rows = ours.rows[: len(quality)]
    assert quality == sorted((r.tag, r.time // MS, float(r.quality)) for r in rows)
    wanted = sorted((r.tag, r.time // MS, r.value) for r in rows if r.quality < BAD)
    values = points(victoriametrics, "reading_value", "tag", len(wanted))
    assert [v[:2] for v in values] == [w[:2] for w in wanted]
    assert [v[2] for v in values] == pytest.approx([w[2] for w in wanted], rel=1e-12)
    seqs = points(victoriametrics, "alarm_event_seq", "event", ours.delivered_seq)
    records = ours.records[: len(seqs)]
    assert seqs == sorted((r.event.event.value, r.recorded // MS, float(r.seq)) for r in records)
    limits = sorted(
        (r.event.rule, r.recorded // MS, r.event.limit) for r in records if r.event.limit is not None
    )
    assert points(victoriametrics, "alarm_event_limit", "rule", len(limits)) == limits


def points(server: VictoriaMetrics, metric: str, label: str, least: int) -> list[tuple[str, int, float]]:
    """(label, ms, value) of all series, as soon as there are ``least``: the server shows what is new a little late."""

    def look() -> list[tuple[str, int, float]]:
        series = server.export(f'{{__name__="{metric}"}}')
        pairs = (
            (s["metric"][label], *p) for s in series for p in zip(s["timestamps"], s["values"], strict=True)
        )
        return sorted(pairs)

    until(lambda: len(look()) >= least, what=f"{least} points of {metric}")
    return look()
