"""The truth about a run: when each expected alarm's cause really held, and so when it must come and go."""

from collections.abc import Mapping, Sequence
from typing import Any

from simulators.causes import Cause, Episode, Watch
from simulators.scenario import Expected, Scenario
from simulators.tags import Tag


class Truth:
    """Watches the causes of all expected alarms of a scenario, and when their instruments could not follow."""

    def __init__(self, scenario: Scenario, tags: Mapping[str, Tag]) -> None:
        self._scenario = scenario
        self._watches = [Watch(expected.cause) for expected in scenario.expect]
        alarmed = {e.tag for e in scenario.expect if e.kind == "process"}
        self._spans = {tag_id: _Span(tag) for tag_id, tag in tags.items() if tag_id in alarmed}
        self.changes = 0

    def see(self, now_s: float, true: Mapping[str, float]) -> None:
        """Look at the true values of plant second ``now_s``."""
        for watch in self._watches:
            self.changes += watch.see(now_s, true)
        for span in self._spans.values():
            self.changes += span.see(now_s, true)

    def fault(self, fault_id: str, now_s: float, *, active: bool) -> None:
        """A fault came or went."""
        for watch in self._watches:
            if watch.cause.fault == fault_id:
                self.changes += watch.mark(now_s, active=active)

    def report(self, now_s: float) -> dict[str, Any]:
        """The whole truth as of ``now_s``, ready for JSON."""
        scenario = self._scenario
        beyond = {tag_id: span.episodes(now_s) for tag_id, span in self._spans.items()}
        rows = [
            _resolved(expected, watch.episodes(now_s), beyond.get(expected.tag, []))
            for expected, watch in zip(scenario.expect, self._watches, strict=True)
        ]
        return {
            "scenario": scenario.scenario,
            "seed": scenario.seed,
            "duration_s": scenario.duration_s,
            "seconds": now_s,
            "done": now_s >= scenario.duration_s,
            "expect": rows,
            "allow": [vars(allowed) for allowed in scenario.allow],
        }


class _Span:
    """When a tag's true value is beyond its range, either end: its instrument is saturated or nearly so."""

    def __init__(self, tag: Tag) -> None:
        low, high = tag.range
        self._ends = (Watch(Cause(var=tag.var, below=low)), Watch(Cause(var=tag.var, above=high)))

    def see(self, now_s: float, true: Mapping[str, float]) -> bool:
        """Look at the true values of this moment; True when it left the range or came back."""
        left, right = (watch.see(now_s, true) for watch in self._ends)
        return left or right

    def episodes(self, now_s: float) -> list[Episode]:
        """Oldest first."""
        return sorted((one for watch in self._ends for one in watch.episodes(now_s)), key=lambda one: one[0])


def _resolved(expected: Expected, episodes: Sequence[Episode], beyond: Sequence[Episode]) -> dict[str, Any]:
    """``raise`` is [earliest, latest] of the first raise; ``end`` the latest end, None if it need not end."""
    return {
        "id": expected.id,
        "tag": expected.tag,
        "rule": expected.rule,
        "level": expected.level,
        "kind": expected.kind,
        "members": list(expected.members),
        "active": [list(episode) for episode in episodes],
        "beyond_range": [list(episode) for episode in beyond]
        if expected.kind == "process" and expected.holds
        else [],
        "raise": [episodes[0][0] + s for s in expected.raise_within] if episodes else None,
        "end": _latest_end(expected, episodes),
        "must_end": expected.end_within is not None,
    }


def _latest_end(expected: Expected, episodes: Sequence[Episode]) -> float | None:
    if not episodes or expected.end_within is None or episodes[-1][1] is None:
        return None
    return episodes[-1][1] + expected.end_within
