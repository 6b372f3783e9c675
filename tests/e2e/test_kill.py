"""SIGKILL at random moments: nothing decided is forgotten, nothing is decided twice."""

from __future__ import annotations

import itertools
import os
import random
import time
from collections import Counter
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest

from gateway.model.events import Acknowledgement, Event, EventKind, Record
from gateway.model.times import NS, iso, parse_iso
from tests.conftest import MosquittoFactory
from tests.e2e.conftest import GatewayFactory
from tests.e2e.device import Device
from tests.e2e.ears import Ears
from tests.e2e.sites import level, mqtt, plc
from tests.helpers.gateway import Gateway, until, write_site

SEED = int(os.environ.get("FENGSUI_SEED", "1"))
"""Another one kills at other moments."""
KILLS = 20
BEFORE_READY = 4
"""of them so early that the start itself is cut short"""
OURS = (EventKind.STARTED, EventKind.GAP)
RAISED, CLEARED = EventKind.RAISED, EventKind.CLEARED

pytestmark = [pytest.mark.slow, pytest.mark.timeout(600)]


def no_holes(records: list[Record]) -> None:
    assert [r.seq for r in records] == list(range(1, len(records) + 1))
    assert all(a.recorded < b.recorded for a, b in itertools.pairwise(records))


# --- a recording -----------------------------------------------------------------------------------------------------

T0 = 1_790_000_000 * NS
ROWS = 3_000
SPEED = 20
END = "LT-9"


