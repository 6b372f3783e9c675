"""Which loops were tested, by whom: folded from the journal of the state folder, running gateway or not."""

from collections.abc import Collection
from pathlib import Path
from typing import Final

from gateway.model.events import Event, EventKind
from gateway.model.times import china

PAGE: Final = 2000
PLANT: Final = "plant.db"


def tested(state: Path, tags: Collection[str]) -> dict[str, str]:
    """Tag id -> ``passed 2026-11-22 ... by NAME (method)``, for tags that were ever tested."""
    if not (state / PLANT).is_file():
        return {}
    from gateway.store import open_reader

    found: dict[str, str] = {}
    with open_reader(state) as reader:
        seq = 0
        while page := reader.records(seq, PAGE):
            news = (r.event for r in page if r.event.event is EventKind.LOOP_TESTED)
            found |= {event.tag: _words(event) for event in news if event.tag in tags}
            seq = page[-1].seq
    return found


def _words(event: Event) -> str:
    by = event.actor.name if event.actor else "?"
    method = f" ({event.detail['method']})" if event.detail.get("method") else ""
    return f"{event.detail.get('result')} {china(event.time)} by {by}{method}"
