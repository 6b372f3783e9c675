"""Parts of a site judged side by side, one process each, and their facts merged in the order of the whole.

Each process reads the recording for itself, only its own tags. What it finds comes through a pipe, which holds it back
when the alarm stage is slower; so nothing piles up but the facts of one message for each worker.
"""

import heapq
import multiprocessing
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from multiprocessing.connection import Connection
from typing import Any, Final

from gateway import __version__
from gateway.history.grid import Grid
from gateway.history.judge import Judge, Told
from gateway.history.pieces import History
from gateway.history.sets import Part
from gateway.model.errors import FengsuiError, Misconfigured

MOST: Final = 2_000
"""facts in one message"""


@dataclass(frozen=True, slots=True)
class Job:
    """What one worker does."""

    part: Part
    history: History
    rows_of: dict[str, int]
    """name in the recording -> row in ``part.site.tags``"""
    grid: Grid


def told(job: Job, count: "Counter") -> Iterator[Told]:
    """All facts of one part, in order."""
    judge = Judge(job.part, job.grid)
    yield from judge.start(__version__)
    last = job.grid.start
    for piece in job.history.pieces(job.rows_of) if job.rows_of else ():
        yield from judge.judge(piece)
        last, count.readings = piece.last, judge.readings
    yield from judge.finish(last)
    count.readings, count.last = judge.readings, max(count.last, last)


@dataclass(slots=True)
class Counter:
    """What was read."""

    readings: int = 0
    last: int = 0


def merged(jobs: Sequence[Job], count: Counter) -> Iterator[Told]:
    """Facts of all parts in the order in which one engine would tell them.

    Raises:
        Misconfigured: the recording cannot be read, or is not as said.
    """
    if len(jobs) == 1:
        yield from told(jobs[0], count)
        return
    with ExitStack() as stack:
        pipes = [stack.enter_context(_started(job)) for job in jobs]
        yield from heapq.merge(*(_received(pipe, count) for pipe in pipes), key=lambda t: t[0])


@contextmanager
def _started(job: Job) -> Iterator[Connection]:
    """A process at work on the job; ended, whatever happens."""
    context = multiprocessing.get_context("spawn")
    mine, theirs = context.Pipe(duplex=False)
    process = context.Process(target=_work, args=(job, theirs), daemon=True)
    process.start()
    theirs.close()
    try:
        yield mine
    finally:
        mine.close()
        process.terminate()
        process.join()
        process.close()


def _work(job: Job, pipe: Connection) -> None:
    """The worker's main: facts in messages, then what was counted, or what went wrong."""
    count, some = Counter(), []
    try:
        for fact in told(job, count):
            some.append(fact)
            if len(some) >= MOST:
                pipe.send(some)
                some = []
        pipe.send(some)
        pipe.send(count)
    except BrokenPipeError:
        return  # the parent has gone, or wants no more
    except FengsuiError as error:
        pipe.send(error.faults if isinstance(error, Misconfigured) and error.faults else str(error))


def _received(pipe: Connection, count: Counter) -> Iterator[Told]:
    while True:
        try:
            message: Any = pipe.recv()
        except EOFError:
            raise RuntimeError("a worker died; its last words are above") from None
        if isinstance(message, Counter):
            count.readings += message.readings
            count.last = max(count.last, message.last)
            return
        if isinstance(message, list):
            yield from message
        else:
            raise Misconfigured(message)
