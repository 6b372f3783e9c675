"""A store fed as the runtime feeds it, and its archive."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

from gateway.engine import Engine
from gateway.engine.snapshot import Step
from gateway.model.batch import concat
from gateway.model.effective import dump_site
from gateway.model.inputs import Numbered, time_of
from gateway.model.site import Site
from gateway.store import SavedSnapshot, Store
from tests.unit.store import make


def keep(store: Store, site: Site, stream: Sequence[Numbered], group: int = 3) -> list[Step]:
    """Step, commit and spool ``stream`` in groups; then everything is on disk and kept for the archive."""
    store.archive = True
    store.keep_config(site.config_hash, dump_site(site))
    engine, steps = Engine(site, "e1"), []
    for at in range(0, len(stream), group):
        some = stream[at : at + group]
        step = engine.step(some)
        steps.append(step)
        store.commit(some, [e for _, e in step.events], max(1, *(time_of(i.input) for i in some)))
        if step.readings:
            spans = [(n, len(b)) for n, b in step.readings]
            batch = concat(site.table, [b for _, b in step.readings])
            store.spool.append(some[0].number, some[-1].number, batch, spans)
        else:
            store.spool.settle(some[-1].number)
    spool_out(store)
    return steps


def spool_out(store: Store) -> None:
    """What the runtime does with each snapshot."""
    number = store.last_input[0]
    assert store.save_snapshot(SavedSnapshot("v", number, "c", {}))


def opened(folder: Path, **options: Any) -> Store:
    return make.store(folder, **options)


def conditioned(steps: Sequence[Step]) -> Any:
    batches = [b for s in steps for _, b in s.readings]
    numbers = [n for s in steps for n, b in s.readings for _ in range(len(b))]
    return (concat(batches[0].table, batches), numbers) if batches else (None, [])


def ours(site: Site) -> Site:
    """The site under a table that tests of the store use too."""
    return replace(site, config_hash=site.config_hash or "ab" * 32)
