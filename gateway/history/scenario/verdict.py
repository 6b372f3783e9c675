"""What differs between what a scenario expects and what came, said so that a person can mend the one or the other."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from gateway.config.load import Loaded, load
from gateway.history.scenario.file import Scenario, find, read_scenario
from gateway.history.scenario.lines import Came, End, Expected
from gateway.history.scenario.play import Played, play
from gateway.history.scenario.words import spelled
from gateway.model.errors import Fault, Misconfigured
from gateway.model.site import Rule


@dataclass(frozen=True, slots=True)
class Verdict:
    """``faults`` are lines for people: place, what was expected, what came, the nearest miss."""

    scenario: Scenario
    came: tuple[Came, ...]
    faults: tuple[str, ...]

    @property
    def ok(self) -> bool:
        """As expected."""
        return not self.faults

    def as_json(self) -> dict[str, Any]:
        """JSON values."""
        return {
            "file": str(self.scenario.path),
            "scenario": self.scenario.name,
            "ok": self.ok,
            "events": [str(line) for line in self.came],
            "faults": list(self.faults),
        }


def run_all(paths: Sequence[Path]) -> list[Verdict]:
    """Play all scenarios among these files and folders, each configuration loaded once.

    Raises:
        Misconfigured: with what is wrong in all of them.
    """
    configs: dict[Path, Loaded] = {}
    verdicts, faults = list[Verdict](), dict[Fault, None]()
    for path in find(paths):
        try:
            scenario = read_scenario(path)
            config = scenario.config.resolve()
            if config not in configs:
                configs[config] = load(scenario.config)
            verdicts.append(judge(scenario, play(scenario, configs[config])))
        except Misconfigured as error:
            faults.update(dict.fromkeys(error.faults))
    if faults:
        raise Misconfigured(faults)
    return verdicts


def judge(scenario: Scenario, played: Played) -> Verdict:
    """Compare."""
    places = {e.rule for e in scenario.expect if e.event == "live-level"}
    mine = [c for c in played.came if _looked_at(c, scenario.ignore, places)]
    pairs = _pairs(scenario.expect, mine)
    used = {id(c) for c in pairs.values()}
    left = [c for c in mine if id(c) not in used]
    missing = [e for e in scenario.expect if e.line not in pairs]
    faults = [
        f"{scenario.path}:{e.line}: expected {e}; {_near_miss(e, left, played, scenario)}" for e in missing
    ]
    explained = {id(c) for e in missing if (c := _nearest(e, left))}
    faults += [
        f"{scenario.path}: not expected: {c}{_expected_near(c, scenario.expect)}"
        for c in left
        if id(c) not in explained
    ]
    faults += _deeds(scenario, played)
    faults += [f for e in scenario.end if (f := _ends(scenario, e, played))]
    return Verdict(scenario, played.came, tuple(faults))


def _looked_at(c: Came, ignored: Sequence[str], places: set[str]) -> bool:
    """Live levels only of places that some expectation names."""
    return c.rule in places if c.event == "live-level" else c.rule not in ignored


def _fits(e: Expected, c: Came) -> bool:
    return (e.event, e.rule) == (c.event, c.rule) and e.first <= c.at <= e.last and e.level in ("", c.level)


def _pairs(expect: Sequence[Expected], mine: Sequence[Came]) -> dict[int, Came]:
    """Line of an expectation -> event; whoever may wait least is served first."""
    free, pairs = list(mine), dict[int, Came]()
    for e in sorted(expect, key=lambda e: (e.last, e.first)):
        found = next((c for c in free if _fits(e, c)), None)
        if found is not None:
            free.remove(found)
            pairs[e.line] = found
    return pairs


def _nearest(e: Expected, left: Sequence[Came]) -> Came | None:
    same = [c for c in left if (c.event, c.rule) == (e.event, e.rule)]
    return min(same, key=lambda c: _distance(e, c), default=None)


def _distance(e: Expected, c: Came) -> int:
    return max(e.first - c.at, c.at - e.last, 0)


def _near_miss(e: Expected, left: Sequence[Came], played: Played, scenario: Scenario) -> str:
    c = _nearest(e, left)
    if c is not None:
        gap = _distance(e, c)
        if gap:
            return f"came at {spelled(c.at)}, {spelled(gap)} {'later' if c.at > e.last else 'earlier'}"
        return f"came with level {c.level}"
    others = [x for x in played.came if x.rule == e.rule]
    if others:
        return f"did not come; {e.rule} had: " + "; ".join(map(str, others[:6]))
    row = played.site.rule_index.get(e.rule)
    if row is None:
        return (
            f"there is no rule {e.rule} on the tags of this scenario"
            if e.event != "live-level"
            else "did not come"
        )
    return "did not come" + _closest(played.site.rules[row], scenario)


def _closest(rule: Rule, scenario: Scenario) -> str:
    """How close the trace got to the trigger, told for rules on one tag without a window."""
    points = [p for p in scenario.traces.get(rule.tags[0], ()) if p.value == p.value]
    if len(rule.tags) != 1 or not points or rule.window or rule.settings or rule.trigger == rule.reset == 0.0:
        return ""
    low, high = min(points, key=lambda p: p.value), max(points, key=lambda p: p.value)
    delay = f", on_delay {spelled(rule.on_delay)}" if rule.on_delay else ""
    return (
        f"; its trigger is {rule.trigger:g}{delay}, values were {low.value:g} (at {spelled(low.at)}) "
        f"to {high.value:g} (at {spelled(high.at)})"
    )


def _expected_near(c: Came, expect: Sequence[Expected]) -> str:
    same = [e for e in expect if (e.event, e.rule) == (c.event, c.rule)]
    if not same:
        return ""
    near = min(same, key=lambda e: _distance(e, c))
    return f" (line {near.line} expects {near})"


def _deeds(scenario: Scenario, played: Played) -> Iterator[str]:
    for deed in scenario.do:
        said = f"{scenario.path}:{deed.line}: {spelled(deed.at)} {deed.what} {deed.subject}".rstrip()
        if deed.line in played.refused and not deed.refused:
            yield f"{said}: was refused: {played.refused[deed.line]}"
        elif deed.refused and deed.line not in played.refused:
            yield f"{said}: was not refused"


def _ends(scenario: Scenario, end: End, played: Played) -> str:
    mine = [o for o in played.open if o.rule == end.rule]
    place = f"{scenario.path}:{end.line}: at the end {end.rule}"
    if not mine:
        return "" if end.words == ("closed",) else f"{place} is closed, expected {' '.join(end.words)}"
    state = [*mine[-1].axes.as_json().values(), mine[-1].level.word]
    wrong = [w for w in end.words if w not in state]
    return f"{place} is {' '.join(state)}, expected {' '.join(end.words)}" if wrong else ""
