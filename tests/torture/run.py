"""One seeded run: the faults, and what must be true when everything is mended."""

from __future__ import annotations

import contextlib
import json
import random
import resource
import subprocess
import time
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import apsw

from gateway.model.events import EventKind, Record
from gateway.model.inputs import Readings
from gateway.store import open_reader
from tests.e2e.device import Device
from tests.helpers.gateway import until
from tests.torture.scene import DATABASE, MOVING, Scene

FAULTS_EACH: Final = 8
Reading = tuple[str, int]
"""tag, source time ns"""
STEPS: Final = (45.0, -30.0, 3600.0, -3600.0)
"""seconds the machine's clock steps by"""


def kill_gateway(s: Scene) -> None:
    s.gateway.kill()
    time.sleep(s.rng.uniform(0, 1.0))
    s.launch()


def kill_broker(s: Scene) -> None:
    s.broker.kill()
    time.sleep(s.rng.uniform(0, 2.0))
    s.broker.start()


def kill_county(s: Scene) -> None:
    s.county.kill()
    time.sleep(s.rng.uniform(0, 2.0))
    s.county.start()


def kill_database(s: Scene) -> None:
    s.influx.kill()
    time.sleep(s.rng.uniform(0, 2.0))
    s.influx.start()


def broken_wire(s: Scene) -> None:
    """Cut, slow or half-open, to the broker or the database."""
    wire, mode = s.rng.choice((s.to_broker, s.to_influx)), s.rng.choice(("cut", "slow", "hold"))
    s.told[-1] += f" {mode} {'broker' if wire is s.to_broker else 'database'}"
    wire.set(mode)
    time.sleep(s.rng.uniform(0.5, 4.0))
    wire.set("pass")


def bad_answers(s: Scene) -> None:
    """The database answers what it likes."""
    mode = f"http {s.rng.choice((400, 401, 404, 413, 429, 500, 503))}"
    s.told[-1] += f" {mode}"
    s.to_influx.set(mode)
    time.sleep(s.rng.uniform(0.3, 2.0))
    s.to_influx.set("pass")


def full_disk(s: Scene) -> None:
    """No file may grow beyond 4 kB: SQLite meets a disk that refuses. Alarms go on meanwhile."""
    pid = s.gateway.pid
    s.gateway.wait_ready()
    limit = resource.RLIM_INFINITY
    resource.prlimit(pid, resource.RLIMIT_FSIZE, (4096, limit))
    time.sleep(s.rng.uniform(0.5, 3.0))
    resource.prlimit(pid, resource.RLIMIT_FSIZE, (limit, limit))
    until(lambda: _durable(s), 60, "durable again")


def _durable(s: Scene) -> bool:
    status, answer = s.gateway.probe("/api/v1/status")
    return status == 200 and bool(answer["durable"])


def corrupt_spool(s: Scene) -> None:
    """Pages of the bulk store are noise when the gateway comes back; the journal is not touched."""
    s.gateway.kill()
    path = s.gateway.state / "spool.db"
    if path.exists() and path.stat().st_size > 8192:
        with path.open("r+b") as file:
            for _ in range(3):
                file.seek(s.rng.randrange(4096, path.stat().st_size))
                file.write(s.rng.randbytes(512))
    s.launch()


def clock_step(s: Scene) -> None:
    by = s.rng.choice(STEPS)
    s.told[-1] += f" {by:g} s"
    s.clock.set(by)
    time.sleep(s.rng.uniform(0.5, 2.0))


FAULTS: Final[tuple[tuple[Callable[[Scene], None], int], ...]] = (
    (kill_gateway, 4), (kill_broker, 2), (kill_county, 2), (kill_database, 2), (broken_wire, 4), (bad_answers, 3),
    (full_disk, 1), (corrupt_spool, 1), (clock_step, 1),
)  # fmt: skip


@dataclass(frozen=True)
class Outcome:
    """What a run showed."""

    seed: int
    seconds: float
    faults: tuple[str, ...]
    alarms: int
    events: int
    epochs: int
    readings: int
    lost_readings: int
    told_lost: int
    wrong: tuple[str, ...]


