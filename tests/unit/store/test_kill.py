"""SIGKILL at random moments: what was acknowledged is there, and the journal is one chain without a hole."""

from __future__ import annotations

import random
import subprocess
import sys
import time
from dataclasses import dataclass, field
from pathlib import Path

import pytest

from gateway.store.verify import OutsideHead, verify_journal
from tests.unit.store import killed, make

ROUNDS = 12


@dataclass
class Acknowledged:
    """Everything the child said was committed, over all its lives."""

    records: dict[int, str] = field(default_factory=dict)
    last_input: int = 0
    snapshot: int = 0
    epoch: str = ""

    def take(self, line: str) -> None:
        what, *rest = line.split(" ", 2)
        if what == "record":
            assert int(rest[0]) not in self.records, "a seq was given twice"
            self.records[int(rest[0])] = rest[1]
        elif what == "input":
            self.last_input = int(rest[0])
        elif what == "snapshot":
            self.snapshot = int(rest[0])
        elif what == "open":
            assert self.epoch in ("", rest[0]), f"a new epoch: {rest[1]}"
            self.epoch = rest[0]


def live_and_die(folder: Path, moment: float) -> list[str]:
    """Start the child, kill it ``moment`` seconds after its first commit; its whole lines."""
    command = [sys.executable, "-m", "tests.unit.store.killed", str(folder)]
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True) as child:
        assert child.stdout is not None
        assert child.stderr is not None
        first = child.stdout.readline()
        time.sleep(moment)
        child.kill()
        rest, errors = child.communicate(timeout=30)
    assert first, errors
    lines = (first + rest).split("\n")
    return lines[:-1]


@pytest.mark.slow
def test_nothing_acknowledged_is_lost(tmp_path: Path) -> None:
    rng = random.Random(20261122)
    told, folder = Acknowledged(), tmp_path / "state"
    for _ in range(ROUNDS):
        for line in live_and_die(folder, rng.uniform(0.0, 0.5)):
            told.take(line)
        heads = [OutsideHead(told.epoch, seq, digest) for seq, digest in told.records.items()]
        report = verify_journal(folder, heads)
        assert report.ok, report.text()
        # A commit may be on disk whose acknowledgement the child could not say any more.
        for record in _unsaid(folder, len(told.records)):
            told.records[record.seq] = record.hash
    store = make.store(folder)
    try:
        assert store.last_input[0] >= told.last_input
        assert store.head.seq == max(told.records)
        numbers = [i.number for i in store.inputs(0)]
        assert numbers == list(range(numbers[0], store.last_input[0] + 1)), "no hole in the inputs"
        assert store.snapshots()[0].number >= told.snapshot
        assert numbers[0] <= store.snapshots()[-1].number + 1
        for number in range(store.spool.last_input + 1, store.last_input[0] + 1):
            store.spool.append(number, number, killed.readings_of(number))
        assert store.spool.sync()
        covered = {n for c in store.spool.chunks(0, 10**6) for n in range(c.first_input, c.last_input + 1)}
        assert covered == set(range(1, store.last_input[0] + 1)), "every reading is in the spool"
    finally:
        store.close()


def _unsaid(folder: Path, after: int) -> list[object]:
    from gateway.store import open_reader

    with open_reader(folder) as reader:
        return reader.records(after, 10_000)
