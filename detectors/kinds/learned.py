"""Kinds that learn a tag's own normal, reading by reading, and say when a reading does not fit it.

Bad quality, for both: a BAD reading makes the condition unknown and teaches nothing. An UNCERTAIN one is judged (it
raises and holds, never clears) and teaches nothing. Held values are no measurement: they hold, and teach nothing.
"""

from dataclasses import dataclass
from typing import ClassVar, Final

from detectors.kinds.params import OfOneTag, Params, delays, finite
from detectors.learned import layout as lo

SIDES: Final = {"high": 1, "low": -1, "both": 0}


@dataclass(frozen=True, slots=True, kw_only=True)
class Departure(OfOneTag):
    """Number = how far the reading is from the tag's own recent mean, in units of its own noise: |x - m| / s (``side``
    ``high`` or ``low``: that way only). A stand-in for the level shift of a drinking-water sensor, a loop that jumps.

    m is the exponentially weighted mean with a memory of ``memory`` readings, s the root of the weighted mean square
    of x - m with a memory of ``noise`` readings, never below ``floor`` (tag's unit; its resolution). x - m is clipped
    at 5 s before it teaches (winsorised), so an excursion raises neither its own mean nor its own noise much; a level
    that stays becomes the normal in some ``memory`` readings. Not judged in the first ``learn`` readings.

    On independent normal noise the number is beyond ``trigger`` at a share of 2 (1 - Phi(trigger sqrt(1 - 1/(2
    memory)))) of the readings.

    Bad quality: as for all kinds of this family.
    """

    trigger: float
    reset: float
    floor: float
    memory: int = 60
    noise: int = 10080
    learn: int = 1440
    side: str = "both"
    code: ClassVar[int] = lo.DEPARTURE
    family: ClassVar[str] = "learned"

    def __post_init__(self) -> None:
        finite("departure", self.trigger, self.reset, self.floor)
        delays("departure", self.on_delay, self.off_delay)
        _limits("departure", self.trigger, self.reset)
        if self.floor <= 0:
            raise ValueError(f"departure: floor {self.floor}; allowed more than 0")
        if not (self.memory >= 1 and self.noise >= 1 and self.learn >= 1):
            raise ValueError(
                f"departure: memories {self.memory}, {self.noise}, {self.learn}; allowed 1 or more"
            )
        if self.side not in SIDES:
            raise ValueError(f"departure: side {self.side!r}; allowed {', '.join(SIDES)}")


@dataclass(frozen=True, slots=True, kw_only=True)
class Novelty(OfOneTag):
    """Number = how surprising the reading is in view of all before it, as a sum of three surprises:

    * shift: the exponentially weighted mean of ``fast`` readings less that of ``slow`` readings;
    * deviation: the reading less the mean of ``reference`` readings;
    * hour: the reading less the mean of its half hour of the day (a memory of 50 readings each).

    A surprise is -log10 of the probability of so large a number, from the ``largest`` numbers seen so far, each
    side of 0 for itself: k/n times a generalised Pareto tail fitted to their excesses over the next smaller one by
    moments (Hosking and Wallis 1987; peaks over threshold as in Siffer et al. 2017), 0 below it, and 10 where those
    are all equal: what never moved moves. The sum is Fisher's way to join p-values. An excursion that is as high
    (90 %) as earlier ones is less of a surprise: the sum is divided by 1 + 0.15 w, w the number of earlier
    excursions so high, each halved every 2000 readings.

    One number suits all signals, without units: 6 is about one in a million by each of two views. Once beyond, it
    stays so until ``hold`` readings went by within. Not judged in the first ``learn`` readings.

    Bad quality: as for all kinds of this family.
    """

    trigger: float = 6.0
    reset: float = 6.0
    fast: int = 10
    slow: int = 300
    reference: int = 100
    largest: int = lo.LARGEST
    learn: int = 150
    hold: int = 50
    code: ClassVar[int] = lo.NOVELTY
    family: ClassVar[str] = "learned"

    def __post_init__(self) -> None:
        finite("novelty", self.trigger, self.reset)
        delays("novelty", self.on_delay, self.off_delay)
        _limits("novelty", self.trigger, self.reset)
        if not 1 <= self.fast < self.slow or self.reference < 1 or self.hold < 0:
            raise ValueError(
                f"novelty: fast {self.fast}, slow {self.slow}, reference {self.reference}, hold {self.hold}; "
                "allowed 1 <= fast < slow, reference 1 or more, hold 0 or more"
            )
        if not 2 <= self.largest <= lo.LARGEST or self.learn <= self.largest:
            raise ValueError(
                f"novelty: largest {self.largest}, learn {self.learn}; allowed 2..{lo.LARGEST}, and learn above it"
            )


def _limits(name: str, trigger: float, reset: float) -> None:
    if not 0 < reset <= trigger:
        raise ValueError(f"{name}: trigger {trigger} and reset {reset}; allowed 0 < reset <= trigger")


KINDS: Final[dict[str, type[Params]]] = {"departure": Departure, "novelty": Novelty}
"""the kinds of this family by name"""
