"""What is measured and how it gets on the wire, read from a plant file."""

from collections.abc import Mapping
from dataclasses import dataclass, field

from simulators.data import make, mapping, sequence
from simulators.encode import FORMATS, ORDERS
from simulators.errors import BadData

BIT_FUNCTIONS = (1, 2)


@dataclass(frozen=True)
class Current:
    """Counts of an analogue input card at 4 mA and 20 mA; the card is linear beyond both."""

    at4: float = 4000.0
    at20: float = 20000.0

    def counts(self, milliampere: float) -> float:
        """The card's reading of a current."""
        return self.at4 + (milliampere - 4.0) / 16.0 * (self.at20 - self.at4)


@dataclass(frozen=True)
class ModbusBinding:
    """Where a tag lives: tag value = register value x scale + offset, unless it is a current."""

    device: str
    unit: int
    function: int
    address: int
    type: str = "bit"
    order: str = "ABCD"
    scale: float = 1.0
    offset: float = 0.0


@dataclass(frozen=True)
class MqttBinding:
    """A topic under the plant's root; ``path`` is the dotted place in the JSON, empty for a plain number."""

    topic: str
    path: str = "v"


@dataclass(frozen=True)
class Tag:
    """One measured point: identity, true variable, sensor behaviour and binding."""

    id: str
    zh: str
    en: str
    tag_class: str
    unit: str
    range: tuple[float, float]
    period_s: float
    var: str
    installation: str
    signal: str = "direct"
    current: Current = field(default_factory=Current)
    lag_s: float = 0.0
    noise: float = 0.0
    resolution: float = 0.0
    modbus: ModbusBinding | None = None
    mqtt: MqttBinding | None = None
    by_hand: bool = False
    """read by a person on a round, and entered"""


def read_tag(item: object, where: str) -> Tag:
    """A tag from its mapping in the plant file."""
    given = mapping(item, where)
    given["tag_class"] = given.pop("class", None)
    for key, cls in (("modbus", ModbusBinding), ("mqtt", MqttBinding), ("current", Current)):
        if key in given:
            given[key] = make(cls, given[key], f"{where}.{key}")
    tag = make(Tag, given | {"range": tuple(given.get("range", ()))}, where)
    _check(tag, where)
    return tag


def read_tags(items: object, variables: Mapping[str, float]) -> dict[str, Tag]:
    """All tags of a plant file, each bound to a variable the plant has; ids are unique."""
    tags: dict[str, Tag] = {}
    for number, item in enumerate(sequence(items, "tags")):
        tag = read_tag(item, f"tags[{number}]")
        if tag.id in tags or tag.var not in variables:
            raise BadData(f"tags[{number}] {tag.id}: repeated id or unknown variable {tag.var!r}")
        tags[tag.id] = tag
    return tags


def _check(tag: Tag, where: str) -> None:
    if (tag.modbus is not None) + (tag.mqtt is not None) + tag.by_hand != 1:
        raise BadData(f"{where}: exactly one of modbus, mqtt and by_hand is needed")
    if tag.signal not in ("direct", "4-20mA") or len(tag.range) != 2:
        raise BadData(f"{where}: signal is direct or 4-20mA, range is [low, high]")
    if tag.modbus is not None:
        _check_modbus(tag.modbus, where)


def _check_modbus(binding: ModbusBinding, where: str) -> None:
    is_bit = binding.function in BIT_FUNCTIONS
    if is_bit != (binding.type == "bit") or binding.function not in (1, 2, 3, 4):
        raise BadData(f"{where}: functions 1 and 2 carry bits, 3 and 4 carry {', '.join(FORMATS)}")
    if not is_bit and (binding.type not in FORMATS or binding.order not in ORDERS):
        raise BadData(f"{where}: type is one of {', '.join(FORMATS)}, order of {', '.join(ORDERS)}")