def recording(folder: Path, seed: int) -> None:
    """Ten minutes at 5 Hz: wandering levels that cross their limits often, bad cells, and a mark at the very end."""
    rng = random.Random(seed)
    values = [6.0, 7.0, 5.0]
    lines = ["time,LT-1,LT-2,LT-3,LT-9"]
    for row in range(ROWS):
        values = [min(9.9, max(0.1, v + rng.gauss(0, 0.25))) for v in values]
        cells = [f"{v:.4f}" if rng.random() > 0.002 else "nan" for v in values]
        mark = "9.9" if row == ROWS - 1 else "1"
        lines.append(",".join([iso(T0 + row * NS // 5), *cells, mark]))
    (folder / "history.csv").write_text("\n".join(lines) + "\n", encoding="utf-8")


def replay_site(folder: Path, speed: int, **outputs: Any) -> Path:
    folder.mkdir()
    recording(folder, 7)
    bare: dict[str, object] = {"source": "history", "raw_low": "", "raw_high": ""}
    tags = [
        level(1, **bare, address="LT-1", L=2, LL=1),
        level(2, **bare, address="LT-2", on_delay="2s", off_delay="3s"),
        level(3, **bare, address="LT-3", L=2, LL=1, on_delay="400ms", frozen="10s", frozen_band="0.01"),
        level(9, **bare, address="LT-9", H="", HH=9),
    ]
    source = {
        "history": {"kind": "replay", "path": str(folder / "history.csv"), "speed": speed, "batch": "200ms"}
    }
    rise = {"id": "LT-1.RISE", "kind": "rate-rise", "tag": "LT-1", "trigger": 0.05, "reset": 0.02, "window": "20s",
            "level": "orange"}  # fmt: skip
    rules = [rise, {**rise, "id": "LT-2.HOLD", "tag": "LT-2", "kind": "limit-high", "trigger": 6, "reset": 5,
                    "on_delay": "30s", "raise_level": [["20s", "red"]]}]  # fmt: skip
    rules[1].pop("window")
    return write_site(folder, sources=source, tags=tags, rules=rules, outputs=outputs)


def decisions(records: list[Record]) -> list[Event]:
    """What was decided; ids hold the epoch, so they are numbered in order of appearance."""
    names: dict[str, str] = {}
    found = []
    for record in records:
        event = record.event
        if event.event not in OURS:
            name = names.setdefault(event.id, f"occurrence {len(names)}") if event.id else ""
            found.append(event._replace(id=name, detail=_renamed(event.detail, names)))
    return found


def _renamed(detail: dict[str, Any], names: dict[str, str]) -> dict[str, Any]:
    cause = [names.get(c, c) for c in detail.get("cause", ())]
    groups = [{**g, "first": names.get(g["first"], g["first"])} for g in detail.get("groups", ())]
    renamed = {"cause": cause, "groups": groups}
    return {**detail, **{key: said for key, said in renamed.items() if key in detail}}


def test_a_replay_killed_again_and_again_decides_the_same(
    tmp_path: Path, gateway_of: GatewayFactory, mosquitto: MosquittoFactory
) -> None:
    whole = gateway_of(replay_site(tmp_path / "whole", 0))
    whole.start()
    whole.wait_event(RAISED, f"{END}.HH", timeout=120)
    assert whole.stop() == 0
    expected = decisions(whole.journal())
    assert len([e for e in expected if e.event is RAISED]) > 50, "a recording worth the test"

    broker = mosquitto()
    torn = gateway_of(replay_site(tmp_path / "torn", SPEED, county=mqtt(broker.port)))
    with Ears(broker.port) as ears:
        made = kills(torn, random.Random(SEED))
        torn.start()
        last = torn.wait_event(RAISED, f"{END}.HH", timeout=120)
        ears.wait(lambda h: h.branch == "events" and h.json["seq"] == last.seq, what="the last event")
    assert torn.stop() == 0
    records = torn.journal()
    no_holes(records)
    torn.assert_whole()
    assert made > KILLS // 2, "the recording was over before it had been torn often enough"
    assert decisions(records) == expected
    assert len(torn.events(EventKind.STARTED)) > made // 2, "some were killed before they had written it"
    heard = {h.json["seq"]: h.payload for h in ears.of("events")}
    assert [heard.get(r.seq) for r in records[: last.seq]] == [r.data for r in records[: last.seq]]


def kills(gateway: Gateway, rng: random.Random) -> int:
    """Twenty of them, or as many as the recording lasts for on a slow machine; how many."""
    early = set(rng.sample(range(1, KILLS), BEFORE_READY))
    for kill in range(KILLS):
        gateway.launch()
        if kill in early:
            time.sleep(rng.uniform(0.05, 1.5))
        else:
            gateway.wait_judging()
            time.sleep(rng.uniform(0.0, 0.9))
        gateway.kill()
        if gateway.events(RAISED, f"{END}.HH"):
            return kill
    return KILLS


# --- a running plant -------------------------------------------------------------------------------------------------

MOVING = (1, 2, 3)
DELAYED, SEEN, LEAVING = 5, 6, 7
ON_DELAY_S, OFF_DELAY_S = 5.0, 4.0
LOW, HIGH = 5000, 9500


def edge(event: Event) -> EventKind:
    """With eight branches open a rule alarms again on the newest one; for the plant that is a raise as well."""
    return RAISED if event.event is EventKind.RE_ALARM else event.event


@dataclass
class Story:
    """What the plant did: how often each moving level went up and came down, and when the gateway was killed."""

    device: Device
    up: dict[int, int] = field(default_factory=lambda: dict.fromkeys(MOVING, 0))
    down: dict[int, int] = field(default_factory=lambda: dict.fromkeys(MOVING, 0))
    killed: list[int] = field(default_factory=list)

    def seen(self, gateway: Gateway, tag: int) -> bool:
        """The journal has everything that this level did, at both of its limits."""
        found = Counter((edge(r.event), r.event.rule) for r in gateway.journal())
        moves = {RAISED: self.up[tag], CLEARED: self.down[tag]}
        return all(found[kind, f"LT-{tag}.{h}"] == n for kind, n in moves.items() for h in ("H", "HH"))

    def go_on(self, gateway: Gateway, rng: random.Random) -> None:
        """Levels whose last move is journalled move again, at once or slowly, across both limits."""
        for tag in MOVING:
            if self.seen(gateway, tag) and rng.random() < 0.8:
                count, to = (self.up, HIGH) if self.up[tag] == self.down[tag] else (self.down, LOW)
                count[tag] += 1
                self.device.ramp(tag, to, rng.choice((0.01, 0.5, 1.0, 2.0)))


def test_a_live_gateway_killed_again_and_again_loses_and_doubles_nothing(
    tmp_path: Path, device: Device, gateway_of: GatewayFactory, mosquitto: MosquittoFactory
) -> None:
    broker = mosquitto()
    tags = [*(level(n) for n in MOVING), level(DELAYED, on_delay=f"{ON_DELAY_S}s"), level(SEEN)]
    tags.append(level(LEAVING, off_delay=f"{OFF_DELAY_S}s"))
    outputs = {"county": mqtt(broker.port)}
    gateway = gateway_of(write_site(tmp_path, sources=plc(device.port), tags=tags, outputs=outputs))
    story, rng = Story(device), random.Random(SEED)
    for tag in (*MOVING, DELAYED, SEEN, LEAVING):
        device.set(tag, HIGH if tag in (SEEN, LEAVING) else LOW)
    with Ears(broker.port) as ears:
        _kills(gateway, story, rng)
        gateway.start()
        until(lambda: all(story.seen(gateway, t) for t in MOVING), what="the last moves journalled")
        gateway.wait_event(RAISED, f"LT-{DELAYED}.HH")
        gateway.wait_event(CLEARED, f"LT-{LEAVING}.HH")
        opened = {a["rule"]: a for a in gateway.alarms() if a["condition"] == "active"}
        last = gateway.journal()[-1]
        ears.wait(lambda h: h.branch == "events" and h.json["seq"] == last.seq, what="the last event")
    assert gateway.stop() == 0
    records = gateway.journal()
    no_holes(records)
    gateway.assert_whole()
    assert {h.json["seq"]: h.payload for h in ears.of("events")} == {
        r.seq: r.data for r in records[: last.seq]
    }
    nothing_lost_or_doubled(records, story)
    the_acknowledgement_holds(records, opened)
    delays_ran_on(records)
    every_outage_is_a_gap(records, story)


def _kills(gateway: Gateway, story: Story, rng: random.Random) -> None:
    early = set(rng.sample(range(8, KILLS), BEFORE_READY))
    for kill in range(KILLS):
        gateway.launch()
        if kill in early:
            time.sleep(rng.uniform(0.05, 1.2))
        else:
            gateway.wait_judging()
            _between(gateway, story, kill)
            story.go_on(gateway, rng)
            time.sleep(rng.uniform(0.0, 0.8))
        gateway.kill()
        story.killed.append(time.time_ns())
        if rng.random() < 0.3:
            story.go_on(gateway, rng)


def _between(gateway: Gateway, story: Story, kill: int) -> None:
    """What happens once: a delay begins to run, an alarm is acknowledged, a level leaves its limit."""
    if kill == 1:
        story.device.set(DELAYED, HIGH)
    elif kill == 3:
        gateway.wait_ready()
        gateway.ack(*(a["id"] for a in gateway.alarms() if a["tag"] == f"LT-{SEEN}"), comment="我去看")
    elif kill == 5:
        story.device.set(LEAVING, LOW)


def nothing_lost_or_doubled(records: list[Record], story: Story) -> None:
    for tag in MOVING:
        for rule in (f"LT-{tag}.H", f"LT-{tag}.HH"):
            kinds = [e for r in records if r.event.rule == rule and (e := edge(r.event)) in (RAISED, CLEARED)]
            wanted = [RAISED, CLEARED] * story.up[tag]
            assert kinds == wanted[: story.up[tag] + story.down[tag]], rule
    for tag in (DELAYED, SEEN, LEAVING):
        for rule in (f"LT-{tag}.H", f"LT-{tag}.HH"):
            assert [r.event.event for r in records if r.event.rule == rule].count(RAISED) == 1, rule
    keys = [(r.event.id, r.event.n) for r in records if r.event.id]
    assert len(set(keys)) == len(keys), "no event of an occurrence twice"
    for occurrence in {key for key, _ in keys}:
        steps = [n for key, n in keys if key == occurrence]
        assert steps == list(range(1, len(steps) + 1)), "none missing"
    faults = [(r.event.rule, r.event.detail) for r in records if r.event.fault]
    assert not faults, "our own blindness is not the plant's"


def the_acknowledgement_holds(records: list[Record], opened: dict[str, dict[str, Any]]) -> None:
    for rule in (f"LT-{SEEN}.H", f"LT-{SEEN}.HH"):
        events = [r.event for r in records if r.event.rule == rule]
        assert [e.event for e in events] == [RAISED, EventKind.ACKNOWLEDGED]
        acked = events[-1]
        assert acked.actor is not None
        assert (acked.actor.name, acked.comment) == ("王强", "我去看")
        assert acked.after is not None
        assert acked.after.acknowledgement is Acknowledgement.ACKNOWLEDGED
        assert opened[rule]["acknowledgement"] == "acknowledged", "still, after every restart since"


def delays_ran_on(records: list[Record]) -> None:
    """A delay stands still while nobody looks: it lasts its own time and all outages in it."""
    raised = next(r.event for r in records if r.event.rule == f"LT-{DELAYED}.HH" and r.event.event is RAISED)
    assert raised.onset is not None
    frozen = outage_ns(records, raised.onset, raised.time)
    assert frozen > 2 * NS, "the delay ran across kills"
    assert (raised.time - raised.onset - frozen) / NS == pytest.approx(ON_DELAY_S, abs=0.3)


def outage_ns(records: list[Record], start: int, end: int) -> int:
    gaps = [(parse_iso(e.detail["start"]), parse_iso(e.detail["end"])) for e in gaps_of(records)]
    return sum(b - a for a, b in gaps if a >= start and b <= end)


def gaps_of(records: list[Record]) -> list[Event]:
    return [r.event for r in records if r.event.event is EventKind.GAP]


def every_outage_is_a_gap(records: list[Record], story: Story) -> None:
    started = [r.event for r in records if r.event.event is EventKind.STARTED]
    gaps = [
        g for g in gaps_of(records) if g.detail["why"] != "the gateway stood still"
    ]  # as a slow machine does
    assert len(gaps) == len(started) - 1 >= KILLS // 2, "one for each start but the first"
    outages = [(parse_iso(g.detail["start"]), parse_iso(g.detail["end"])) for g in gaps]
    assert all(a[1] <= b[0] for a, b in itertools.pairwise(outages)), "none overlaps another"
    for killed in story.killed:
        inside = [start for start, end in outages if start <= killed <= end]
        assert len(inside) == 1, f"killed at {iso(killed)}: {gaps}"
    for start, end in outages:
        first = min(k for k in story.killed if start <= k <= end)
        assert first - start < 1.5 * NS, (
            "the gap begins with the last committed input, not long before the kill"
        )
