"""Storing what arrives, and following each gateway's chain. Of one thread.

An event is known by its hash: the same bytes twice are one event, and two different events under one number are both
kept. Which of them belongs to the gateway's history is told by the chain: each event names the hash of the one before,
the first event of an epoch the hash that the last epoch ended with. ``main`` marks that history, from its first event
to the *top*, the highest event below which nothing is missing. Another branch takes its place when it is whole and goes
on further, is of a newer epoch (a restored backup), or ends with what the gateway calls its head (a forged event came
first). What it replaces stays stored, beside.
"""

from collections.abc import Iterable, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any, Final

from gateway.county import bounds
from gateway.county.arrival import ROOT, Arrival, Heard, Place
from gateway.county.shelf import FILE, SCHEMA, Known, Top, gateways, lowest_beside, missing
from gateway.model.errors import Misconfigured
from gateway.sinks.mqtt.receipts import LISTED, Receipt, Refusal
from gateway.store.database import (
    DISK_ERRORS,
    WrongVersion,
    close_quietly,
    number,
    open_writer,
    rows,
    transaction,
)

MOST_REFUSED: Final = 10_000
"""Refused messages kept; older ones make room."""
LONGEST_BRANCH: Final = 100_000
_INSERT: Final = "INSERT OR IGNORE INTO events VALUES(?,?,?,?,?,?,0,?,?,?,?,?,?,?,?)"
_REFUSE: Final = "INSERT INTO refused(place, seq, received, reason, data) VALUES(?,?,?,?,?)"

NotTaken = tuple[Place, int, str, bytes]
"""place, seq (0: not known), reason, the bytes"""


