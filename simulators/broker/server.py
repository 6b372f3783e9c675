"""The asyncio rim of the simulated broker: a port, its connections, its faults."""

import asyncio
from collections.abc import Callable, Sequence
from contextlib import suppress
from dataclasses import asdict, dataclass

import numpy as np

from simulators.broker import packets
from simulators.broker.packets import Buffer, Hello, Publication
from simulators.broker.pipe import shape
from simulators.broker.sessions import Memory, Session
from simulators.errors import BadFrame
from simulators.faults import Fault
from simulators.port import Act, Port, Send, perform

LOOK_S = 0.05
MOST_WAITING = 10_000
Faults = Callable[[], Sequence[Fault]]


@dataclass
class BrokerStats:
    """Counts since start."""

    connections: int = 0
    taken: int = 0
    """messages of publishers"""
    sent: int = 0
    """packets to subscribers"""
    taken_over: int = 0
    bad_packets: int = 0


class Link:
    """One connection: what is to be sent goes through a queue, so that a slow one holds up itself only."""

    def __init__(self, writer: asyncio.StreamWriter, hello: Hello, session: Session) -> None:
        self.writer, self.hello, self.session = writer, hello, session
        self.out: asyncio.Queue[bytes | Publication] = asyncio.Queue(MOST_WAITING)

    def put(self, what: bytes | Publication) -> None:
        """Send it in its turn; what finds the queue full stays in the session."""
        with suppress(asyncio.QueueFull):
            self.out.put_nowait(what)


class BrokerServer(Port):
    """Any number of clients. ``faults`` are looked up for every packet."""

    def __init__(self, faults: Faults, rng: np.random.Generator) -> None:
        super().__init__()
        self.stats, self.memory = BrokerStats(), Memory()
        self._faults, self._rng = faults, rng
        self._links: dict[str, Link] = {}
        self._next_takeover = 0.0

    async def follow(self) -> None:
        """Restart and take-over, as their faults come and go."""
        away = self._fault("broker-restart")
        if await self._stand(open_=away is None) and away is not None and away.params["forget"]:
            self.memory.forget()
        self._take_over()

    def publish(self, said: Publication) -> None:
        """To whom it may concern; also for a publisher in the same process."""
        self.stats.taken += 1
        for session, told in self.memory.published(said):
            link = self._links.get(session.client_id)
            if link is not None and link.session is session:
                link.put(told)

    def described(self) -> dict[str, int]:
        """The counts, for JSON."""
        return asdict(self.stats)

    def _fault(self, kind: str) -> Fault | None:
        return next((fault for fault in self._faults() if fault.kind == kind), None)

    def _take_over(self) -> None:
        """Somebody with the client id of each subscriber; publishers are left alone."""
        fault, now = self._fault("broker-takeover"), asyncio.get_running_loop().time()
        if fault is None or now < self._next_takeover:
            return
        self._next_takeover = now + fault.params["every_s"]
        for link in [each for each in self._links.values() if each.session.filters]:
            self.stats.taken_over += 1
            self._end(link, packets.TAKEN_OVER)

    def _end(self, link: Link, code: int) -> None:
        with suppress(ConnectionError, RuntimeError):
            link.writer.write(packets.goodbye(link.hello.version, code))
        link.writer.close()
        self._links.pop(link.session.client_id, None)

    # --- one connection -------------------------------------------------------------------------------------------

    async def _converse(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.stats.connections += 1
        link: Link | None = None
        sender: asyncio.Task[None] | None = None
        try:
            frames = Buffer()
            while data := await self._receive(reader):
                for first, body in frames.feed(data):
                    if link is None:
                        link = await self._login(first, body, writer)
                        sender = asyncio.get_running_loop().create_task(self._send(link))
                    elif not self._heard(link, first, body):
                        return
        except BadFrame:
            self.stats.bad_packets += 1
        except OSError:
            pass  # the client went away, as clients may, also in the middle of TLS
        finally:
            await self._part(link, sender)
            writer.close()

    async def _part(self, link: Link | None, sender: asyncio.Task[None] | None) -> None:
        if link is not None and self._links.get(link.session.client_id) is link:
            del self._links[link.session.client_id]
        if sender is not None:
            sender.cancel()
            await asyncio.gather(sender, return_exceptions=True)

    async def _receive(self, reader: asyncio.StreamReader) -> bytes:
        await self._sit_out_half_open()
        data = await reader.read(1 << 16)
        await self._sit_out_half_open()
        return data

    async def _sit_out_half_open(self) -> None:
        while self._fault("broker-half-open") is not None:  # noqa: ASYNC110 - faults are looked up, not announced
            await asyncio.sleep(LOOK_S)

    async def _login(self, first: int, body: bytes, writer: asyncio.StreamWriter) -> Link:
        """CONNECT and its answer.

        Raises:
            BadFrame: something else came first.
            ConnectionError: the broker is busy, and says so.
        """
        if first & 0xF0 != packets.CONNECT:
            raise BadFrame("the first packet is no CONNECT")
        hello = packets.read_connect(body)
        if self._fault("broker-busy") is not None:
            code = packets.SERVER_BUSY if hello.version == packets.V5 else packets.SERVER_UNAVAILABLE
            writer.write(packets.connack(hello.version, code))
            await writer.drain()
            raise ConnectionError("busy")
        before = self._links.get(hello.client_id)
        if before is not None:
            self._end(before, packets.TAKEN_OVER)
        session, present = self.memory.open(hello.client_id, clean=hello.clean)
        link = self._links[hello.client_id] = Link(writer, hello, session)
        link.put(packets.connack(hello.version, present=present))
        for said in session.waiting.values():
            link.put(said)
        return link

    def _heard(self, link: Link, first: int, body: bytes) -> bool:
        """One packet of a client; False: it says goodbye."""
        kind, version = first & 0xF0, link.hello.version
        if kind == packets.PUBLISH:
            said = packets.read_publish(first, body, version)
            self.publish(said)
            if said.qos:
                link.put(packets.puback(said.number))
        elif kind == packets.SUBSCRIBE:
            self._subscribe(link, body)
        elif kind == packets.UNSUBSCRIBE:
            link.put(packets.unsuback(version, packets.read_number(body), 1))
        elif kind == packets.PUBACK:
            link.session.waiting.pop(packets.read_number(body), None)
        elif kind == packets.PINGREQ:
            link.put(packets.packet(packets.PINGRESP, b""))
        return kind != packets.DISCONNECT

    def _subscribe(self, link: Link, body: bytes) -> None:
        number, asked = packets.read_subscribe(body, link.hello.version)
        wrong = self._fault("broker-wrong-id") is not None
        codes = bytes(min(qos, 1) for _, qos in asked)
        link.put(packets.suback(link.hello.version, number % 65535 + 1 if wrong else number, codes))
        for said in self.memory.subscribed(link.session, asked):
            link.put(said)

    async def _send(self, link: Link) -> None:
        while True:
            what = await link.out.get()
            await self._sit_out_half_open()
            acts: list[Act] = [Send(what)] if isinstance(what, bytes) else self._shaped(link, what)
            with suppress(OSError):
                if not await perform(acts, link.writer):
                    link.writer.close()

    def _shaped(self, link: Link, said: Publication) -> list[Act]:
        self.stats.sent += 1
        return shape(said, link.hello.version, self._faults(), self._rng)
