"""Prove that nobody changed the journal: every hash, every link, and with heads kept outside its end and its whole.

What finds what:

=================================================  ==================================================
an altered record                                  its hash does not fit its bytes
an altered record with its hash set right          the next record names another ``prev_hash``
a record taken out, put in or moved                a hole in seq, or a link that does not fit
the tail cut off, or the whole chain written anew  only a head that was kept outside: nothing inside can
=================================================  ==================================================
"""

import json
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final

import apsw

from gateway.model.errors import Fault, Misconfigured
from gateway.model.times import iso
from gateway.store.canonical import ZERO, canonical, chain_hash
from gateway.store.database import (
    DISK_ERRORS,
    WrongVersion,
    close_quietly,
    no_journal,
    number,
    open_reader,
    rows,
)

MAX_REASONS: Final = 20
SHOWN: Final = 80
"""characters of a line that is no head"""
_HEADS: Final = "a JSON object {epoch, seq, hash} on each line, as `status` has it"
_PAGE: Final = 500


@dataclass(frozen=True, slots=True)
class OutsideHead:
    """A head as it was published: ``status``, a receipt, or written down."""

    epoch: str
    seq: int
    hash: str


@dataclass(frozen=True, slots=True)
class Report:
    """What was found. ``first_bad``: seq of the first record that does not hold; None when all do.

    ``reasons``: the first of them in words. ``against``: how many outside heads were compared.
    """

    ok: bool
    epochs: int
    records: int
    first_bad: int | None
    reasons: tuple[str, ...]
    against: int = 0

    def as_json(self) -> dict[str, Any]:
        """For ``--json``."""
        return {
            "ok": self.ok,
            "epochs": self.epochs,
            "records": self.records,
            "first_bad": self.first_bad,
            "reasons": list(self.reasons),
            "against": self.against,
        }

    def text(self) -> str:
        """For people."""
        what = f"{self.records} records in {self.epochs} epochs, compared with {self.against} outside heads"
        if self.ok:
            return f"whole: {what}"
        return "\n".join([f"NOT whole from seq {self.first_bad}: {what}", *self.reasons])


@dataclass(slots=True)
class _Walk:
    """State of one pass over the journal."""

    heads: dict[int, list[OutsideHead]]
    epochs: int = 0
    records: int = 0
    seq: int = 0
    hash: str = ZERO
    epoch: str = ""
    recorded: str = ""
    bad: list[tuple[int, str]] = field(default_factory=list)

    def blame(self, seq: int, why: str) -> None:
        if len(self.bad) < MAX_REASONS:
            self.bad.append((seq, f"seq {seq}: {why}"))


def read_heads(path: Path) -> list[OutsideHead]:
    """Heads kept outside: one JSON object ``{"epoch", "seq", "hash"}`` per line; other fields are ignored.

    Raises:
        Misconfigured: unreadable, or a line without these.
    """
    try:
        lines = path.read_text(encoding="utf-8").split("\n")  # not splitlines: U+2028 is text in JSON
    except (OSError, UnicodeDecodeError) as error:
        said = f"byte {error.start} is not UTF-8" if isinstance(error, UnicodeDecodeError) else error.strerror
        raise Misconfigured([Fault(str(path), None, "(file)", str(said), _HEADS)]) from error
    return [_head(path, number, line) for number, line in enumerate(lines, 1) if line.strip()]


def _head(path: Path, number: int, line: str) -> OutsideHead:
    try:
        raw = json.loads(line)
        return OutsideHead(str(raw["epoch"]), int(raw["seq"]), str(raw["hash"]))
    except (ValueError, KeyError, TypeError) as error:
        shown = line if len(line) <= SHOWN else f"{line[:SHOWN]}..."
        raise Misconfigured([Fault(str(path), number, "head", repr(shown), _HEADS)]) from error


def verify_journal(where: Path, heads: Iterable[OutsideHead] = ()) -> Report:
    """Check the journal of a state folder, or a ``plant.db``; reads a page at a time, beside a running gateway too.

    Raises:
        Misconfigured: there is no journal to check.
    """
    path = where / "plant.db" if where.is_dir() else where
    if not path.is_file():
        raise no_journal(where)
    outside = list(heads)
    walk = _Walk(_by_seq(outside))
    try:
        db = open_reader(path)
    except (apsw.CantOpenError, WrongVersion, OSError) as error:
        raise Misconfigured(f"{path} cannot be read: {error}") from error
    except apsw.Error as error:
        walk.blame(0, f"the file is damaged: {error}")
        return _report(walk, len(outside))
    try:
        _walk(walk, db)
    finally:
        close_quietly(db)
    return _report(walk, len(outside))


