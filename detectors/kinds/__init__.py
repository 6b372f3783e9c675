"""The kinds of rule, as frozen parameters. Each docstring says what the number is and what bad quality does to it.

All kinds share the comparator, the permission table and the delay machine (:mod:`detectors.kernels`):

* GOOD raises, holds and clears. UNCERTAIN raises and holds, never clears; during an off-delay it makes the delay start
  again. BAD makes the condition unknown and stops the delay, which goes on when the tag can be judged again.
* Between trigger and reset the comparator holds.
* ``onset`` is the time of the first reading beyond the trigger, before the delay.

Times are ns, limits are in the tag's unit, ``tag`` is a row of the bank's tags.
"""

from typing import Final

from detectors.kinds import common, groups, learned, statistics
from detectors.kinds.common import Discrepancy, Limit, Rate, State, Vote
from detectors.kinds.params import Params, tags_of

__all__ = ["KINDS", "Discrepancy", "Limit", "Params", "Rate", "State", "Vote", "tags_of"]

KINDS: Final[dict[str, type[Params]]] = {**common.KINDS, **groups.KINDS, **learned.KINDS, **statistics.KINDS}
"""every kind by name; the contract tests walk this table"""
