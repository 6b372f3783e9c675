"""Whether the clock is disciplined, as the kernel says it."""

from __future__ import annotations

import struct

import pytest

from gateway.runtime.discipline import NANOSECONDS, UNSYNCHRONISED, Discipline, discipline, read


def timex(offset: int, status: int) -> bytes:
    return (struct.pack("<i4xqqqqi", 0, offset, 0, 16_000_000, 16_000_000, status)).ljust(256, b"\0")


@pytest.mark.parametrize(
    ("answer", "buffer", "found"),
    [
        (0, timex(1_500_000, NANOSECONDS), Discipline(synchronised=True, offset_s=0.0015)),
        (0, timex(-2_000, 0), Discipline(synchronised=True, offset_s=-0.002)),
        (5, timex(0, UNSYNCHRONISED), Discipline(synchronised=False)),
        (-1, timex(0, 0), Discipline()),
    ],
)
def test_what_the_kernel_says(answer: int, buffer: bytes, found: Discipline) -> None:
    assert read(answer, buffer) == found


def test_this_machine_answers() -> None:
    assert discipline().synchronised in (True, False, None)
