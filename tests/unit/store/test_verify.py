"""What a person with a hex editor can do to the journal, and what finds it."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path

import apsw
import pytest

from gateway.model.errors import Misconfigured
from gateway.store import Store
from gateway.store.canonical import ZERO, seal
from gateway.store.verify import OutsideHead, Report, read_heads, verify_journal
from tests.unit.store import make
from tests.unit.store.make import T0

Open = Callable[..., Store]
RECORDS = 12


class Attack:
    """A closed journal, the heads somebody kept outside, and a tool to change rows without a trace in SQLite."""

    def __init__(self, folder: Path, heads: list[OutsideHead]) -> None:
        self.folder = folder
        self.heads = heads

    def sql(self, sql: str, *args: object) -> None:
        db = apsw.Connection(str(self.folder / "plant.db"))
        db.execute(sql, args)
        db.close()

    def body(self, seq: int) -> dict[str, object]:
        db = apsw.Connection(str(self.folder / "plant.db"))
        ((data,),) = db.execute("SELECT data FROM journal WHERE seq = ?", (seq,)).fetchall()
        db.close()
        return json.loads(data)

    def forge(self, seq: int, prev_hash: str | None = None, **changes: object) -> str:
        """Change a record and set its own hash right; its hash."""
        body = self.body(seq) | changes
        prev = prev_hash or str(body["prev_hash"])
        del body["hash"], body["prev_hash"]
        digest, data = seal(body, prev)
        self.sql("UPDATE journal SET data = ?, hash = ? WHERE seq = ?", data, bytes.fromhex(digest), seq)
        return digest

    def verify(self, *, heads: bool = False) -> Report:
        return verify_journal(self.folder, self.heads if heads else [])


@pytest.fixture
def attack(opened: Open) -> Attack:
    store = opened()
    heads = []
    for n in range(1, RECORDS + 1):
        store.commit([make.tick(n)], [make.event(n=n, value=n / 3, description="储罐 1e30 \u0007")], T0 + n)
        if n % 4 == 0:
            heads.append(OutsideHead(store.epoch, store.head.seq, store.head.hash))
    store.close()
    return Attack(store.folder, heads)


def test_an_untouched_journal_is_whole(attack: Attack) -> None:
    report = attack.verify(heads=True)
    assert report == Report(True, 1, RECORDS, None, (), 3)
    assert report.text().startswith("whole: 12 records in 1 epochs")
    assert verify_journal(attack.folder / "plant.db", attack.heads) == report


def test_an_altered_body(attack: Attack) -> None:
    attack.sql(
        "UPDATE journal SET data = CAST(replace(data, '\"value\":2', '\"value\":3') AS BLOB) WHERE seq = 6"
    )
    report = attack.verify()
    assert (report.ok, report.first_bad) == (False, 6)
    assert "altered" in report.reasons[0]
    assert report.text().startswith("NOT whole from seq 6")


def test_an_altered_body_with_its_hash_set_right(attack: Attack) -> None:
    attack.forge(6, comment="it was never so")
    report = attack.verify()
    assert (report.ok, report.first_bad) == (False, 7)
    assert "prev_hash" in report.reasons[0]


@pytest.mark.parametrize("seq", [1, 6, 11])
def test_a_row_taken_out(attack: Attack, seq: int) -> None:
    attack.sql("DELETE FROM journal WHERE seq = ?", seq)
    report = attack.verify()
    assert not report.ok
    assert report.first_bad == (2 if seq == 1 else seq)


def test_rows_swapped(attack: Attack) -> None:
    attack.sql(
        "UPDATE journal SET seq = CASE seq WHEN 4 THEN -5 WHEN 5 THEN -4 ELSE seq END WHERE seq IN (4, 5)"
    )
    attack.sql("UPDATE journal SET seq = -seq WHERE seq < 0")
    assert attack.verify().first_bad == 4


def test_a_row_put_in_at_the_end_of_the_chain(attack: Attack) -> None:
    attack.sql(
        "INSERT INTO journal SELECT seq + 1, recorded + 1, input, hash, data FROM journal WHERE seq = 12"
    )
    assert attack.verify().first_bad == 13


def test_recorded_changed_in_the_row_only(attack: Attack) -> None:
    attack.sql("UPDATE journal SET recorded = recorded + 1 WHERE seq = 3")
    assert attack.verify().first_bad == 3


def test_the_same_content_written_otherwise(attack: Attack) -> None:
    attack.sql("UPDATE journal SET data = CAST(replace(data, ',', ', ') AS BLOB) WHERE seq = 3")
    report = attack.verify()
    assert report.first_bad == 3
    assert "RFC 8785" in report.reasons[0]


@pytest.mark.parametrize(
    "junk", [b"", b"\xff\x00", b"[]", b"{}", b'{"hash":1,"prev_hash":2,"epoch":3,"recorded":4}']
)
def test_junk_is_reported_not_raised(attack: Attack, junk: bytes) -> None:
    attack.sql("UPDATE journal SET data = ? WHERE seq = 8", junk)
    assert attack.verify().first_bad == 8


def test_a_cut_tail_is_found_by_heads_alone(attack: Attack) -> None:
    attack.sql("DELETE FROM journal WHERE seq > 9")
    assert attack.verify().ok, "nothing inside can tell"
    report = attack.verify(heads=True)
    assert (report.ok, report.first_bad) == (False, 12)
    assert "tail was cut" in report.reasons[0]


def test_an_emptied_journal_is_found_by_heads_alone(attack: Attack) -> None:
    attack.sql("DELETE FROM journal")
    assert attack.verify().ok
    assert not attack.verify(heads=True).ok


@pytest.mark.parametrize("start", [1, 7])
def test_a_rewritten_chain_is_found_by_heads_alone(attack: Attack, start: int) -> None:
    prev = str(attack.body(start)["prev_hash"])
    for seq in range(start, RECORDS + 1):
        prev = attack.forge(seq, prev, comment="rewritten")
    assert attack.verify().ok, "the chain is sound in itself"
    report = attack.verify(heads=True)
    assert (report.ok, report.first_bad) == (False, 4 if start == 1 else 8)
    assert "rewritten" in report.reasons[0]


def test_a_rewritten_epoch_name_is_found_by_heads_alone(attack: Attack) -> None:
    prev = ZERO
    for seq in range(1, RECORDS + 1):
        prev = attack.forge(seq, prev, epoch="f" * 16)
    assert attack.verify().ok
    assert not attack.verify(heads=True).ok


def test_a_second_epoch_must_name_the_first(opened: Open, attack: Attack) -> None:
    known = json.loads((attack.folder / "instance").read_bytes()) | {"at_risk": True, "input": 12}
    (attack.folder / "instance").write_bytes(json.dumps(known).encode().ljust(512))
    store = opened()
    store.commit([make.tick(13)], [make.event()], T0)
    store.close()
    report = attack.verify(heads=True)
    assert (report.ok, report.epochs, report.records) == (True, 2, 13)
    attack.forge(13, detail={})
    report = attack.verify()
    assert report.first_bad == 13
    assert "does not name the hash" in report.reasons[0]


def test_a_head_before_the_first_event_says_nothing(attack: Attack) -> None:
    attack.heads = [OutsideHead("any", 0, ZERO)]
    assert attack.verify(heads=True).ok


def test_a_damaged_file_is_reported(attack: Attack) -> None:
    path = attack.folder / "plant.db"
    data = bytearray(path.read_bytes())
    data[4096:] = b"\xa5" * (len(data) - 4096)
    path.write_bytes(data)
    report = attack.verify()
    assert not report.ok
    assert "damaged" in report.reasons[0]


def test_it_reads_beside_a_running_gateway(opened: Open, attack: Attack) -> None:
    store = opened()
    store.commit([make.tick(13)], [make.event()], T0)
    assert attack.verify(heads=True) == Report(True, 1, 13, None, (), 3)


def test_no_journal_at_all(tmp_path: Path) -> None:
    with pytest.raises(Misconfigured, match=r"no plant\.db"):
        verify_journal(tmp_path)


def test_heads_from_a_file(tmp_path: Path) -> None:
    path = tmp_path / "heads.jsonl"
    path.write_text(
        '{"epoch": "e", "seq": 4, "hash": "aa", "gateway": "gw"}\n\n{"epoch":"e","seq":5,"hash":"bb"}\n'
    )
    assert read_heads(path) == [OutsideHead("e", 4, "aa"), OutsideHead("e", 5, "bb")]
    for bad in ('{"epoch": "e"}', "nonsense", "[1]"):
        path.write_text(bad)
        with pytest.raises(Misconfigured, match="on each line"):
            read_heads(path)
