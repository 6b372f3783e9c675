"""What the gateway and its archive process say: JSON and blobs, each behind its length (u32, little-endian)."""

import json
import struct
from collections.abc import Mapping, Sequence
from typing import Any, BinaryIO, Final

import numpy as np
from numpy.typing import NDArray

Arrays = list[tuple[str, NDArray[Any]]]
_LENGTH: Final = struct.Struct("<I")
_TWO: Final = struct.Struct("<II")


def encode(message: Mapping[str, Any], blobs: Sequence[bytes] = ()) -> bytes:
    """One frame: length of the JSON, number of blobs, JSON, each blob behind its length."""
    text = json.dumps(message).encode()
    parts = [_TWO.pack(len(text), len(blobs)), text]
    for blob in blobs:
        parts += [_LENGTH.pack(len(blob)), blob]
    return b"".join(parts)


def write(sink: BinaryIO, message: Mapping[str, Any], blobs: Sequence[bytes] = ()) -> None:
    """Write one frame."""
    sink.write(encode(message, blobs))
    sink.flush()


def read(source: BinaryIO) -> tuple[dict[str, Any], list[bytes]] | None:
    """The next frame; None at the end."""
    head = source.read(_TWO.size)
    if len(head) < _TWO.size:
        return None
    size, count = _TWO.unpack(head)
    message: dict[str, Any] = json.loads(source.read(size))
    return message, [source.read(_LENGTH.unpack(source.read(_LENGTH.size))[0]) for _ in range(count)]


def pack(arrays: Arrays) -> list[bytes]:
    """Named arrays as blobs: ``name dtype``, a zero byte, the bytes."""
    return [
        f"{name} {a.dtype.str}".encode() + b"\0" + np.ascontiguousarray(a).tobytes() for name, a in arrays
    ]


def unpack(blobs: Sequence[bytes]) -> dict[str, NDArray[Any]]:
    """Inverse of :func:`pack`."""
    found = {}
    for blob in blobs:
        head, _, data = blob.partition(b"\0")
        name, dtype = head.decode().rsplit(" ", 1)
        found[name] = np.frombuffer(data, dtype)
    return found
