"""What becomes of one message on its way to a subscriber, under the faults in force. Pure, as the devices' pipe.

Publishers are served rightly, whatever is in force: what a scenario publishes is in the broker.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace

import numpy as np

from simulators.broker import packets
from simulators.broker.packets import Publication
from simulators.faults import Fault
from simulators.port import Act, Close, Send, Wait


@dataclass(frozen=True)
class Passing:
    """One message past one fault."""

    acts: list[Act]
    said: Publication
    version: int
    fault: Fault
    rng: np.random.Generator

    def whole(self) -> bytes:
        """The packet as it should be."""
        return packets.publish(self.version, self.said)


def shape(said: Publication, version: int, faults: Sequence[Fault], rng: np.random.Generator) -> list[Act]:
    """The acts for one message, faults applied in their order of onset."""
    acts: list[Act] = [Send(packets.publish(version, said))]
    for fault in faults:
        if fault.kind in _SHAPES:
            acts = _SHAPES[fault.kind](Passing(acts, said, version, fault, rng))
    return acts


def _garbage(passing: Passing) -> list[Act]:
    return [Send(passing.rng.bytes(int(passing.fault.params["bytes"])))]


def _split(passing: Passing) -> list[Act]:
    gap = Wait(passing.fault.params["gap_s"])
    return [act for byte in passing.whole() for act in (Send(bytes([byte])), gap)]


def _drop_mid(passing: Passing) -> list[Act]:
    whole = passing.whole()
    return [Send(whole[: min(len(whole) - 1, int(passing.fault.params["after"]))]), Close()]


def _wrong_id(passing: Passing) -> list[Act]:
    """Packet id 0, which no message of QoS 1 may have (2.2.1)."""
    return [Send(packets.publish(passing.version, replace(passing.said, number=0)))]


def _duplicate(passing: Passing) -> list[Act]:
    return [
        *passing.acts,
        Send(packets.publish(passing.version, replace(passing.said, again=passing.said.qos > 0))),
    ]


_SHAPES: dict[str, Callable[[Passing], list[Act]]] = {
    "broker-mute": lambda passing: [],  # noqa: ARG005 - needs to know nothing
    "broker-slow": lambda passing: [Wait(passing.fault.params["delay_s"]), *passing.acts],
    "broker-garbage": _garbage,
    "broker-split": _split,
    "broker-drop-mid": _drop_mid,
    "broker-wrong-id": _wrong_id,
    "broker-duplicate": _duplicate,
}
