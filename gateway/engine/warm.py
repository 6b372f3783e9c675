"""Compile the kernels, or load them from the disk cache, before the first alarm needs them."""

from typing import Final

from detectors.bank import Bank
from detectors.kinds import Limit
from detectors.kinds.groups import Deviation
from detectors.kinds.learned import Departure
from detectors.kinds.params import Params
from detectors.kinds.statistics import Mean
from gateway.conditioning.stage import Conditioner
from gateway.model.batch import of_rows
from gateway.model.site import Tag

_ONE_OF_EACH: Final[tuple[Params, ...]] = (
    Limit(tag=0, trigger=0.0, reset=0.0),
    Deviation(tag=0, reference=1, trigger=1.0, reset=1.0),
    Departure(tag=0, trigger=6.0, reset=3.0, floor=1.0),
    Mean(tag=0, trigger=1.0, reset=1.0, window=60_000_000_000),
)
"""a rule of each family"""


def warm() -> None:
    """Load every kernel by one call that judges nothing. Seconds; a minute when the cache is empty.

    A running gateway loads the kernels of the families that its rules are of, and no others.
    """
    tags = tuple(Tag(id=x, raw=x, description="", cls="other", unit="", installation="") for x in "AB")
    computed = Tag(
        id="C",
        raw="C",
        description="",
        cls="other",
        unit="",
        installation="",
        expression="A + B",
        inputs=("A", "B"),
    )
    stage = Conditioner((*tags, computed), "")
    count = stage.readings(of_rows("", [(0, 1, 1, 0.0, 0)]), 1)
    Bank(3, _ONE_OF_EACH).feed(stage.rows, count, 1)
