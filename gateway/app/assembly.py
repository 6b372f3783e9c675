"""Assembles a running gateway: store, embedded broker where none is configured, machine, console."""

import os
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import AsyncExitStack, asynccontextmanager
from functools import partial
from pathlib import Path

from gateway.app.assembled import Assembled, Exercises
from gateway.app.broker import GATEWAY, Broker, BrokerOptions
from gateway.app.build import build, console_unit, open_store, write_private
from gateway.app.certificates import watch_certificates
from gateway.app.changes import Changes, signed
from gateway.app.plugins import build_sinks
from gateway.app.reload import Reload
from gateway.app.service import Manager, attend
from gateway.config.diff import differences
from gateway.config.kept import keep
from gateway.config.load import Loaded, OutputPart
from gateway.config.registry import SINKS
from gateway.model.errors import Fault, Misconfigured
from gateway.model.ports import Clock
from gateway.runtime.clock import SystemClock
from gateway.runtime.machine import Machine
from gateway.runtime.outputs import LaneSink

LOCAL = "local"
"""Name of the output to the embedded broker."""


@asynccontextmanager
async def assemble(  # noqa: PLR0913 - what a caller may bring along
    loaded: Loaded,
    *,
    clock: Clock | None = None,
    adopt: bool = False,
    on_console: Callable[[str], None] | None = None,
    broker: Broker | None = None,
    reload: Reload | None = None,
    exercises: Exercises | None = None,
) -> AsyncIterator[Machine]:
    """The machine, ready to run; the embedded broker (if it is ours) is stopped on the way out.

    Args:
        broker: an embedded broker that already runs (the demo's, which the simulated plant uses too).
        reload: where another configuration can be asked for.
        exercises: makes what holds drills; none where there are none.
    """
    clock = clock if clock is not None else clock_of(loaded)
    async with AsyncExitStack() as stack:
        store = open_store(loaded, clock, adopt=adopt)
        stack.callback(store.close)  # the machine does; what never became one must not keep the folder either
        keep(loaded)
        resume_time(clock, store.last_input[1])
        extra: Sequence[LaneSink] = ()
        outputs = loaded.outputs
        if not any(o.kind == "mqtt" for o in loaded.outputs):
            if broker is None:
                options = BrokerOptions(
                    folder=loaded.state / "broker",
                    mqtt_port=loaded.file.broker.port,
                    root=loaded.site.root,
                    regulator=True,
                )
                broker = await stack.enter_async_context(Broker(options).in_background())
            local = local_output(broker, loaded.state)
            extra, outputs = build_sinks(local), (*outputs, local)
        machine = build(loaded, store, clock, extra_sinks=tuple(extra))
        changes = Changes(machine, reload) if reload is not None else None
        drills = exercises(Assembled(loaded, machine, outputs)) if exercises is not None else None
        if loaded.file.console.enabled:
            machine.extras = (console_unit(loaded, machine, on_console, drills, changes),)
        look = partial(watch_certificates, loaded, machine)
        machine.extras = (*machine.extras, ("certificates", look))
        if (manager := Manager.of(os.environ)) is not None:
            machine.extras = (*machine.extras, ("service", partial(attend, machine, manager)))
        if drills is not None:
            machine.extras = (*machine.extras, ("exercises", drills.run))
        before = machine.previous_site
        differ = differences(before, loaded.site) if before is not None else []
        if reload is not None:
            machine.change = signed(reload.change(differ), differ, loaded)
        yield machine


def local_output(broker: Broker, state: Path) -> OutputPart:
    """The MQTT output to the embedded broker (3.1.1: it speaks no other)."""
    secret = state / "broker.password"
    if not secret.exists() or secret.read_text(encoding="utf-8") != broker.passwords[GATEWAY]:
        write_private(secret, broker.passwords[GATEWAY])  # only then: a full disk would leave it empty
    settings = SINKS["mqtt"].Settings(
        kind="mqtt",
        host=broker.host,
        port=broker.port,
        version="3.1.1",
        username=GATEWAY,
        password_file=secret,
    )
    return OutputPart(LOCAL, "mqtt", settings)


def clock_of(loaded: Loaded) -> Clock:
    """The wall clock; or, where the source is a replay, the data's own.

    Raises:
        Misconfigured: a replay beside another source (there is one clock), or its recording is not as said.
    """
    replays = [p for p in loaded.sources if p.kind == "replay"]
    if not replays:
        return SystemClock()
    if len(loaded.sources) > 1:
        names = ", ".join(p.name for p in loaded.sources)
        fault = Fault(str(loaded.path), None, "sources", names, "a replay alone", "its data are the clock")
        raise Misconfigured([fault])
    from gateway.sources.replay.clock import ReplayClock  # noqa: PLC0415 - only where there is a replay
    from gateway.sources.replay.plugin import first_time  # noqa: PLC0415

    # Just before the first reading, so that a stop before it was committed does not look as if it had been.
    return ReplayClock(max(0, first_time(replays[0].settings, replays[0].bound) - 1))


def resume_time(clock: Clock, last: int) -> None:
    """Time goes on where the store stopped: a replay sees no outage where there was none, and a wall clock that was set
    back meanwhile does not hold up what is judged.
    """
    advance = getattr(clock, "advance", None)
    if advance is not None and last:
        advance(last)
