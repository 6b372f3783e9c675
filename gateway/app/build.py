"""From a loaded configuration to a machine that can be run: the only place where all parts meet."""

import asyncio
import json
import os
import secrets
import sys
from collections.abc import Awaitable, Callable, Mapping, Sequence
from functools import partial
from pathlib import Path
from typing import Any, Final

import structlog

from gateway.app.assembled import Exercising
from gateway.app.changes import Changes
from gateway.app.plugins import Pushed, build_sinks, build_sources
from gateway.app.tools import Tools
from gateway.config.load import Loaded
from gateway.config.ways import ways_of
from gateway.model.effective import dump_site, load_site
from gateway.model.errors import Misconfigured, Retry
from gateway.model.ports import Clock, Showing
from gateway.model.probing import Looked
from gateway.model.site import Site
from gateway.model.times import NS
from gateway.runtime.keeping import Retention
from gateway.runtime.machine import Machine
from gateway.runtime.outputs import LaneSink
from gateway.store import Identity, Store
from gateway.store.ledger import FILE as LEDGER
from gateway.store.ledger import read_ledger
from gateway.store.reader import open_reader
from gateway.store.types import DeadLetter

ADDRESS_FILE: Final = "console.json"
log = structlog.get_logger()
Unit = tuple[str, Callable[[], Awaitable[None]]]


def open_store(loaded: Loaded, clock: Clock, *, adopt: bool) -> Store:
    """The site's store, with this configuration kept under its hash."""
    site = loaded.site
    identity = Identity(site.gateway, site.county, site.id)
    store = Store.open(loaded.state, identity, now=clock.now(), adopt=adopt)
    store.keep_config(site.config_hash, dump_site(site))
    return store


def kept_sites(store: Store) -> dict[str, Site]:
    """Every kept configuration by its hash; one of a version that can no longer be read is left out."""
    sites = {}
    for digest, data in store.configs().items():
        try:
            sites[digest] = load_site(data)
        except ValueError as error:
            log.warning("a kept configuration cannot be read", hash=digest, reason=str(error))
    return sites


def build(loaded: Loaded, store: Store, clock: Clock, *, extra_sinks: tuple[LaneSink, ...] = ()) -> Machine:
    """The machine, without its console."""
    sites, used, kept = kept_sites(store), store.config_in_use(), loaded.file.storage
    number, last = store.last_input
    resume_after = last if number else -1
    return Machine(
        site=loaded.site,
        store=store,
        clock=clock,
        folder=loaded.state,
        sources=build_sources(loaded.sources, resume_after),
        sinks=[*(sink for part in loaded.outputs for sink in build_sinks(part)), *extra_sinks],
        retention=Retention(
            kept.max_mb << 20, kept.keep, kept.max_age, kept.archive, kept.archive_mb << 20, kept.hold
        ),
        ways=ways_of(loaded.file.delivery),
        sites={digest[:8]: site for digest, site in sites.items()},
        previous_site=sites.get(used) if used and used != loaded.site.config_hash else None,
    )


def console_unit(
    loaded: Loaded,
    machine: Machine,
    on_ready: Callable[[str], None] | None = None,
    exercise: Exercising | None = None,
    changes: Changes | None = None,
) -> Unit:
    """The console as a supervised unit; writes where it is, and the command line's token, into the state folder."""
    return "console", partial(_serve, loaded, machine, on_ready, exercise, changes)


async def _serve(
    loaded: Loaded,
    machine: Machine,
    on_ready: Callable[[str], None] | None,
    exercise: Exercising | None,
    changes: Changes | None,
) -> None:
    parts = await asyncio.to_thread(_console)
    state, asked = loaded.state, loaded.file.console
    host, _, port = asked.listen.rpartition(":")
    token = secrets.token_urlsafe(32)

    def ready(url: str) -> None:
        found = {"url": url, "token": token, "certificate": str(asked.certificate or "")}
        write_private(state / ADDRESS_FILE, json.dumps(found))
        if on_ready is not None:
            on_ready(url)

    # Ninety endpoints are described: a second of a small processor, in which devices are to be heard.
    app = await asyncio.to_thread(
        parts.create_app,
        machine,
        machine,
        machine.history,
        machine.records,
        token=token,
        now=machine.clock.now,
        beside=_beside(parts, loaded, machine, exercise, changes),
        hosts=(*parts.LOOPBACK, *asked.hosts, host),
        book=parts.open_book(state / parts.FILE) if asked.sign_in == "accounts" else None,
        rules=parts.DoorRules(asked.act_idle / NS, asked.act_longest / NS, asked.proxies),
    )
    say_code(app.state.access)
    tls = (asked.certificate, asked.key) if asked.certificate and asked.key else None
    try:
        await parts.serve(app, host.strip("[]"), int(port), ready, tls)
    finally:
        (state / ADDRESS_FILE).unlink(missing_ok=True)


def _beside(
    parts: Any, loaded: Loaded, machine: Machine, exercise: Exercising | None, changes: Changes | None
) -> Any:
    """The ports of the gateway's own console beside the plant."""
    asked = loaded.file.console
    return parts.Beside(
        ledger=partial(_ledger, loaded.state),
        dead=partial(_dead_letters, loaded.state),
        tools=Tools(loaded, machine.clock.now, partial(_raw, machine)),
        plan=parts.Plan(asked.plan, asked.plan_bounds) if asked.plan and asked.plan_bounds else None,
        reload=changes.reload if changes is not None else None,
        exercise=exercise,
        changes=changes,
        proposals=changes.proposals if changes is not None else None,
        retry=machine.retry_letters,
        inlets=[source for source in machine.sources if isinstance(source, Pushed)],
        raws=partial(_raw, machine),
    )


def _raw(machine: Machine, tag: str) -> Looked | None:
    """What its source read of it last; not every source keeps that."""
    row = machine.site.tag_index[tag]
    name = machine.site.tags[row].source
    showing = [source for source in machine.sources if isinstance(source, Showing) and source.name == name]
    return showing[0].raw(row) if showing else None


async def _dead_letters(state: Path, most: int) -> Sequence[DeadLetter]:
    def read() -> Sequence[DeadLetter]:
        with open_reader(state) as reader:
            return reader.dead_letters(most)

    return await asyncio.to_thread(read)


async def _ledger(state: Path, ids: Sequence[str], limit: int) -> Mapping[str, Any]:
    """Read beside the writer, in a thread; a gateway that has not begun to write one has sent nothing."""
    if not (state / LEDGER).exists():
        return {"outputs": {}, "events": []}
    try:
        return (await asyncio.to_thread(read_ledger, state, ids=ids, limit=limit)).as_json()
    except Misconfigured as error:
        raise Retry(str(error), after=5) from error


def say_code(access: Any) -> None:
    """On the terminal, and nowhere else: the code that makes the first administrator."""
    if access is not None and access.code:
        words = f"\nNo administrator yet. One-time code for the console's first page: {access.code}\n"
        words += f"还没有管理员。控制台首页需要的一次性代码：{access.code}\n\n"
        sys.stderr.write(words)
        sys.stderr.flush()


def _console() -> Any:
    """FastAPI only where there is a console. Half a second and more: in a thread, so that devices are heard."""
    from gateway.console import parts  # noqa: PLC0415

    return parts


def write_private(path: Path, text: str) -> None:
    """Readable by the owner only: whoever can read it may act on alarms."""
    descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
    with os.fdopen(descriptor, "w", encoding="utf-8") as file:
        file.write(text)
