"""A scenario file: which plant, what happens when, and which alarms are expected because of it."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from simulators.causes import Cause
from simulators.data import make, mapping, read_yaml, sequence
from simulators.errors import BadData
from simulators.faults import KINDS

HERE = Path(__file__).parent
ALARM_KINDS = ("process", "fault")


@dataclass(frozen=True)
class Hazard:
    """At plant second ``at``: inputs set at once, or led there over ``over`` seconds."""

    at: float
    set: Mapping[str, float | str]
    over: float = 0.0
    id: str = ""
    text: str = ""


@dataclass(frozen=True)
class TimedFault:
    """An instrument or wire fault from ``at`` until ``until`` (plant seconds; none = to the end)."""

    id: str
    at: float
    kind: str
    target: str
    until: float | None = None
    params: Mapping[str, float] = field(default_factory=dict)
    text: str = ""


@dataclass(frozen=True)
class Expected:
    """One alarm that must come: when, relative to its cause, and by when it must have ended.

    ``holds``: it has to stand while the true value is beyond the range of its instrument (a limit; not a trend).
    """

    id: str
    tag: str
    rule: str
    level: str
    kind: str
    cause: Cause
    raise_within: Sequence[float]
    between: Sequence[float]
    end_within: float | None = None
    members: Sequence[str] = ()
    holds: bool = True
    text: str = ""


@dataclass(frozen=True)
class Allowed:
    """An alarm that may come within [start, end] but need not; any other is false."""

    tag: str
    rule: str
    start: float
    end: float
    why: str


@dataclass(frozen=True)
class Scenario:
    """A whole scenario; ``plant`` is the name of a file in ``plants/`` or a path beside the scenario."""

    scenario: str
    plant: str
    seed: int
    duration_s: float
    step_s: float = 0.5
    speed: float = 1.0
    text: str = ""
    hazards: Sequence[Hazard] = ()
    faults: Sequence[TimedFault] = ()
    expect: Sequence[Expected] = ()
    allow: Sequence[Allowed] = ()
    folder: Path = HERE / "scenarios"


def find(name: str) -> Path:
    """A scenario by path, or by the name of one that comes with the package."""
    for path in (Path(name), HERE / "scenarios" / f"{name}.yaml"):
        if path.is_file():
            return path
    known = sorted(path.stem for path in (HERE / "scenarios").glob("*.yaml"))
    raise BadData(f"no scenario {name!r}; with the package come: {', '.join(known)}")


def load_scenario(path: Path) -> Scenario:
    """Read and check a scenario file."""
    items = read_yaml(path)
    parts: dict[str, Any] = {
        "hazards": [make(Hazard, i, w) for w, i in _each(items, "hazards")],
        "faults": [make(TimedFault, i, w) for w, i in _each(items, "faults")],
        "expect": [_expected(i, w) for w, i in _each(items, "expect")],
        "allow": [make(Allowed, i, w) for w, i in _each(items, "allow")],
    }
    scenario = make(Scenario, items | parts | {"folder": path.parent}, str(path))
    _check(scenario)
    return scenario


def plant_path(scenario: Scenario) -> Path:
    """The plant file: beside the scenario, or one that comes with the package."""
    for path in (scenario.folder / scenario.plant, HERE / "plants" / f"{scenario.plant}.yaml"):
        if path.is_file():
            return path
    raise BadData(f"{scenario.scenario}: no plant {scenario.plant!r}")


def _each(items: Mapping[str, Any], key: str) -> list[tuple[str, Any]]:
    return [(f"{key}[{n}]", item) for n, item in enumerate(sequence(items.get(key), key))]


def _expected(item: object, where: str) -> Expected:
    given = mapping(item, where)
    return make(Expected, given | {"cause": make(Cause, given.get("cause"), f"{where}.cause")}, where)


def _check(scenario: Scenario) -> None:
    ids = [fault.id for fault in scenario.faults] + [expected.id for expected in scenario.expect]
    doubled = {one for one in ids if ids.count(one) > 1}
    wrong = {fault.kind for fault in scenario.faults} - set(KINDS)
    strange = {expected.kind for expected in scenario.expect} - set(ALARM_KINDS)
    known = {fault.id for fault in scenario.faults}
    orphans = {e.id for e in scenario.expect if e.cause.fault and e.cause.fault not in known}
    for what, found in (
        ("ids used twice", doubled),
        ("unknown fault kinds", wrong),
        ("alarm kinds other than process and fault", strange),
        ("expected alarms of a fault that is not in the file", orphans),
    ):
        if found:
            raise BadData(f"{scenario.scenario}: {what}: {', '.join(sorted(found))}")
