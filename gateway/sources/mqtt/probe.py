"""Listens to a broker for a while, under a name of its own: each tag's first message beside its value."""

import asyncio
from collections.abc import Sequence
from typing import Final

from gateway.model.errors import Misconfigured, Retry
from gateway.model.probing import Looked, Pace, Probed
from gateway.model.quality import Quality, quality_name
from gateway.model.site import Tag
from gateway.model.times import NS
from gateway.sources.mqtt.address import Binding, Point
from gateway.sources.mqtt.client import Session, connect
from gateway.sources.mqtt.config import Settings, own_client_id
from gateway.sources.mqtt.plugin import make_reader, tls_of
from gateway.sources.mqtt.readers import Reader
from gateway.wires.mqtt import V5, V311, Login

SHOWN: Final = 60
HEARING_S: Final = 10.0
"""Longest time to listen; less when every tag has spoken."""


class _Inbox:
    """The first reading of each tag."""

    def __init__(self, reader: Reader, wanted: int) -> None:
        self._reader, self._wanted = reader, wanted
        self.rows: dict[int, Looked] = {}
        self.full = asyncio.Event()

    def message(self, topic: bytes, payload: bytes | None, packet_id: int, *, retained: bool) -> None:  # noqa: ARG002 - never acknowledged: QoS 0
        """See :class:`gateway.sources.mqtt.client.Inbox`."""
        said = self._reader.message(topic, payload, 1, old=retained)
        for tag, _, value, quality in () if said is None else said.rows:
            good = quality < Quality.NO_DATA
            words = f"{topic.decode(errors='replace')}: {(payload or b'')[:SHOWN].decode(errors='replace')}"
            note = "" if quality == Quality.GOOD else quality_name(quality)
            note = f"{note} (retained)" if retained else note
            self.rows.setdefault(tag, Looked(tag, value if good else None, words, None, note))
        if len(self.rows) >= self._wanted:
            self.full.set()

    def pause(self) -> bool:
        """See :class:`gateway.sources.mqtt.client.Inbox`."""
        return False

    def traffic(self, received: int, sent: int) -> None:
        """See :class:`gateway.sources.mqtt.client.Inbox`."""


async def probe(settings: Settings, bound: Sequence[tuple[int, Tag, Binding | Point]], pace: Pace) -> Probed:
    """See the module. The running gateway's own session is left alone."""
    out = Probed(requests_per_cycle=0)
    reader = make_reader(settings, bound)
    inbox = _Inbox(reader, len(bound))
    version = V5 if settings.version == V5 else V311
    login = Login(
        client_id=f"{(settings.client_id or own_client_id('probe'))[:180]}-probe",
        version=version,
        expiry_s=0,
        max_packet=settings.max_packet,
        username=settings.username,
        password=settings.password(),
    )
    try:
        await asyncio.sleep(pace.turn(asyncio.get_running_loop().time()))
        tls, timeout_s = tls_of(settings), settings.timeout / NS
        session, _ = await connect(
            settings.host, settings.port, tls, lambda: Session(login, inbox), timeout_s
        )
    except (Retry, Misconfigured) as error:
        out.why = str(error)
        return _rest(out, bound, out.why)
    try:
        refused = await session.subscribe(list(settings.subscribe) or reader.filters, 0)
        out.reached, out.asked = True, 1
        out.why = "; ".join(f"subscription {topic}: {why}" for topic, why in list(refused.items())[:5])
        async with asyncio.timeout(HEARING_S):
            await inbox.full.wait()
    except (Retry, TimeoutError) as error:
        out.why = out.why or (error.reason if isinstance(error, Retry) else "")
    finally:
        await session.close()
    out.rows = list(inbox.rows.values())
    return _rest(out, bound, f"nothing heard within {HEARING_S:g} s")


def _rest(out: Probed, bound: Sequence[tuple[int, Tag, Binding | Point]], why: str) -> Probed:
    done = {row.tag for row in out.rows}
    out.rows += [Looked(row, None, "", None, why) for row, _, _ in bound if row not in done]
    return out
