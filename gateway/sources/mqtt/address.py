"""A tag's address cell: a topic and a path, values for a template, or a Sparkplug metric. Pure."""

import re
from dataclasses import dataclass
from typing import Final

from gateway.sources.mqtt.paths import Path, compile_path

TOPIC: Final = (
    "topic (the payload is the value) or topic#path.to[0].value (JSON, CBOR); "
    "+ stands for one level of the topic"
)
POINT: Final = "group/edge#metric or group/edge/device#metric"
_NAME: Final = re.compile(r"\{([A-Za-z][A-Za-z0-9_]*)\}")


@dataclass(frozen=True, slots=True)
class Binding:
    """Where a tag is read; no path: the payload is the value."""

    topic: str
    path: Path | None


@dataclass(frozen=True, slots=True)
class Point:
    """Where a tag is: edge node ``group/edge``, device or empty, metric."""

    node: str
    device: str
    metric: str


def check_filter(text: str) -> None:
    """A filter as MQTT allows it (4.7.1).

    Raises:
        ValueError: it is none.
    """
    levels = text.split("/")
    hash_wrong = any("#" in each and (each != "#" or k != len(levels) - 1) for k, each in enumerate(levels))
    if not text or "\0" in text or len(text.encode()) > 65535 or hash_wrong:
        raise ValueError(f"{text!r} is not a topic filter")
    if any("+" in each and each != "+" for each in levels):
        raise ValueError(f"{text!r}: + stands for a whole level")


def names_of(template: str) -> list[str]:
    """The names a template asks for, in order.

    Raises:
        ValueError: it names none, one twice, or would make no address.
    """
    names = _NAME.findall(template)
    if not names or len(set(names)) != len(names):
        raise ValueError(
            f"{template!r}: names in braces, each once, e.g. plant/{{line}}/+/{{device}}#{{point}}"
        )
    topic_and_path(_NAME.sub("x", template))
    return names


def filled(template: str, address: str) -> str:
    """The template with the address' words, which are separated by slashes in the order of the names.

    Raises:
        ValueError: another number of words.
    """
    names, words = names_of(template), address.strip().split("/")
    if len(words) != len(names) or not all(words):
        wanted = "/".join(f"{{{name}}}" for name in names)
        raise ValueError(f"{len(names)} words separated by / for the template's {wanted}")
    given = dict(zip(names, words, strict=True))
    return _NAME.sub(lambda found: given[found[1]], template)


def topic_and_path(address: str) -> Binding:
    """``pond/p1#level[0].value``.

    Raises:
        ValueError: says what is wrong.
    """
    topic, hash_, path = address.strip().partition("#")
    if not topic:
        raise ValueError("no topic")
    check_filter(topic)
    return Binding(topic, compile_path(path) if hash_ else None)


def point(address: str) -> Point:
    """``group/edge/device#metric``.

    Raises:
        ValueError: says what is wrong.
    """
    place, hash_, metric = address.strip().partition("#")
    parts = place.split("/")
    if not hash_ or not metric or len(parts) not in (2, 3) or not all(parts) or set("+\0") & set(place):
        raise ValueError("not a Sparkplug metric")
    return Point(f"{parts[0]}/{parts[1]}", parts[2] if len(parts) == 3 else "", metric)
