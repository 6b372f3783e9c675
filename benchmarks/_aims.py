"""What was aimed at, and whether the results say it was met. Nothing here is a result."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

from benchmarks._figures import NEVER, column, median, ratios

Runs = Sequence[Mapping[str, Any]]
ALARMED: Final = ("S1", "S2", "S3", "S4broker", "S4kill", "S4tsdb", "S4combo")
STEADY: Final = ("S1", "S2", "S3")
WARM_START_S: Final = 3.0
IDLE_RSS_MB: Final = 260.0


@dataclass(frozen=True, slots=True)
class Verdict:
    """``met`` is None where nothing was measured."""

    aim: str
    met: bool | None
    evidence: str

    @property
    def word(self) -> str:
        """For the table."""
        return "not measured" if self.met is None else "met" if self.met else "**not met**"


def of(runs: Runs, system: str, scenario: str) -> Runs:
    """Runs of a system in a scenario that have figures."""
    return [r for r in runs if (r["system"], r["scenario"], r["status"]) == (system, scenario, "ok")]


def verdicts(runs: Runs) -> list[Verdict]:
    """Every aim, from the results."""
    return [
        *_true_alarms(runs),
        *_nothing_lost(runs),
        *_kills(runs),
        *_cpu(runs),
        *_reaction(runs),
        *_start(runs),
    ]


def _judge(aim: str, values: Sequence[float], good: Callable[[float], bool], words: str) -> Verdict:
    if not values:
        return Verdict(aim, None, "")
    return Verdict(aim, all(good(v) for v in values), words)


def _worst(runs: Runs, *names: str) -> list[float]:
    return [sum(float(r["figures"].get(n, NEVER)) for n in names) for r in runs]


def _true_alarms(runs: Runs) -> list[Verdict]:
    found = []
    for scenario in ALARMED:
        mine = of(runs, "fengsui", scenario)
        wrong = _worst(mine, "missed", "false", "dup")
        count = sum(column(mine, "expected"))
        words = f"{sum(wrong):g} wrong of {count:g} alarms in {len(mine)} runs"
        found.append(_judge(f"{scenario}: 0 missed, false, duplicate", wrong, lambda v: v == 0, words))
    return found


def _nothing_lost(runs: Runs) -> list[Verdict]:
    found = []
    for scenario, what in (("S4broker", "broker"), ("S4tsdb", "database")):
        mine = of(runs, "fengsui", scenario)
        lost = _worst(mine, "missed", "clears_missed", "scans_lost")
        words = f"{sum(lost):g} alarms, clears and scans lost in {len(mine)} runs"
        found.append(
            _judge(f"{scenario}: nothing lost while the {what} is away", lost, lambda v: v == 0, words)
        )
    return found


def _kills(runs: Runs) -> list[Verdict]:
    found = []
    for scenario in ("S4kill", "S4combo"):
        mine = of(runs, "fengsui", scenario)
        share = [r["figures"]["scans_lost"] / r["figures"]["devices"] for r in mine]
        words = f"scans lost in each run: {', '.join(format(v, 'g') for v in column(mine, 'scans_lost'))}"
        found.append(_judge(f"{scenario}: at most one scan per device lost", share, lambda v: v <= 1, words))
        again = column(mine, "dup")
        words = f"{sum(again):g} raised again in {len(mine)} kills"
        found.append(_judge(f"{scenario}: nothing raised again", again, lambda v: v == 0, words))
    return found


def _cpu(runs: Runs) -> list[Verdict]:
    found = []
    for scenario in STEADY:
        share = ratios(of(runs, "fengsui", scenario), of(runs, "hand", scenario), "cpu_s_per_1000")
        middle = median(share)
        aim = f"{scenario}: CPU per 1,000 readings at most a third of the hand-written script's"
        words = f"median ratio {middle:.2f} of {len(share)} pairs" if middle is not None else ""
        found.append(_judge(aim, [] if middle is None else [middle], lambda v: v <= 1 / 3 + 1e-9, words))
    return found


def _reaction(runs: Runs) -> list[Verdict]:
    found = []
    for scenario in STEADY:
        share = ratios(of(runs, "fengsui", scenario), of(runs, "nodered", scenario), "reaction_p50")
        middle = median(share)
        words = f"median ratio {middle:.2f} of {len(share)} pairs" if middle is not None else ""
        aim = f"{scenario}: median reaction at most Node-RED's"
        found.append(_judge(aim, [] if middle is None else [middle], lambda v: v <= 1, words))
    return found


def _start(runs: Runs) -> list[Verdict]:
    found = []
    for scenario in ("S5", "S5idle"):
        starts = column(of(runs, "fengsui", scenario), "first_sample_s")
        words = f"slowest of {len(starts)} starts {max(starts, default=0):.2f} s"
        aim = f"{scenario}: first reading stored within {WARM_START_S:g} s of a warm start"
        found.append(_judge(aim, starts, lambda v: v <= WARM_START_S, words))
    memory = column(of(runs, "fengsui", "S5idle"), "rss_mb")
    words = f"most {max(memory, default=0):.0f} MB"
    found.append(
        _judge(f"S5idle: under {IDLE_RSS_MB:g} MB resident", memory, lambda v: v < IDLE_RSS_MB, words)
    )
    return found
