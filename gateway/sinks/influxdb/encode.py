"""Line protocol. Pure. Timestamps are ns; writing a line twice leaves one point.

Three measurements:

=============  ======================================================================  =======================
measurement    tags                                                                    time
=============  ======================================================================  =======================
reading        class, county, installation, site, tag                                  source time
alarm_event    county, event, gateway, installation, level, rule, site, tag            recorded (unique)
tag_info       class, county, gateway, installation, site, tag                         when the config was met
=============  ======================================================================  =======================

A drill writes ``exercise_reading``, ``exercise_alarm_event`` and ``exercise_tag_info`` instead.

An event without a level has ``level=none``; other empty tags are left out, as the protocol demands. The source time of
an event is the field ``source_time`` (ns), because ``time`` is a reserved word of the database.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np
import orjson
from numpy.typing import NDArray

from gateway.model.batch import Batch
from gateway.model.events import Event, Record
from gateway.model.quality import STATUS_SHIFT, Status
from gateway.model.site import Site, Tag
from gateway.model.times import NS

_BAD: Final = Status.BAD << STATUS_SHIFT
_KEY: Final = str.maketrans({",": "\\,", "=": "\\=", " ": "\\ ", "\n": "\\ ", "\r": "\\ "})


def tag_text(text: str) -> str:
    r"""A tag value: comma, equals and space escaped; line breaks become spaces.

    A backslash stands for itself, except at the end, where it would swallow the separator and the protocol has no
    escape for it: a space is put behind it.
    """
    safe = text.translate(_KEY)
    return f"{safe}\\ " if text.endswith("\\") else safe


def field_text(text: str) -> str:
    """A string field with its quotes; line breaks are data there."""
    # A table of characters is slow, and one field is the whole event.
    escaped = text.replace("\\", "\\\\").replace('"', '\\"')
    return f'"{escaped}"'


def key(measurement: str, tags: dict[str, str]) -> str:
    """Measurement and tags in the order servers like best (sorted); empty tags are left out."""
    return measurement + "".join(f",{k}={tag_text(v)}" for k, v in sorted(tags.items()) if v)


@dataclass(frozen=True, slots=True)
class Prefixes:
    """Everything of a reading's line that does not change, one entry per row of the tag table."""

    table: str
    good: tuple[str, ...]
    """up to ``value=``"""
    bad: tuple[str, ...]
    """up to ``quality=``"""


def prefixes(site: Site) -> Prefixes:
    """Built once per configuration; makes a reading's line cost about a microsecond."""
    name = site.measurement("reading")
    keys = [key(name, _place(site, tag)) for tag in site.tags]
    return Prefixes(site.table, tuple(f"{k} value=" for k in keys), tuple(f"{k} quality=" for k in keys))


def reading_text(prefix: Prefixes, batch: Batch) -> str:
    """A line per reading, in order. ``value`` is left out when the quality is BAD (or the value not finite)."""
    if not len(batch):
        return ""
    tags = batch.tag.tolist()
    plain = (batch.quality < _BAD) & np.isfinite(batch.value)
    heads = list(map(prefix.good.__getitem__, tags))
    # The shortest digits that mean the same number, as ``repr`` gives them, for a fifth of its time.
    values = orjson.dumps(batch.value, option=orjson.OPT_SERIALIZE_NUMPY)[1:-1].decode().split(",")
    for i in np.flatnonzero(~plain).tolist():
        heads[i], values[i] = prefix.bad[tags[i]], ""
    parts = [""] * (3 * len(tags))
    parts[0::3], parts[1::3], parts[2::3] = heads, values, _ends(batch, plain)
    return "".join(parts)[:-1]


