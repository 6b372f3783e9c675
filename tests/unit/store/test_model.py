"""Any program of commits, snapshots, cursors, disk failures and restarts, against a few dicts and lists in memory."""

from __future__ import annotations

import json
import os
import shutil
import tempfile
from pathlib import Path
from typing import Any

import apsw
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, precondition, rule

from gateway.model.inputs import Numbered
from gateway.model.times import NS
from gateway.store import SavedSnapshot, Store
from gateway.store.verify import OutsideHead, verify_journal
from tests.unit.store import make
from tests.unit.store.conftest import Disk
from tests.unit.store.make import T0

MODES = (None, None, "full", "ioerr", "readonly", "fsync")


class StoreAgainstModel(RuleBasedStateMachine):
    """The model: published bytes by seq, inputs by number, snapshots, cursors, and what the spool was given."""

    @initialize()
    def begin(self) -> None:
        self.disk = Disk()
        apsw.set_default_vfs(self.disk.name)
        self.folder = Path(tempfile.mkdtemp(prefix="store-model-"))
        self.now = T0
        self.published: list[bytes] = []
        self.hashes: list[tuple[str, int, str]] = []
        self.inputs: dict[int, Numbered] = {}
        self.oldest = 1
        self.snapshots: list[SavedSnapshot] = []
        self.cursors: dict[str, int] = {}
        self.spooled: set[int] = set()
        self.epochs = 1
        self.store = self.open()

    def open(self) -> Store:
        return make.store(self.folder / "state", now=self.now)

    @rule(
        kinds=st.lists(st.sampled_from(["readings", "tick"]), max_size=4),
        events=st.integers(0, 3),
        later=st.integers(0, 3),
    )
    def commit(self, kinds: list[str], events: int, later: int) -> None:
        self.now += later * NS // 2
        first = self.store.last_input[0] + 1
        inputs = [
            make.readings(n, self.now, rows=30) if kind == "readings" else make.tick(n, self.now)
            for n, kind in enumerate(kinds, first)
        ]
        result = self.store.commit(inputs, [make.event(n=self.now % 97)] * events, self.now)
        assert result.durable == self.store.durable or not (inputs or events)
        assert len(result.records) == events
        for record in result.records:
            assert record.seq == len(self.published) + 1
            assert json.loads(record.data).get("durable", True) == result.durable
            self.published.append(record.data)
            self.hashes.append((self.store.epoch, record.seq, record.hash))
        self.inputs.update({i.number: i for i in inputs})
        if any(k == "readings" for k in kinds):
            self.store.spool.append(first, first + len(kinds) - 1, make.batch(3, self.now, seed=first))
            self.spooled.add(first + len(kinds) - 1)

    @rule(mode=st.sampled_from(MODES))
    def switch_the_disk(self, mode: str | None) -> None:
        self.disk.mode = mode
        self.now += 2 * NS

    @rule(size=st.sampled_from([0, 10, 300_000]))
    def snapshot(self, size: int) -> None:
        snapshot = SavedSnapshot(
            "v", self.store.last_input[0], "c", {"state": bytes([len(self.snapshots)]) * size}
        )
        if self.store.save_snapshot(snapshot):
            assert self.disk.mode is None or self.store.durable
            self.snapshots.insert(0, snapshot)
            if len(self.snapshots) > 1:
                self.oldest = max(self.oldest, self.snapshots[1].number)
        else:
            assert self.disk.mode is not None or not self.store.durable or not self.store.spool.durable

    @rule(name=st.sampled_from(["a.events", "b.readings"]), to=st.integers(0, 50))
    def move_a_cursor(self, name: str, to: int) -> None:
        self.store.set_cursors({name: to})
        self.cursors[name] = to

    @precondition(lambda self: self.disk.mode is None)
    @rule()
    def restart(self) -> None:
        self.now += 2 * NS
        self.store.close()
        self.store = self.open()
        assert self.store.note == ""
        self.refill()

    @precondition(lambda self: self.disk.mode is None)
    @rule()
    def power_cut(self) -> None:
        """Another store is opened on what is on disk now, in the same place; the old process is simply gone."""
        durable = self.store.durable
        whole = shutil.copytree(self.folder / "state", self.folder / "cut", copy_function=shutil.copy2)
        self.store.close()
        for part in (self.folder / "state").iterdir():
            if part.name not in ("lock", "instance"):
                part.unlink()
        for part in whole.iterdir():
            if part.name not in ("lock", "instance"):
                shutil.copy2(part, self.folder / "state" / part.name)
        (self.folder / "state/instance").write_bytes((whole / "instance").read_bytes())
        shutil.rmtree(whole)
        self.store = self.open()
        if durable:
            assert self.store.note == ""
        else:
            self.forget_what_memory_had()
        self.cursors = {n: self.store.cursor(n) for n in self.cursors}
        self.refill()

    def forget_what_memory_had(self) -> None:
        assert "while the disk refused" in self.store.note
        self.epochs += 1
        del self.published[self.store.head.seq :]
        del self.hashes[self.store.head.seq :]
        last = self.store.last_input[0]
        self.inputs = {n: i for n, i in self.inputs.items() if n <= last}
        self.spooled = {n for n in self.spooled if n <= last}

    def refill(self) -> None:
        """What the runtime does after a restart: give the spool the readings it has not got."""
        assert self.store.spool.last_input <= self.store.last_input[0]
        for number in range(self.store.spool.last_input + 1, self.store.last_input[0] + 1):
            self.store.spool.append(number, number, make.batch(3, self.now, seed=number))

    @invariant()
    def the_journal_is_what_was_published(self) -> None:
        assert [r.data for r in self.store.records(0, 10_000)] == self.published
        assert self.store.head.seq == len(self.published)

    @invariant()
    def inputs_are_those_committed(self) -> None:
        kept = list(self.store.inputs(0))
        durable = self.store._writer.durable
        numbers = [i.number for i in kept]
        assert not numbers or numbers == list(range(numbers[0], numbers[-1] + 1))
        assert not numbers or numbers[0] <= self.oldest + 1 or numbers[0] <= self.store.last_input[0]
        assert all(self.inputs[i.number] == i for i in kept)
        assert not durable or not self.inputs or numbers[-1] == self.store.last_input[0] == max(self.inputs)

    @invariant()
    def snapshots_and_cursors_are_those_kept(self) -> None:
        assert self.store.snapshots() == self.snapshots[:2]
        assert {n: self.store.cursor(n) for n in self.cursors} == self.cursors

    @invariant()
    def every_reading_is_in_the_spool_or_told(self) -> None:
        spool = self.store.spool
        covered = {n for c in spool.chunks(0, 10_000) for n in range(c.first_input, c.last_input + 1)}
        still_open = set(range(spool._open.first, spool._open.last + 1)) if spool._open.batches else set()
        assert spool.last_input >= max(self.spooled, default=0)
        ids = [c.id for c in spool.chunks(0, 10_000)]
        assert ids == sorted(set(ids))
        if self.disk.mode is None and spool.durable:
            assert self.spooled <= covered | still_open

    def teardown(self) -> None:
        if not hasattr(self, "store"):
            return
        self.disk.mode = None
        self.store.close()
        heads = [OutsideHead(*h) for h in self.hashes]
        report = verify_journal(self.folder / "state", heads)
        apsw.set_default_vfs("unix")
        self.disk.unregister()
        shutil.rmtree(self.folder)
        assert report.ok, report.text()
        assert report.epochs == self.epochs


StoreAgainstModel.TestCase.settings = settings(
    max_examples=int(os.environ.get("FENGSUI_EXAMPLES", "20")),  # the same 20 each time; set it to search on
    derandomize="FENGSUI_EXAMPLES" not in os.environ,
    stateful_step_count=30,
    deadline=None,
    suppress_health_check=list(HealthCheck),
)
TestStoreAgainstModel: Any = StoreAgainstModel.TestCase
