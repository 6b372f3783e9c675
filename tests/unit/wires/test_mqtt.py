"""The codec as a publisher needs it; what a subscriber needs is tested with the source."""

from __future__ import annotations

import pytest

from gateway.wires import mqtt as packets
from gateway.wires.mqtt import V5, V311, Broken, Login, Packets, Will


@pytest.mark.parametrize("version", [V311, V5])
@pytest.mark.parametrize("retain", [False, True])
def test_what_is_announced_can_be_read(version: int, retain: bool) -> None:
    properties = packets.user_properties({"backfill": "1", "late_s": "31.500"}) if version == V5 else None
    wire = packets.announce(258, "a/报警", b"\x00body", retain=retain, properties=properties)
    ((first, body, cut),) = Packets(1 << 20).feed(wire)
    assert (first, cut) == (0x33 if retain else 0x32, False)
    topic, number, at = packets.publish(first, body, version)
    assert (topic.decode(), number, body[at:]) == ("a/报警", 258, b"\x00body")


def test_a_publish_of_5_byte_by_byte() -> None:
    late = packets.user_properties({"a": "b"})
    wire = packets.announce(1, "t", b"x", retain=False, properties=late)
    assert wire.hex(" ") == "32 0e 00 01 74 00 01 07 26 00 01 61 00 01 62 78"


def test_what_mqtt_cannot_say_is_refused() -> None:
    with pytest.raises(ValueError, match="do not fit"):
        packets.announce(1, "t" * 70_000, b"", retain=False, properties=b"")
    with pytest.raises(ValueError, match="do not fit"):
        packets.announce(1, "t", bytes(packets.LONGEST), retain=False, properties=b"")


WILL_311 = "10 14 00 04 4d 51 54 54 04 2e 00 0a 00 01 63 00 01 77 00 02 68 69"
WILL_5 = (
    "10 23 00 04 4d 51 54 54 05 2e 00 0a 0d 11 00 00 00 00 21 00 0a 27 00 00 08 00 "
    "00 01 63 00 00 01 77 00 02 68 69"
)


@pytest.mark.parametrize(("version", "wire"), [(V311, WILL_311), (V5, WILL_5)])
def test_a_last_will_byte_by_byte(version: int, wire: str) -> None:
    login = Login("c", version, 10, 0, 10, 2048, will=Will("w", b"hi", retain=True))
    assert packets.connect(login).hex(" ") == wire


def test_own_publishes_are_not_wanted_back() -> None:
    wire = packets.subscribe(7, ["a/#"], 1, V5, packets.NO_LOCAL)
    assert wire.hex(" ") == "82 09 00 07 00 00 03 61 2f 23 05"
    assert packets.subscribe(7, ["a/#"], 1, V311, packets.NO_LOCAL)[-1] == 1


def test_acknowledgements_and_refusals() -> None:
    assert packets.puback(b"\x01\x02", V5) == (258, 0, "")
    assert packets.puback(b"\x01\x02", V311) == (258, 0, "")
    assert packets.puback(b"\x01\x02\x10", V5)[1] == 0x10
    assert packets.puback(b"\x01\x02\x87", V5) == (258, 0x87, "not authorized")
    assert packets.puback(b"\x01\x02\x97\x06\x1f\x00\x03abc", V5) == (258, 0x97, "abc")
    with pytest.raises(Broken):
        packets.puback(b"\x01", V5)
