"""What can be thrown away: with the journal alone the same alarms stand, with the readings the windows are full."""

from __future__ import annotations

import asyncio
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import apsw
import pytest

from gateway.alarms.book import Book
from gateway.engine import engine, snapshot
from gateway.model.commands import Act, Command, Seen
from gateway.model.events import EventKind
from gateway.model.site import RuleKind
from gateway.store import open_reader
from gateway.store.verify import OutsideHead, verify_journal
from tests.unit.engine.plant import ANNA, S, rule, tag
from tests.unit.runtime.rig import Rig, plant, running

LATCHED = rule("L.HH", RuleKind.LIMIT_HIGH, "L", trigger=14.0, reset=13.0, latched=True)
RULES = (*plant().rules, LATCHED, rule("L.L", RuleKind.LIMIT_LOW, "L", trigger=1.0, reset=2.0))


@contextmanager
def opened(folder: Path) -> Iterator[apsw.Connection]:
    db = apsw.Connection(str(folder / "plant.db"))
    try:
        yield db
    finally:
        db.close()


def forget(folder: Path) -> None:
    """Delete the state and keep the journal."""
    with opened(folder) as db, db:
        for table in ("inputs", "snapshots", "snapshot_parts", "cursors"):
            db.execute(f"DELETE FROM {table}")
    for name in ("spool.db", "spool.db-wal", "spool.db-shm"):
        (folder / name).unlink(missing_ok=True)


def standing(rig: Rig) -> list[dict[str, Any]]:
    """Everything that the world can see of what is open."""
    return [o._asdict() for o in rig.machine.present().occurrences]


def missing(rig: Rig) -> list[str]:
    return [e.detail["why"] for e in rig.events if e.event is EventKind.GAP]


def known(occurrence: dict[str, Any]) -> dict[str, Any]:
    """What does not become unknown while nobody judges: all but the condition and the event that says so."""
    unsaid = ("n", "changed", "isa", "quality", "value")
    axes = {**occurrence["axes"].as_json(), "condition": ""}
    return {name: value for name, value in occurrence.items() if name not in unsaid} | {"axes": axes}


async def a_day(rig: Rig) -> None:
    """An alarm acknowledged, one latched and cleared, one shelved while it is not there."""
    rig.say("L", 15.0)
    await rig.until(lambda: "raised" in rig.told("L.HH") and "raised" in rig.told("L.H"))
    first = next(o for o in rig.machine.present().occurrences if o.rule == "L.H")
    await rig.machine.submit(Command(Act.ACKNOWLEDGE, ANNA, (Seen(first.id, first.n),)))
    until = rig.machine.clock.now() + 3600 * S
    await rig.machine.submit(Command(Act.SHELVE, ANNA, (), "test", rules=("L.L",), until=until))
    rig.say("L", 12.5)
    await rig.until(lambda: "cleared" in rig.told("L.HH"))


async def test_without_the_state_the_journal_gives_the_same_occurrences(tmp_path: Path) -> None:
    site = plant(rules=RULES)
    async with running(tmp_path, site) as rig:
        await a_day(rig)
        before, seq, before_epoch = standing(rig), rig.machine.present().head_seq, rig.machine.store.epoch
    forget(tmp_path)
    with open_reader(tmp_path) as reader:
        book = Book(site, before_epoch)
        for record in reader.records(-1, 1 << 20):
            book.evolve(record.event)
    assert [o._asdict() for o in book.open()] == before, "the events add up to exactly what stood"
    async with running(tmp_path, site) as rig:
        assert [known(o) for o in standing(rig)] == [known(o) for o in before]
        assert rig.open() == {"L.H": "unknown", "L.HH": "normal", "L.L": "normal"}, (
            "nobody has judged it since"
        )
        assert {o["rule"] for o in before} == {"L.H", "L.HH", "L.L"}
        await rig.until(
            lambda: "the gateway was not running" in missing(rig)
        )  # told by the journal's own end
        assert "raised" not in rig.told("system.replay-difference"), "there is nothing to compare with"
        assert rig.machine.store.note == "", "it is the same journal, in the same epoch"
        rig.say("L", 5.0)
        await rig.until(lambda: "cleared" in rig.told("L.H"))
        assert rig.machine.present().head_seq > seq
    assert verify_journal(tmp_path).ok


async def test_another_version_rebuilds_the_detectors_from_stored_readings(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A trend window that was filling and a delay that was running go on, though no snapshot can be read."""
    slow = rule("L.SLOW", RuleKind.LIMIT_HIGH, "L", trigger=8.0, reset=7.0, on_delay=3 * S)
    rise = rule("L.RISE", RuleKind.RATE_RISE, "L", trigger=0.5, reset=0.1, window=4 * S)
    site = plant(rules=(slow, rise), tags=(tag("L", max_age=60 * S, period=S // 5), tag("ST", max_age=0)))
    async with running(tmp_path, site) as rig:
        rig.say("L", 9.0)
        await rig.until(lambda: rig.machine.tags()[0].value == 9.0)
        began = rig.machine.tags()[0].source
    for where in (snapshot, engine):
        monkeypatch.setattr(where, "VERSION", "engine/another")
    async with running(tmp_path, site) as rig:
        rig.say("L", 9.0)
        await rig.until(lambda: rig.told("L.SLOW") == ["raised"])
        raised = next(e for e in rig.events if e.rule == "L.SLOW")
        assert raised.onset == began, "the delay began before the version did"
        assert "raised" not in rig.told("system.replay-difference")


async def heads(folder: Path) -> list[OutsideHead]:
    """A journal, and its heads as they were published on the way."""
    seen: list[OutsideHead] = []
    async with running(folder) as rig:
        for value in (13.0, 1.0, 13.0, 1.0):
            rig.say("L", value)
            count = len(rig.told("L.H"))
            await rig.until(lambda n=count: len(rig.told("L.H")) > n)  # type: ignore[misc]
            present = rig.machine.present()
            seen.append(OutsideHead(present.epoch, present.head_seq, present.head_hash))
    return seen


def alter_a_byte(folder: Path) -> None:
    with opened(folder) as db:
        seq, data = next(iter(db.execute("SELECT seq, data FROM journal WHERE seq = 4")))
        altered = data.replace(b"13.0", b"12.0", 1) if b"13.0" in data else data[:40] + b"X" + data[41:]
        db.execute("UPDATE journal SET data = ? WHERE seq = ?", (altered, seq))


def cut_the_tail(folder: Path) -> None:
    with opened(folder) as db:
        db.execute("DELETE FROM journal WHERE seq > (SELECT max(seq) - 2 FROM journal)")


def rewrite_the_whole(folder: Path) -> None:
    """Another history of the same plant, whole in itself."""
    for path in folder.iterdir():
        path.unlink() if path.is_file() else shutil.rmtree(path)
    asyncio.run(heads(folder))


@pytest.mark.parametrize(
    ("attack", "words"),
    [
        (alter_a_byte, "altered"),
        (cut_the_tail, "the tail was cut"),
        (rewrite_the_whole, "was rewritten"),
    ],
)
def test_verify_against_heads_kept_outside_names_each_attack(tmp_path: Path, attack: Any, words: str) -> None:
    known = asyncio.run(heads(tmp_path))
    assert verify_journal(tmp_path, known).ok
    attack(tmp_path)
    found = verify_journal(tmp_path, known)
    assert not found.ok
    assert any(words in reason for reason in found.reasons), found.reasons
