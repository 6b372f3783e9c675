"""Closing: parts of a day out of the spool, days out of their parts. Every file is read back before it counts.

Of a process of its own: it only reads the databases and writes files; what may then leave the spool the gateway
decides.
"""

import hashlib
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, Final

import numpy as np

from gateway.model.effective import load_site
from gateway.model.site import Site
from gateway.store import plant
from gateway.store.archive import layout as lo
from gateway.store.archive import parquet
from gateway.store.archive.digits import same
from gateway.store.archive.gather import Ask, Part, gather
from gateway.store.archive.law import Law, laws
from gateway.store.archive.rows import COLUMNS, Rows, join
from gateway.store.database import open_reader
from gateway.store.database import rows as select

FLOATS: Final = ("value", "raw")


class Mismatch(Exception):
    """What was written does not read back as it was given: nothing counts, nothing leaves the spool."""


@dataclass(frozen=True, slots=True)
class Known:
    """Kept configurations by tag-table id."""

    sites: Mapping[str, Site]

    @property
    def tags(self) -> dict[str, tuple[str, ...]]:
        """Tag ids of each table."""
        return {table: tuple(t.id for t in site.tags) for table, site in self.sites.items()}


def known_sites(state: Path) -> Known:
    """Every configuration the journal keeps; one that cannot be read any more is left out (tags then go by number)."""
    db = open_reader(state / "plant.db")
    try:
        kept = plant.read_configs(db)
    finally:
        db.close()
    sites: dict[str, Site] = {}
    for digest, data in kept.items():
        try:
            sites[digest[:8]] = load_site(data)
        except ValueError:  # a configuration of a version before ours
            continue
    return Known(sites)


def all_laws(known: Known) -> dict[str, Law]:
    """The scaling of every tag there was; the newest configuration's where several differ."""
    law: dict[str, Law] = {}
    for site in known.sites.values():
        law |= laws(site)
    return law


def close_parts(state: Path, *, before: str) -> list[lo.Manifest]:
    """All parts of days before ``before`` (a date, UTC+8), and of it those that are full, out of the spool.

    Raises:
        Mismatch: what was written reads back differently.
        OSError, apsw.Error: the disk.
    """
    lo.tidy(state)
    known, made = known_sites(state), []
    db = open_reader(state / "spool.db")
    try:
        meta = dict(select(db, "SELECT key, value FROM meta"))
        after = max((m.last for m in lo.manifests(state)), default=-1)
        upto = int(meta.get("offset", 0)) + int(meta.get("kept_input", 0))
        while (part := gather(db, Ask(after, upto, before), known.tags)) is not None:
            made.append(_close_part(state, part, known.sites.get(part.table)))
            after = part.last
    finally:
        db.close()
    return made


def close_days(state: Path, *, before: str) -> list[lo.Manifest]:
    """Days earlier than ``before`` (a date, UTC+8) out of their parts; parts that a day includes are removed."""
    parts = [m for m in lo.manifests(state) if not m.closed]
    known = known_sites(state)
    have = {m.day: m for m in lo.manifests(state) if m.closed}
    made = []
    for day in sorted({m.day for m in parts if m.day < before}):
        mine = [*([have[day]] if day in have else []), *(m for m in parts if m.day == day)]
        made.append(_close_day(state, day, mine, known))
    covered = max((m.last for m in lo.manifests(state) if m.closed), default=-1)
    for folder in (state / lo.ARCHIVE / lo.PARTS).glob("*-*"):
        if int(folder.name.partition("-")[2]) <= covered:
            lo.remove(folder)
    return made


def _close_part(state: Path, part: Part, site: Site | None) -> lo.Manifest:
    folder = lo.part_folder(state, part.first, part.last)
    rows = part.rows.by_tag()
    counts = np.bincount(rows.tag, minlength=len(rows.tags)).tolist()
    groups = parquet.groups(rows.tags, counts)
    new = lo.prepare(folder)
    law: Mapping[str, Law] = laws(site) if site is not None else {}
    blocks = list(_blocks(rows, groups))
    parquet.write(new / lo.READINGS, blocks, law)
    parquet.write_inputs(new / lo.INPUTS, [part.inputs])
    _verify(new, blocks, part.inputs)
    numbers = part.inputs["input"] or [0]
    manifest = _manifest(new, part.day, (part.first, part.last), numbers, rows, groups)
    return lo.publish(new, folder, replace(manifest, lost=part.lost))


def _blocks(rows: Rows, groups: Sequence[Sequence[str]]) -> Iterator[Rows]:
    """Rows of each group; ``rows`` are ordered by tag."""
    place = {tag: i for i, tag in enumerate(rows.tags)}
    for group in groups:
        first, last = place[group[0]], place[group[-1]]
        some = slice(*np.searchsorted(rows.tag, [first, last + 1]).tolist())
        yield Rows(rows.tags, *(getattr(rows, name)[some] for name, _ in COLUMNS))


