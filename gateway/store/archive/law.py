"""How a value follows from what came over the wire, where it does: a tag's scaling, as of the conditioning stage.

``value = raw * gain + offset``, or of a 4-20 mA loop ``low + (raw * gain + offset - 4) / 16 * (high - low)``. The
archive keeps the raw numbers and these four, and a value of its own only where they do not give it back bit by bit.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import NDArray

from gateway.model.site import Signal, Site

Floats = NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class Law:
    """Of one tag; ``low`` and ``high`` only of a loop (else NaN)."""

    gain: float = 1.0
    offset: float = 0.0
    low: float = float("nan")
    high: float = float("nan")


PLAIN: Final = Law()


def laws(site: Site) -> Mapping[str, Law]:
    """Of all tags of a configuration, by id."""
    return {
        t.id: Law(t.gain, t.offset, t.low, t.high)
        if t.signal is Signal.MILLIAMP and t.low is not None and t.high is not None
        else Law(t.gain, t.offset)
        for t in site.tags
        if not t.expression
    }


def apply(raw: Floats, gain: Floats, offset: Floats, low: Floats, high: Floats) -> Floats:
    """Values, as the conditioning stage computes them."""
    with np.errstate(all="ignore"):
        x = raw * gain + offset
        loop: Floats = low + (x - 4.0) / 16.0 * (high - low)
    return np.where(np.isnan(low), x, loop)
