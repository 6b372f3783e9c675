"""A small coverage-guided fuzzer: mutate, run, keep what reaches a new pair of lines. Seeded, so that it repeats.

Why not atheris: it needs an instrumented interpreter start and wheels that not every machine has; a decoder of some
hundred lines is covered in minutes by this one (docs/decisions/0085-fuzzing.md).
"""

from __future__ import annotations

import math
import random
import sys
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from types import CodeType, FrameType
from typing import Any

from tests.fuzz.target import Target

NUMBERS = (0, 1, 2, 3, 4, 7, 8, 9, 16, 32, 63, 64, 100, 125, 126, 127, 128, 129, 192, 247, 250, 254, 255)
Edge = tuple[CodeType, int, int]


class Seen:
    """Lines of the guiding modules as they are run, by pairs."""

    def __init__(self, guides: tuple[str, ...]) -> None:
        self._guides = guides
        self._ours: dict[CodeType, bool] = {}
        self.edges: set[Edge] = set()

    def run(self, call: Callable[[bytes], None], data: bytes) -> None:
        """Call under trace."""
        before = sys.gettrace()
        sys.settrace(self._enter)
        try:
            call(data)
        finally:
            sys.settrace(before)

    def _enter(self, frame: FrameType, event: str, arg: Any) -> Any:
        code = frame.f_code
        ours = self._ours.get(code)
        if ours is None:
            ours = self._ours[code] = any(part in code.co_filename for part in self._guides)
        if not ours:
            return None
        edges, last = self.edges, 0

        def line(frame: FrameType, event: str, arg: Any) -> Any:
            nonlocal last
            now = frame.f_lineno
            edges.add((code, last, now))
            last = now
            return line

        return line


@dataclass
class Report:
    """What a run found."""

    target: str
    runs: int = 0
    edges: int = 0
    corpus: int = 0
    seconds: float = 0.0
    findings: list[tuple[bytes, str]] = field(default_factory=list)
    kept: list[bytes] = field(default_factory=list)


def fuzz(
    target: Target, runs: int, seed: int = 0, *, most_findings: int = 5, seconds: float = math.inf
) -> Report:
    """``runs`` inputs, or as many as ``seconds`` allow: first the corpus as it is, then mutations of it."""
    rng, seen, report = random.Random(seed), Seen(tuple(target.guides)), Report(target.name)
    corpus, began = target.corpus() or [b""], time.monotonic()
    pool: list[bytes] = []
    until = began + seconds
    while report.runs < runs and len(report.findings) < most_findings and time.monotonic() < until:
        fresh = report.runs < len(corpus)
        data = corpus[report.runs] if fresh else mutated(rng, pool, target)
        before = len(seen.edges)
        report.runs += 1
        try:
            if fresh or target.traced >= 1.0 or rng.random() < target.traced:
                seen.run(target.run, data)
            else:
                target.run(data)
        except KeyboardInterrupt:  # enough: what was done so far is told and kept
            break
        except Exception as error:  # noqa: BLE001 - that is the finding
            report.findings.append((data, f"{type(error).__name__}: {error}"))
            continue
        if fresh:
            pool.append(data)
        elif len(seen.edges) > before:
            pool.append(data)
            report.kept.append(data)
    report.edges, report.corpus = len(seen.edges), len(pool)
    report.seconds = time.monotonic() - began
    return report


def mutated(rng: random.Random, pool: list[bytes], target: Target) -> bytes:
    """One of the pool, changed in one to six places."""
    data = bytearray(rng.choice(pool) if pool else b"")
    for _ in range(1 << rng.randrange(3) if rng.random() < 0.9 else 6):
        rng.choice(_MOVES)(rng, data, pool, target)
    return bytes(data[: target.longest])


def _place(rng: random.Random, data: bytearray) -> int:
    return rng.randrange(len(data)) if data else 0


def _flip(rng: random.Random, data: bytearray, _: list[bytes], __: Target) -> None:
    if data:
        data[_place(rng, data)] ^= 1 << rng.randrange(8)


def _set(rng: random.Random, data: bytearray, _: list[bytes], __: Target) -> None:
    if data:
        data[_place(rng, data)] = rng.choice(NUMBERS) if rng.random() < 0.5 else rng.randrange(256)


def _insert(rng: random.Random, data: bytearray, _: list[bytes], target: Target) -> None:
    at = _place(rng, data)
    word = (
        rng.choice(target.words)
        if target.words and rng.random() < 0.6
        else rng.randbytes(rng.randrange(1, 5))
    )
    data[at:at] = word


def _cut(rng: random.Random, data: bytearray, _: list[bytes], __: Target) -> None:
    at = _place(rng, data)
    del data[at : at + rng.choice((1, 1, 2, 4, 16, 64))]


def _double(rng: random.Random, data: bytearray, _: list[bytes], __: Target) -> None:
    at = _place(rng, data)
    piece = data[at : at + rng.choice((1, 2, 4, 8, 32))]
    data[at:at] = piece * rng.choice((1, 1, 2, 16))


def _splice(rng: random.Random, data: bytearray, pool: list[bytes], _: Target) -> None:
    other = rng.choice(pool) if pool else b""
    at, start = _place(rng, data), rng.randrange(len(other)) if other else 0
    data[at:] = other[start:] if rng.random() < 0.5 else other[start : start + 16] + bytes(data[at:])


def _end(rng: random.Random, data: bytearray, _: list[bytes], __: Target) -> None:
    del data[_place(rng, data) :]


_MOVES = (_flip, _flip, _set, _set, _insert, _insert, _cut, _double, _splice, _end)
