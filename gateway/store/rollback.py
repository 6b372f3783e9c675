"""Back to an older version: what of the journal it cannot read is set aside, whole, and a new epoch begins.

Versions add words (a kind of event, a state of an axis) and seldom take one away, so mostly an older version reads all
that a newer one wrote and simply goes on. Whether it does, it finds out by reading: whoever opens a folder that a
version with other words wrote reads the whole journal once, and refuses at the first record that it cannot read.
Then a person says so with ``fengsui rollback``: records from there on go to a file of their own, byte by byte, and into
the table ``doubtful``; inputs since then go there too, so that judging begins again where the journal ends.
"""

import hashlib
import json
import os
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import apsw

from gateway.model.errors import Misconfigured
from gateway.model.events import Acknowledgement, Condition, Disposal, EventKind, Latch, Report, Suppression
from gateway.model.wire import parse
from gateway.store import plant
from gateway.store.database import (
    DISK_ERRORS,
    WrongVersion,
    close_quietly,
    no_journal,
    open_writer,
    rows,
    sync_folder,
    transaction,
)
from gateway.store.lock import FolderLock
from gateway.store.schema import PLANT

_WORDS: Final = "words"
"""in ``meta``: with which words the journal was read or written last"""
_PAGE: Final = 500
_AXES: Final = (EventKind, Condition, Acknowledgement, Latch, Suppression, Disposal, Report)
WORDS: Final = hashlib.sha256(
    json.dumps([[word.value for word in axis] for axis in _AXES]).encode()
).hexdigest()[:16]


@dataclass(frozen=True, slots=True)
class Beyond:
    """The first record that this version cannot read."""

    seq: int
    why: str


@dataclass(frozen=True, slots=True)
class SetAside:
    """What was set aside: records ``first`` to ``last`` of ``epoch``, in ``file``.

    ``raised``: rules whose alarms began in them. ``missing``: lanes of the journal that had not delivered all of it ->
    up to which seq they had.
    """

    first: int
    last: int
    epoch: str
    file: Path
    raised: tuple[str, ...]
    missing: dict[str, int]

    def as_json(self) -> dict[str, Any]:
        """For ``--json``."""
        return {
            "first": self.first, "last": self.last, "epoch": self.epoch, "file": str(self.file),
            "raised": list(self.raised), "not_delivered": self.missing,
        }  # fmt: skip

    @property
    def why(self) -> str:
        """The reason of the epoch that begins."""
        raised = f"; raised in them: {', '.join(self.raised)}" if self.raised else ""
        what = f"seq {self.first} to {self.last} of epoch {self.epoch} are in {self.file.name}"
        return f"{plant.ROLLED_BACK} to a version that cannot read them: {what}{raised}"


def own_words(db: apsw.Connection) -> dict[str, str]:
    """For ``meta``, with the first commit: from then on our words may stand in the journal."""
    return {} if plant.read_meta(db).get(_WORDS) == WORDS else {_WORDS: WORDS}


def check_words(db: apsw.Connection, where: Path) -> None:
    """Read the whole journal where another version's words may stand in it; nothing to do where they are ours.

    Raises:
        Misconfigured: a record is beyond this version.
    """
    if plant.read_meta(db).get(_WORDS) == WORDS:
        return
    found = beyond(db)
    if found is not None:
        raise Misconfigured(
            f"{where}: a newer version has been here; the journal from seq {found.seq} on is beyond this one "
            f"({found.why}). Nothing was changed. Start the newer version again, or go back for good with "
            "`fengsui rollback CONFIG`: what it wrote is set aside, whole, and a new epoch begins"
        )


def beyond(db: apsw.Connection) -> Beyond | None:
    """The first record that this version cannot read; None when it reads all."""
    for seq, data in _records(db, 0):
        try:
            parse(data)
        except ValueError as error:
            return Beyond(seq, str(error))
    return None


def look(state: Path) -> Beyond | None:
    """The same for a state folder on which no gateway runs.

    Raises:
        Misconfigured: one runs there, or there is no journal.
    """
    lock, db = _opened(state)
    try:
        return beyond(db)
    finally:
        close_quietly(db)
        lock.release()


def set_aside(state: Path) -> SetAside | None:
    """Set aside what this version cannot read and all that follows it; None: it reads all, and nothing was changed.

    The caller opens the store next and begins an epoch; should it not come to that, the next start does.

    Raises:
        Misconfigured: a gateway runs there, there is no journal or not one record that can be read, or the disk
            refuses.
    """
    lock, db = _opened(state)
    try:
        found = beyond(db)
        if found is None:
            return None
        (kept,) = rows(db, "SELECT max(seq), max(input) FROM journal WHERE seq < ?", found.seq)
        if kept[0] is None:
            raise Misconfigured(
                f"{state}: this version can read no record of the journal; use another folder"
            )
        what = _described(db, state, found.seq)
        _write_file(db, what.file, found.seq)
        with transaction(db):
            _forget_epochs(db, kept[0])
            plant.set_aside(db, kept[0], kept[1])
        return what
    except DISK_ERRORS as error:
        raise Misconfigured(f"{state} cannot be rolled back: {error}") from error
    finally:
        close_quietly(db)
        lock.release()


def _opened(state: Path) -> tuple[FolderLock, apsw.Connection]:
    path = state / "plant.db"
    if not path.is_file():
        raise no_journal(state)
    lock = FolderLock(state)
    try:
        return lock, open_writer(path, PLANT, synchronous="full")
    except (*DISK_ERRORS, WrongVersion) as error:
        lock.release()
        raise Misconfigured(f"{path} cannot be opened: {error}") from error


def _records(db: apsw.Connection, after: int) -> Iterator[tuple[int, bytes]]:
    while page := rows(db, "SELECT seq, data FROM journal WHERE seq > ? ORDER BY seq LIMIT ?", after, _PAGE):
        yield from page
        after = page[-1][0]


def _described(db: apsw.Connection, state: Path, first: int) -> SetAside:
    head = plant.read_head(db)
    raised: dict[str, None] = {}
    for _, data in _records(db, first - 1):
        raw = json.loads(data)
        if raw.get("event") == EventKind.RAISED.value:
            raised[str(raw.get("rule", ""))] = None
    # Cursors over readings count chunks, see ``schema.py``; their lanes are called so.
    cursors = rows(db, "SELECT name, position FROM cursors WHERE name NOT LIKE '%.readings' ORDER BY name")
    missing = {name: at for name, at in cursors if at < head.seq}
    file = state / f"journal-{first}-{head.seq}-{head.epoch}.jsonl"
    return SetAside(first, head.seq, head.epoch, file, tuple(raised), missing)


def _write_file(db: apsw.Connection, path: Path, first: int) -> None:
    with path.open("wb") as file:
        for _, data in _records(db, first - 1):
            file.write(data + b"\n")
        file.flush()
        os.fsync(file.fileno())
    sync_folder(path.parent)


def _forget_epochs(db: apsw.Connection, kept: int) -> None:
    """Epochs that began behind ``kept`` are over with their records; inside the caller's transaction."""
    db.execute(
        "INSERT INTO doubtful SELECT 'epoch', first, CAST(epoch AS BLOB) FROM epochs WHERE first > ?", (kept,)
    )
    db.execute("DELETE FROM epochs WHERE first > ?", (kept,))
