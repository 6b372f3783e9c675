"""Looking for records of the journal: by words, event, level, place and time; newest first; and the same as CSV."""

import csv
import io
from collections.abc import AsyncIterator, Sequence
from dataclasses import dataclass
from typing import Annotated, Any, Final

from fastapi import APIRouter, Depends, Query
from starlette.responses import Response, StreamingResponse

from gateway.console import schemas
from gateway.console.answers import records as answered
from gateway.console.folds import records_after
from gateway.console.ports import Context
from gateway.console.times import MaybeAsked, china, moment
from gateway.model.events import Event, Record
from gateway.model.quality import quality_name

PAGE: Final = 1000
LOOKED_AT: Final = 20_000
"""records one request looks at before it says where to go on"""
MOST: Final = 500
MOST_ROWS: Final = 200_000
COLUMNS: Final = (
    "seq", "time (UTC+8)", "event", "level", "installation", "tag", "description", "rule", "value", "unit", "limit",
    "quality", "condition", "acknowledgement", "who", "role", "workstation", "comment", "hash",
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class Wanted:
    """What is looked for; empty: anything."""

    words: tuple[str, ...] = ()
    events: frozenset[str] = frozenset()
    levels: frozenset[str] = frozenset()
    installation: str = ""
    id: str = ""
    start: int = 0
    end: int = 1 << 62

    def fits(self, record: Record) -> bool:
        """Whether a record is one of them."""
        e = record.event
        return (
            self.start <= e.time < self.end
            and (not self.events or e.event.value in self.events)
            and (not self.levels or (e.level is not None and e.level.word in self.levels))
            and (not self.installation or e.installation == self.installation)
            and (not self.id or e.id == self.id)
            and (not self.words or all(w in _hay(e) for w in self.words))
        )


def _hay(e: Event) -> str:
    who = (e.actor.id, e.actor.name, e.actor.workstation) if e.actor else ()
    found = (
        e.rule,
        e.tag,
        e.description,
        e.installation,
        e.comment,
        e.event.value,
        *who,
        *map(str, e.detail.values()),
    )
    return "\n".join(found).lower()


def wanted(  # noqa: PLR0913, PLR0917 - a query parameter each
    text: Annotated[str, Query(max_length=100, description="words that all occur")] = "",
    event: Annotated[str, Query(max_length=500, description="kinds of event, with commas")] = "",
    level: Annotated[str, Query(max_length=40, description="levels, with commas")] = "",
    installation: Annotated[str, Query(max_length=64)] = "",
    id: Annotated[str, Query(max_length=64, description="one occurrence")] = "",  # noqa: A002 - its name in the API
    start: MaybeAsked = "",
    end: MaybeAsked = "",
) -> Wanted:
    """The query as what is looked for."""
    return Wanted(
        tuple(text.lower().split()), _set(event), _set(level), installation, id,
        moment(start) if start else 0, moment(end) if end else 1 << 62,
    )  # fmt: skip


def _set(words: str) -> frozenset[str]:
    return frozenset(w.strip() for w in words.split(",") if w.strip())


class FoundView(schemas.Model):
    """Records newest first; ``next``: give it as ``before`` to go on, null at the journal's beginning."""

    epoch: str
    head: int
    next: int | None
    events: list[dict[str, object]]


def router(context: Context) -> APIRouter:
    """Handlers."""
    api = APIRouter(prefix="/events", tags=["read"], responses={422: {"model": schemas.Problem}})
    plant = context.plant

    @api.get("/search", response_model=FoundView)
    async def search(
        what: Annotated[Wanted, Depends(wanted)],
        before: Annotated[
            int | None,
            Query(ge=0, le=schemas.MOST, description="seq below which to look; left out: the newest"),
        ] = None,
        limit: Annotated[int, Query(ge=1, le=MOST)] = 100,
    ) -> Response:
        """Records that fit, newest first, byte for byte as hashed and published."""
        present = plant.present()
        upto = present.head_seq + 1 if before is None else min(before, present.head_seq + 1)
        found, on = await look(context, what, upto, limit)
        return answered(found, {"epoch": present.epoch, "head": present.head_seq, "next": on})

    @api.get("/export.csv", response_class=Response)
    async def export(what: Annotated[Wanted, Depends(wanted)]) -> Response:
        """The records that fit as CSV, oldest first, at most 200,000 (a last line says it and where to go on); UTF-8
        with BOM, times in UTC+8."""
        headers = {"content-disposition": 'attachment; filename="events.csv"'}
        return StreamingResponse(_lines(context, what), media_type="text/csv; charset=utf-8", headers=headers)

    return api


async def look(context: Context, what: Wanted, upto: int, limit: int) -> tuple[list[Record], int | None]:
    """Up to ``limit`` records below seq ``upto``, newest first, and where to go on (None: nothing is older)."""
    found: list[Record] = []
    lowest = max(0, upto - LOOKED_AT)
    while upto - 1 > lowest:
        first = max(lowest, upto - 1 - PAGE)
        page = [r for r in await records_after(context, first, upto - 1 - first) if r.seq < upto]
        for record in reversed(page):
            if what.fits(record):
                found.append(record)
                if len(found) == limit:
                    return found, record.seq if record.seq > 1 else None
        upto = first + 1
    return found, upto if upto > 1 else None


async def _lines(context: Context, what: Wanted) -> AsyncIterator[bytes]:
    yield "\ufeff".encode() + _csv([COLUMNS])
    after, rows = 0, 0
    while page := await records_after(context, after, PAGE):
        fitting = [r for r in page if what.fits(r)]
        taken = fitting[: MOST_ROWS - rows]
        rows += len(taken)
        after = page[-1].seq
        yield _csv([row(r) for r in taken])
        if len(fitting) > len(taken):
            yield _csv([_cut(fitting[len(taken)])])
            return


def _cut(next_: Record) -> tuple[str, ...]:
    """The line that says that a file is not whole: who reads one to its end must not take it for all there is."""
    at = china(next_.event.time)
    words = f"cut after {MOST_ROWS} records; ask for the rest from {at} (seq {next_.seq}) on"
    said = {"event": "cut", "comment": f"{words} | 到 {MOST_ROWS} 条为止,其余请从 {at} 起导出"}
    return tuple(said.get(column, "") for column in COLUMNS)


def row(record: Record) -> tuple[Any, ...]:
    """One record as :data:`COLUMNS`."""
    e = record.event
    who = (e.actor.name, e.actor.role, e.actor.workstation) if e.actor else ("", "", "")
    level = e.level.word if e.level else str(e.detail.get("level", ""))
    axes = (e.after.condition.value, e.after.acknowledgement.value) if e.after else ("", "")
    quality = quality_name(e.quality) if e.quality is not None else ""
    return (
        record.seq, china(e.time), e.event.value, level, e.installation, e.tag, e.description, e.rule, _number(e.value),
        e.unit, _number(e.limit), quality, *axes, *who, e.comment, record.hash,
    )  # fmt: skip


def _number(value: float | None) -> str:
    return "" if value is None or value != value else f"{value:.9g}"  # noqa: PLR0124 - NaN is not itself


def _csv(found: Sequence[Sequence[Any]]) -> bytes:
    out = io.StringIO()
    csv.writer(out).writerows([[harmless(cell) for cell in line] for line in found])
    return out.getvalue().encode()


def harmless(cell: Any) -> Any:
    """A text that a spreadsheet would take for a formula is marked as text (a name or comment is not a program)."""
    odd = isinstance(cell, str) and cell[:1] in ("=", "+", "-", "@", "\t", "\r") and not _plain(cell)
    return f"'{cell}" if odd else cell


def _plain(cell: str) -> bool:
    try:
        float(cell)
    except ValueError:
        return False
    return True
