"""Compile the kernels, or load them from the disk cache, before the first alarm needs them."""

from collections.abc import Collection
from typing import Final

from detectors.bank import FAMILIES, Bank
from detectors.kinds import KINDS, Limit, Params
from detectors.kinds.groups import Deviation
from detectors.kinds.learned import Departure
from detectors.kinds.statistics import Setpoint
from gateway.conditioning.stage import Conditioner
from gateway.engine.tables import BUILDERS
from gateway.model.batch import of_rows
from gateway.model.site import Site, Tag

ANY: Final[dict[str, Params]] = {
    "common": Limit(tag=0, trigger=0.0, reset=0.0),
    "groups": Deviation(tag=0, reference=1, trigger=1.0, reset=0.0),
    "learned": Departure(tag=0, trigger=1.0, reset=1.0, floor=1.0),
    "statistics": Setpoint(tag=0, target=0.0, trigger=1.0, reset=0.0),
}
"""a rule of each family: its kernel is the same for all of them"""
COMPUTED: Final = "computed"
"""beside the families: the kernels of computed tags"""


def needed(site: Site) -> set[str]:
    """The families beside the common one that judge this site's rules, and whether it computes tags."""
    found = {KINDS[r.kind.value].family for r in site.rules if r.enabled and r.kind not in BUILDERS}
    return found | ({COMPUTED} if any(t.expression for t in site.tags) else set())


def warm(wanted: Collection[str] = ()) -> None:
    """Load the kernels of conditioning and of these families by one call that judges nothing; those of the common
    kinds always. Some tenths of a second each; some ten seconds each when the cache is empty.
    """
    tags = [_tag("A"), _tag("B")]
    if COMPUTED in wanted:
        tags.append(_tag("C", expression="A + B", inputs=("A", "B")))
    stage = Conditioner(tuple(tags), "")
    count = stage.readings(of_rows("", [(0, 1, 1, 0.0, 0)]), 1)
    rules = [ANY[name] for name in FAMILIES if name == "common" or name in wanted]
    Bank(len(tags), rules).feed(stage.rows, count, 1)


def _tag(ident: str, *, expression: str = "", inputs: tuple[str, ...] = ()) -> Tag:
    return Tag(
        id=ident, raw=ident, description="", cls="other", unit="", installation="", expression=expression, inputs=inputs
    )  # fmt: skip


def warm_all() -> None:
    """Fill the disk cache with every kernel."""
    warm({*FAMILIES, COMPUTED})
