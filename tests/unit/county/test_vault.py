"""The county's store: nothing twice, nothing missing unseen, and whose history it is."""

from __future__ import annotations

import random
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from gateway.county.arrival import Place, arrival, heard, where
from gateway.county.bounds import Bounds, used
from gateway.county.shelf import holes, report
from gateway.county.vault import Vault
from gateway.model.errors import Misconfigured
from gateway.model.events import EventKind, Record
from gateway.model.times import NS
from gateway.sinks.mqtt.receipts import Receipt
from tests.unit.county.journals import COUNTY, PLACE, T0, Journal, arrivals


@pytest.fixture
def vault(tmp_path: Path) -> Iterator[Vault]:
    made = Vault(tmp_path)
    yield made
    made.close()


def hear(vault: Vault, records: list[Record], journal: Journal | None = None, *, at: int = T0) -> Receipt:
    vault.take(arrivals(records), [journal.status(at=at)] if journal else [], [], at)
    return vault.receipt(PLACE)


def at(journal: Journal, seq: int) -> tuple[str, int, str, tuple[tuple[int, int], ...]]:
    record = next(r for r in journal.records if r.seq == seq)
    return (journal.head.epoch, seq, record.hash, ())


def told(receipt: Receipt) -> tuple[str, int, str, tuple[tuple[int, int], ...]]:
    return (receipt.epoch, receipt.contiguous, receipt.hash, receipt.missing)


def test_a_journal_in_any_order_with_repeats_ends_whole(vault: Vault) -> None:
    journal, rng = Journal(), random.Random(1)
    records = journal.add(200)
    mixed = records * 3
    rng.shuffle(mixed)
    while mixed:
        some, mixed = mixed[:17], mixed[17:]
        hear(vault, some)
    assert told(vault.receipt(PLACE)) == at(journal, 200)
    (row,) = report_of(vault)
    assert (row["stored"], row["beside"]) == (200, 0)


def report_of(vault: Vault) -> list[dict[str, object]]:
    found: list[dict[str, object]] = report(Path(vault._db.filename).parent, T0)["gateways"]
    return found


def test_a_hole_is_asked_for_and_filled(vault: Vault) -> None:
    journal = Journal()
    records = journal.add(20)
    receipt = hear(vault, records[:5] + records[8:12], journal)
    assert told(receipt) == (*at(journal, 5)[:3], ((6, 8), (13, 20)))
    assert told(hear(vault, records[5:8])) == (*at(journal, 12)[:3], ((13, 20),))
    assert told(hear(vault, records[12:])) == at(journal, 20)


def test_the_last_events_are_missed_by_what_the_status_says(vault: Vault) -> None:
    journal = Journal()
    records = journal.add(10)
    assert hear(vault, records[:7], journal).missing == ((8, 10),)


def test_a_county_that_begins_late_asks_for_all(vault: Vault) -> None:
    journal = Journal()
    records = journal.add(10)
    receipt = hear(vault, records[8:], journal)
    assert (receipt.contiguous, receipt.hash, receipt.missing) == (0, "0" * 64, ((1, 8),))
    assert told(hear(vault, records[:8])) == at(journal, 10)


def test_a_new_epoch_goes_on_where_the_last_ended(vault: Vault) -> None:
    old = Journal("e1")
    first = old.add(10)
    new = Journal("e2", seq=11, previous=old.head, at=T0 + 100 * NS)
    second = new.add(3)
    receipt = hear(vault, first[:8] + second, new)
    assert told(receipt) == ("e2", 8, first[7].hash, ((9, 10),)), (
        "what the last epoch had not delivered is asked for"
    )
    assert told(hear(vault, first[8:])) == at(new, 13)


def test_a_restored_backup_branches_off_and_loses_nothing(vault: Vault) -> None:
    old = Journal("e1")
    records = old.add(10)
    hear(vault, records, old)
    backup = Journal("e2", seq=7, previous=replace(old.head, seq=6, hash=records[5].hash), at=T0 + 100 * NS)
    after = backup.add(2)
    assert told(hear(vault, after, backup, at=T0 + 200 * NS)) == at(backup, 8)
    (row,) = report_of(vault)
    assert (row["stored"], row["beside"]) == (12, 4), "what the backup did not know is kept beside"


