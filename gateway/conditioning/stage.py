"""The conditioning stage over all tags of a site: settings and memory as arrays, one kernel call per input."""

import hashlib
from collections.abc import Sequence
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from gateway.conditioning import layout as lo
from gateway.conditioning.computed import Computed
from gateway.conditioning.kernels import condition
from gateway.model.batch import COLUMNS, Batch
from gateway.model.ports import TagState
from gateway.model.quality import Quality, Status, status_of
from gateway.model.site import Danger, Signal, Tag
from gateway.model.times import NEVER

_LAYOUTS: Final = repr([lo.ROW.descr, lo.PARAM.descr, lo.STATE.descr])
VERSION: Final = f"{lo.VERSION}/{hashlib.sha256(_LAYOUTS.encode()).hexdigest()[:16]}"
"""layout version of :meth:`Conditioner.dump`"""


def parameters(tags: Sequence[Tag]) -> NDArray[Any]:
    """Settings of all tags as :data:`gateway.conditioning.layout.PARAM` records."""
    out = np.zeros(len(tags), lo.PARAM)
    for p, tag in zip(out, tags, strict=True):
        for name in ("gain", "offset", "frozen_band", "frozen_window", "max_age"):
            p[name] = getattr(tag, name)
        p["low"], p["high"] = (np.nan if edge is None else edge for edge in (tag.low, tag.high))
        if tag.expression:
            p["gain"], p["offset"], p["frozen_window"], p["max_age"] = 1.0, 0.0, 0, 0  # as old as its inputs
        p["milliamp"] = tag.signal is Signal.MILLIAMP
        p["danger_low"] = tag.danger in (Danger.LOW, Danger.BOTH)
        p["danger_high"] = tag.danger in (Danger.HIGH, Danger.BOTH)
    return out


def _fresh(count: int) -> NDArray[Any]:
    state = np.zeros(count, lo.STATE)
    state["order"], state["value"], state["rest_value"] = lo.FIRST_EVER, np.nan, np.nan
    state["stale_at"] = state["failing_since"] = NEVER
    state["quality"] = Quality.NO_DATA
    return state


