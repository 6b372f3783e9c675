"""The fault pipe: what becomes of one answer on its way out.  Pure; the server carries out the acts."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace

import numpy as np

from simulators.faults import Fault
from simulators.modbus.frames import Frame
from simulators.modbus.pdu import exception
from simulators.port import Act, Close, Send, Wait


@dataclass(frozen=True)
class Passing:
    """One answer on its way past one fault, with the acts planned so far."""

    acts: list[Act]
    answer: Frame
    fault: Fault
    rng: np.random.Generator

    def junk(self) -> Send:
        """Random bytes, as many as the fault says."""
        return Send(self.rng.bytes(int(self.fault.params["bytes"])))

    def moved(self) -> int:
        """By how much the fault moves an id."""
        return int(self.fault.params["by"])


def shape(answer: Frame, faults: Sequence[Fault], rng: np.random.Generator) -> list[Act]:
    """The acts for one answer under the faults that concern its unit, applied in their order of onset."""
    acts: list[Act] = [Send(answer.encoded())]
    for fault in faults:
        if fault.kind in _SHAPES and fault.applies_to(answer.unit):
            acts = _SHAPES[fault.kind](Passing(acts, answer, fault, rng))
    return acts


def _exceptions(passing: Passing) -> list[Act]:
    answer, code = passing.answer, int(passing.fault.params["code"])
    return [Send(replace(answer, pdu=exception(answer.pdu[0], code)).encoded())]


def _wrong_id(passing: Passing) -> list[Act]:
    answer = passing.answer
    return [Send(replace(answer, transaction=answer.transaction + passing.moved()).encoded())]


def _wrong_unit(passing: Passing) -> list[Act]:
    answer = passing.answer
    return [Send(replace(answer, unit=answer.unit + passing.moved()).encoded())]


def _truncated(passing: Passing) -> list[Act]:
    whole = passing.answer.encoded()
    return [Send(whole[: max(0, len(whole) - int(passing.fault.params["drop"]))])]


def _split(passing: Passing) -> list[Act]:
    gap = Wait(passing.fault.params["gap_s"])
    return [act for byte in passing.answer.encoded() for act in (Send(bytes([byte])), gap)]


def _short(passing: Passing) -> list[Act]:
    return [Send(_resized(passing.answer, passing.answer.pdu[2 : -2 * passing.moved()]).encoded())]


def _long(passing: Passing) -> list[Act]:
    return [Send(_resized(passing.answer, passing.answer.pdu[2:] + bytes(2 * passing.moved())).encoded())]


def _resized(answer: Frame, data: bytes) -> Frame:
    """With other data, in a frame that is right in itself; a refusal stays as it is."""
    if answer.pdu[0] & 0x80:
        return answer
    return replace(answer, pdu=bytes([answer.pdu[0], len(data) & 0xFF]) + data)


def _bad_crc(passing: Passing) -> list[Act]:
    """TCP has no check of its own: there the answer stays right."""
    whole = bytearray(passing.answer.encoded())
    if passing.answer.framing == "rtu":
        whole[-1] ^= 0x01
    elif passing.answer.framing == "ascii":
        whole[-3] = ord("0") if whole[-3] != ord("0") else ord("1")
    return [Send(bytes(whole))]


def _drop_mid(passing: Passing) -> list[Act]:
    whole = passing.answer.encoded()
    return [Send(whole[: min(len(whole) - 1, int(passing.fault.params["after"]))]), Close()]


_SHAPES: dict[str, Callable[[Passing], list[Act]]] = {
    "silent": lambda passing: [],  # noqa: ARG005 - the one fault that needs to know nothing
    "drop": lambda passing: [Close()],  # noqa: ARG005
    "latency": lambda passing: [Wait(passing.fault.params["delay_s"]), *passing.acts],
    "exceptions": _exceptions,
    "wrong-id": _wrong_id,
    "wrong-unit": _wrong_unit,
    "garbage": lambda passing: [passing.junk()],
    "trailing": lambda passing: [*passing.acts, passing.junk()],
    "truncated": _truncated,
    "short": _short,
    "long": _long,
    "bad-crc": _bad_crc,
    "drop-mid": _drop_mid,
    "split": _split,
}