def _ends(batch: Batch, plain: NDArray[np.bool_]) -> list[str]:
    """Quality and time of each reading as text, made once for neighbours that share them, as those of one poll do."""
    source, quality = batch.source, batch.quality
    changed = (source[1:] != source[:-1]) | (quality[1:] != quality[:-1]) | (plain[1:] != plain[:-1])
    if changed.all():
        rows = zip(plain.tolist(), quality.tolist(), source.tolist(), strict=True)
        return [f",quality={q}i {s}\n" if has_value else f"{q}i {s}\n" for has_value, q, s in rows]
    first = [0, *(np.flatnonzero(changed) + 1).tolist()]
    runs = zip(first, plain[first].tolist(), quality[first].tolist(), source[first].tolist(), strict=True)
    ends, at = [""] * len(batch), len(batch)
    for start, has_value, q, s in reversed(list(runs)):
        ends[start:at] = [f",quality={q}i {s}\n" if has_value else f"{q}i {s}\n"] * (at - start)
        at = start
    return ends


def event_line(site: Site, record: Record) -> str:
    """One journal event; ``json`` holds the journal's exact text."""
    event = record.event
    tags = {
        "county": site.county,
        "site": site.id,
        "gateway": site.gateway,
        "installation": event.installation,
        "tag": event.tag,
        "rule": event.rule,
        "level": event.level.word if event.level else "none",
        "event": event.event.value,
    }
    return f"{key(site.measurement('alarm_event'), tags)} {','.join(_event_fields(record))} {record.recorded}"


def _event_fields(record: Record) -> list[str]:
    e = record.event
    numbers = {"value": e.value, "limit": e.limit, "reset": e.reset, "rate": e.rate, "eta_s": e.eta_s}
    numbers["confidence"] = e.confidence
    integers = {"seq": record.seq, "n": e.n, "source_time": e.time, "onset": e.onset, "priority": e.priority}
    integers["quality"] = e.quality
    texts = {"id": e.id, "kind": e.kind, "rule_version": e.rule_version, "unit": e.unit, "isa": e.isa}
    texts |= {"condition": _condition(e), "actor": e.actor.id if e.actor else "", "comment": e.comment}
    texts |= {"epoch": orjson.loads(record.data)["epoch"], "hash": record.hash, "json": record.data.decode()}
    return [
        *(f"{k}={v!r}" for k, v in numbers.items() if v is not None and np.isfinite(v)),
        *(f"{k}={v}i" for k, v in integers.items() if v is not None),
        *(f"{k}={field_text(v)}" for k, v in texts.items() if v),
        f"fault={_truth(e.fault)}",
        f"shadow={_truth(e.shadow)}",
        f"backfill={_truth(e.backfill)}",
    ]


def _condition(event: Event) -> str:
    return event.after.condition.value if event.after else ""


def _truth(value: bool) -> str:  # noqa: FBT001 - a cell, not a switch
    return "true" if value else "false"


def tag_info_lines(site: Site, time: int) -> list[str]:
    """What each tag is, as of ``time`` (ns)."""
    return [_tag_info(site, tag, time) for tag in site.tags]


def _tag_info(site: Site, tag: Tag, time: int) -> str:
    texts = {
        "raw": tag.raw,
        "description": tag.description,
        "description_en": tag.description_en,
        "unit": tag.unit,
        "calibration_due": tag.calibration_due,
        "config": site.config_hash,
        "installation_name": next((i.name for i in site.installations if i.id == tag.installation), ""),
    }
    numbers = {"low": tag.low, "high": tag.high, "period_s": tag.period / NS, "max_age_s": tag.max_age / NS}
    fields = [f"{k}={field_text(v)}" for k, v in texts.items() if v]
    fields += [f"{k}={float(v)!r}" for k, v in numbers.items() if v is not None and np.isfinite(v)]
    tags = {**_place(site, tag), "gateway": site.gateway}
    return f"{key(site.measurement('tag_info'), tags)} {','.join(fields)} {time}"


def _place(site: Site, tag: Tag) -> dict[str, str]:
    return {
        "county": site.county,
        "site": site.id,
        "installation": tag.installation,
        "tag": tag.id,
        "class": tag.cls,
    }


def dead_rows(batch: Batch) -> Sequence[str]:
    """Readings that cannot be named (their tag table is not known any more), for the dead letters."""
    rows = zip(
        batch.tag.tolist(), batch.source.tolist(), batch.value.tolist(), batch.quality.tolist(), strict=True
    )
    return [f"table={batch.table} tag={t} source={s} value={v!r} quality={q}" for t, s, v, q in rows]
