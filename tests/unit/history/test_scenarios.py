"""Golden scenarios run, and what is wrong with one is told by file and line."""

from __future__ import annotations

import math
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gateway.history.scenario.file import read_scenario
from gateway.history.scenario.trace import trace
from gateway.history.scenario.verdict import Verdict, run_all
from gateway.history.scenario.words import Wrong, span, spelled
from gateway.model.errors import Misconfigured
from gateway.model.quality import Quality
from gateway.model.site import RuleKind
from gateway.model.times import NS

FOLDER = Path(__file__).parents[3] / "configs" / "scenarios"
GOOD = """\
scenario: one
config: {config}
traces:
  TT-1: (50, 51) x5, (61, 62) x10
expect:
  - 20s raised TT-1.LIMIT yellow
"""


def test_all_golden_scenarios_are_as_expected() -> None:
    verdicts = run_all([FOLDER])
    assert [line for v in verdicts for line in v.faults] == []
    assert len(verdicts) >= 24


def test_the_first_kinds_of_rule_all_have_a_scenario() -> None:
    text = "".join(p.read_text(encoding="utf-8") for p in FOLDER.glob("[0-9]*.yaml"))
    names = {
        RuleKind.LIMIT_HIGH: "LT-1.H ", RuleKind.LIMIT_LOW: "LT-1.LL", RuleKind.RATE_RISE: "LT-1.RISE",
        RuleKind.RATE_FALL: "LT-1.FALL", RuleKind.STATE: "P-1.STATE", RuleKind.DISCREPANCY: "P-1.DISC",
        RuleKind.VOTE: "GAS.TRIP",
    }  # fmt: skip
    assert [kind for kind, name in names.items() if f"raised {name}" not in text] == []


def judged(folder: Path, text: str) -> Verdict:
    path = folder / "one.yaml"
    path.write_text(text.format(config=FOLDER / "site.yaml"), encoding="utf-8")
    (verdict,) = run_all([path])
    return verdict


def test_a_moved_event_is_one_fault_with_both_times(tmp_path: Path) -> None:
    assert judged(tmp_path, GOOD).ok
    (fault,) = judged(tmp_path, GOOD.replace("20s raised", "17s raised")).faults
    assert fault == f"{tmp_path}/one.yaml:6: expected 17s raised TT-1.LIMIT yellow; came at 20s, 3s later"


def test_an_event_that_never_came_tells_how_near_the_trace_got(tmp_path: Path) -> None:
    (fault,) = judged(tmp_path, GOOD.replace("(61, 62) x10", "(58, 59.5) x10")).faults
    assert fault.startswith(f"{tmp_path}/one.yaml:6: expected 20s raised TT-1.LIMIT yellow; did not come")
    assert "trigger is 60, on_delay 10s, values were 50 (at 0s) to 59.5 (at 11s)" in fault


def test_an_event_of_another_level_and_one_too_many(tmp_path: Path) -> None:
    assert judged(tmp_path, GOOD.replace("yellow", "red")).faults[0].endswith("; came with level yellow")
    (extra,) = judged(tmp_path, GOOD.split("  - ", maxsplit=1)[0].replace("expect:", "expect: []")).faults
    assert extra == f"{tmp_path}/one.yaml: not expected: 20s raised TT-1.LIMIT yellow"


def test_the_state_at_the_end_and_refusals_are_told(tmp_path: Path) -> None:
    more = "do:\n  - 22s acknowledge TT-1.LIMIT by anna refused\nend:\n  - TT-1.LIMIT normal\n"
    faults = judged(tmp_path, GOOD + more).faults
    assert faults[-2].endswith("22s acknowledge TT-1.LIMIT: was not refused")
    assert "one.yaml:10: at the end TT-1.LIMIT is active acknowledged" in faults[-1]


@pytest.mark.parametrize(
    ("old", "new", "line", "said"),
    [
        ("(50, 51) x5", "(50, 51 x5", 4, "a comma or )"),
        ("(61, 62) x10", "to 62 over 2.5s", 4, "whole number of readings"),
        ("(61, 62) x10", "61 warm x3", 4, "allowed: 0-255 or good"),
        ("20s raised", "20 raised", 6, "a time such as 12s"),
        ("20s raised", "20s rised", 6, "acknowledged, "),
        ("yellow", "amber", 6, "allowed: blue"),
        ("TT-1:", "TT-99:", 4, "no such tag"),
        ("expect:", "expects:", 5, "allowed: scenario, config"),
        ("scenario: one", "scenario: [1]", 1, "allowed: text"),
    ],
)
def test_what_cannot_be_read_is_told_with_its_line(
    tmp_path: Path, old: str, new: str, line: int, said: str
) -> None:
    with pytest.raises(Misconfigured) as caught:
        judged(tmp_path, GOOD.replace(old, new))
    assert any(f.line == line and said in str(f) for f in caught.value.faults), str(caught.value)


def test_a_trace_says_every_step() -> None:
    points = trace(
        "1, 2 x2, to 4 over 2s, gap 3s, bad(communication), nan, 5 uncertain for 2s, every 2s, 6 x2", NS
    )
    seconds = [p.at // NS for p in points]
    assert seconds == [0, 1, 2, 3, 4, 8, 9, 10, 11, 12, 14]
    assert [p.value for p in points[:5]] == [1, 2, 2, 3, 4]
    assert math.isnan(points[5].value)
    assert [p.quality for p in points[5:9]] == [
        Quality.COMMUNICATION, Quality.GOOD, Quality.SOURCE_UNCERTAIN, Quality.SOURCE_UNCERTAIN,
    ]  # fmt: skip


@given(
    values=st.lists(st.integers(-5, 5), min_size=1, max_size=4),
    outer=st.integers(1, 4),
    inner=st.integers(1, 3),
)
def test_repeats_are_what_writing_it_out_gives(values: list[int], outer: int, inner: int) -> None:
    group = ", ".join(f"{v} x{inner}" for v in values)
    long = ", ".join([", ".join(str(v) for v in values for _ in range(inner))] * outer)
    assert trace(f"({group}) x{outer}", NS) == trace(long, NS)


@given(ns=st.integers(0, 10**6).map(lambda s: s * NS // 1000 * 1000))
def test_times_are_read_as_they_are_written(ns: int) -> None:
    assert span(spelled(ns)) == ns


@given(text=st.text(alphabet="0123456789.x()to ,overgapbad-s", max_size=40))
def test_any_text_is_a_trace_or_a_fault_with_a_column(text: str) -> None:
    assert 0 <= column(text) <= len(text)


def column(text: str) -> int:
    try:
        trace(text, NS)
    except Wrong as wrong:
        return wrong.at
    return 0


def test_a_scenario_keeps_its_places() -> None:
    found = read_scenario(FOLDER / "13-latched.yaml")
    assert [d.what for d in found.do] == ["reset", "acknowledge", "reset"]
    assert found.do[0].refused
    assert found.trace_lines == {"LT-1": 4}
