"""``run``: load, open, build, run until told to stop."""

import asyncio
import gc
import logging
import os
import signal
import sys
from collections.abc import Callable, Coroutine, Iterator, Sequence
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import TYPE_CHECKING, Any

import structlog

from gateway.app.kernels import prepare
from gateway.app.reload import Reload
from gateway.config.kept import deployed
from gateway.config.load import Loaded
from gateway.model.errors import Fault, Misconfigured, Refused

if TYPE_CHECKING:  # imports numba, which must find its cache prepared
    from gateway.app.assembled import Exercises


def run_gateway(
    config: Path, *, adopt: bool = False, accept: bool = False, exercises: "Exercises | None" = None
) -> None:
    """Run until SIGTERM or Ctrl-C.

    Raises:
        Misconfigured: the configuration or the state folder cannot be used; nothing was started.
    """
    loaded, lost = deployed(config, accept=accept)
    loaded.state.mkdir(parents=True, exist_ok=True)
    set_up_log()
    prepare(loaded.state)
    in_loop(lambda: serve(loaded, adopt=adopt, exercises=exercises, lost=lost))
    # Nothing is left to do, and the last collections would walk everything numba made: a second of a stop.
    gc.freeze()


async def serve(
    loaded: Loaded,
    *,
    adopt: bool = False,
    exercises: "Exercises | None" = None,
    lost: Sequence[Fault] = (),
) -> None:
    """The gateway of ``loaded``, and of each configuration that is asked for after it, until cancelled. ``lost``: what
    two persons signed and ``loaded`` drops, with consent.
    """
    reload = Reload(loaded, lost)
    with _told_to_reload(reload):
        while True:
            try:
                await _once(reload, adopt=adopt, exercises=exercises)
            except Misconfigured as error:  # what no check of the files could see; a plant stays watched
                if not reload.go_back():
                    raise
                structlog.get_logger().error("the configuration cannot be put in place", reason=str(error))


async def _once(reload: Reload, *, adopt: bool, exercises: "Exercises | None") -> None:
    """One configuration, until another is asked for."""
    from gateway.app.assembly import assemble  # noqa: PLC0415 - after prepare(): imports numba

    making = assemble(reload.loaded, adopt=adopt, reload=reload, exercises=exercises)
    async with making as machine, asyncio.TaskGroup() as group:
        reload.begun()
        running = group.create_task(machine.run(), name="machine")
        await reload.asked.wait()
        running.cancel()


@contextmanager
def _told_to_reload(reload: Reload) -> Iterator[None]:
    """SIGHUP asks for the files to be read again. What is wrong with them goes to the log, and nothing changes."""
    if sys.platform == "win32":
        yield
        return
    tasks: set[asyncio.Task[None]] = set()

    async def ask() -> None:
        try:
            await reload.ask(None, "SIGHUP")
        except Refused as error:
            structlog.get_logger().error("the configuration is not changed", reason=error.reason)

    def told() -> None:
        task = asyncio.get_running_loop().create_task(ask(), name="reload")
        tasks.add(task)
        task.add_done_callback(tasks.discard)

    loop = asyncio.get_running_loop()
    loop.add_signal_handler(signal.SIGHUP, told)
    try:
        yield
    finally:
        loop.remove_signal_handler(signal.SIGHUP)
        for task in tasks:
            task.cancel()


def in_loop(main: Callable[[], Coroutine[Any, Any, None]]) -> None:
    """Run ``main`` in the best loop there is; SIGTERM and Ctrl-C cancel it and are no error."""
    with asyncio.Runner(loop_factory=_loop_factory()) as runner:
        runner.run(_until_told(main))


async def _until_told(main: Callable[[], Coroutine[Any, Any, None]]) -> None:
    task = asyncio.create_task(main(), name="gateway")
    loop = asyncio.get_running_loop()
    told = False

    def stop() -> None:
        nonlocal told
        told = True
        task.cancel()

    if sys.platform != "win32":
        for number in (signal.SIGTERM, signal.SIGINT):
            loop.add_signal_handler(number, stop)
    try:
        await task
    except asyncio.CancelledError:
        if not told:
            raise


def _loop_factory() -> Callable[[], asyncio.AbstractEventLoop] | None:
    if sys.platform == "win32":
        return None
    import uvloop  # noqa: PLC0415 - not on Windows

    return uvloop.new_event_loop


class _Lines:
    """What structlog asks of a logger, on the stderr there is at that moment.

    A terminal that was closed, a pipe whose reader is gone: the line is lost, and nothing else. An entry is no reason
    for a unit of the gateway to fail.
    """

    def msg(self, message: str) -> None:
        """Write one line."""
        with suppress(OSError, ValueError, AttributeError):  # the last one: there is none at all
            sys.stderr.write(f"{message}\n")
            sys.stderr.flush()

    debug = info = warning = error = critical = msg


def set_up_log() -> None:
    """One line an entry, on stderr, with a UTC time; JSON where ``FENGSUI_LOG`` says ``json``."""
    as_json = os.environ.get("FENGSUI_LOG", "") == "json"
    last: Any = structlog.processors.JSONRenderer(ensure_ascii=False)
    if not as_json:
        last = structlog.processors.KeyValueRenderer(key_order=["timestamp", "level", "event"])
    structlog.configure(
        wrapper_class=structlog.make_filtering_bound_logger(logging.INFO),
        logger_factory=lambda *_: _Lines(),
        processors=[
            structlog.processors.add_log_level,
            structlog.processors.TimeStamper(fmt="iso", utc=True),
            structlog.processors.format_exc_info,
            last,
        ],
    )