def _verify(new: Path, blocks: Sequence[Rows], inputs: Mapping[str, Sequence[Any]]) -> None:
    for group, wanted in enumerate(blocks):
        differ(parquet.read(new / lo.READINGS, group, raw=True), wanted, new)
    found: dict[str, list[Any]] = {name: [] for name in inputs}
    for block in parquet.read_inputs(new / lo.INPUTS):
        for name, cells in block.items():
            found[name] += cells
    if found != {name: list(cells) for name, cells in inputs.items()}:
        raise Mismatch(f"{new / lo.INPUTS} does not read back as written")


def differ(found: Rows, wanted: Rows, where: Path) -> None:
    """Raise :class:`Mismatch` unless both hold the same, bit by bit."""
    ours, theirs = (
        np.array(r.tags, object)[r.tag] if len(r) else np.empty(0, object) for r in (found, wanted)
    )
    if not np.array_equal(ours, theirs):
        raise Mismatch(f"{where}: tags do not read back as written")
    for name, _ in COLUMNS[1:]:
        a, b = getattr(found, name), getattr(wanted, name)
        if not (same(a, b).all() if name in FLOATS else np.array_equal(a, b)):
            raise Mismatch(f"{where}: column {name} does not read back as written")


def _close_day(state: Path, day: str, parts: Sequence[lo.Manifest], known: Known) -> lo.Manifest:
    """One file of each kind out of those of the parts, a block of tags at a time."""
    tags = dict.fromkeys(tag for part in parts for group in part.groups for tag in group)
    total = sum(p.rows for p in parts)
    groups = parquet.groups(list(tags), [max(1, total // max(1, len(tags)))] * len(tags))
    folder = lo.day_folder(state, day)
    new = lo.prepare(folder)
    parquet.write(new / lo.READINGS, _merged(parts, groups), all_laws(known))
    parquet.write_inputs(
        new / lo.INPUTS, (block for part in parts for block in parquet.read_inputs(part.folder / lo.INPUTS))
    )
    for group, wanted in enumerate(_merged(parts, groups)):
        differ(parquet.read(new / lo.READINGS, group, raw=True), wanted, new)
    first, last = parts[0], parts[-1]
    manifest = replace(
        last, day=day, first=first.first, first_input=first.first_input, rows=total,
        inputs=sum(p.inputs for p in parts), lost=sum(p.lost for p in parts),
        start=min(p.start for p in parts), end=max(p.end for p in parts),
        groups=groups, thinned=first.thinned, **sizes(new),
    )  # fmt: skip
    return lo.publish(new, folder, manifest)


def _merged(parts: Sequence[lo.Manifest], groups: Sequence[Sequence[str]]) -> Iterator[Rows]:
    for group in groups:
        wanted = set(group)
        found = [
            pick(parquet.read(part.readings, k, raw=True), wanted)
            for part in parts
            for k, have in enumerate(part.groups)
            if wanted & set(have)
        ]
        yield _in_order(join(found), group).by_tag()


def _in_order(rows: Rows, tags: Sequence[str]) -> Rows:
    """The same rows, their tags numbered as in ``tags``."""
    place = np.array([tags.index(t) for t in rows.tags], np.int32)
    return replace(rows, tags=tuple(tags), tag=place[rows.tag] if len(rows) else rows.tag)


def pick(rows: Rows, tags: set[str]) -> Rows:
    """Rows of some tags; the others are forgotten."""
    kept = [i for i, tag in enumerate(rows.tags) if tag in tags]
    place = np.full(len(rows.tags) + 1, -1, np.int32)
    place[kept] = np.arange(len(kept), dtype=np.int32)
    tag = place[rows.tag]
    some = replace(rows, tags=tuple(rows.tags[i] for i in kept), tag=tag)
    return some.take(np.flatnonzero(tag >= 0))


def _manifest(
    new: Path, day: str, ids: tuple[int, int], numbers: Sequence[int], rows: Rows, groups: list[list[str]]
) -> lo.Manifest:
    return lo.Manifest(
        day=day, first=ids[0], last=ids[1], first_input=numbers[0], last_input=numbers[-1],
        start=int(rows.source.min(initial=1 << 62)), end=int(rows.source.max(initial=0)), rows=len(rows),
        inputs=len(numbers), groups=groups, **sizes(new),
    )  # fmt: skip


def sizes(new: Path) -> dict[str, Any]:
    """``bytes`` and ``hashes`` of a folder's files."""
    files = sorted(new.glob("*.parquet"))
    hashes = {}
    for path in files:
        with path.open("rb") as file:
            hashes[path.name] = hashlib.file_digest(file, "sha256").hexdigest()
    return {"bytes": sum(p.stat().st_size for p in files), "hashes": hashes}
