"""Two configurations over one recording: alarms gained, lost, earlier, later."""

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from gateway.history.episodes import Episode
from gateway.model.times import NS, iso


@dataclass(frozen=True, slots=True)
class Change:
    """``how``: gained, lost, earlier, later or same; ``gap_s`` is how much later the second announced it."""

    how: str
    rule: str
    first: Episode | None
    second: Episode | None

    @property
    def gap_s(self) -> float:
        """Seconds; negative for earlier, 0 where only one has it."""
        if self.first is None or self.second is None:
            return 0.0
        return (self.second.start - self.first.start) / NS

    @property
    def at(self) -> int:
        """When, ns."""
        return min(e.start for e in (self.first, self.second) if e is not None)

    def as_json(self) -> dict[str, Any]:
        """JSON values."""
        return {"how": self.how, "rule": self.rule, "time": iso(self.at), "gap_s": self.gap_s}


def changes(first: Sequence[Episode], second: Sequence[Episode], last: int) -> list[Change]:
    """What the second configuration does otherwise, by time; alarms of one rule that overlap in time are the same."""
    ours, theirs = _by_rule(first), _by_rule(second)
    out: list[Change] = []
    for rule in ours.keys() | theirs.keys():
        out += _of_rule(rule, ours.get(rule, []), theirs.get(rule, []), last)
    return sorted(out, key=lambda c: (c.at, c.rule))


def counts(found: Sequence[Change]) -> dict[str, int]:
    """How many of each."""
    return {how: sum(c.how == how for c in found) for how in ("same", "earlier", "later", "gained", "lost")}


def _by_rule(episodes: Sequence[Episode]) -> dict[str, list[Episode]]:
    out: dict[str, list[Episode]] = defaultdict(list)
    for episode in episodes:
        out[episode.rule].append(episode)
    return out


def _of_rule(rule: str, ours: list[Episode], theirs: list[Episode], last: int) -> list[Change]:
    """Both in order of time, so one walk finds the pairs."""
    out: list[Change] = []
    i = j = 0
    while i < len(ours) or j < len(theirs):
        a, b = (ours[i] if i < len(ours) else None), (theirs[j] if j < len(theirs) else None)
        if a is not None and b is not None and _overlap(a, b, last):
            out.append(Change(_how(a, b), rule, a, b))
            i, j = i + 1, j + 1
        elif b is None or (a is not None and a.onset <= b.onset):
            out.append(Change("lost", rule, a, None))
            i += 1
        else:
            out.append(Change("gained", rule, None, b))
            j += 1
    return out


def _overlap(a: Episode, b: Episode, last: int) -> bool:
    return a.onset <= b.until(last) and b.onset <= a.until(last)


def _how(a: Episode, b: Episode) -> str:
    if a.start == b.start:
        return "same"
    return "later" if b.start > a.start else "earlier"