def run(seed: int, folder: Path, faults: int = FAULTS_EACH) -> Outcome:
    """Play one seed in ``folder`` and judge it."""
    began, rng = time.monotonic(), random.Random(seed)
    with contextlib.ExitStack() as stack:
        device = stack.enter_context(Device())
        scene = Scene(folder, rng, device, stack)
        try:
            _play(scene, faults)
            scene.settle()
            scene.clock.set(0)
            scene.gateway.stop()
            return _judge(seed, began, scene)
        except (AssertionError, RuntimeError, OSError, subprocess.SubprocessError) as error:
            words = f"{type(error).__name__}: {error}\nthe gateway's log ends: {scene.gateway.log[-800:]}"
            return _failed(seed, began, scene, words[-2500:])


def _play(scene: Scene, faults: int) -> None:
    scene.launch()
    scene.gateway.wait_ready()
    kinds, weights = zip(*FAULTS, strict=True)
    for _ in range(faults):
        scene.go_on()
        fault = scene.rng.choices(kinds, weights)[0]
        scene.told.append(fault.__name__)
        fault(scene)
        assert scene.gateway.running, f"the gateway ended: {scene.gateway.log[-800:]}"
        time.sleep(scene.rng.uniform(0.0, 1.0))
        scene.go_on()


def _failed(seed: int, began: float, scene: Scene, words: str) -> Outcome:
    took = time.monotonic() - began
    return Outcome(seed, took, tuple(scene.told), 0, 0, 0, 0, 0, 0, (words,))


def _judge(seed: int, began: float, scene: Scene) -> Outcome:
    records, wrong = scene.gateway.journal(), list[str]()
    wrong += _alarms(scene, records)
    wrong += _county(scene, records)
    wrong += _database_events(scene, records)
    taken, lost, told, miscounted = _readings(scene, records)
    wrong += miscounted
    if scene.gateway.verify().returncode:
        wrong.append("the journal is not whole")
    epochs = {json.loads(r.data)["epoch"] for r in records}
    raised = sum(r.event.event is EventKind.RAISED for r in records)
    took = time.monotonic() - began
    return Outcome(
        seed, took, tuple(scene.told), raised, len(records), len(epochs), taken, lost, told, tuple(wrong)
    )


def _alarms(scene: Scene, records: list[Record]) -> list[str]:
    """Every move of the plant is one alarm; none is missing, none is raised or told twice."""
    wrong = []
    for tag in MOVING:
        for rule in (f"LT-{tag}.H", f"LT-{tag}.HH"):
            kinds = Counter(r.event.event for r in records if r.event.rule == rule)
            found = (kinds[EventKind.RAISED], kinds[EventKind.CLEARED])
            if found != (scene.up[tag], scene.down[tag]):
                wrong.append(f"{rule}: raised, cleared {found}, the plant {scene.up[tag], scene.down[tag]}")
    keys = Counter((r.event.id, r.event.n) for r in records if r.event.id)
    wrong += [f"{key} is there {n} times" for key, n in keys.items() if n > 1]
    return wrong


def _county(scene: Scene, records: list[Record]) -> list[str]:
    """The county's history is the gateway's journal, event by event, once."""
    db = apsw.Connection(str(scene.county.database), flags=apsw.SQLITE_OPEN_READONLY)
    try:
        sql = "SELECT seq, data FROM events WHERE main = 1 ORDER BY seq"
        there = {int(seq): bytes(data) for seq, data in db.execute(sql)}
        copies = db.execute("SELECT count(*) FROM events WHERE main = 1").fetchall()[0][0]
    finally:
        db.close()
    journal = {r.seq: r.data for r in records}
    top = max(there, default=0)
    missing = [seq for seq in journal if seq not in there and seq <= top]
    other = [seq for seq in there if journal.get(seq) != there[seq]]
    wrong = [f"the county lacks seq {missing[:5]}"] if missing else []
    wrong += [f"the county has other events under seq {other[:5]}"] if other else []
    return wrong + (["the county has an event twice"] if copies != len(there) else [])


