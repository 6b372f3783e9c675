"""The other end of each wire: simulated devices and a simulated broker; their value is always beyond its limit."""

import asyncio
import datetime as dt
import ipaddress
import json
import ssl
import time
from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final, Protocol

import numpy as np
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

from benchmarks.field_faults.faults import Times
from simulators.broker import BrokerServer
from simulators.broker.packets import Publication
from simulators.faults import KINDS, Fault, make_fault
from simulators.image import Image, Table
from simulators.modbus import Device, DeviceServer, server_of
from simulators.outbox import Message, Outbox

HOST: Final = "127.0.0.1"
VALUE: Final = 3.0
"""what every tag reads; the limit is 2"""
LOOK_S: Final = 0.01


class Peer(Protocol):
    """What a trial does with the other end."""

    settings: Mapping[str, Any]
    cells: Sequence[str]
    """addresses of the tags"""

    def put(self, kind: str, params: Mapping[str, float]) -> None:
        """One fault is in force from now on."""

    def mend(self) -> None:
        """None is."""


@dataclass
class Devices:
    """Two units on one wire; register 3 holds the value."""

    settings: Mapping[str, Any]
    faults: list[Fault]
    cells: Sequence[str] = ("1:holding:3", "2:holding:3")

    def put(self, kind: str, params: Mapping[str, float]) -> None:
        self.faults[:] = [make_fault("f", kind, "d", 0.0, params)]

    def mend(self) -> None:
        self.faults.clear()


class _Plant:
    """What the device server asks."""

    def __init__(self, faults: list[Fault]) -> None:
        self._faults = faults
        words = Table({n: int(VALUE) for n in range(10)})
        self._image: Image = {1: Table(), 2: Table(), 3: words, 4: words}

    def image(self, device: str, unit: int) -> Image | None:  # noqa: ARG002 - there is one device
        return self._image if unit <= 2 else None

    def device_faults(self, device: str) -> Sequence[Fault]:  # noqa: ARG002
        return self._faults


@asynccontextmanager
async def modbus(wire: str, times: Times, folder: Path) -> AsyncIterator[Peer]:
    """Devices on ``wire``."""
    faults: list[Fault] = []
    device = Device("d", wire=wire.replace("tls", "tcp"), link=str(folder / "port"))
    server = server_of(device, _Plant(faults), np.random.default_rng(1))
    settings = _timing(times)
    if wire == "tls":
        server.secure, secrets = _secured(folder)
        settings |= {"kind": "modbus-tls", **secrets}
    await server.open(HOST, 0)
    settings = {**_place(server, wire), **settings}
    follower = asyncio.create_task(_follow(server))
    try:
        yield Devices(settings, faults)
    finally:
        await _ended(follower)
        await server.close()


def _timing(times: Times) -> dict[str, Any]:
    names = {"period": times.period_s, "timeout": times.timeout_s, "retry_max": times.retry_max_s}
    return {**{k: f"{round(v * 1000)}ms" for k, v in names.items()}, "reprobe": f"{times.reprobe_s:g}s"}


def _place(server: DeviceServer, wire: str) -> dict[str, Any]:
    place = server.place()
    if wire in ("tcp", "tls"):
        return {"kind": "modbus-tcp", **place}
    if "path" not in place:
        return {"kind": "modbus-serial-tcp", "framing": server.device.framing, **place}
    line = {"framing": server.device.framing, "baud": 115200, "parity": "none"}  # a pty knows no parity
    return {"kind": "modbus-serial", "port": place["path"], **line}


async def _follow(server: DeviceServer | BrokerServer) -> None:
    while True:
        await server.follow()
        await asyncio.sleep(LOOK_S)


async def _ended(*tasks: asyncio.Task[None]) -> None:
    for task in tasks:
        task.cancel()
    await asyncio.gather(*tasks, return_exceptions=True)


