"""What is checked before a state folder is trusted, and when a new epoch begins.

An epoch says "one unbroken journal". A new one begins, and its first event names the last one's head, when

- there is no journal yet, or a person adopts a folder (copied, cloned, moved to other hardware, renamed,
  journal lost);
- the journal is older than what stands outside it (a restored backup): ``instance`` or ``spool.db`` know of more;
- the last process ended while the disk refused: events may have left that the journal does not hold.

The last two need no consent: the site must be watched, and the new epoch says all that can be said.
"""

import json
import secrets
from contextlib import ExitStack
from dataclasses import asdict, dataclass
from pathlib import Path

import apsw

from gateway.model.errors import Misconfigured
from gateway.model.inputs import Gap
from gateway.store import plant
from gateway.store.canonical import ZERO
from gateway.store.database import (
    DAMAGE,
    DISK_ERRORS,
    WrongVersion,
    close_quietly,
    is_sound,
    open_writer,
    transaction,
)
from gateway.store.instance import OWED_TOLD, InstanceFile, risk_id
from gateway.store.machine import differences, fingerprint
from gateway.store.reserve import Reserve
from gateway.store.rollback import check_words
from gateway.store.schema import PLANT
from gateway.store.spool import Spool
from gateway.store.types import Head, Identity

OWED = "the disk took no commits, sources were told that memory has these, and it was lost"
QUICK_CHECK_BYTES = 256 << 20
"""Files up to this size are checked whole at start (about half a second)."""


@dataclass(frozen=True, slots=True)
class Opening:
    """What :meth:`Store.open` was asked."""

    folder: Path
    identity: Identity
    now: int
    adopt: bool | str
    """a text: adopt it, and this is the reason of the new epoch"""
    epoch: str | None

    @property
    def path(self) -> Path:
        """The journal's file."""
        return self.folder / "plant.db"


@dataclass(frozen=True, slots=True)
class Opened:
    """A state folder that may be used."""

    db: apsw.Connection
    spool: Spool
    instance: InstanceFile
    reserve: Reserve
    note: str
    gaps: tuple[Gap, ...]


def open_folder(ask: Opening, reserve_bytes: int) -> Opened:
    """Check everything, begin an epoch where one must begin; on any error nothing stays open.

    Raises:
        Misconfigured: see :meth:`Store.open`.
    """
    reserve = Reserve(ask.folder, reserve_bytes)
    reserve.restore(ask.now)
    try:
        try:
            return _open_once(ask, reserve)
        except DISK_ERRORS:
            if not reserve.release():
                raise
            return _open_once(ask, reserve)
    except DISK_ERRORS as error:
        raise Misconfigured(
            f"state folder {ask.folder} takes no writes ({error}); is the disk full or read-only, and may this user "
            "write there?"
        ) from error


def _open_once(ask: Opening, reserve: Reserve) -> Opened:
    instance = InstanceFile(ask.folder)
    db, why = open_plant(ask, instance)
    with ExitStack() as undo:
        undo.callback(close_quietly, db)
        spool, lost = open_spool(ask.folder, db, ask.now)
        undo.callback(spool.abandon)
        why = _settle(ask, db, spool, instance, why)
        gaps: tuple[Gap, ...] = (_spool_gap(db, ask.now, lost),) if lost else ()
        owed = instance.content.owed if instance.content else None
        gaps += (Gap(ask.now, "sources", owed.start, owed.end, owed.count, OWED),) if owed else ()
        undo.pop_all()
    return Opened(db, spool, instance, reserve, why, gaps)


