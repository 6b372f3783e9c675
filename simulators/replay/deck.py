"""A recording being played: what the registers hold, and which messages leave, at a moment of the recording. Pure."""

import json
import math
from collections.abc import Callable, Sequence
from datetime import UTC, datetime
from typing import Any, Final

from simulators.faults import Fault
from simulators.image import Image, build_image
from simulators.messages import put
from simulators.outbox import Message
from simulators.replay.recording import Reading
from simulators.replay.wiring import Place, Publisher, Wiring
from simulators.sensors import Measured, loop_current
from simulators.tags import Tag

FAILED_MA: Final = 3.5
"""A failure current (NAMUR NE 43: at most 3.6 mA) for a reading that was bad."""
FAILED: Final = 4
"""SERVER DEVICE FAILURE (Modbus Application Protocol V1.1b3, 7): what an integer cannot say otherwise."""
_PER_S: Final = {"s": 1.0, "ms": 1e3, "us": 1e6, "ns": 1e9}


class Deck:
    """Implements :class:`simulators.modbus.server.Reader`. ``readings`` by time."""

    def __init__(self, readings: Sequence[Reading], wiring: Wiring) -> None:
        self._readings, self._wiring = readings, wiring
        self._latest: dict[str, Reading] = {}
        self._next = 0
        self.now = readings[0].at
        self.bad = self.nowhere = 0

    @property
    def played(self) -> int:
        """Readings so far."""
        return self._next

    @property
    def over(self) -> bool:
        """All of it has been played."""
        return self._next >= len(self._readings)

    def advance(self, to: float) -> Sequence[Reading]:
        """The readings up to ``to`` (seconds since 1970) that had not been played."""
        first, self.now = self._next, to
        while not self.over and self._readings[self._next].at <= to:
            self._next += 1
        due = self._readings[first : self._next]
        for reading in due:
            self._latest[reading.tag] = reading
            self.bad += math.isnan(reading.value)
        return due

    # --- registers ----------------------------------------------------------------------------------------------------

    def image(self, device: str, unit: int) -> Image | None:
        """The unit's cells now; what has no good reading says so as its kind can."""
        tags = [(c, t) for c, t in self._wiring.tags.items() if t.modbus and t.modbus.device == device]
        here = [(c, t) for c, t in tags if t.modbus and t.modbus.unit == unit]
        if not here:
            return None
        values = {t.id: self._value(column) for column, t in here}
        broken = {t.id: FAILED for _, t in here if math.isnan(values[t.id]) and not _can_say_so(t)}
        return build_image([(t, _measured(t, values[t.id])) for _, t in here], broken)

    def device_faults(self, device: str) -> Sequence[Fault]:  # noqa: ARG002 - the protocol's
        """None: a recording has its faults in it."""
        return ()

    def _value(self, column: str) -> float:
        reading, hold = self._latest.get(column), self._wiring.hold_s[column]
        if reading is None or (hold > 0.0 and self.now - reading.at > hold):
            return math.nan
        return reading.value

    # --- messages -----------------------------------------------------------------------------------------------------

    def messages(
        self, due: Sequence[Reading], publisher: Publisher, stamp: Callable[[float], float]
    ) -> list[Message]:
        """One for each topic and time; ``stamp`` makes the time in it from the recorded one (seconds since 1970)."""
        grouped: dict[tuple[str, float], list[tuple[Place, Reading]]] = {}
        for reading in due:
            place = publisher.place(reading.tag)
            if place is not None:
                grouped.setdefault((place.topic, reading.at), []).append((place, reading))
        return [Message(topic, _payload(said, publisher, stamp(at))) for (topic, at), said in grouped.items()]


def _can_say_so(tag: Tag) -> bool:
    return tag.signal == "4-20mA" or (tag.modbus is not None and tag.modbus.type.startswith("float"))


def _measured(tag: Tag, value: float) -> Measured:
    if tag.signal != "4-20mA":
        return Measured(value)
    return Measured(value, FAILED_MA if math.isnan(value) else loop_current(tag, value))


def _payload(said: Sequence[tuple[Place, Reading]], publisher: Publisher, at: float) -> bytes:
    place, reading = said[0]
    if not place.path:
        return repr(reading.value).encode()
    body: dict[str, Any] = {}
    if publisher.time:
        put(body, publisher.time, _stamp(at, publisher.time_unit))
    for place, reading in said:
        put(body, place.path, None if math.isnan(reading.value) else reading.value)
    return json.dumps(body, allow_nan=False).encode()


def _stamp(at: float, unit: str) -> int | str:
    if unit == "iso":
        return datetime.fromtimestamp(at, UTC).isoformat().replace("+00:00", "Z")
    return round(at * _PER_S[unit])