def _database_events(scene: Scene, records: list[Record]) -> list[str]:
    """Every event is one point, but for those that are dead letters with a gap record."""
    found = _points(scene, 'SELECT seq, epoch FROM "alarm_event"')
    keys = Counter((int(row["seq"]), row["epoch"]) for row in found)
    with open_reader(scene.gateway.state) as reader:
        dead = {json.loads(x.data)["seq"] for x in reader.dead_letters(10_000) if x.output == "tsdb.events"}
        settled = reader.cursor("tsdb.events")
    wrong = [f"event {key} is {n} points" for key, n in keys.items() if n > 1]
    there = {seq for seq, _ in keys}
    # A gap record is never a dead letter (that would make another): refused, it is the trouble `unstored`.
    unstored = any(r.event.rule == "system.tsdb.events.unstored" for r in records)
    lost = [
        r.seq
        for r in records
        if r.seq <= settled
        and r.seq not in there | dead
        and not (unstored and r.event.event is EventKind.GAP)
    ]
    return wrong + ([f"the database lacks events {lost[:5]} of {len(lost)}"] if lost else [])


def _readings(scene: Scene, records: list[Record]) -> tuple[int, int, int, list[str]]:
    """(taken in, not in the database, told of by gap records, what is wrong with that); what had not been handed out at
    the end is left out.

    What the database refused is named, reading by reading, in the dead letters: gap records must count exactly those,
    and others exactly what else is lost. (A refused reading may be there all the same: stored, the gateway killed
    before it could remember that, and refused when it was sent again. Nobody but the database can know.)
    """
    with open_reader(scene.gateway.state) as reader:
        taken: dict[Reading, int] = {}
        for entry in reader.inputs(0):
            if isinstance(entry.input, Readings):
                batch = entry.input.batch
                for tag, source in zip(batch.tag.tolist(), batch.source.tolist(), strict=True):
                    taken[f"LT-{MOVING[tag]}", source] = entry.number
        settled = reader.cursor("tsdb.readings")
        letters = [x.data.decode() for x in reader.dead_letters(10_000) if x.output == "tsdb.readings"]
    there = {
        (row["tag"], row["time"]) for row in _points(scene, 'SELECT quality FROM "reading" GROUP BY "tag"')
    }
    limit = _last_input(scene, settled)
    lost = {key for key, number in taken.items() if number <= limit and key not in there}
    refused = [_named(line) for data in letters for line in data.split("\n") if line.startswith("reading,")]
    told = Counter({True: 0, False: 0})
    for record in records:
        told[record.event.detail.get("who") == "tsdb.readings"] += _told(record)
    wrong = []
    if told[True] != len(refused) or len(set(refused)) != len(refused):
        wrong.append(
            f"{len(set(refused))} readings refused ({len(refused)} letters), gap records: {told[True]}"
        )
    if told[False] != len(lost - set(refused)):
        wrong.append(f"{len(lost - set(refused))} readings lost otherwise, gap records tell of {told[False]}")
    return len(taken), len(lost), told.total(), wrong


def _named(line: str) -> Reading:
    """The reading that a line of the line protocol is."""
    return line.partition(",tag=")[2].partition(" ")[0].partition(",")[0], int(line.rpartition(" ")[2])


def _last_input(scene: Scene, chunk: int) -> int:
    """The last input of the last chunk that the database lane has settled."""
    db = apsw.Connection(str(scene.gateway.state / "spool.db"), flags=apsw.SQLITE_OPEN_READONLY)
    try:
        found = db.execute("SELECT max(last_input) FROM chunks WHERE id <= ?", (chunk,)).fetchall()
        return int(found[0][0] or 0)
    finally:
        db.close()


def _told(record: Record) -> int:
    e = record.event
    if e.event is not EventKind.GAP or e.detail["who"].endswith((".events", ".alarms")):
        return 0
    return int(e.detail["count"] or 0)


def _points(scene: Scene, query: str) -> list[dict[str, Any]]:
    return scene.influx.query(query, DATABASE)