def _report(walk: _Walk, against: int) -> Report:
    for left in (h for group in walk.heads.values() for h in group if h.seq):
        walk.blame(
            left.seq,
            f"a head of epoch {left.epoch} is known outside, the journal ends at {walk.seq}: the tail was cut",
        )
    first = min((seq for seq, _ in walk.bad), default=None)
    return Report(not walk.bad, walk.epochs, walk.records, first, tuple(why for _, why in walk.bad), against)


def _by_seq(heads: Sequence[OutsideHead]) -> dict[int, list[OutsideHead]]:
    found: dict[int, list[OutsideHead]] = {}
    for head in heads:
        found.setdefault(head.seq, []).append(head)
    return found


def _walk(walk: _Walk, db: apsw.Connection) -> None:
    try:
        walk.epochs = number(db, "SELECT count(*) FROM epochs") or 0
        for row in _rows(db):
            _check(walk, *row)
    except DISK_ERRORS as error:
        walk.blame(walk.seq + 1, f"the file is damaged: {error}")


def _rows(db: apsw.Connection) -> Iterator[tuple[int, int, str, bytes]]:
    after = -(1 << 62)
    sql = "SELECT seq, recorded, hash, data FROM journal WHERE seq > ? ORDER BY seq LIMIT ?"
    while page := rows(db, sql, after, _PAGE):
        for seq, recorded, digest, data in page:
            yield seq, recorded, digest.hex(), data
        after = page[-1][0]


def _check(walk: _Walk, seq: int, recorded: int, digest: str, data: bytes) -> None:
    """One record against its bytes, its row, the record before, and the heads known outside."""
    walk.records += 1
    if walk.records > 1 and seq != walk.seq + 1:
        walk.blame(walk.seq + 1, f"missing; {seq} follows {walk.seq}")
    try:
        body = json.loads(data, parse_int=float)
        claimed, prev_hash = body.pop("hash"), body.pop("prev_hash")
        epoch, when = body["epoch"], body["recorded"]
        whole = canonical({**body, "prev_hash": prev_hash, "hash": claimed}) == data
        computed = chain_hash(prev_hash, canonical(body))
    except (ValueError, KeyError, TypeError, AttributeError) as error:
        walk.blame(seq, f"not an event: {error!r}")
        walk.seq, walk.hash = seq, digest
        return
    _link(walk, seq, epoch, prev_hash, body)
    if not whole:
        walk.blame(seq, "not written as RFC 8785 has it")
    if computed != claimed or claimed != digest:
        walk.blame(seq, "altered: the hash does not fit the bytes")
    if body.get("seq") != seq or when != iso(recorded) or (when <= walk.recorded and walk.records > 1):
        walk.blame(seq, "seq or recorded do not fit the row or the record before")
    walk.seq, walk.hash, walk.epoch, walk.recorded = seq, claimed, epoch, when
    _compare(walk, seq, epoch, claimed)


def _link(walk: _Walk, seq: int, epoch: str, prev_hash: str, body: dict[str, Any]) -> None:
    if epoch == walk.epoch:
        if prev_hash != walk.hash:
            walk.blame(seq, "prev_hash is not the hash of the record before")
        return
    if prev_hash != ZERO:
        walk.blame(seq, f"first of epoch {epoch}, but prev_hash is not zero")
    if walk.epoch and walk.hash not in canonical(body.get("detail", {})).decode():
        walk.blame(seq, f"first of epoch {epoch} does not name the hash of the epoch before")


def _compare(walk: _Walk, seq: int, epoch: str, digest: str) -> None:
    for head in walk.heads.pop(seq, ()):
        if (head.epoch, head.hash) != (epoch, digest):
            walk.blame(
                seq,
                f"outside it is known with hash {head.hash[:12]}... of epoch {head.epoch}: the journal was rewritten",
            )