class Conditioner:
    """Conditions the readings of a site's tags.

    ``rows`` holds, after each call, the conditioned rows of that call; the next call overwrites them.
    """

    def __init__(self, tags: Sequence[Tag], table: str) -> None:
        self.table = table
        self.rows = np.zeros(256 + len(tags), lo.ROW)
        self._ids = tuple(t.id for t in tags)
        self._params = parameters(tags)
        self._state = _fresh(len(tags))
        self._meta = np.array([NEVER] * lo.META_SIZE, np.int64)
        self._computed = Computed(tags) if any(t.expression for t in tags) else None
        self._meanings = tuple((t.expression, t.unit, t.names) for t in tags)
        self._by_hand = np.array([t.manual for t in tags], np.bool_)
        self.awaited: set[int] = set()
        """tags of which nothing was read since an outage of ours that was longer than their value holds"""
        self._untold: NDArray[np.intp] | None = None
        """the same as an array, as long as nothing has changed"""
        self.heard: dict[int, int] = {}
        """tags whose waiting the newest rows have ended -> when that row was received (ns): what was so before then was
        so by a value of before"""

    def readings(self, batch: Batch, now: int) -> int:
        """Take raw readings; returns how many rows there are, -1 (nothing done) if one names no tag of the site."""
        rows = self.room(len(batch))
        for name, _ in COLUMNS:
            rows[name] = getattr(batch, name)
        rows["flags"] = 0
        return self.written(len(batch), now)

    def room(self, count: int) -> NDArray[Any]:
        """The first ``count`` of ``rows``, for the caller to write raw readings into; ``flags`` must be 0."""
        self._reserve(count)
        return self.rows[:count]

    def written(self, count: int, now: int) -> int:
        """Take raw readings that stand in ``rows``; returns as :meth:`readings` does."""
        if self._computed is not None:
            count = self._computed.measured(self.rows, count)
        return self._run(count, now)

    def lost(self, tags: Sequence[int], now: int) -> int:
        """Rows of BAD COMMUNICATION for these tags (not those that are so already), in each tag's event time."""
        news = [t for t in self._measured(tags) if self._state["quality"][t] != Quality.COMMUNICATION]
        rows, st = self.rows[: len(news)], self._state[news]
        rows["source"] = np.where(st["received"] > 0, st["source"] + (now - st["received"]), now)
        rows["tag"], rows["received"] = news, now
        rows["quality"], rows["flags"] = Quality.COMMUNICATION, lo.SYNTHETIC
        return self._run(len(news), now)

    def found(self, tags: Sequence[int], now: int) -> int:
        """Their link is back: what is BAD from now on, or silent for its max age, is told as the tag's own fault."""
        for tag in self._measured(tags):
            st, age = self._state[tag], int(self._params["max_age"][tag]) or lo.RECOVERY
            if st["quality"] == Quality.COMMUNICATION:
                st["health"], st["stale_at"] = 0, now + age
                self._meta[lo.META_BOUND] = min(int(self._meta[lo.META_BOUND]), now + age)
        return self._run(0, now)

    def tick(self, now: int) -> int:
        """Only time goes by."""
        self.heard.clear()
        return self._run(0, now) if now >= self._meta[lo.META_BOUND] else 0

    def start(self, now: int, outage: int, *, sure: bool = True) -> list[int]:
        """The gateway began (again): ages stand still over the outage; who never spoke has its max age from now.

        Args:
            sure: of how long it was; else every value may be too old.

        Returns:
            Tags whose value was not BAD and is by now older than it holds: nobody may rely on it until they are read,
            although that is a fault of ours and none of theirs.
        """
        st = self._state
        for name in ("stale_at", "failing_since"):
            st[name][st[name] != NEVER] += outage
        st["rest_since"][~np.isnan(st["rest_value"])] += outage
        silent = (st["order"] == lo.FIRST_EVER) & (st["health"] == lo.UNTOLD) & (st["stale_at"] == NEVER)
        silent &= self._params["max_age"] > 0
        st["stale_at"][silent] = now + self._params["max_age"][silent]
        self._meta[lo.META_BOUND] = st["stale_at"].min(initial=NEVER)
        return self._await(now, outage if sure else NEVER) if outage or not sure else []

    def _await(self, now: int, outage: int) -> list[int]:
        st, holds = self._state, self._params["max_age"]
        # One that holds for ever and was entered by hand cannot have changed: entries come through the gateway.
        aged = (now - st["received"] >= holds) | (outage == NEVER)
        old = np.where(holds > 0, aged, (outage >= lo.RECOVERY) & ~self._by_hand)
        old &= (st["received"] > 0) & (st["quality"] < Quality.NO_DATA)
        if self._computed is not None:
            old = self._computed.follow(old) & (st["quality"] < Quality.NO_DATA)
        st["health"][old] = lo.UNTOLD
        self._recall()
        return np.flatnonzero(old).tolist()

    def _measured(self, tags: Sequence[int]) -> list[int]:
        """Those that are no computed tags: what happens to these follows from their inputs."""
        return [t for t in tags if self._computed is None or t not in self._computed.tags]

    def _run(self, count: int, now: int) -> int:
        self.heard.clear()
        count = condition(self.rows, count, now, self._params, self._state, self._meta)
        if self._computed is not None and count > 0:
            need = count + self._computed.room(self.rows[:count])
            if need > len(self.rows):
                self.rows = np.concatenate([self.rows, np.zeros(need, lo.ROW)])
            count = self._computed.run(self.rows, count, self._state)
        if self.awaited and count > 0:
            self._hear(count)
        return count

    def _hear(self, count: int) -> None:
        """After an outage: a tag is awaited until it is read, a computed one until all that it comes from are."""
        rows = self.rows[:count]
        judged = np.flatnonzero((rows["flags"] & lo.JUDGED) > 0)
        for i, tag in zip(judged.tolist(), rows["tag"][judged].tolist(), strict=True):
            half = rows["quality"][i] < Quality.NO_DATA and self._half(tag)
            if half:
                rows["flags"][i] &= ~np.uint8(lo.TO_OK)
            if half:
                self._wait_on(tag)
            elif tag in self.awaited:
                self.awaited.discard(tag)
                self.heard[tag], self._untold = int(rows["received"][i]), None
        if self._untold is None:
            self._untold = np.array(list(self.awaited), np.intp)
        self._state["health"][self._untold] = lo.UNTOLD

    def _wait_on(self, tag: int) -> None:
        self.heard.pop(tag, None)
        if tag not in self.awaited:
            self.awaited.add(tag)
            self._untold = None

    def _half(self, tag: int) -> bool:
        """Computed with a value of before."""
        return self._computed is not None and not self.awaited.isdisjoint(self._computed.roots.get(tag, ()))

    def _reserve(self, count: int) -> None:
        if count + len(self._state) > len(self.rows):
            self.rows = np.zeros(2 * count + len(self._state), lo.ROW)

    def batch(self, count: int) -> Batch:
        """The first ``count`` rows, copied."""
        rows = self.rows[:count]
        return Batch(self.table, *(rows[name].copy() for name, _ in COLUMNS))

    def next_deadline(self) -> int:
        """No tag goes stale before this engine time, ns; a lower bound."""
        return int(self._meta[lo.META_BOUND])

    def present(self) -> list[TagState]:
        """The newest judged row of every tag, in tag-table order; STALE where it was not read since an outage of ours
        that was longer than its value holds.
        """
        rows = zip(
            self._ids,
            self._state["value"].tolist(),
            self.qualities().tolist(),
            *(self._state[n].tolist() for n in ("source", "received")),
            strict=True,
        )
        return [TagState(i, None if status_of(q) is Status.BAD else v, q, s, r) for i, v, q, s, r in rows]

    def qualities(self) -> NDArray[np.uint8]:
        """Present quality of every tag, in tag-table order (a copy); as :meth:`present` has it."""
        found = self._state["quality"].copy()
        found[list(self.awaited)] = Quality.STALE
        return found

    def deadlines(self) -> NDArray[np.int64]:
        """When each tag would be stale, engine time ns, in tag-table order (a copy); NEVER: it is, or never will be."""
        return self._state["stale_at"].copy()

    def dump(self) -> dict[str, bytes]:
        """All memory as bytes, by array."""
        return {"tags": self._state.tobytes(), "meta": self._meta.tobytes()}

    def load(self, parts: dict[str, bytes]) -> None:
        """Inverse of :meth:`dump`.

        Raises:
            ValueError: other sizes; nothing was changed.
        """
        arrays = {"tags": self._state, "meta": self._meta}
        for name, array in arrays.items():
            if len(parts.get(name, b"")) != array.nbytes:
                raise ValueError(
                    f"memory of {name!r} has {len(parts.get(name, b''))} bytes, expected {array.nbytes}"
                )
        for name, array in arrays.items():
            array[...] = np.frombuffer(parts[name], array.dtype)
        self._recall()

    def _recall(self) -> None:
        """What follows from the memory of the tags. One that was read and is untold is awaited: see ``start``."""
        awaited = (self._state["health"] == lo.UNTOLD) & (self._state["quality"] < Quality.NO_DATA)
        self.awaited, self._untold = set(np.flatnonzero(awaited).tolist()), None
        if self._computed is not None:
            self._computed.recall(self._state, awaited)

    def inputs(self, tag: int) -> tuple[str, ...]:
        """Ids of the tags that a computed tag is computed from; of others none."""
        return () if self._computed is None else self._computed.inputs.get(self._ids[tag], ())

    def same(self, mine: int, other: "Conditioner", theirs: int) -> bool:
        """Whether two tags are conditioned alike."""
        # By their bytes: a tag without a range has NaN there, which equals nothing.
        alike = self._params[mine].tobytes() == other._params[theirs].tobytes()  # noqa: SLF001  # of the same class
        return alike and self._meanings[mine] == other._meanings[theirs]  # noqa: SLF001

    def carry_over(self, other: "Conditioner", pairs: Sequence[tuple[int, int]]) -> None:
        """Take the memory of tags that did not change: pairs of (row here, row there)."""
        for mine, theirs in pairs:
            self._state[mine] = other._state[theirs]  # noqa: SLF001  # of the same class
        self._recall()
        self._meta[lo.META_BOUND] = self._state["stale_at"].min(initial=NEVER)