def test_of_a_restored_backup_whose_first_events_were_lost_the_beginning_is_asked_for(vault: Vault) -> None:
    old = Journal("e1")
    records = old.add(10)
    hear(vault, records, old)
    backup = Journal("e2", seq=7, previous=replace(old.head, seq=6, hash=records[5].hash), at=T0 + 100 * NS)
    after = backup.add(3)
    receipt = hear(vault, after[2:], backup, at=T0 + 200 * NS)
    assert (receipt.epoch, receipt.contiguous, receipt.missing) == ("e2", 0, ((1, 8),))
    assert told(hear(vault, after[:2])) == at(backup, 9)


def test_a_replaced_machine_begins_at_one_and_the_old_history_is_kept(vault: Vault) -> None:
    old = Journal("e1")
    hear(vault, old.add(10), old)
    new = Journal("e9", at=T0 + 100 * NS)
    records = new.add(4)
    assert told(hear(vault, records, new, at=T0 + 200 * NS)) == at(new, 4)
    (row,) = report_of(vault)
    assert (row["stored"], row["beside"]) == (14, 10)


def test_a_forged_event_gives_way_to_what_the_gateway_calls_its_head(vault: Vault) -> None:
    true, false = Journal(), Journal()
    records = true.add(5)
    false.add(4)
    false.records, false.chain = true.records[:4], true.chain
    forged = Journal()
    forged.chain.move(records[:4])
    lie = forged.add(1, what="nothing happened")
    assert told(hear(vault, records[:4] + lie))[1:3] == (5, lie[0].hash)
    assert told(hear(vault, records[4:])) != at(true, 5), "nothing tells them apart yet"
    assert told(hear(vault, [], true)) == at(true, 5), "its status does"
    (row,) = report_of(vault)
    assert (row["stored"], row["beside"]) == (6, 1), "both are kept"


def test_a_forged_event_gives_way_to_one_that_is_built_upon(vault: Vault) -> None:
    true, forged = Journal(), Journal()
    records = true.add(5)
    forged.chain.move(records[:4])
    hear(vault, records[:4] + forged.add(1, what="nothing happened"))
    more = true.add(1)
    assert told(hear(vault, [records[4], *more])) == at(true, 6)


def test_what_was_altered_on_the_way_is_refused_and_asked_for(vault: Vault) -> None:
    journal = Journal()
    records = journal.add(3)
    altered = records[1].data.replace(b'"what":1', b'"what":7')
    with pytest.raises(ValueError, match="seq 2: the hash does not fit"):
        arrival(PLACE, COUNTY, altered)
    vault.take(arrivals([records[0], records[2]]), [], [(PLACE, 2, "the hash does not fit", altered)], T0)
    receipt = vault.receipt(PLACE)
    assert receipt.missing == ((2, 2),)
    assert [r.seq for r in receipt.refused] == [2]
    assert hear(vault, [records[1]]).refused == (), "settled: it is no longer told"


def test_an_event_of_another_gateway_does_not_come_in_by_this_topic() -> None:
    record = Journal().add()[0]
    with pytest.raises(ValueError, match="on the topic of"):
        arrival(Place("plant", "other"), COUNTY, record.data)
    with pytest.raises(ValueError, match="not an event"):
        arrival(PLACE, COUNTY, b"[" * 10_000)


def test_an_old_status_does_not_bring_an_old_epoch_back(vault: Vault) -> None:
    old = Journal("e1")
    hear(vault, old.add(3), old)
    new = Journal("e2", seq=4, previous=old.head, at=T0 + 10 * NS)
    hear(vault, new.add(1), new, at=T0 + 20 * NS)
    vault.take([], [old.status("offline", at=T0)], [], T0 + 30 * NS)
    assert vault.receipt(PLACE).epoch == "e2"
    assert vault.known[PLACE].state == "online"


def test_it_survives_its_process(tmp_path: Path) -> None:
    journal = Journal()
    records = journal.add(4)
    vault = Vault(tmp_path)
    hear(vault, records[:2] + records[3:], journal)
    vault.close()
    again = Vault(tmp_path)
    assert again.receipt(PLACE).missing == ((3, 3),)
    assert told(hear(again, [records[2]])) == at(journal, 4)
    again.close()