def _settle(ask: Opening, db: apsw.Connection, spool: Spool, instance: InstanceFile, why: str) -> str:
    """Make journal, spool and ``instance`` agree; the reason of a new epoch, if one began."""
    known = instance.content
    meta = plant.read_meta(db)
    over = known is not None and meta.get("risk_over") == risk_id(known.mark, known.input)
    owed = known.owed if known and not (known.at_risk and over) else None
    if owed is not None and meta.get(OWED_TOLD) == owed.name:
        owed = None
    if known is not None and known.at_risk and not over:
        with transaction(db):
            plant.set_aside(db, known.mark.seq, known.input)
    last = plant.read_last_input(db)[0]
    if not why and spool.last_input > last:
        why = f"restored: the journal ends at input {last}, spool.db holds input {spool.last_input}"
    if why:
        begin_epoch(db, ask, instance, why)
    else:
        remember_machine(db, ask, instance)
    if spool.last_input > last:
        spool.rewind(last)
        with transaction(db):
            plant.write_meta(db, {"spool_offset": str(spool.offset)})
    instance.update(mark=plant.read_head(db), at_risk=False, owed=owed)
    return why


def _spool_gap(db: apsw.Connection, now: int, lost: str) -> Gap:
    """From the oldest readings a lost spool.db was last known to hold to the oldest input that is kept; recovery, which
    fills it again, says more exactly what is gone (:mod:`gateway.runtime.refill`).
    """
    start = int(plant.read_meta(db).get("spool_from", "0"))
    end = plant.read_first_time(db)
    return Gap(now, "spool", min(start, end), end, 0, lost)


def open_plant(ask: Opening, instance: InstanceFile) -> tuple[apsw.Connection, str]:
    """The checked writer connection, and why a new epoch must begin (empty: it need not).

    Raises:
        Misconfigured: see :meth:`Store.open`.
    """
    lost = _lost(ask, instance)
    if instance.content is None and not ask.path.exists():
        instance.create(secrets.token_hex(16))
    db = _connect(ask.path)
    try:
        return db, lost or _judge(db, ask, instance)
    except BaseException:
        close_quietly(db)
        raise


def begin_epoch(db: apsw.Connection, ask: Opening, instance: InstanceFile, why: str) -> None:
    """Tie ``instance`` to the journal, then write identity, fingerprint and the new epoch in one transaction."""
    content = instance.content
    nonce = plant.read_meta(db).get("nonce") or (content.nonce if content else secrets.token_hex(16))
    previous = _previous(db, instance)
    first = (previous.seq if previous else 0) + 1
    if content is None or content.nonce != nonce:
        instance.create(nonce)
    here = json.dumps(fingerprint(ask.folder, instance.path))
    with transaction(db):
        plant.write_meta(db, {**asdict(ask.identity), "nonce": nonce, "fingerprint": here})
        plant.write_epoch(db, ask.epoch or secrets.token_hex(8), first, ask.now, why, previous)


def remember_machine(db: apsw.Connection, ask: Opening, instance: InstanceFile) -> None:
    """Add evidence that could not be read before (another user, a first start in a container)."""
    known = json.loads(plant.read_meta(db)["fingerprint"])
    merged = {**fingerprint(ask.folder, instance.path), **known}
    if merged != known:
        with transaction(db):
            plant.write_meta(db, {"fingerprint": json.dumps(merged)})


def open_spool(folder: Path, db: apsw.Connection, now: int) -> tuple[Spool, str]:
    """The spool, and what became of the one before (empty: it is the same). A damaged file is moved aside, never
    deleted.
    """
    path, meta = folder / "spool.db", plant.read_meta(db)
    offset = int(meta.get("spool_offset", "0"))
    try:
        spool = _sound_spool(path, offset)
        # A snapshot is only made when the spool is on disk: one that knows nothing then is another file.
        return spool, "spool.db is gone" if spool.fresh and "spool_from" in meta else ""
    except (*DAMAGE, WrongVersion) as error:
        left = _move_aside(path, now)
        return _sound_spool(path, offset), f"spool.db could not be read ({error}); it is now {left.name}"


def _sound_spool(path: Path, offset: int) -> Spool:
    spool = Spool(path, offset=offset)
    if not spool.is_sound(QUICK_CHECK_BYTES):
        spool.abandon()
        raise apsw.CorruptError("quick_check found damage")
    return spool


