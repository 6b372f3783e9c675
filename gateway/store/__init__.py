"""What is kept on disk: journal, inputs, snapshots, cursors, spool. The files and each recovery: ``schema.py``."""

from gateway.store.reader import Reader, open_reader
from gateway.store.spool import Spool
from gateway.store.store import Store
from gateway.store.types import Commit, DeadLetter, Head, Identity, SavedSnapshot, Ticket

__all__ = [
    "Commit",
    "DeadLetter",
    "Head",
    "Identity",
    "Reader",
    "SavedSnapshot",
    "Spool",
    "Store",
    "Ticket",
    "open_reader",
]
