"""Snapshots in slices, the last two kept; inputs go when nothing needs them."""

from __future__ import annotations

from collections.abc import Callable

from gateway.model.times import NS
from gateway.store import SavedSnapshot, Store
from tests.unit.store import make
from tests.unit.store.make import T0

Open = Callable[..., Store]
PARTS = {"detectors": bytes(range(256)) * 4000, "book": b"{}", "empty": b""}


def run(store: Store, groups: int) -> None:
    for _ in range(groups):
        n = store.last_input[0] + 1
        store.commit([make.readings(n, T0 + n * NS)], [], T0 + n * NS)
        store.spool.append(n, n, make.batch(5, T0 + n * NS))


def snap(store: Store, **options: int) -> SavedSnapshot:
    snapshot = SavedSnapshot(
        "v1", store.last_input[0], "c" * 64, PARTS | {"n": str(store.last_input).encode()}
    )
    assert store.save_snapshot(snapshot, **options)
    return snapshot


def numbers(store: Store) -> list[int]:
    return [i.number for i in store.inputs(0)]


def test_the_last_two_come_back_whole(opened: Open) -> None:
    store = opened()
    made = []
    for _ in range(4):
        run(store, 3)
        made.append(snap(store))
    store.close()
    assert opened().snapshots() == [made[3], made[2]]


def test_inputs_before_the_older_snapshot_go(opened: Open) -> None:
    store = opened()
    run(store, 10)
    snap(store)
    assert numbers(store) == list(range(1, 11)), "with one snapshot everything is still needed"
    run(store, 10)
    snap(store)
    assert numbers(store) == list(range(11, 21))
    run(store, 5)
    assert numbers(store) == list(range(11, 26))


def test_the_last_group_always_stays(opened: Open) -> None:
    store = opened()
    run(store, 3)
    for _ in range(3):
        snap(store)
    store.close()
    again = opened()
    assert numbers(again) == [3]
    assert again.last_input[0] == 3


def test_inputs_of_the_longest_window_stay(opened: Open) -> None:
    store = opened()
    run(store, 20)
    snap(store, since=T0 + 5 * NS)
    snap(store, since=T0 + 5 * NS)
    assert numbers(store)[0] in (4, 5)


def test_inputs_that_are_not_in_the_spool_stay(opened: Open) -> None:
    store = opened()
    run(store, 5)
    snap(store)
    n = store.last_input[0] + 1
    store.spool._try = lambda _: False  # the spool's disk refuses
    store.commit([make.readings(n, T0 + n * NS)], [], T0 + n * NS)
    store.spool.append(n, n, make.batch(5, T0 + n * NS))
    assert not store.save_snapshot(SavedSnapshot("v1", n, "c", {}))
    assert numbers(store) == [1, 2, 3, 4, 5, 6]


def test_a_snapshot_left_half_way_never_counts(opened: Open) -> None:
    store = opened()
    run(store, 3)
    good = snap(store)
    run(store, 3)
    steps = store.snapshot_steps(SavedSnapshot("v1", 6, "c", PARTS))
    for _ in range(3):
        assert next(steps)
        run(store, 1)  # commits go in between
    steps.close()
    store.close()
    again = opened()
    assert again.snapshots() == [good]
    assert snap(again) == again.snapshots()[0]
    assert again._writer.db.execute("SELECT count(*) FROM snapshots").fetchall() == [(2,)]


def test_the_spool_is_on_disk_for_good_before_a_snapshot_counts(opened: Open) -> None:
    store = opened()
    run(store, 4)
    assert store.spool.saved_input < 4
    snap(store)
    assert store.spool.saved_input == 4
