"""A state folder as a released version leaves it: ``python -m tests.unit.store.released FOLDER`` in its own tree.

``scripts/state_fixture.sh`` does so and packs the folder into ``tests/data``. Only what every version has is used here.
"""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Any

from gateway.engine import Engine
from gateway.model.batch import concat, of_rows
from gateway.model.effective import dump_site
from gateway.model.inputs import LinkChange, Numbered, Readings, Started, Tick
from gateway.model.levels import Level
from gateway.model.site import Danger, Installation, Link, Rule, RuleKind, Site, Tag
from gateway.runtime.recover import with_seq
from gateway.store import Identity, Store

S = 10**9
T0 = 1_790_000_000 * S
HASH = "ab" * 32
SECONDS = 90


def tag(name: str) -> Tag:
    return Tag(
        id=name, raw=name, description=name, cls="level", unit="m", installation="A", low=0.0, high=20.0,
        danger=Danger.HIGH, max_age=5 * S, links=("bus",),
    )  # fmt: skip


def rule(name: str, kind: RuleKind, **changes: Any) -> Rule:
    fields: dict[str, Any] = {
        "id": f"L.{name}", "name": name, "kind": kind, "subject": "L", "tags": ("L",), "installation": "A",
        "level": Level.YELLOW, "priority": 2,
    }  # fmt: skip
    return Rule(**(fields | changes))


def site() -> Site:
    rules = (
        rule("H", RuleKind.LIMIT_HIGH, trigger=12.0, reset=11.0, on_delay=2 * S),
        rule("HH", RuleKind.LIMIT_HIGH, trigger=16.0, reset=15.0, level=Level.RED),
        rule("RISE", RuleKind.RATE_RISE, trigger=0.15, reset=0.05, window=60 * S),
    )
    return Site(
        gateway="gw", county="341524", id="s", name="s", config_hash=HASH, rules=rules, tags=(tag("L"), tag("M")),
        installations=(Installation(id="A", name="A"),), links=(Link(id="bus", description="", source="plc"),),
    )  # fmt: skip


def stream() -> list[Numbered]:
    """A rise that raises H, and has been in the rate's window for a minute when the gateway stops."""
    table = site().table
    inputs: list[Any] = [Started(T0, 0, "0"), LinkChange(T0, "bus", True)]
    for k in range(1, SECONDS):
        at = T0 + k * S
        inputs += [
            Readings(of_rows(table, [(0, at, at, 5.0 + k * 0.1, 0), (1, at, at, 3.0, 0)])),
            Tick(at + 1),
        ]
    return [Numbered(n, item) for n, item in enumerate(inputs, 1)]


def main(folder: Path) -> None:
    store = Store.open(folder, Identity("gw", "341524", "s"), now=T0, epoch="a1" * 8, reserve_bytes=0)
    store.keep_config(HASH, dump_site(site()))
    engine = Engine(site(), store.epoch)
    for number in range(0, 2 * SECONDS, 4):
        group = stream()[number : number + 4]
        step = engine.step(group)
        store.commit(
            group,
            [e for _, e in step.events],
            group[-1].input.time if not isinstance(group[-1].input, Readings) else T0,
        )
        if step.readings:
            store.spool.append(
                group[0].number, group[-1].number, concat(site().table, [b for _, b in step.readings])
            )
    store.save_snapshot(with_seq(engine.snapshot(), store.head.seq), since=0)
    store.close()


if __name__ == "__main__":
    main(Path(sys.argv[1]))
