"""At a limit the oldest readings go first, thinned before dropped; around a red alarm every reading stays."""

from __future__ import annotations

import shutil
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

from gateway.model.levels import Level
from gateway.store.archive import manifests, read
from gateway.store.archive.bounds import GONE, HELD, THIN, Bounds, bound, red_windows
from gateway.store.archive.close import close_days, close_parts
from gateway.store.archive.layout import DAY_NS
from gateway.store.archive.replay import replay
from tests.unit.archive.make import keep, opened
from tests.unit.engine.plant import T0, S, numbered, readings, site
from tests.unit.store.make import event

pytest.importorskip("pyarrow")
LATER = "9999-12-31"
DAYS = 3
SECONDS = 1200
FAR = 1 << 62


@pytest.fixture(scope="module")
def closed(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Twenty minutes of three days, a reading a second."""
    folder = tmp_path_factory.mktemp("closed")
    store, plant = opened(folder), site()
    rng = np.random.default_rng(1)
    stream = [
        readings(plant, ("L", day * 86_400 + k, float(np.round(rng.normal(5, 1), 3))))
        for day in range(DAYS)
        for k in range(SECONDS)
    ]
    keep(store, plant, numbered(stream), group=100)
    store.close()
    close_parts(folder, before=LATER)
    close_days(folder, before=LATER)
    return folder


@pytest.fixture
def state(closed: Path, tmp_path: Path) -> Path:
    return shutil.copytree(closed, tmp_path / "state")


def red(state: Path, at: int) -> None:
    store = opened(state, now=T0 + 9 * DAY_NS, adopt=True)
    store.commit([], [event(at, level=Level.RED)], T0 + 9 * DAY_NS)
    store.close()


def limits(max_bytes: int, keep_days: int = 100, hold: int = 0) -> Bounds:
    return Bounds(max_bytes, keep_days * DAY_NS, hold, T0 + DAYS * DAY_NS)


def kept(state: Path) -> list[tuple[str, int, int]]:
    return [(m.thinned, m.rows, m.lost) for m in manifests(state)]


def size(state: Path) -> int:
    return sum(m.bytes for m in manifests(state))


def test_within_the_bounds_nothing_changes(state: Path) -> None:
    before = manifests(state)
    assert not bound(state, limits(size(state))).over
    assert manifests(state) == before


def test_the_oldest_day_is_thinned_first_and_loses_no_extreme(state: Path) -> None:
    whole = read(state, ["L"], 0, FAR)["L"]
    assert bound(state, limits(size(state) - 1)).days == [manifests(state)[0].day]
    (first, second, third) = kept(state)
    assert first[0] == THIN
    assert first[1] + first[2] == SECONDS
    assert first[1] < SECONDS / 10
    assert second[0] == third[0] == ""
    thin = read(state, ["L"], 0, FAR)["L"]
    for minute in range(SECONDS // 60 - 1):
        since = (T0 // (60 * S) + minute + 1) * 60 * S
        a, b = (s.value[(s.source >= since) & (s.source < since + 60 * S)] for s in (whole, thin))
        assert (a.min(), a.max(), a[0], a[-1]) == (b.min(), b.max(), b[0], b[-1])


def test_then_the_oldest_go(state: Path) -> None:
    bound(state, limits(0))
    assert [m[:2] for m in kept(state)] == [(GONE, 0)] * 3
    assert size(state) == 0
    assert len(read(state, ["L"], 0, FAR)["L"]) == 0


def test_what_is_thinned_and_then_goes_counts_once_and_whole(state: Path) -> None:
    """Both in one turn, before the gateway has told the journal of the first."""
    bound(state, limits(1))
    assert kept(state) == [(GONE, 0, SECONDS)] * DAYS
    bound(state, limits(1))
    assert kept(state) == [(GONE, 0, SECONDS)] * DAYS


def test_days_older_than_asked_go(state: Path) -> None:
    bound(state, limits(1 << 40, keep_days=1))
    assert [m[0] for m in kept(state)] == [GONE, GONE, ""]


def test_around_a_red_alarm_every_reading_stays(state: Path) -> None:
    red(state, T0 + 600 * S)
    assert red_windows(state, 60 * S).tolist() == [[T0 + 540 * S, T0 + 660 * S]]
    result = bound(state, limits(0, hold=60 * S))
    assert result.over, "what is left is held, and more than allowed: it is said"
    left = read(state, ["L"], 0, FAR)["L"]
    assert left.source.tolist() == [T0 + k * S for k in range(540, 661)]
    assert [m[0] for m in kept(state)] == [HELD, GONE, GONE]
    again = bound(state, limits(0, hold=60 * S))
    assert again.days == []


def test_a_thinned_day_is_whole_around_the_alarm_and_is_not_replayed_as_whole(state: Path) -> None:
    red(state, T0 + 600 * S)
    bound(state, limits(size(state) - 1, hold=60 * S))
    left = read(state, ["L"], T0 + 540 * S, T0 + 660 * S)["L"]
    assert len(left) == 121
    days = {m.day: m.thinned for m in manifests(state)}
    assert sorted(days.values()) == ["", "", THIN]
    assert len([e for e in replay(state) if e.numbered.number > SECONDS]) == 2 * SECONDS


def test_interrupted_while_it_rewrites_a_day_the_old_one_is_there(state: Path) -> None:
    (first, *_) = manifests(state)
    left = first.folder.with_name(first.folder.name + ".new")
    left.mkdir()
    (left / "readings.parquet").write_bytes(b"half")
    aside = first.folder.with_name(first.folder.name + ".old")
    first.folder.rename(aside)
    close_parts(state, before=LATER)
    assert manifests(state)[0] == first
    assert not left.exists()
    assert len(read(state, ["L"], 0, FAR)["L"]) == DAYS * SECONDS


def test_a_damaged_file_is_named_and_never_read_as_a_quiet_plant(state: Path) -> None:
    (first, *_) = manifests(state)
    data = bytearray(first.readings.read_bytes())
    data[200:260] = bytes(60)
    first.readings.write_bytes(data)
    with pytest.raises(Exception, match=r"(?i)crc|corrupt|checksum|zstd|page"):
        read(state, ["L"], 0, FAR)


def test_the_gateway_itself_reads_no_parquet() -> None:
    code = "import sys, gateway.store, gateway.runtime.machine; sys.exit('pyarrow' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", code]).returncode == 0
