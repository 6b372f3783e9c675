"""What the event lane makes of receipts that come faster than they are looked at."""

import asyncio
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager

from gateway.model.events import EventKind, Record
from gateway.sinks.mqtt.confirm import KEPT, Confirmation
from gateway.sinks.mqtt.receipts import ZERO, Receipt, body
from tests.helpers.lane import EPOCH, T0, FakeEventLane, Journal, event, present, site

TOPIC = "fengsui/v1/341524/demo/gw-01/receipts"


async def _nothing(_records: Sequence[Record]) -> None:
    return


def _lane() -> FakeEventLane:
    here = site()
    lane = FakeEventLane("county.events", present(here))
    lane.put(*Journal(here).add(event(), event(EventKind.CLEARED)))
    return lane


def _receipt(seq: int, digest: str, *, epoch: str = EPOCH, gateway: str = "gw-01") -> bytes:
    return body(Receipt(gateway, epoch, seq, digest), county="341524", site="demo", time=T0)


@asynccontextmanager
async def _taking(confirmation: Confirmation) -> AsyncIterator[None]:
    task = asyncio.create_task(confirmation.run())
    try:
        yield
    finally:
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)


async def test_a_false_receipt_is_told_of_though_a_true_one_follows_at_once() -> None:
    lane = _lane()
    confirmation = Confirmation(lane, TOPIC, _nothing)
    confirmation.heard(TOPIC, _receipt(7, ZERO, epoch="0" * 16), True)
    confirmation.heard(TOPIC, _receipt(2, lane.records[1].hash), False)
    async with _taking(confirmation):
        await lane.until(lambda: lane.cursor == 2)
    assert [(what, active) for what, active, _ in lane.reports] == [("receipt", True), ("receipt", False)]
    assert "of epoch 0000000000000000" in lane.reports[0][2]


async def test_a_true_receipt_counts_though_a_false_one_follows_at_once() -> None:
    lane = _lane()
    confirmation = Confirmation(lane, TOPIC, _nothing)
    confirmation.heard(TOPIC, _receipt(2, lane.records[1].hash), False)
    confirmation.heard(TOPIC, _receipt(2, "f" * 64), False)
    async with _taking(confirmation):
        await lane.until(lambda: lane.cursor == 2)
    assert "not our journal" in lane.troubles["receipt"]


async def test_only_so_many_wait_and_the_newest_stay() -> None:
    lane = _lane()
    confirmation = Confirmation(lane, TOPIC, _nothing)
    for _ in range(10 * KEPT):
        confirmation.heard(TOPIC, b"?", False)
    confirmation.heard(TOPIC, _receipt(1, lane.records[0].hash), False)
    async with _taking(confirmation):
        await lane.until(lambda: lane.cursor == 1)
    assert "receipt" not in lane.troubles
