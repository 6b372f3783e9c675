"""A unit's registers and bits at one moment, and the rule about addresses that hold nothing."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field

from simulators.encode import LENGTHS, to_registers
from simulators.sensors import Measured
from simulators.tags import BIT_FUNCTIONS, ModbusBinding, Tag

ILLEGAL_ADDRESS = 2


@dataclass
class Table:
    """One of the four Modbus tables: cells by address, and addresses that answer an exception."""

    cells: dict[int, int] = field(default_factory=dict)
    broken: dict[int, int] = field(default_factory=dict)

    def exception(self, address: int, count: int, gaps: str) -> int:
        """The exception code a read of this span answers, 0 for none."""
        span = range(address, address + count)
        for broken, code in self.broken.items():
            if broken in span:
                return code
        return 0 if self._covers(span, gaps) else ILLEGAL_ADDRESS

    def _covers(self, span: range, gaps: str) -> bool:
        """``gaps: zero`` answers holes between mapped cells with 0; ``refuse`` knows mapped cells only."""
        if gaps == "refuse":
            return all(address in self.cells for address in span)
        return bool(self.cells) and min(self.cells) <= span.start and span.stop - 1 <= max(self.cells)


Image = dict[int, Table]  # by function code 1..4


def register_value(tag: Tag, binding: ModbusBinding, measured: Measured) -> float:
    """The number in the registers: counts of the current, or the scaled value."""
    if measured.milliampere is not None:
        return tag.current.counts(measured.milliampere)
    return (measured.value - binding.offset) / binding.scale


def cells_of(tag: Tag, binding: ModbusBinding, measured: Measured) -> list[int]:
    """The cells of one tag, lowest address first."""
    if binding.function in BIT_FUNCTIONS:
        return [int(measured.value >= 0.5)]
    return to_registers(register_value(tag, binding, measured), binding.type, binding.order)


def build_image(readings: Iterable[tuple[Tag, Measured]], broken: Mapping[str, int]) -> Image:
    """All four tables of one unit; ``broken`` gives the exception code of tags that answer one."""
    image: Image = {function: Table() for function in (1, 2, 3, 4)}
    for tag, measured in readings:
        binding = tag.modbus
        if binding is None:
            continue
        table = image[binding.function]
        table.cells.update(enumerate(cells_of(tag, binding, measured), binding.address))
        if tag.id in broken:
            table.broken.update(dict.fromkeys(_span(binding), broken[tag.id]))
    return image


def _span(binding: ModbusBinding) -> range:
    return range(binding.address, binding.address + LENGTHS[binding.type])
