"""One Modbus question to misbehaving peers over real sockets: what each kind of answer does."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable

import pytest

from gateway.sources.modbus.client import Lost, Silent, connect
from gateway.sources.modbus.counters import Counters
from gateway.sources.modbus.frames import DeviceException, Garbled, question
from gateway.sources.modbus.plan import Area
from tests.helpers.modbus_peer import HANG_UP, Asked, Pause, Reply, frame, peer, refusal, registers, right
from tests.ports import HOST, free_port

TEN = question(1, Area.HOLDING, 100, 10)
TEN_DATA = registers(Asked(0, 1, 3, 100, 10))


def pdu(asked: Asked) -> bytes:
    return right(asked)[0][7:]


GOOD: dict[str, Callable[[Asked], Reply]] = {
    "whole": right,
    "byte by byte": lambda a: [right(a)[0][k : k + 1] for k in range(len(right(a)[0]))],
    "split in the head": lambda a: [right(a)[0][:3], Pause(0.02), right(a)[0][3:]],
    "split in the data": lambda a: [right(a)[0][:20], Pause(0.02), right(a)[0][20:]],
    "behind an answer with another transaction": lambda a: [
        frame(a, b"\x03\x02ab", transaction=9999),
        *right(a),
    ],
    "in one piece with another's": lambda a: [frame(a, b"\x83\x02", transaction=9999) + right(a)[0]],
    "doubled": lambda a: [right(a)[0] * 2],
}
BAD: dict[str, Callable[[Asked], Reply]] = {
    "wrong unit": lambda a: [frame(a, pdu(a), unit=2)],
    "wrong function": lambda a: [frame(a, b"\x04" + pdu(a)[1:])],
    "short": lambda a: [frame(a, b"\x03\x12" + registers(a)[:-2])],
    "long": lambda a: [frame(a, b"\x03\x16" + registers(a) + b"\0\0")],
    "byte count that lies": lambda a: [frame(a, b"\x03\x12" + registers(a))],
    "protocol id": lambda a: [frame(a, pdu(a), protocol=1)],
    "length of nothing": lambda a: [frame(a, pdu(a), length=0)],
    "length beyond the standard": lambda a: [frame(a, pdu(a), length=300)],
    "text": lambda a: [b"HTTP/1.1 400 Bad Request\r\n\r\n"],
}
NONE: dict[str, Callable[[Asked], Reply]] = {
    "silence": lambda a: [],
    "wrong transaction": lambda a: [frame(a, pdu(a), transaction=a.transaction + 1)],
    "truncated": lambda a: [right(a)[0][:-1]],
    "head only": lambda a: [right(a)[0][:7]],
}


@pytest.mark.parametrize("script", GOOD.values(), ids=GOOD)
async def test_right_answers_are_taken_however_they_come(script: Callable[[Asked], Reply]) -> None:
    async with peer(script) as device:
        line = await connect(HOST, device.port, 1.0, Counters())
        for _ in range(3):
            assert await line.ask(TEN, 1.0) == TEN_DATA
        await line.close()


@pytest.mark.parametrize("script", BAD.values(), ids=BAD)
async def test_wrong_answers_are_refused_at_once(script: Callable[[Asked], Reply]) -> None:
    async with peer(script) as device:
        line = await connect(HOST, device.port, 1.0, Counters())
        began = time.monotonic()
        with pytest.raises(Garbled):
            await line.ask(TEN, 5.0)
        assert time.monotonic() - began < 4.0, "not at the timeout"
        await line.close()


@pytest.mark.parametrize("script", NONE.values(), ids=NONE)
async def test_what_is_no_answer_ends_at_the_timeout(script: Callable[[Asked], Reply]) -> None:
    async with peer(script) as device:
        line = await connect(HOST, device.port, 1.0, Counters())
        with pytest.raises(Silent):
            await line.ask(TEN, 0.1)
        await line.close()


@pytest.mark.parametrize("code", [1, 2, 3, 4, 6, 10, 11, 99])
async def test_exception_codes(code: int) -> None:
    async with peer(lambda a: refusal(a, code)) as device:
        line = await connect(HOST, device.port, 1.0, Counters())
        with pytest.raises(DeviceException) as refused:
            await line.ask(TEN, 1.0)
        assert refused.value.code == code
        await line.close()


async def test_a_late_answer_is_never_taken_for_another_question() -> None:
    """grid-x/modbus 78, pymodbus over RTU: after a timeout everything was off by one for ever."""

    def slow_first(asked: Asked) -> Reply:
        return [Pause(0.15 if asked.address == 500 else 0.0), *right(asked)]

    async with peer(slow_first) as device:
        counters = Counters()
        line = await connect(HOST, device.port, 1.0, counters)
        with pytest.raises(Silent):
            await line.ask(question(1, Area.HOLDING, 500, 10), 0.1)
        for address in (100, 200, 300):
            asked = question(1, Area.HOLDING, address, 10)
            assert await line.ask(asked, 1.0) == registers(Asked(0, 1, 3, address, 10))
            await asyncio.sleep(0.04)
        assert counters.stray == 1
        await line.close()


async def test_transaction_ids_go_round() -> None:
    async with peer() as device:
        line = await connect(HOST, device.port, 1.0, Counters())
        line._transaction = 0xFFFD
        for _ in range(6):
            assert await line.ask(TEN, 1.0) == TEN_DATA
        assert [a.transaction for a in device.asked] == [0xFFFE, 0xFFFF, 0, 1, 2, 3]
        await line.close()


async def test_a_drop_fails_the_question_in_flight_at_once() -> None:
    async with peer(lambda a: [HANG_UP]) as device:
        line = await connect(HOST, device.port, 1.0, Counters())
        began = time.monotonic()
        with pytest.raises(Lost):
            await line.ask(TEN, 5.0)
        assert time.monotonic() - began < 4.0, "not at the timeout"
        with pytest.raises(Lost):
            await line.ask(TEN, 5.0)


async def test_a_refused_connection_says_so() -> None:
    with pytest.raises(Lost, match=r"Connect call failed|refused"):
        await connect(HOST, free_port(), 1.0, Counters())


async def test_a_late_answer_does_not_fill_one_that_was_cut_short() -> None:
    """Found by the lies: the rest of the frame would be the head and data of another answer."""

    def cut_then_late(asked: Asked) -> Reply:
        whole = right(asked)[0]
        if asked.address == 500:
            return [Pause(0.15), whole]
        return [whole[:12], Pause(0.2)]

    async with peer(cut_then_late) as device:
        line = await connect(HOST, device.port, 1.0, Counters())
        with pytest.raises(Silent):
            await line.ask(question(1, Area.HOLDING, 500, 3), 0.1)
        with pytest.raises(Garbled, match="cut short"):
            await line.ask(question(1, Area.HOLDING, 100, 9), 2.0)
        await line.close()
