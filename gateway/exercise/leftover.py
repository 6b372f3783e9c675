"""A drill under which the gateway stopped: its journal is ended by the next start, and its report written."""

from collections.abc import Sequence
from pathlib import Path

import structlog

from gateway.exercise import folder as files
from gateway.exercise.folder import Drills
from gateway.exercise.report import report
from gateway.history.scenario.file import Scenario, read_scenario
from gateway.model.commands import Act, Actor, Command
from gateway.model.errors import FengsuiError, Misconfigured
from gateway.model.events import Event, EventKind, Record
from gateway.model.inputs import Acted, Numbered
from gateway.model.site import Site
from gateway.store import Identity, Store, open_reader

WHY = "the gateway stopped under it"
PAGE = 5_000
log = structlog.get_logger()


def end_leftover(drills: Drills, folder: Path, site: Site, now: int) -> None:
    """Append ``exercise-ended`` to its journal, write its report, mark it as ended."""
    try:
        _append_end(folder, site, now)
        found = report(records_of(folder), _scenario(folder), ())
    except FengsuiError as error:
        log.warning("the journal of a drill cannot be read", exercise=folder.name, reason=str(error))
        found = {"exercise": folder.name}
    drills.end(folder, {**found, "exercise": folder.name, "why": WHY})


def _append_end(folder: Path, site: Site, now: int) -> None:
    identity = Identity(site.gateway, site.county, site.id)
    store = Store.open(folder, identity, now=now, reserve_bytes=4096, exercise=folder.name, epoch=folder.name)
    try:
        who = Actor("system", "system", "system")
        words = {"exercise": folder.name, "why": WHY}
        ended = Event(event=EventKind.EXERCISE_ENDED, time=now, actor=who, detail=words)
        number, time = store.last_input
        item = Acted(max(now, time), Command(Act.EXERCISE_END, who, (), words=tuple(words.items())))
        store.commit([Numbered(number + 1, item)], [ended], now)
    finally:
        store.close()


def records_of(folder: Path) -> Sequence[Record]:
    """The whole journal of a drill.

    Raises:
        Misconfigured: it cannot be read.
    """
    found: list[Record] = []
    with open_reader(folder) as reader:
        while page := reader.records(found[-1].seq if found else -1, PAGE):
            found += page
    return found


def _scenario(folder: Path) -> Scenario | None:
    try:
        return read_scenario(folder / files.SCENARIO)
    except Misconfigured:
        return None
