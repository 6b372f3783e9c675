"""Every kind on noise alone and on a change: false alarms and delay, beside theory where there is one."""

import math
from collections.abc import Iterator

from benchmarks.quality.figures import Figure, between
from benchmarks.quality.trial import Found, Trial, measure
from benchmarks.quality.trials import TRIALS
from detectors.kinds import KINDS

SEED = 20261122
ALLOWED = 1.25
"""measured by theory, or the inverse: approximations and some hundred alarms are not better than that"""


def results() -> Iterator[tuple[Trial, Found]]:
    """Every trial, measured."""
    for trial in TRIALS:
        yield trial, measure(trial, SEED)


def of(trial: Trial, found: Found) -> Iterator[Figure]:
    """Figures of one kind."""
    name = f"{trial.kind} on noise"
    seen = f"{found.alarms} alarms in {found.seen} readings"
    rare = found.rare if math.isfinite(found.rare) else f"none in {found.seen}"
    if trial.rare is not None and isinstance(rare, float):
        yield between(name, "readings between false alarms", rare, trial.rare / ALLOWED, trial.rare * ALLOWED,
                      f"theory {trial.rare:.4g} ({trial.source}); {seen}")  # fmt: skip
    else:
        yield Figure(name, "readings between false alarms", rare, note=seen)
    what, note = f"readings until the alarm: {trial.said}", f"missed {100 * found.missed:.0f} %"
    if trial.late is not None:
        note += f"; theory {trial.late:.4g} ({trial.source})"
        yield between(name, what, found.late, trial.late / ALLOWED, trial.late * ALLOWED, note)
    else:
        yield Figure(name, what, found.late, note=note)


def run() -> list[Figure]:
    """All kinds; one without a trial falls short."""
    missing = sorted(set(KINDS) - {t.kind for t in TRIALS})
    gaps = [Figure(f"{kind} on noise", "trial", 0.0, ">= 1", False) for kind in missing]
    return [*gaps, *(figure for trial, found in results() for figure in of(trial, found))]
