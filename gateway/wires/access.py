"""Who may read and write what at a broker, as access files for Mosquitto and for NATS. Pure.

A site writes its own branches and reads its receipts; besides, it reads its own retained `state` and `birth`, to empty
what an earlier life left there, and at a broker of MQTT 3.1.1 (NATS) all it writes, because there only reading back
tells a refusal from success. It cannot write receipts. A regulator reads what `READABLE` names and nothing else. The
county reads events and status and writes receipts.
"""

import json
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Final

READABLE: Final = ("status", "birth", "level", "alarms", "faults", "state")
"""What a regulator may read; nothing else."""
WRITTEN: Final = (*READABLE, "events", "readings")
"""What a site writes."""
TIDIED: Final = ("state", "birth")
"""Its own retained topics that a site reads."""
DEEP: Final = frozenset({"birth", "alarms", "faults", "state", "readings"})
"""Branches with topics below them."""


@dataclass(frozen=True, slots=True)
class Rights:
    """Topic filters of MQTT that a user may publish to and subscribe to."""

    write: tuple[str, ...]
    read: tuple[str, ...]


def site(root: str, *, reads_back: bool = False) -> Rights:
    """Of the gateway whose root this is; drills are under ``fengsui-exercise``. ``reads_back``: at a 3.1.1 broker."""
    roots = (root, root.replace("fengsui/", "fengsui-exercise/", 1))
    write = tuple(f for each in roots for f in _filters(each, WRITTEN))
    tidy = tuple(f for each in roots for f in _filters(each, TIDIED))
    return Rights(write, (f"{root}/receipts", *(write if reads_back else tidy)))


def county(code: str) -> Rights:
    """Of the county node."""
    root = f"fengsui/v1/{code}/+/+"
    return Rights((f"{root}/receipts",), (f"{root}/events", f"{root}/status", f"{root}/receipts"))


def regulator(code: str = "+") -> Rights:
    """Of who supervises a county, or all of them."""
    return Rights((), tuple(_filters(f"fengsui/v1/{code}/+/+", READABLE)))


def _filters(root: str, branches: Iterable[str]) -> list[str]:
    """``x/#`` is both ``x`` and all below it."""
    return [f"{root}/{b}/#" if b in DEEP else f"{root}/{b}" for b in branches]


def mosquitto(users: Sequence[tuple[str, Rights]]) -> str:
    """An ``acl_file``; whoever is not named may nothing."""
    lines = [
        "# Access file of Mosquitto: acl_file; with per_listener_settings in its listener. Made by fengsui access."
    ]
    for name, rights in users:
        lines += ["", f"user {name}"]
        lines += [f"topic write {each}" for each in rights.write if each not in rights.read]
        lines += [f"topic readwrite {each}" for each in rights.write if each in rights.read]
        lines += [f"topic read {each}" for each in rights.read if each not in rights.write]
    return "\n".join(lines) + "\n"


def nats(users: Sequence[tuple[str, Rights]]) -> str:
    """The ``authorization`` block of nats-server; passwords come from the environment, ``FENGSUI_<USER>``."""
    entries = ",\n  ".join(
        f"{{user: {json.dumps(name)}, password: {_variable(name)}, permissions: {nats_rights(rights)}}}"
        for name, rights in users
    )
    return f"# Access of nats-server. Made by fengsui access.\nauthorization {{ users: [\n  {entries}\n] }}\n"


def nats_rights(rights: Rights) -> str:
    """Permissions as NATS subjects: ``/`` is ``.``, ``+`` is ``*``, and ``x/#`` is both ``x`` and ``x.>``."""
    write = json.dumps(_subjects(rights.write))
    read = json.dumps([*_subjects(rights.read), "$MQTT.sub.>"])
    publish = f"allow: {write}" if rights.write else 'deny: ">"'
    return f"{{publish: {{{publish}}}, subscribe: {{allow: {read}}}}}"


def _subjects(filters: Iterable[str]) -> list[str]:
    found = []
    for each in filters:
        subject = each.replace("/", ".").replace("+", "*")
        found += [subject[:-2], f"{subject[:-1]}>"] if subject.endswith(".#") else [subject]
    return found


def _variable(name: str) -> str:
    return f"$FENGSUI_{name.upper().replace('-', '_')}"