def test_a_damaged_file_is_refused_and_not_touched(tmp_path: Path) -> None:
    (tmp_path / "county.db").write_bytes(b"nonsense" * 1000)
    with pytest.raises(Misconfigured, match=r"county\.db"):
        Vault(tmp_path)
    assert (tmp_path / "county.db").read_bytes() == b"nonsense" * 1000


@pytest.mark.parametrize(
    ("top", "have", "head", "lacking"),
    [
        (0, [], 0, ()),
        (0, [], 3, ((1, 3),)),
        (2, [4, 5, 9], 9, ((3, 3), (6, 8))),
        (2, [3, 4], 9, ((5, 9),)),
        (9, [], 4, ()),
    ],
)
def test_holes(top: int, have: list[int], head: int, lacking: tuple[tuple[int, int], ...]) -> None:
    assert holes(top, have, head) == lacking


def test_liveness_is_what_the_gateway_promised(vault: Vault, tmp_path: Path) -> None:
    journal = Journal()
    hear(vault, journal.add(), journal)
    live = {s: report(tmp_path, T0 + s * NS)["gateways"][0]["live"] for s in (0, 119, 121)}
    assert live == {0: "live", 119: "live", 121: "silent"}
    vault.take([], [journal.status("offline", at=T0 + NS)], [], T0)
    assert report(tmp_path, T0)["gateways"][0]["live"] == "offline"


def test_topics_and_statuses_are_looked_at() -> None:
    assert where("fengsui/v1/341524/plant/gw/events", COUNTY) == (PLACE, "events")
    assert where("fengsui/v1/341525/plant/gw/events", COUNTY) is None
    assert where("fengsui/v1/341524/plant/gw/alarms/red/a/b", COUNTY) is None
    with pytest.raises(ValueError, match="not a status"):
        heard(PLACE, b"{}")


def bodies(vault: Vault) -> dict[str, int]:
    """event -> how many are whole"""
    sql = "SELECT event, count(*) FROM events WHERE data <> x'' GROUP BY event"
    return dict(vault._db.execute(sql).fetchall())


def test_old_bulk_loses_its_body_and_the_chain_holds(vault: Vault) -> None:
    journal, day = Journal(), 86_400 * NS
    old, young = journal.add(3, kind=EventKind.LIVE_LEVEL), journal.add(2, kind=EventKind.LIVE_LEVEL)
    alarms = journal.add(2, kind=EventKind.RAISED)
    hear(vault, old + alarms, at=T0)
    hear(vault, young, at=T0 + 30 * day)
    done = vault.bound(Bounds(keep=30 * day, max_bytes=1 << 40), T0 + 30 * day + 1)
    assert (done.gone, done.more, done.over) == (3, False, False)
    assert bodies(vault) == {"live-level": 2, "raised": 2}
    hear(vault, old, journal, at=T0 + 31 * day)
    assert bodies(vault) == {"live-level": 2, "raised": 2}, "sent again it is known, and nothing grows"
    assert told(vault.receipt(PLACE)) == at(journal, 7)
    (row,) = report_of(vault)
    assert (row["stored"], row["thinned"], row["missing"]) == (7, 3, [])


def test_beyond_its_size_bulk_goes_and_alarms_never(vault: Vault) -> None:
    journal = Journal()
    hear(vault, journal.add(40, kind=EventKind.LIVE_LEVEL, words="x" * 50_000))
    hear(vault, journal.add(10, kind=EventKind.RAISED, words="x" * 50_000))
    limits = Bounds(keep=1 << 62, max_bytes=1 << 20)
    assert used(vault._db) > limits.max_bytes
    assert vault.bound(limits, T0).gone == 40
    assert bodies(vault) == {"raised": 10}
    assert used(vault._db) <= limits.max_bytes
    assert not vault.bound(limits, T0).over
    tight = vault.bound(Bounds(keep=1 << 62, max_bytes=1 << 16), T0)
    assert (tight.gone, tight.more, tight.over) == (0, False, True), "that is said, and nothing more is taken"
    assert bodies(vault) == {"raised": 10}
