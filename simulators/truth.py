"""The truth about a run: when each expected alarm's cause really held, and so when it must come and go."""

from collections.abc import Mapping, Sequence
from typing import Any

from simulators.causes import Watch
from simulators.scenario import Expected, Scenario


class Truth:
    """Watches the causes of all expected alarms of a scenario."""

    def __init__(self, scenario: Scenario) -> None:
        self._scenario = scenario
        self._watches = [Watch(expected.cause) for expected in scenario.expect]
        self.changes = 0

    def see(self, now_s: float, true: Mapping[str, float]) -> None:
        """Look at the true values of plant second ``now_s``."""
        for watch in self._watches:
            self.changes += watch.see(now_s, true)

    def fault(self, fault_id: str, now_s: float, *, active: bool) -> None:
        """A fault came or went."""
        for watch in self._watches:
            if watch.cause.fault == fault_id:
                self.changes += watch.mark(now_s, active=active)

    def report(self, now_s: float) -> dict[str, Any]:
        """The whole truth as of ``now_s``, ready for JSON."""
        scenario = self._scenario
        pairs = zip(scenario.expect, self._watches, strict=True)
        return {
            "scenario": scenario.scenario,
            "seed": scenario.seed,
            "duration_s": scenario.duration_s,
            "seconds": now_s,
            "done": now_s >= scenario.duration_s,
            "expect": [_resolved(expected, watch.episodes(now_s)) for expected, watch in pairs],
            "allow": [vars(allowed) for allowed in scenario.allow],
        }


def _resolved(expected: Expected, episodes: Sequence[tuple[float, float | None]]) -> dict[str, Any]:
    """``raise`` is [earliest, latest] of the first raise; ``end`` the latest end, None if it need not end."""
    return {
        "id": expected.id,
        "tag": expected.tag,
        "rule": expected.rule,
        "level": expected.level,
        "kind": expected.kind,
        "members": list(expected.members),
        "active": [list(episode) for episode in episodes],
        "raise": [episodes[0][0] + s for s in expected.raise_within] if episodes else None,
        "end": _latest_end(expected, episodes),
        "must_end": expected.end_within is not None,
    }


def _latest_end(expected: Expected, episodes: Sequence[tuple[float, float | None]]) -> float | None:
    if not episodes or expected.end_within is None or episodes[-1][1] is None:
        return None
    return episodes[-1][1] + expected.end_within
