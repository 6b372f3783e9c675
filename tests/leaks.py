"""What a test may not leave behind: threads, sockets, child processes, tasks."""

from __future__ import annotations

import asyncio
import gc
import threading
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path

GRACE_S = 2.0
# Helpers that Python itself starts once and keeps until the interpreter ends.
KEPT_PROCESSES = ("multiprocessing.resource_tracker", "multiprocessing.forkserver")


@dataclass(frozen=True)
class Belongings:
    """What this process holds now, by identity, each with words for the report."""

    threads: Mapping[int, str]
    sockets: Mapping[str, str]
    children: Mapping[int, str]

    def beyond(self, before: Belongings) -> list[str]:
        pairs = (
            (self.threads, before.threads),
            (self.sockets, before.sockets),
            (self.children, before.children),
        )
        return [words for now, then in pairs for key, words in now.items() if key not in then]


def belongings() -> Belongings:
    return Belongings(_threads(), _sockets(), _children())


def left_over(before: Belongings, grace_s: float = GRACE_S) -> list[str]:
    """Whatever is still there after a short while: closing takes a moment, and so does an exiting child."""
    found = belongings().beyond(before)
    if found:
        gc.collect()  # a socket in a dead cycle is no leak
        found = _until_empty(lambda: belongings().beyond(before), grace_s)
    return found


async def tasks_left_over(grace_s: float = 1.0) -> list[str]:
    """Tasks of the running loop other than the one that asks."""
    deadline = time.monotonic() + grace_s
    while (found := _other_tasks()) and time.monotonic() < deadline:
        await asyncio.sleep(0.01)
    return found


def _until_empty(look: Callable[[], list[str]], grace_s: float) -> list[str]:
    deadline = time.monotonic() + grace_s
    while (found := look()) and time.monotonic() < deadline:
        time.sleep(0.02)
    return found


def _other_tasks() -> list[str]:
    mine = asyncio.current_task()
    return [
        f"task {each.get_name()}: {each.get_coro()!r}" for each in asyncio.all_tasks() if each is not mine
    ]


def _threads() -> dict[int, str]:
    return {id(each): f"thread {each.name}" for each in threading.enumerate()}


def _sockets() -> dict[str, str]:
    """Sockets by inode. Unix sockets of subprocess watchers and of event loops count as well."""
    found: dict[str, str] = {}
    for fd in _listed(Path("/proc/self/fd")):
        try:
            target = str(fd.readlink())
        except OSError:
            continue  # closed since the listing, as the listing's own descriptor is
        if target.startswith("socket:"):
            found[target] = f"socket fd {fd.name} {_ends(target[8:-1])}"
    return found


def _ends(inode: str) -> str:
    for table in ("tcp", "tcp6", "udp"):
        for line in _lines(Path("/proc/self/net") / table)[1:]:
            columns = line.split()
            if columns[9] == inode:
                local, remote = (int(each.rpartition(":")[2], 16) for each in columns[1:3])
                return f"({table} {local} -> {remote})"
    return "(local)"


def _children() -> dict[int, str]:
    found: dict[int, str] = {}
    for task in _listed(Path("/proc/self/task")):
        for line in _lines(task / "children"):
            for pid in line.split():
                words = _command(pid)
                if not any(kept in words for kept in KEPT_PROCESSES):
                    found[int(pid)] = f"child process {pid}: {words}"
    return found


def _command(pid: str) -> str:
    return (
        " ".join(_lines(Path("/proc") / pid / "cmdline")).replace("\0", " ").strip()
        or "ended, not waited for"
    )


def _listed(folder: Path) -> list[Path]:
    try:
        return list(folder.iterdir())
    except OSError:  # not Linux, or gone meanwhile
        return []


def _lines(path: Path) -> list[str]:
    try:
        return path.read_text(errors="replace").splitlines()
    except OSError:
        return []
