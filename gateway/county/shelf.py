"""``county.db``: the tables, what is known of each gateway, and what is missing. Reading only."""

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import groupby
from pathlib import Path
from typing import Any, Final

import apsw

from gateway.county.arrival import Place
from gateway.county.bounds import used
from gateway.county.words import liveness, times
from gateway.model.errors import Misconfigured
from gateway.sinks.mqtt.receipts import LISTED
from gateway.store.canonical import ZERO
from gateway.store.database import DISK_ERRORS, WrongVersion, close_quietly, number, open_reader, rows

FILE: Final = "county.db"
BEFORE: Final = 500
"""Asked for at once where the beginning of an epoch is missing."""
SCHEMA: Final = """
CREATE TABLE events(
    place TEXT NOT NULL, seq INTEGER NOT NULL, hash TEXT NOT NULL, epoch TEXT NOT NULL, link TEXT NOT NULL,
    first INTEGER NOT NULL, main INTEGER NOT NULL, id TEXT NOT NULL, n INTEGER NOT NULL, event TEXT NOT NULL,
    level TEXT NOT NULL, rule TEXT NOT NULL, recorded INTEGER NOT NULL, received INTEGER NOT NULL, data BLOB NOT NULL,
    PRIMARY KEY(place, seq, hash)) WITHOUT ROWID;
CREATE INDEX by_hash ON events(place, hash);
CREATE INDEX aside ON events(place, epoch, seq) WHERE main = 0;
CREATE TABLE gateways(
    place TEXT PRIMARY KEY, epoch TEXT NOT NULL, head INTEGER NOT NULL, head_hash TEXT NOT NULL, state TEXT NOT NULL,
    said INTEGER NOT NULL, heard INTEGER NOT NULL, every_s REAL NOT NULL, top_epoch TEXT NOT NULL,
    top_seq INTEGER NOT NULL, top_hash TEXT NOT NULL) WITHOUT ROWID;
CREATE TABLE refused(
    key INTEGER PRIMARY KEY, place TEXT NOT NULL, seq INTEGER NOT NULL, received INTEGER NOT NULL, reason TEXT NOT NULL,
    data BLOB NOT NULL);
"""


@dataclass(frozen=True, slots=True)
class Top:
    """The highest event of a gateway below which nothing is missing."""

    epoch: str = ""
    seq: int = 0
    hash: str = ZERO


@dataclass(slots=True)
class Known:
    """One gateway as it was last heard of. Times ns; ``said``: of its clock, ``heard``: of ours."""

    epoch: str = ""
    head: int = 0
    head_hash: str = ""
    state: str = "unknown"
    said: int = 0
    heard: int = 0
    every_s: float = 0.0
    top: Top = Top()

    def row(self, place: Place) -> tuple[str | int | float, ...]:
        """As it stands in ``gateways``."""
        told = (self.epoch, self.head, self.head_hash, self.state, self.said, self.heard, self.every_s)
        return (str(place), *told, self.top.epoch, self.top.seq, self.top.hash)


def gateways(db: apsw.Connection) -> dict[Place, Known]:
    """Every gateway that was ever heard."""
    found = {}
    for place, epoch, head, digest, state, said, heard, every, *top in rows(db, "SELECT * FROM gateways"):
        site, _, gateway = str(place).partition("/")
        known = Known(epoch, int(head), digest, state, int(said), int(heard), float(every), Top(*top))
        found[Place(site, gateway)] = known
    return found


def lowest_beside(db: apsw.Connection, place: Place, known: Known) -> int | None:
    """The lowest event of an epoch that runs beside the history and does not follow it; None: it does, or may yet."""
    if not known.top.seq or known.epoch == known.top.epoch:
        return None
    sql = "SELECT min(seq) FROM events INDEXED BY aside WHERE place = ? AND epoch = ? AND main = 0"
    lowest = number(db, sql, str(place), known.epoch) or known.head + 1
    return lowest if lowest <= known.top.seq else None


def missing(db: apsw.Connection, place: Place, known: Known) -> tuple[tuple[int, int], ...]:
    """Ranges above the top that are not there, or are there and do not follow it; at most ``LISTED``."""
    lowest = lowest_beside(db, place, known)
    if lowest is not None:  # what it began with came before: a page at a time, until it joins what we have
        sql = (
            "SELECT seq FROM events INDEXED BY aside WHERE place = ? AND epoch = ? AND main = 0 ORDER BY seq"
        )
        have = [int(s) for (s,) in rows(db, sql, str(place), known.epoch)]
        before = [(max(1, lowest - BEFORE), lowest - 1)] if lowest > 1 else []
        return (*before, *holes(lowest - 1, have, known.head))
    sql = "SELECT DISTINCT seq FROM events WHERE place = ? AND seq > ? AND epoch IN (?, ?) ORDER BY seq"
    have = [int(s) for (s,) in rows(db, sql, str(place), known.top.seq, known.top.epoch, known.epoch)]
    # What stands right behind the top without following it is asked for again: one of the two is not the gateway's.
    doubtful = [(have[0], have[0])] if have and have[0] == known.top.seq + 1 else []
    return (*doubtful, *holes(known.top.seq, have, known.head))


def holes(top: int, have: Sequence[int], head: int) -> tuple[tuple[int, int], ...]:
    """Ranges between ``top`` and ``head`` that ``have`` (ascending, each once) leaves; at most ``LISTED``."""
    found: list[tuple[int, int]] = []
    for _, run in groupby(enumerate(have), key=lambda pair: pair[1] - pair[0]):
        stretch = [seq for _, seq in run]
        if stretch[0] > top + 1:
            found.append((top + 1, stretch[0] - 1))
        top = max(top, stretch[-1])
    return tuple([*found, *([(top + 1, head)] if head > top else [])][:LISTED])


def report(folder: Path, now: int) -> dict[str, Any]:
    """What is stored and what is missing of each gateway; beside a running county too.

    Raises:
        Misconfigured: nothing was ever stored there, or it cannot be read.
    """
    try:
        db = open_reader(folder / FILE)
        try:
            told = [_told(db, place, known, now) for place, known in gateways(db).items()]
            return {"gateways": told, "bytes": used(db)}
        finally:
            close_quietly(db)
    except (*DISK_ERRORS, WrongVersion) as error:
        raise Misconfigured(f"{folder / FILE} cannot be read: {error}") from error


def _told(db: apsw.Connection, place: Place, known: Known, now: int) -> dict[str, Any]:
    sql = "SELECT count(*), sum(main), sum(event = 'raised'), sum(data = x'') FROM events WHERE place = ?"
    stored, main, raised, thinned = (int(x or 0) for x in rows(db, sql, str(place))[0])
    refused = rows(db, "SELECT reason, count(*) FROM refused WHERE place = ? GROUP BY reason", str(place))
    return {
        "site": place.site,
        "gateway": place.gateway,
        "live": liveness(known, now),
        "state": known.state,
        "heard": times(known.heard),
        "epoch": known.epoch,
        "head": known.head,
        "contiguous": known.top.seq,
        "hash": known.top.hash,
        "missing": [list(each) for each in missing(db, place, known)],
        "stored": stored,
        "beside": stored - main,
        "raised": raised,
        "thinned": thinned,
        "refused": {str(reason): int(count) for reason, count in refused},
    }
