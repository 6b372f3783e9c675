"""Which configuration ran at a moment: by the journal, whole under its hash."""

from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from gateway.cli.kpi import journal
from gateway.config.load import load
from gateway.model.effective import load_site
from gateway.model.errors import Misconfigured, Refused
from gateway.model.events import Event, EventKind
from gateway.model.site import Site
from gateway.model.times import china


@dataclass(frozen=True, slots=True)
class Ran:
    """A configuration as it ran: the site alone. Its recordings are named by the ids or raw names of its tags."""

    site: Site
    sources: tuple[Any, ...] = ()


def as_run(config: Path, moment: int) -> Ran:
    """The configuration that ran at ``moment`` (ns) in the state folder of ``config`` (or that is ``config``).

    Raises:
        Refused: nothing ran then, or it cannot be read by this version.
    """
    state = config if config.is_dir() else load(config).state
    digest = running_at(journal(state), moment)
    if not digest:
        raise Refused(f"no configuration ran in {state} at {china(moment)} (UTC+8), by its journal")
    try:
        return Ran(load_site(_kept(state, digest)))
    except ValueError as error:
        raise Refused(
            f"the configuration {digest[:12]} that ran at {china(moment)} cannot be read: {error}"
        ) from error


def running_at(events: Iterable[Event], moment: int) -> str:
    """Hash of what ran then; empty: nothing that the journal names.

    A journal from before ``started`` named the configuration tells it by the next ``config-changed``.
    """
    digest, began = "", False
    for event in events:
        if event.event is EventKind.STARTED and event.time <= moment:
            began, digest = True, str(event.detail.get("config", digest))
        elif event.event is EventKind.CONFIG_CHANGED:
            if event.time > moment:
                return digest or (str(event.detail["old"]) if began else "")
            digest = str(event.detail["new"])
    return digest


def _kept(state: Path, digest: str) -> bytes:
    from gateway.store import open_reader

    with open_reader(state) as reader:
        data = reader.config(digest)
    if data is None:
        raise Misconfigured(f"{state} does not hold the configuration {digest[:12]} that its journal names")
    return data