class Vault:
    """``county.db`` for writing.

    Raises (when made):
        Misconfigured: the file is damaged, of another program, or the disk refuses.
    """

    def __init__(self, folder: Path) -> None:
        try:
            folder.mkdir(parents=True, exist_ok=True)
            self._db = open_writer(folder / FILE, SCHEMA, synchronous="full")
            self._db.execute(bounds.INDEX)
            self.known = gateways(self._db)
        except (*DISK_ERRORS, WrongVersion) as error:
            raise Misconfigured(f"{folder / FILE} cannot be used: {error}") from error

    def close(self) -> None:
        """Let the file go."""
        close_quietly(self._db)

    def take(
        self, arrivals: Sequence[Arrival], statuses: Iterable[Heard], refused: Sequence[NotTaken], now: int
    ) -> set[Place]:
        """Store what came in one synced transaction; the gateways that a new receipt is due to.

        Raises:
            apsw.Error: the disk refuses; nothing was stored, nothing may be confirmed.
        """
        before = {place: replace(known) for place, known in self.known.items()}
        try:
            with transaction(self._db):
                self._db.executemany(_INSERT, [_row(each, now) for each in arrivals])
                touched = {self._listen(each, now) for each in statuses} | self._note(arrivals)
                for place in touched:
                    self._advance(place)
                self._refuse(refused, now)
                self._save(touched)
        except BaseException:
            self.known = before
            raise
        return touched | {place for place, *_ in refused if place in self.known}

    def bound(self, limits: bounds.Bounds, now: int) -> bounds.Bounded:
        """A step of :func:`gateway.county.bounds.step`.

        Raises:
            apsw.Error: the disk refuses; nothing has gone.
        """
        return bounds.step(self._db, limits, now)

    def receipt(self, place: Place) -> Receipt:
        """What may be told to a gateway now; of an epoch whose beginning we lack, that nothing is known of it yet."""
        known = self.known[place]
        top = known.top if lowest_beside(self._db, place, known) is None else Top()
        sql = "SELECT seq, reason FROM refused WHERE place = ? AND seq > ? ORDER BY key DESC LIMIT ?"
        said = [Refusal(int(s), str(r)) for s, r in rows(self._db, sql, str(place), top.seq, LISTED)]
        lacks = missing(self._db, place, known)
        return Receipt(place.gateway, known.epoch, top.seq, top.hash, lacks, tuple(said))

    # --- one transaction ----------------------------------------------------------------------------------------------

    def _listen(self, said: Heard, now: int) -> Place:
        """A last will or a retained status of an older epoch says nothing about the one that runs now."""
        known = self.known.setdefault(said.place, Known())
        if said.epoch != known.epoch and (said.at < known.said or (known.epoch and said.state == "offline")):
            return said.place
        known.state, known.heard = said.state, now
        known.every_s, known.said = said.every_s or known.every_s, max(known.said, said.at)
        if said.epoch != known.epoch:
            known.epoch, known.head, known.head_hash = said.epoch, 0, ""
        if said.seq and said.seq >= known.head:
            known.head, known.head_hash = said.seq, said.hash
        return said.place

    def _note(self, arrivals: Sequence[Arrival]) -> set[Place]:
        """The running epoch is the one that began last, where no status has said so."""
        for each in arrivals:
            known = self.known.setdefault(each.place, Known())
            begins = each.first and each.epoch != known.epoch and not self._older(each, known)
            if begins or not known.epoch:
                known.epoch, known.head, known.head_hash = each.epoch, 0, ""
            if each.epoch == known.epoch and each.seq > known.head:
                known.head, known.head_hash = each.seq, ""
        return {each.place for each in arrivals}

    def _older(self, start: Arrival, known: Known) -> bool:
        """An epoch that began before the one that runs: its first event was sent again."""
        sql = "SELECT max(recorded) FROM events WHERE place = ? AND epoch = ?"
        return start.recorded <= (number(self._db, sql, str(start.place), known.epoch) or 0)

    def _advance(self, place: Place) -> None:
        known = self.known[place]
        while True:
            while following := self._next(place, known.top):
                known.top = following
                self._mark(place, following)
            branch = self._branch(place, known)
            if not branch:
                return
            self._take_branch(place, known, branch)

    def _next(self, place: Place, top: Top) -> Top | None:
        """The event that follows ``top``; of several the one that came first."""
        what = "SELECT epoch, seq, hash FROM events WHERE place = ?"
        sql = f"{what} AND seq = ? AND link = ? ORDER BY received LIMIT 1"
        found = rows(self._db, sql, str(place), top.seq + 1, top.hash if top.seq else ROOT)
        return Top(*found[0]) if found else None

    def _branch(self, place: Place, known: Known) -> list[Top]:
        """A branch that takes the place of the history's end, oldest event first; none: the history stands."""
        newer = known.epoch != known.top.epoch
        for tip in self._tips(place, known):
            longer = int(tip[0]) > known.top.seq and self._stuck(place, known.top)
            if newer or longer or tip[1] == known.head_hash:
                branch = self._walk(place, tip)
                if branch:
                    return branch
        return []

    def _tips(self, place: Place, known: Known) -> list[tuple[Any, ...]]:
        """Where another branch may end: the highest event beside the history, and what the gateway calls its head."""
        what = "SELECT seq, hash, link, epoch FROM events"
        highest = (
            f"{what} INDEXED BY aside WHERE place = ? AND epoch = ? AND main = 0 ORDER BY seq DESC LIMIT 1"
        )
        named = f"{what} INDEXED BY by_hash WHERE place = ? AND hash = ? AND main = 0 AND seq >= ?"
        tips = rows(self._db, highest, str(place), known.epoch)
        return tips + rows(self._db, named, str(place), known.head_hash, known.top.seq)

    def _stuck(self, place: Place, top: Top) -> bool:
        """What comes next is there and does not follow the top: no hole, a branch."""
        sql = "SELECT 1 FROM events WHERE place = ? AND seq = ? LIMIT 1"
        return bool(rows(self._db, sql, str(place), top.seq + 1))

    def _walk(self, place: Place, tip: tuple[Any, ...]) -> list[Top]:
        """From ``tip`` back to the history or to a journal's beginning; empty when something between is missing."""
        path: list[Top] = []
        seq, digest, link, epoch = tip
        sql = (
            "SELECT seq, hash, link, epoch, main FROM events INDEXED BY by_hash WHERE place = ? AND hash = ?"
        )
        while len(path) < LONGEST_BRANCH:
            path.append(Top(epoch, seq, digest))
            before = rows(self._db, sql, str(place), link)
            if link == ROOT or (before and before[0][4]):
                return path[::-1]
            if not before:
                return []
            seq, digest, link, epoch, _ = before[0]
        return []

    def _take_branch(self, place: Place, known: Known, branch: Sequence[Top]) -> None:
        aside = "UPDATE events SET main = 0 WHERE place = ? AND seq >= ? AND main = 1"
        self._db.execute(aside, (str(place), branch[0].seq))
        for each in branch:
            self._mark(place, each)
        known.top = branch[-1]

    def _mark(self, place: Place, each: Top) -> None:
        sql = "UPDATE events SET main = 1 WHERE place = ? AND seq = ? AND hash = ?"
        self._db.execute(sql, (str(place), each.seq, each.hash))

    def _refuse(self, refused: Sequence[NotTaken], now: int) -> None:
        if refused:
            told = [(str(place), seq, now, reason, data) for place, seq, reason, data in refused]
            self._db.executemany(_REFUSE, told)
            oldest = (number(self._db, "SELECT max(key) FROM refused") or 0) - MOST_REFUSED
            self._db.execute("DELETE FROM refused WHERE key <= ?", (oldest,))

    def _save(self, touched: Iterable[Place]) -> None:
        told = [self.known[place].row(place) for place in touched]
        self._db.executemany("INSERT OR REPLACE INTO gateways VALUES(?,?,?,?,?,?,?,?,?,?,?)", told)


def _row(a: Arrival, now: int) -> tuple[str | int | bytes, ...]:
    head = (str(a.place), a.seq, a.hash, a.epoch, a.link, int(a.first))
    return (*head, a.id, a.n, a.event, a.level, a.rule, a.recorded, now, a.data)
