"""What is published on MQTT, when, and what MQTT faults make of it."""

import json
from collections.abc import Callable

import pytest

from simulators.messages import GARBAGE, Message, Publisher
from simulators.player import Player
from simulators.scenario import find, load_scenario

T0_MS = 1_800_000_000_000


def published(seconds: float, prepare: Callable[[Player], object] = lambda player: None) -> list[Message]:
    player = Player(load_scenario(find("calm")))
    prepare(player)
    publisher = Publisher(player, lambda s: (T0_MS + round(s * 1000.0)) * 1_000_000)
    messages: list[Message] = []
    player.advance(seconds, lambda: messages.extend(publisher.due()))
    return messages


def on(messages: list[Message], topic: str) -> list[bytes]:
    return [message.payload for message in messages if message.topic == f"demo/pond/{topic}"]


def fault(kind: str, target: str, **params: float) -> Callable[[Player], object]:
    return lambda player: player.inject("f", kind, target, params)


def test_each_topic_keeps_its_period() -> None:
    messages = published(59.0)
    assert [len(on(messages, t)) for t in ("station1", "RF-601", "DB-601", "GN-601")] == [12, 12, 6, 6]


def test_a_document_has_source_time_and_values_at_their_paths() -> None:
    documents = [json.loads(payload) for payload in on(published(60.0), "station1")]
    assert [d["ts"] - T0_MS for d in documents[:3]] == [500, 5000, 10000]
    assert documents[0]["data"]["level"] == pytest.approx(99.05, abs=0.01)
    assert documents[0]["data"]["freeboard"] == pytest.approx(0.95, abs=0.01)


def test_a_plain_payload_is_a_number() -> None:
    assert [float(p) for p in on(published(10.0), "RF-601")] == [0.0, 0.0, 0.0]


def test_silence_of_one_tag_leaves_its_topic_mates() -> None:
    messages = published(30.0, fault("silence", "WL-601"))
    assert all("level" not in json.loads(p)["data"] for p in on(messages, "station1"))
    assert on(published(30.0, fault("silence", "PZ-602")), "PZ-602") == []


def test_nan_is_null_in_json_and_a_word_in_plain() -> None:
    assert json.loads(on(published(5.0, fault("nan", "DB-601")), "DB-601")[0])["v"] is None
    assert on(published(5.0, fault("nan", "RF-601")), "RF-601")[0] == b"NaN"


@pytest.mark.parametrize(("kind", "target"), [("wrong-clock", "GN-601"), ("mqtt-clock", "mqtt")])
def test_a_wrong_clock_moves_source_times(kind: str, target: str) -> None:
    first = json.loads(on(published(5.0, fault(kind, target, offset_s=-3600)), "GN-601")[0])
    assert first["ts"] == T0_MS + 500 - 3_600_000


@pytest.mark.parametrize("kind", ["mqtt-silence", "mqtt-drop"])
def test_a_silent_publisher(kind: str) -> None:
    assert published(30.0, fault(kind, "mqtt")) == []


def test_garbage_is_neither_json_nor_a_number() -> None:
    payloads = {message.payload for message in published(10.0, fault("mqtt-garbage", "mqtt"))}
    assert payloads == {GARBAGE}
    with pytest.raises(ValueError, match=r"decode|Expecting"):
        json.loads(GARBAGE)


def test_duplicates_are_the_same_message_twice() -> None:
    payloads = on(published(30.0, fault("mqtt-duplicate", "mqtt")), "GN-601")
    assert payloads[0::2] == payloads[1::2]