class Fleet:
    """A broker and what publishes to it. Source times are of the true clock, whatever the gateway's says."""

    cells: Sequence[str] = ("p/1#v", "p/2#v")

    def __init__(self, times: Times) -> None:
        self.settings: Mapping[str, Any] = {}
        self.faults: list[Fault] = []
        self.broker = BrokerServer(lambda: self.faults, np.random.default_rng(1))
        self._times, self._outbox, self._offset = times, Outbox(), 0.0

    def put(self, kind: str, params: Mapping[str, float]) -> None:
        self.faults[:] = [make_fault("f", kind, KINDS[kind].target, 0.0, params)]

    def mend(self) -> None:
        self.faults.clear()

    async def speak(self) -> None:
        """Publish for ever."""
        while True:
            faults = {f.kind: f for f in self.faults}
            said = (
                []
                if "mqtt-silence" in faults
                else [Message(cell[:-2], self._body(faults)) for cell in self.cells]
            )
            for each in self._outbox.passed(said, faults, time.monotonic()):
                self.broker.publish(Publication(each.topic, each.payload, each.qos, each.retain))
            await asyncio.sleep(self._times.period_s)

    def _body(self, faults: Mapping[str, Fault]) -> bytes:
        if "mqtt-garbage" in faults:
            return b"\x00{]not json"
        offset = faults["mqtt-clock"].params["offset_s"] if "mqtt-clock" in faults else 0.0
        return json.dumps({"ts": round((time.time() + offset) * 1000), "v": VALUE}).encode()


@asynccontextmanager
async def mqtt(wire: str, times: Times, folder: Path) -> AsyncIterator[Peer]:
    """A broker on ``wire``: mqtt-5, mqtt-3.1.1 or mqtt-tls."""
    fleet, tls = Fleet(times), {}
    if wire == "mqtt-tls":
        fleet.broker.secure, secrets = _secured(folder)
        tls = {"tls": secrets}
    await fleet.broker.open(HOST, 0)
    fleet.settings = {
        "kind": "mqtt",
        "host": HOST,
        "port": fleet.broker.port,
        "version": "3.1.1" if wire == "mqtt-3.1.1" else 5,
        "client_id": f"gw-{wire}",
        "time": {"path": "ts"},
        "keep_alive": f"{times.keep_alive_s:g}s",
        "timeout": f"{times.timeout_s:g}s",
        "retry_max": f"{times.retry_max_s:g}s",
        **tls,
    }
    tasks = [asyncio.create_task(_follow(fleet.broker)), asyncio.create_task(fleet.speak())]
    try:
        yield fleet
    finally:
        await _ended(*tasks)
        await fleet.broker.close()


def peer(wire: str, times: Times, folder: Path) -> Any:
    """The other end of ``wire``, as an asynchronous context."""
    return (mqtt if wire.startswith("mqtt") else modbus)(wire, times, folder)


# --- certificates ---------------------------------------------------------------------------------------------------


def _secured(folder: Path) -> tuple[ssl.SSLContext, dict[str, str]]:
    """The server's side, which asks for our certificate, and our files; both of one authority."""
    authority = ec.generate_private_key(ec.SECP256R1())
    ca = folder / "ca.pem"
    ca.write_bytes(_signed("authority", authority, authority, authority=True))
    pairs = [_pair(folder, name, authority) for name in (HOST, "gateway")]
    context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH, cafile=str(ca))
    context.verify_mode = ssl.CERT_REQUIRED
    context.load_cert_chain(*pairs[0])
    return context, {"ca": str(ca), "cert": str(pairs[1][0]), "key": str(pairs[1][1])}


def _pair(folder: Path, name: str, authority: ec.EllipticCurvePrivateKey) -> tuple[Path, Path]:
    key = ec.generate_private_key(ec.SECP256R1())
    cert_path, key_path = folder / f"{name}.pem", folder / f"{name}.key"
    cert_path.write_bytes(_signed(name, key, authority))
    form, plain = serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    key_path.write_bytes(key.private_bytes(serialization.Encoding.PEM, form, plain))
    return cert_path, key_path


def _named(text: str) -> x509.Name:
    return x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, text)])


def _signed(
    name: str, key: ec.EllipticCurvePrivateKey, signer: ec.EllipticCurvePrivateKey, *, authority: bool = False
) -> bytes:
    now = dt.datetime.now(dt.UTC)
    made = (
        x509.CertificateBuilder()
        .subject_name(_named(name))
        .issuer_name(_named("authority"))
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - dt.timedelta(days=1))
        .not_valid_after(now + dt.timedelta(days=1))
        .add_extension(x509.BasicConstraints(ca=authority, path_length=None), critical=True)
    )
    if not authority:
        place = x509.IPAddress(ipaddress.ip_address(HOST))
        made = made.add_extension(x509.SubjectAlternativeName([place]), critical=False)
    return made.sign(signer, hashes.SHA256()).public_bytes(serialization.Encoding.PEM)