def _move_aside(path: Path, now: int) -> Path:
    left = path.with_name(f"{path.name}.damaged-{now}")
    for suffix in ("", "-wal", "-shm"):
        part = Path(f"{path}{suffix}")
        if part.exists():
            part.rename(f"{left}{suffix}")
    return left


def _lost(ask: Opening, instance: InstanceFile) -> str:
    """Why a new epoch must begin when there is no journal though there was one."""
    known, gone = instance.content, not ask.path.exists() or ask.path.stat().st_size == 0
    if known is None or not gone or not known.mark.seq:
        return ""
    if not ask.adopt:
        raise Misconfigured(
            f"{ask.path} is gone or empty, but {instance.path} knows of {known.mark.seq} events in it. "
            "Put back the last good copy of the whole state folder, or start once with --adopt: "
            "a new journal then begins in a new epoch"
        )
    for suffix in ("-wal", "-shm"):
        left = Path(f"{ask.path}{suffix}")
        if left.exists():  # SQLite would delete it unread
            left.rename(f"{left}.left-{ask.now}")
    return "adopted: the journal was lost"


def _connect(path: Path) -> apsw.Connection:
    try:
        return _open_sound(path)
    except WrongVersion as error:
        raise Misconfigured(f"{error}; use the version that wrote it, or another state folder") from error
    except DAMAGE as error:
        raise Misconfigured(plant.damaged(str(path), str(error))) from error


def _open_sound(path: Path) -> apsw.Connection:
    db = open_writer(path, PLANT, synchronous="full")
    try:
        if not is_sound(db, limit=QUICK_CHECK_BYTES):
            raise apsw.CorruptError("quick_check found damage")
    except BaseException:
        close_quietly(db)
        raise
    return db


def _judge(db: apsw.Connection, ask: Opening, instance: InstanceFile) -> str:
    meta = plant.read_meta(db)
    if not meta:
        return "first start"
    complaints = _complaints(meta, ask, instance)
    if complaints and not ask.adopt:
        raise Misconfigured(
            f"state folder {ask.folder} is not this gateway's own: {'; '.join(complaints)}. "
            "Two gateways must never write one journal. If the other one is stopped for good, start once with --adopt: "
            "a new epoch begins and names the old one"
        )
    check_words(db, ask.path)
    if isinstance(ask.adopt, str):
        return ask.adopt
    return f"adopted: {'; '.join(complaints)}" if complaints else _broken(db, instance)


def _complaints(meta: dict[str, str], ask: Opening, instance: InstanceFile) -> list[str]:
    wanted = asdict(ask.identity)
    found = [
        f"{k} is {meta.get(k)} there, {v} in the configuration" for k, v in wanted.items() if meta.get(k) != v
    ]
    content = instance.content
    if content is None:
        return [*found, f"{instance.path.name} is missing beside plant.db"]
    if content.nonce != meta.get("nonce"):
        return [*found, f"{instance.path.name} belongs to another plant.db"]
    return found + differences(
        json.loads(meta.get("fingerprint", "{}")), fingerprint(ask.folder, instance.path)
    )


def _broken(db: apsw.Connection, instance: InstanceFile) -> str:
    known, head = instance.content, plant.read_head(db)
    if known is None:
        return ""
    if known.at_risk:
        return "events left while the disk refused, and may be missing from the journal"
    if known.mark.seq > head.seq:
        return f"restored: the journal ends at seq {head.seq}, seq {known.mark.seq} was known"
    if known.mark.hash != ZERO and plant.read_hash(db, known.mark.seq) != known.mark.hash:
        return f"restored: seq {known.mark.seq} is not the event that was known"
    return ""


def _previous(db: apsw.Connection, instance: InstanceFile) -> Head | None:
    """The last head that has an event behind it: an epoch in which nothing happened is passed over."""
    head, before = plant.read_head(db), plant.read_epoch(db)[2]
    if head.epoch:
        return before if head.hash == ZERO and before is not None else head
    known = instance.content
    return known.mark if known is not None and known.mark.seq else None
