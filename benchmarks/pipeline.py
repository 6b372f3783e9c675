"""Intake, engine, commit, spool: CPU of 1,000 readings: ``python -m benchmarks.pipeline``.

Each second 20 devices hand over 50 readings each; what arrives together is one input; one commit, synced, a second. The
peer is the loop of a hand-written script over the same readings: a limit check, a line of text, nothing kept.
"""

import tempfile
import time
from collections import defaultdict
from pathlib import Path

from benchmarks._show import cpu_of, show
from benchmarks.engine import START, batches, check, site
from gateway.engine import Engine
from gateway.engine.warm import warm
from gateway.model.batch import Batch, concat
from gateway.model.inputs import Numbered, Started
from gateway.model.times import NS
from gateway.runtime.intake import Intake, SourceFeed
from gateway.store import Identity, Store

TAGS, SECONDS, SETTLE = 1000, 60, 3


class Standing:
    """A clock that is set."""

    ticks = True
    time = START

    def now(self) -> int:
        return self.time

    async def sleep(self, seconds: float) -> None:
        raise RuntimeError(seconds)


def ours(folder: Path) -> dict[str, float]:
    """CPU ms per 1,000 readings, by part."""
    plant, clock, spent = site(TAGS), Standing(), defaultdict(float)
    engine = Engine(plant, "bench")
    store = Store.open(folder, Identity("gw", "341524", "bench"), now=START, reserve_bytes=1 << 16)
    intake = Intake(clock, plant.table)
    feed = SourceFeed("field", intake)
    began = [Numbered(1, Started(START, 0, "bench"))]
    store.commit(began, [e for _, e in engine.step(began).events], START)
    for second in range(1, SETTLE + SECONDS + 1):
        clock.time = START + second * NS
        arrived = [item.batch for item in batches(plant.table, TAGS, 1, second)]
        marks = [time.thread_time()]
        for batch in arrived:
            feed.readings(batch)
        items = intake.drain()
        marks.append(time.thread_time())
        last = store.last_input[0]
        inputs = [Numbered(last + k, item.input) for k, item in enumerate(items, 1)]
        step = engine.step(inputs)
        marks.append(time.thread_time())
        store.commit(inputs, [e for _, e in step.events], clock.time)
        marks.append(time.thread_time())
        store.spool.append(last + 1, inputs[-1].number, concat(plant.table, [b for _, b in step.readings]))
        marks.append(time.thread_time())
        for name, a, b in zip(("intake", "engine", "commit", "spool"), marks, marks[1:], strict=False):
            spent[name] += (
                b - a if second > SETTLE else 0.0
            )  # the first readings end the "no view" of the start
    store.close()
    return {name: cpu / SECONDS * 1e3 for name, cpu in spent.items()}


def by_hand(stream: list[Batch]) -> None:
    """What a script does with a reading."""
    active: set[int] = set()
    for batch in stream:
        lines = []
        for tag, value, at in zip(
            batch.tag.tolist(), batch.value.tolist(), batch.source.tolist(), strict=True
        ):
            if value > 90.0 and tag not in active:
                active.add(tag)
            elif value <= 90.0 and tag in active:
                active.discard(tag)
            lines.append(f"plant,tag=T-{tag} value={value} {at}")


def main() -> None:
    warm()
    check(site(TAGS))
    with tempfile.TemporaryDirectory() as folder:
        parts = ours(Path(folder))
    stream = [item.batch for item in batches("t", TAGS, SECONDS, 1)]
    peer = cpu_of(lambda: by_hand(stream)) / SECONDS * 1e3
    parts = {k: round(v, 4) for k, v in parts.items()}
    show(
        "pipeline",
        "CPU ms per 1,000 readings",
        sum(parts.values()),
        {"limit and line in Python": peer},
        parts=parts,
    )


if __name__ == "__main__":
    main()
