"""Handing readings on that came in one piece (a file, a push), and knowing when they are on disk."""

import asyncio
from collections.abc import Sequence
from functools import partial

import numpy as np

from gateway.model.batch import Batch
from gateway.model.errors import Retry
from gateway.model.ports import Feed

Row = tuple[int, int, float, int]
"""row in the tag table, source time ns, value, quality"""


def offer(feed: Feed, rows: Sequence[Row], why: str, after: float | None = None) -> "asyncio.Future[None]":
    """Give ``rows``, received now; done when they are on disk.

    Raises:
        Retry: there is no room; ``why`` says what comes of it, ``after`` when to try again (s).
    """
    committed: asyncio.Future[None] = asyncio.get_running_loop().create_future()
    if not feed.readings(_batch(feed, rows), partial(_done, committed), soon=True):
        raise Retry(why, after=after)
    return committed


def _done(committed: "asyncio.Future[None]") -> None:
    if not committed.done():
        committed.set_result(None)


def _batch(feed: Feed, rows: Sequence[Row]) -> Batch:
    tag, source, value, quality = zip(*rows, strict=True)
    received = np.full(len(rows), feed.clock.now(), np.int64)
    columns = np.array(tag, np.int32), np.array(source, np.int64), received
    return Batch(feed.table, *columns, np.array(value, np.float64), np.array(quality, np.uint8))
