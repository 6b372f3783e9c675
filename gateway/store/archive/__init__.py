"""The long history: daily Parquet files, exact, about two bytes a reading, and one way to read them with the spool.

Nothing here imports pyarrow before it is needed: the gateway's own process never does (decision 0115).
"""

from gateway.store.archive.layout import ARCHIVE, Manifest, manifests
from gateway.store.archive.read import Series, read, trends
from gateway.store.archive.rows import Rows

__all__ = ["ARCHIVE", "Manifest", "Rows", "Series", "manifests", "read", "trends"]
