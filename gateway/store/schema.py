"""What stands on disk, in one place. A change of either schema is a new version number and a step in ``UPGRADES``.

``plant.db`` (WAL, synchronous=FULL) is small and precious: journal, the inputs since the older kept snapshot,
snapshots, cursors. ``spool.db`` (WAL, synchronous=NORMAL) is bulk and can be filled again.

- ``seq`` = 1, 2, 3 ... over all epochs, without holes; a new epoch goes on counting and starts its own hash
  chain (64 zeros). So cursors keep their meaning and what the last epoch had not delivered is delivered after it.
- One ``inputs`` row is one commit group: every input as ``u32 length, bytes``
  (:func:`gateway.model.inputs.encode`), all in one zstd frame with a checksum. Level 1 pays: 36 us for 1,000
  readings and a fifth of the pages to log, sync and copy.
- A spool row is one chunk; ``id`` = ``offset`` + number of its last input, so that ids stay the same when a
  chunk that was lost with the process is built again from the inputs.

What can go wrong, and what is done (a test each):

===============================  =====================================================================================
torn tail of either WAL          SQLite drops the unfinished transaction; it was not acknowledged
plant.db damaged                 refused, file named, nothing touched: a person restores or adopts
plant.db gone or emptied         refused when ``instance`` knows of events: a person restores or adopts
plant.db older than ``instance`` a restored backup: new epoch, the old one named, ``note`` says so
written by a newer version       read whole once; refused where it cannot be read: ``fengsui rollback``
left while not durable           published events may be missing from the journal: new epoch, the old one named
a refused commit is there        fsync failed, but the bytes had arrived: with the line above, moved to ``doubtful``
spool.db damaged                 moved aside, filled again from the inputs, Gap that counts what is older (tally)
a blob in ``inputs`` damaged     zstd's checksum fails: :class:`Misconfigured` when read, naming the file
a snapshot damaged               its digest fails: the older one is offered
===============================  =====================================================================================
"""

from typing import Final

APPLICATION_ID: Final = 0x46534655  # "FSFU": not any SQLite file may be taken for ours
VERSION: Final = 1

PLANT: Final = """
CREATE TABLE meta(key TEXT PRIMARY KEY, value TEXT NOT NULL) WITHOUT ROWID;
CREATE TABLE epochs(
    n INTEGER PRIMARY KEY, epoch TEXT NOT NULL UNIQUE, first INTEGER NOT NULL, started INTEGER NOT NULL, why
    TEXT NOT NULL, previous_epoch TEXT, previous_seq INTEGER, previous_hash TEXT, previous_recorded INTEGER);
CREATE TABLE journal(
    seq INTEGER PRIMARY KEY, recorded INTEGER NOT NULL, input INTEGER NOT NULL, hash BLOB NOT NULL, data BLOB
    NOT NULL);
CREATE TABLE inputs(
    last INTEGER PRIMARY KEY, first INTEGER NOT NULL, time INTEGER NOT NULL, data BLOB NOT NULL);
CREATE TABLE snapshots(
    id INTEGER PRIMARY KEY, number INTEGER NOT NULL, version TEXT NOT NULL, config_hash TEXT NOT NULL,
    digest TEXT NOT NULL, complete INTEGER NOT NULL);
CREATE TABLE snapshot_parts(
    snapshot INTEGER NOT NULL, part TEXT NOT NULL, slice INTEGER NOT NULL, data BLOB NOT NULL,
    PRIMARY KEY(snapshot, part, slice));
CREATE TABLE cursors(name TEXT PRIMARY KEY, position INTEGER NOT NULL) WITHOUT ROWID;
CREATE TABLE dead_letters(
    id INTEGER PRIMARY KEY, time INTEGER NOT NULL, output TEXT NOT NULL, reason TEXT NOT NULL, data BLOB NOT NULL);
CREATE TABLE configs(hash TEXT PRIMARY KEY, data BLOB NOT NULL);
CREATE TABLE doubtful(what TEXT NOT NULL, number INTEGER NOT NULL, data BLOB NOT NULL);
"""

SPOOL: Final = """
CREATE TABLE meta(key TEXT PRIMARY KEY, value INTEGER NOT NULL) WITHOUT ROWID;
CREATE TABLE chunks(
    id INTEGER PRIMARY KEY, first_input INTEGER NOT NULL, last_input INTEGER NOT NULL, rows INTEGER NOT NULL,
    first_time INTEGER NOT NULL, last_time INTEGER NOT NULL, received INTEGER NOT NULL, data BLOB NOT NULL);
CREATE INDEX chunk_times ON chunks(last_time, first_time, id);
"""
SPOOL_LATER: Final = """
CREATE TABLE IF NOT EXISTS spans(id INTEGER PRIMARY KEY, data BLOB NOT NULL);
CREATE TABLE IF NOT EXISTS inputs(
    id INTEGER PRIMARY KEY, first INTEGER NOT NULL, last INTEGER NOT NULL, time INTEGER NOT NULL, data BLOB NOT NULL);
CREATE TABLE IF NOT EXISTS losses(
    id INTEGER PRIMARY KEY, time INTEGER NOT NULL, first_time INTEGER NOT NULL, last_time INTEGER NOT NULL,
    rows INTEGER NOT NULL, why TEXT NOT NULL);
"""
"""Tables added to ``spool.db`` since 0.1; an older version leaves them alone, so the layout number is the same.

``spans``: which rows of a chunk belong to which input. ``inputs``: commit groups that ``plant.db`` needs no more and
the archive still does; ``id`` = ``offset`` + ``last``, as of chunks. ``losses``: what was deleted before an output or
the archive had it, or cannot be read, until the journal has the gap record; ids only grow.
"""
