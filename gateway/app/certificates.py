"""Certificates that end soon: said in the status for all, and as a trouble thirty days ahead."""

import asyncio
import datetime as dt
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any, Final

from pydantic import BaseModel

from gateway.config.load import Loaded
from gateway.runtime.machine import Machine
from gateway.wires.expiry import ends

AHEAD_DAYS: Final = 30
LOOK_S: Final = 3600.0
NAMES: Final = frozenset({"ca", "cert", "certificate"})
"""settings that name PEM files with certificates"""


def files(loaded: Loaded) -> dict[Path, str]:
    """Every certificate file that the configuration names -> where."""
    found: dict[Path, str] = {}
    for section, parts in (("outputs", loaded.outputs), ("sources", loaded.sources)):
        for part in parts:
            found |= {path: f"{section}.{part.name}.{name}" for name, path in _named(part.settings)}
    for name, path in _named(loaded.file.console):
        found[loaded.path.parent / path] = f"console.{name}"
    return found


def _named(settings: Any) -> Iterator[tuple[str, Path]]:
    """Certificate files anywhere inside one part's settings."""
    for name in type(settings).model_fields if isinstance(settings, BaseModel) else ():
        value = getattr(settings, name)
        if name in NAMES and value and isinstance(value, str | Path):
            yield name, Path(value)
        elif isinstance(value, BaseModel):
            yield from ((f"{name}.{inner}", path) for inner, path in _named(value))


def look(named: Mapping[Path, str], now: dt.datetime) -> tuple[int | None, str]:
    """(days to the first end, what to say of those within ``AHEAD_DAYS``); an unreadable file is its user's trouble."""
    days: dict[str, int] = {}
    for path, where in named.items():
        try:
            days[f"{where} ({path})"] = (ends(path) - now).days
        except (OSError, ValueError):
            continue
    soon = sorted((left, words) for words, left in days.items() if left < AHEAD_DAYS)
    said = "; ".join(
        f"{words} has ended" if left < 0 else f"{words} ends in {left} days" for left, words in soon
    )
    return min(days.values(), default=None), said


async def watch_certificates(loaded: Loaded, machine: Machine) -> None:
    """Look at every certificate once an hour, until cancelled: files may be replaced while the gateway runs."""
    named = files(loaded)
    machine.watch.certificate_days = lambda: days
    days: int | None = None
    while True:
        days, said = await asyncio.to_thread(look, named, dt.datetime.now(dt.UTC))
        machine.troubles("certificate", active=bool(said), detail=said)
        await asyncio.sleep(LOOK_S)
