"""One point of an answer for people: its registers as they were on the wire, and the number they mean."""

import math
from typing import Final

from gateway.model.probing import Looked
from gateway.sources.modbus.decode import Decoder
from gateway.sources.modbus.plan import Block, Point, block_of

NOT_YET: Final = "not-polled"
REFUSED: Final = "refused"
SILENT: Final = "no-answer"
NO_NUMBER: Final = "no-number"
COUNTER: Final = "counter"
"""notes: words that the console has in both languages"""
WORDS: Final = {NO_NUMBER: "no number", COUNTER: "a counter: its value will be counts per second"}
"""... and those of a probe, for its table"""


def looked(tag: int, point: Point, block: Block, data: bytes, at: int = 0) -> Looked:
    """``data``: the answer to ``block``; ``at``: when it came, ns."""
    first = point.address - block.address
    if point.area.of_bits:
        bit = data[first // 8] >> first % 8 & 1
        return Looked(tag, float(bit), str(bit), at=at)
    mine = data[2 * first : 2 * (first + point.width)]
    value = float(Decoder([point], [block_of((0,), [point])]).decode(mine)[0])
    note = COUNTER if point.kind.counts else ""
    good = math.isfinite(value)
    raw = " ".join(mine[k : k + 2].hex() for k in range(0, len(mine), 2))
    return Looked(tag, value if good else None, raw, note=note if good else NO_NUMBER, at=at)
