"""What two persons signed is not dropped unseen: the gateway's own copy of the overrides it ran with last.

It lies in the state folder, which a deployment of new files does not touch.
"""

from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Final

from gateway.config.load import Loaded, load
from gateway.config.numbers import numbers_now
from gateway.config.overrides import (
    PARTS,
    Overrides,
    Overriding,
    Signed,
    SignedNumbers,
    read_overrides,
    write_overrides,
)
from gateway.config.signed import raw_now
from gateway.config.words import number_word
from gateway.model.errors import Fault, Misconfigured

FILE: Final = "overrides.kept.yaml"
HINT: Final = "put the entry back, or say --accept to drop it"
GONE: Final = "no longer there"


def dropped(loaded: Loaded) -> list[Fault]:
    """Overrides that ran and would not run with these files, each with who signed it.

    A value that the files now say themselves is not dropped; an entry signed later follows the one before it.

    Raises:
        Misconfigured: the copy cannot be read.
    """
    faults: list[Fault] = []
    kept = read_overrides(loaded.state / FILE, faults)
    if faults:
        raise Misconfigured(faults)
    return [fault for part in PARTS for fault in _of_part(part, kept, loaded)]


def _of_part(part: str, kept: Overriding, loaded: Loaded) -> Iterator[Fault]:
    """Each entry that does not run on."""
    now = getattr(loaded.origin.overriding.content, part)
    for name, entry in getattr(kept.content, part).items():
        follower = now.get(name)
        if follower is not None and follower.time > entry.time:
            continue
        lost = _lost(entry, _here(loaded, part, name))
        if lost is not None:
            signed = f"{lost[1]}, signed by {entry.by} and {entry.second} {entry.time}".rstrip()
            yield Fault(str(loaded.overrides), None, f"{part}.{name}", lost[0], signed, HINT)


def _here(loaded: Loaded, part: str, name: str) -> Mapping[str, object] | None:
    """What would run of it; None: it is no longer there."""
    row = loaded.site.rule_index.get(name)
    if part == "limits":
        return numbers_now(loaded.site.rules[row], raw_now(loaded, name)) if row is not None else None
    if part == "rules":
        return {"stage": loaded.site.rules[row].stage} if row is not None else None
    return next(({"stage": i.stage} for i in loaded.site.installations if i.id == name), None)


def _lost(entry: Signed | SignedNumbers, found: Mapping[str, object] | None) -> tuple[str, str] | None:
    """What would run and what was signed, in words; None: it runs on."""
    wanted: dict[str, object] = {"stage": entry.stage} if isinstance(entry, Signed) else entry.every
    if found is None:
        return GONE, _said(wanted)
    differ = {k: v for k, v in wanted.items() if found.get(k) != v}
    return (_said({k: found.get(k, GONE) for k in differ}), _said(differ)) if differ else None


def _said(numbers: Mapping[str, object]) -> str:
    return ", ".join(f"{name} {number_word(name, value)}" for name, value in numbers.items())


def deployed(path: Path, *, accept: bool) -> tuple[Loaded, list[Fault]]:
    """The configuration as it is about to run, and what is dropped with consent.

    Raises:
        Misconfigured: it has faults, or drops what was signed and ``accept`` is not said.
    """
    loaded = load(path, accept=accept)
    lost = dropped(loaded)
    if lost and not accept:
        raise Misconfigured(lost)
    return loaded, lost


def keep(loaded: Loaded) -> None:
    """This configuration runs: remember its overrides, and clear the file of what was dropped with consent."""
    content = loaded.origin.overriding.content
    remember(loaded, content)
    if loaded.origin.stale:
        write_overrides(loaded.overrides, content)


def remember(loaded: Loaded, content: Overrides, *, unless_more: bool = False) -> None:
    """``content`` is what runs, or is about to. ``unless_more``: only where it has no entry that is new.

    An entry that goes must go from the copy first: if the gateway ends in between, files that still have it say more
    than the copy, which is no loss. A new entry comes into the copy when it runs.
    """
    kept = loaded.origin.overriding.content
    if unless_more and any(
        getattr(kept, p).get(name) != entry for p in PARTS for name, entry in getattr(content, p).items()
    ):
        return
    write_overrides(loaded.state / FILE, content)
