"""The server as a foreign client sees it, and every device fault on the wire."""

import asyncio
import struct

import pytest
from pymodbus.client import AsyncModbusTcpClient

from simulators.encode import FORMATS, LENGTHS, ORDERS
from simulators.tags import ModbusBinding
from tests.unit.simulators.wire import READ_TWO, Bench, image_of, plain_image, serving, talk

ANSWER = struct.pack(">HHHBBBHH", 7, 0, 7, 1, 3, 4, 100, 101)
VALUES = {"int16": -1234, "uint16": 54321, "int32": -123456789, "uint32": 3456789012, "int64": -(2**40) - 5,
          "uint64": 2**63 + 5, "float32": -12.625, "float64": 3.141592653589793}  # fmt: skip
CASES = [(kind, order) for kind in FORMATS for order in ORDERS]


def undo(raw: bytes, order: str) -> bytes:
    """Bytes of the big-endian number, by the letters of the order; written without looking at the simulator."""
    if len(raw) == 2:
        return raw
    if order in ("BADC", "DCBA"):
        raw = b"".join(raw[i : i + 2][::-1] for i in range(0, len(raw), 2))
    words = [raw[i : i + 2] for i in range(0, len(raw), 2)]
    return b"".join(words if order in ("ABCD", "BADC") else reversed(words))


async def test_a_foreign_client_reads_every_type_in_every_order() -> None:
    entries = [(ModbusBinding("d", 3, 3, 10 * n, k, o), float(VALUES[k])) for n, (k, o) in enumerate(CASES)]
    exact = [VALUES[kind] if kind.startswith("float") else int(float(VALUES[kind])) for kind, _ in CASES]
    async with serving(Bench({3: image_of(*entries)})) as server:
        client = AsyncModbusTcpClient("127.0.0.1", port=server.port)
        await client.connect()
        for (binding, _), expected in zip(entries, exact, strict=True):
            got = await client.read_holding_registers(
                binding.address, count=LENGTHS[binding.type], device_id=3
            )
            raw = struct.pack(f">{len(got.registers)}H", *got.registers)
            assert struct.unpack(FORMATS[binding.type], undo(raw, binding.order))[0] == expected
        client.close()


async def test_a_foreign_client_reads_bits_and_is_refused_writes() -> None:
    image = image_of(*((ModbusBinding("d", 1, f, a), float(a % 3 == 0)) for f in (1, 2) for a in range(11)))
    async with serving(Bench({1: image})) as server:
        client = AsyncModbusTcpClient("127.0.0.1", port=server.port)
        await client.connect()
        coils = await client.read_coils(0, count=11, device_id=1)
        inputs = await client.read_discrete_inputs(3, count=4, device_id=1)
        refused = await client.write_coil(0, value=True, device_id=1)
        client.close()
    assert [int(b) for b in coils.bits[:11]] == [1, 0, 0, 1, 0, 0, 1, 0, 0, 1, 0]
    assert [int(b) for b in inputs.bits[:4]] == [1, 0, 0, 1]
    assert refused.exception_code == 1
    assert server.stats.writes == 1


async def test_pipelined_requests_are_answered_in_order() -> None:
    requests = b"".join(struct.pack(">HHHBBHH", n, 0, 6, 1, 3, n, 1) for n in range(8))
    async with serving(Bench({1: plain_image()})) as server:
        got, _ = await talk(server, requests)
    expected = b"".join(struct.pack(">HHHBBBH", n, 0, 5, 1, 3, 2, 100 + n) for n in range(8))
    assert got == expected


@pytest.mark.parametrize(("unknown_unit", "answer"), [("silent", b""), ("exception", b"\x83\x0b")])
async def test_an_unknown_unit_is_silent_or_says_so(unknown_unit: str, answer: bytes) -> None:
    async with serving(Bench({2: plain_image()}), unknown_unit=unknown_unit) as server:
        got, _ = await talk(server)
    assert got[7:] == answer


async def test_junk_ends_the_connection_and_only_that() -> None:
    async with serving(Bench({1: plain_image()})) as server:
        assert await talk(server, b"GET / HTTP/1.1\r\n\r\n") == (b"", True)
        assert (await talk(server))[0] == ANSWER
        assert server.stats.bad_frames == 1


async def heard(kind: str, **params: float) -> tuple[bytes, bool]:
    bench = Bench({1: plain_image()})
    bench.fail(kind, **params)
    async with serving(bench) as server:
        return await talk(server)


async def test_no_fault() -> None:
    async with serving(Bench({1: plain_image()})) as server:
        assert await talk(server) == (ANSWER, False)


async def test_silent() -> None:
    assert await heard("silent") == (b"", False)


async def test_a_silent_unit_leaves_the_others_alone() -> None:
    bench = Bench({1: plain_image(), 2: plain_image()})
    bench.fail("silent", unit=2)
    async with serving(bench) as server:
        assert (await talk(server))[0] == ANSWER
        assert (await talk(server, READ_TWO[:6] + b"\x02" + READ_TWO[7:]))[0] == b""


async def test_latency() -> None:
    assert await heard("latency", delay_s=0.02) == (ANSWER, False)
    assert await heard("latency", delay_s=5.0) == (b"", False)


async def test_exceptions() -> None:
    assert (await heard("exceptions", code=6))[0] == ANSWER[:5] + b"\x03\x01\x83\x06"


async def test_garbage() -> None:
    got, _ = await heard("garbage", bytes=20)
    assert len(got) == 20
    assert got[:8] != ANSWER[:8]


async def test_truncated() -> None:
    assert await heard("truncated", drop=3) == (ANSWER[:-3], False)


async def test_wrong_id() -> None:
    assert (await heard("wrong-id"))[0] == b"\x00\x08" + ANSWER[2:]


async def test_wrong_unit() -> None:
    assert (await heard("wrong-unit"))[0] == ANSWER[:6] + b"\x02" + ANSWER[7:]


async def test_split_is_the_same_answer() -> None:
    assert await heard("split", gap_s=0.002) == (ANSWER, False)


async def test_trailing() -> None:
    got, _ = await heard("trailing", bytes=5)
    assert got[: len(ANSWER)] == ANSWER
    assert len(got) == len(ANSWER) + 5


async def test_drop() -> None:
    assert await heard("drop") == (b"", True)


async def test_half_open_is_connected_and_deaf_until_it_ends() -> None:
    bench = Bench({1: plain_image()})
    bench.fail("half-open")
    async with serving(bench) as server:
        reader, writer = await asyncio.open_connection("127.0.0.1", server.port)
        writer.write(READ_TWO)
        with pytest.raises(TimeoutError):
            await asyncio.wait_for(reader.read(100), 0.15)
        bench.faults = []
        assert await asyncio.wait_for(reader.readexactly(len(ANSWER)), 1.0) == ANSWER
        writer.close()


async def test_refuse_ends_connections_and_comes_back_on_the_same_port() -> None:
    bench = Bench({1: plain_image()})
    async with serving(bench) as server:
        port = server.port
        reader, writer = await asyncio.open_connection("127.0.0.1", port)
        bench.fail("refuse")
        await server.follow()
        assert await asyncio.wait_for(reader.read(100), 1.0) == b""
        writer.close()
        with pytest.raises(ConnectionRefusedError):
            await asyncio.open_connection("127.0.0.1", port)
        bench.faults = []
        await server.follow()
        assert (server.port, (await talk(server))[0]) == (port, ANSWER)
