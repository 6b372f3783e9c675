"""Recorded Modbus TCP traffic of others, replayed through the frames and the check of answers, and onto a line.

The captures are not in the repository: ``FENGSUI_DATA`` names the folder that has ``MODBUS_PCAP``.
"""

from __future__ import annotations

import asyncio
import os
import struct
from collections import Counter, defaultdict
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

import pytest

from gateway.sources.modbus.client import Line
from gateway.sources.modbus.counters import Counters
from gateway.sources.modbus.frames import AREAS, DeviceException, Frames, Garbled, Question, answer, question
from tests.lies.wires import Bus, Pipe

FOLDER = Path(os.environ.get("FENGSUI_DATA", "/nonexistent")) / "MODBUS_PCAP"
CAPTURES = sorted(FOLDER.rglob("*.pcap"))
MODBUS = 502


@dataclass(frozen=True)
class Segment:
    """One TCP segment with data."""

    source: tuple[bytes, int]
    target: tuple[bytes, int]
    sequence: int
    data: bytes


def segments(path: Path) -> Iterator[Segment]:
    """IPv4 over Ethernet out of a classic pcap; anything else is passed over."""
    raw = path.read_bytes()
    order = "<" if raw[:4] in (b"\xd4\xc3\xb2\xa1", b"\x4d\x3c\xb2\xa1") else ">"
    at = 24
    while at + 16 <= len(raw):
        size = struct.unpack(f"{order}I", raw[at + 8 : at + 12])[0]
        packet, at = raw[at + 16 : at + 16 + size], at + 16 + size
        if packet[12:14] != b"\x08\x00" or len(packet) < 34 or packet[23] != 6:
            continue
        start = 14 + 4 * (packet[14] & 15)
        end = 14 + int.from_bytes(packet[16:18])
        if len(packet) < start + 20:
            continue
        ports = struct.unpack(">HH", packet[start : start + 4])
        data = packet[start + 4 * (packet[start + 12] >> 4) : end]
        if data:
            ends = (packet[26:30], ports[0]), (packet[30:34], ports[1])
            yield Segment(*ends, int.from_bytes(packet[start + 4 : start + 8]), data)


@dataclass
class Heard:
    """What a capture holds, counted."""

    reads: dict[tuple[object, int], Question] = field(default_factory=dict)
    taken: list[tuple[Question, bytes, bytes]] = field(default_factory=list)
    """question, its answer's frame on the wire, the data"""
    counts: Counter[str] = field(default_factory=Counter)


def heard(path: Path) -> Heard:
    """Every answer to a read, matched as a client does: by connection and transaction."""
    found, cutters, seen = Heard(), defaultdict[object, Frames](Frames), set[object]()
    for segment in segments(path):
        key = (segment.source, segment.target)
        if (key, segment.sequence, segment.data) in seen:
            found.counts["sent again"] += 1
            continue
        seen.add((key, segment.sequence, segment.data))
        if MODBUS not in (segment.source[1], segment.target[1]):
            continue
        try:
            frames = cutters[key].feed(segment.data)
        except Garbled:
            found.counts["not Modbus"] += 1
            cutters[key] = Frames()
            continue
        for frame in frames:
            if segment.target[1] == MODBUS:
                _note(found, key, frame.transaction, frame.unit, frame.pdu)
            else:
                _match(found, (segment.target, segment.source), frame)
    return found


def _note(found: Heard, key: object, transaction: int, unit: int, pdu: bytes) -> None:
    if len(pdu) != 5 or pdu[0] not in AREAS:
        found.counts["other requests"] += 1
        return
    address, count = struct.unpack(">HH", pdu[1:])
    try:
        found.reads[key, transaction] = question(unit, AREAS[pdu[0]], address, count)
    except ValueError:
        found.counts["reads nobody may ask"] += 1


def _match(found: Heard, key: object, frame: object) -> None:
    asked = found.reads.pop((key, frame.transaction), None)  # type: ignore[attr-defined]
    if asked is None:
        found.counts["answers to nothing we ask"] += 1
        return
    try:
        data = answer(asked, frame)  # type: ignore[arg-type]
    except DeviceException:
        found.counts["refused"] += 1
    except Garbled:
        found.counts["garbled"] += 1
    else:
        body = bytes([asked.unit, asked.function, asked.size]) + data
        found.taken.append((asked, body, data))
        found.counts["taken"] += 1


@pytest.mark.skipif(not CAPTURES, reason="FENGSUI_DATA names no folder with MODBUS_PCAP")
def test_recorded_answers_are_taken_and_only_our_own_errors_come_out() -> None:
    total = Counter[str]()
    for path in CAPTURES:
        found = heard(path)
        total += found.counts
        assert all(len(data) == asked.size for asked, _, data in found.taken)
    assert total["taken"] > 5_000, dict(total)
    assert total["garbled"] < total["taken"] / 100, dict(total)


class Replay(Bus):
    """Answers each question with the recorded bytes."""

    said: bytes = b""

    def asked(self, pipe: Pipe, data: bytes) -> None:
        whole = data[:2] + struct.pack(">HH", 0, len(self.said)) + self.said
        asyncio.get_running_loop().call_soon(pipe.protocol.data_received, whole)


@pytest.mark.skipif(not CAPTURES, reason="FENGSUI_DATA names no folder with MODBUS_PCAP")
async def test_recorded_answers_through_the_client() -> None:
    import random

    line, bus = Line(Counters()), Replay("tcp", {}, 1.0, random.Random(0))
    bus.connect(line)
    count = 0
    for path in CAPTURES:
        for asked, body, data in heard(path).taken[:300]:
            bus.said = body
            assert await line.ask(asked, 5.0) == data
            count += 1
    await line.close()
    assert count > 500
