"""Where a state folder lives, told from evidence that survives what a gateway goes through every day.

Each piece of evidence has a name; two fingerprints are compared only by the names both have. A piece that is
not readable (another user, a container) is absent, never empty. What counts, and when it does not:

==============  =========================================  ===========================================================
name            source                                     left out
==============  =========================================  ===========================================================
machine-id      /etc/machine-id                            in a container (it belongs to the image, or is not there)
board           DMI product_uuid, board_serial,            -  (seen through a container too)
                device-tree serial-number
disk            wwid / serial / cid of the folder's disk   file system without a disk of its own (overlay, network)
folder          inode of the folder and of ``instance``    file systems whose inode numbers may change by themselves
==============  =========================================  ===========================================================

The host name is not evidence: Docker gives a new one to each container. Nor are device numbers (they follow
the order in which disks are found) or network addresses (a container's are new each time).
"""

import os
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Final

INODES_HOLD: Final = frozenset(
    {"ext2", "ext3", "ext4", "xfs", "btrfs", "f2fs", "zfs", "jfs", "ubifs", "tmpfs"}
)
"""File systems that keep an inode number for the life of the file, across mounts."""

_BOARD: Final = (
    ("product-uuid", "/sys/class/dmi/id/product_uuid"),
    ("board-serial", "/sys/class/dmi/id/board_serial"),
    ("device-serial", "/proc/device-tree/serial-number"),
)
_DISK: Final = ("wwid", "device/wwid", "device/serial", "device/cid", "serial")
_CONTAINER_MARKS: Final = ("/.dockerenv", "/run/.containerenv")
_NOTHING: Final = frozenset(
    {"", "none", "not specified", "to be filled by o.e.m.", "default string", "0", "unknown"}
)


def fingerprint(folder: Path, witness: Path) -> dict[str, str]:
    """Evidence name -> value for the folder; ``witness`` is a file in it that a copy makes anew."""
    found = dict(_pieces(folder, witness))
    return {name: value for name, value in found.items() if value.lower() not in _NOTHING}


def differences(known: dict[str, str], seen: dict[str, str]) -> list[str]:
    """Human sentences, one for each piece of evidence that both have and that differs."""
    names = sorted(known.keys() & seen.keys())
    return [f"{name} was {known[name]}, is {seen[name]}" for name in names if known[name] != seen[name]]


def _pieces(folder: Path, witness: Path) -> Iterator[tuple[str, str]]:
    if sys.platform != "linux":
        return
    if not any(Path(mark).exists() for mark in _CONTAINER_MARKS):
        yield "machine-id", _read(Path("/etc/machine-id"))
    for name, path in _BOARD:
        yield name, _read(Path(path))
    status = folder.stat()
    yield "disk", _disk(status.st_dev)
    if _file_system(folder) in INODES_HOLD:
        yield "folder-inode", str(status.st_ino)
        yield "instance-inode", str(witness.stat().st_ino)


def _disk(device: int) -> str:
    block = Path(f"/sys/dev/block/{os.major(device)}:{os.minor(device)}")
    try:
        block = block.resolve(strict=True)
    except OSError:
        return ""  # overlay, network, tmpfs: no block device
    if (block / "partition").exists():
        block = block.parent
    return next((text for name in _DISK if (text := _read(block / name))), "")


def _file_system(folder: Path) -> str:
    """Type of the longest mount point above the folder, by /proc/self/mountinfo."""
    best, kind = "", ""
    for line in _read(Path("/proc/self/mountinfo")).splitlines():
        head, _, tail = line.partition(" - ")
        point = head.split(" ")[4].replace("\\040", " ")
        if len(point) >= len(best) and folder.resolve().is_relative_to(point):
            best, kind = point, tail.split(" ")[0]
    return kind


def _read(path: Path) -> str:
    try:
        return path.read_text(errors="replace").strip().strip("\0")
    except OSError:
        return ""  # absent evidence, not wrong evidence
