"""What the engine costs: ``python -m benchmarks.engine [--json]``.

1,000 and 10,000 tags with four limits each, in batches of 50 tags at 1 Hz, nothing in alarm: process CPU time for a
batch (everything: numbering, conditioning, judging, the conditioned batch out) and readings a second. Before it times
anything it demands that the engine finds what was planted: every tag driven over all four limits and back.
"""

import argparse
import json
import time
from collections.abc import Iterator

import numpy as np

from gateway.engine import Engine
from gateway.engine.warm import warm
from gateway.model.batch import Batch
from gateway.model.inputs import Numbered, Readings, Started
from gateway.model.levels import Level
from gateway.model.site import Danger, Installation, Rule, RuleKind, Site, Tag
from gateway.model.times import NS

START = 1_700_000_000 * NS
BATCH = 50
LIMITS = (
    ("LL", RuleKind.LIMIT_LOW, 10.0, 11.0),
    ("L", RuleKind.LIMIT_LOW, 20.0, 21.0),
    ("H", RuleKind.LIMIT_HIGH, 80.0, 79.0),
    ("HH", RuleKind.LIMIT_HIGH, 90.0, 89.0),
)


def site(tags: int) -> Site:
    ids = [f"T-{i}" for i in range(tags)]
    return Site(
        gateway="gw", county="341524", id="bench", name="bench", installations=(Installation(id="A", name="A"),),
        tags=tuple(
            Tag(
                id=i, raw=i, description="", cls="level", unit="%", installation="A", low=0.0, high=100.0,
                danger=Danger.HIGH,
            )
            for i in ids
        ),
        rules=tuple(
            Rule(
                id=f"{i}.{name}", name=name, kind=kind, subject=i, tags=(i,), installation="A", level=Level.YELLOW,
                priority=2, trigger=trigger, reset=reset,
            )
            for i in ids
            for name, kind, trigger, reset in LIMITS
        ),
    )  # fmt: skip


def batches(table: str, tags: int, rounds: int, first: int, value: float | None = None) -> Iterator[Readings]:
    """Rounds of one reading per tag, 50 tags a batch, one round a second."""
    draw = np.random.default_rng(1)
    for second in range(first, first + rounds):
        when = np.full(BATCH, START + second * NS, np.int64)
        for start in range(0, tags, BATCH):
            values = draw.normal(50, 5, BATCH) if value is None else np.full(BATCH, value)
            tag = np.arange(start, start + BATCH, dtype=np.int32)
            yield Readings(Batch(table, tag, when, when, values, np.zeros(BATCH, np.uint8)))


def check(plant: Site) -> None:
    """The engine must find every planted alarm, or its speed means nothing."""
    engine, tags = Engine(plant, "check"), len(plant.tags)
    stream: list[object] = [Started(START, 0, "bench")]
    for second, value in enumerate((50.0, 95.0, 50.0, 5.0, 50.0), 1):
        stream.extend(batches(plant.table, tags, 1, second, value))
    step = engine.step([Numbered(n, item) for n, item in enumerate(stream, 1)])  # type: ignore[arg-type]
    raised = sum(1 for _, e in step.events if e.event == "raised")
    cleared = sum(1 for _, e in step.events if e.event == "cleared")
    if (raised, cleared) != (4 * tags, 4 * tags):
        raise SystemExit(f"expected {4 * tags} alarms raised and cleared, found {raised} and {cleared}")


def measure(tags: int, rounds: int) -> dict[str, float]:
    plant = site(tags)
    engine = Engine(plant, "bench")
    engine.step([Numbered(1, Started(START, 0, "bench"))])
    inputs = [Numbered(n, item) for n, item in enumerate(batches(plant.table, tags, rounds + 2, 1), 2)]
    settle = 2 * tags // BATCH
    for item in inputs[:settle]:
        engine.step([item])
    began = time.process_time()
    for item in inputs[settle:]:
        engine.step([item])
    cpu = time.process_time() - began
    count = len(inputs) - settle
    return {"tags": tags, "us_per_batch": cpu / count * 1e6, "readings_per_s": count * BATCH / cpu}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--json", action="store_true")
    parser.add_argument("--rounds", type=int, default=60, help="seconds of plant time")
    args = parser.parse_args()
    began = time.process_time()
    warm()
    loaded = time.process_time() - began
    check(site(1000))
    found = [measure(tags, max(args.rounds * 1000 // tags, 6)) for tags in (1000, 10_000)]
    report = {"benchmark": "engine", "batch": BATCH, "limits_per_tag": 4, "warm_s": loaded, "runs": found}
    if args.json:
        print(json.dumps(report))
        return
    for run in found:
        print(
            f"{run['tags']:>6.0f} tags: {run['us_per_batch']:.1f} us a batch, {run['readings_per_s']:,.0f} readings/s"
        )


if __name__ == "__main__":
    main()
