"""What a drill hears: the script where it speaks, the plant everywhere else."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gateway.exercise.overlay import Overlay
from gateway.exercise.script import Script, Turned, on_the_wire, script
from gateway.history.scenario.file import read_scenario
from gateway.model.batch import Batch
from gateway.model.errors import Misconfigured
from gateway.model.inputs import Gap, LinkChange, Readings, SystemFault, Tick
from gateway.model.site import Signal
from tests.unit.engine.plant import T0, S, readings, site, tag

HEAD = "scenario: a drill\nconfig: site.yaml\nexpect: []\n"


def played(tmp_path: Path, text: str, plant: Any = None) -> Script:
    path = tmp_path / "one.yaml"
    path.write_text(HEAD + text, encoding="utf-8")
    return script(read_scenario(path), plant or site())


@given(
    gain=st.sampled_from([1.0, 0.001, 10 / 4095, 0.1]),
    offset=st.sampled_from([0.0, -5.0, 0.3]),
    value=st.floats(-50, 50),
)
def test_what_is_written_in_units_is_what_the_wire_would_have_said(
    gain: float, offset: float, value: float
) -> None:
    raw = on_the_wire(tag("L", gain=gain, offset=offset), value)
    assert raw * gain + offset == pytest.approx(value, rel=1e-12, abs=1e-12)


@pytest.mark.parametrize("value", [0.0, 5.0, 8.0, 12.0, 12.5, 20.0])
def test_a_limit_is_met_exactly_also_through_a_loop_current(value: float) -> None:
    loop = tag("G", signal=Signal.MILLIAMP, gain=0.001)
    current = on_the_wire(loop, value) * loop.gain
    assert 0.0 + (current - 4.0) / 16.0 * (20.0 - 0.0) == value


def test_a_tag_with_a_trace_says_what_the_trace_says_from_first_to_last(tmp_path: Path) -> None:
    plant = site()
    overlay = Overlay(plant, played(tmp_path, "traces:\n  L: gap 2s, 5 for 3s\n", plant))
    before = readings(plant, ("L", -1, 1.0), ("X", -1, 2.0))
    assert list(overlay.live(before)) == [before], "before it begins everything live is heard"
    overlay.begin(T0)
    assert rows(plant, overlay, ("L", 1, 1.0), ("X", 1, 2.0)) == ["L", "X"], "the trace has not begun"
    assert rows(plant, overlay, ("L", 3, 1.0), ("X", 3, 2.0)) == ["X"]
    assert rows(plant, overlay, ("L", 3, 1.0)) == [], "nothing is left of it"
    assert rows(plant, overlay, ("L", 5, 1.0), ("X", 5, 2.0)) == ["L", "X"], "the plant speaks again"


def rows(plant: Any, overlay: Overlay, *said: Any) -> list[str]:
    found = [each for each in overlay.live(readings(plant, *said)) if isinstance(each, Readings)]
    return [plant.tags[row].id for each in found for row in each.batch.tag]


def test_a_link_that_the_script_lost_takes_its_readings_along(tmp_path: Path) -> None:
    plant = site()
    made = played(tmp_path, "traces: {}\ndo:\n  - 1s link bus down\n  - 4s link bus up\n", plant)
    overlay = Overlay(plant, made)
    overlay.begin(T0)
    assert list(overlay.scripted(made.lines[0])) == [Turned("bus", up=False)]
    assert rows(plant, overlay, ("L", 2, 1.0), ("X", 2, 2.0)) == ["X"], "X hangs on no link"
    assert list(overlay.live(LinkChange(T0 + 3 * S, "bus", up=True))) == [], "the script speaks for this link"
    assert list(overlay.live(LinkChange(T0 + 3 * S, "dev-1", up=False))) != []
    assert list(overlay.scripted(made.lines[1])) == [Turned("bus", up=True)]
    assert rows(plant, overlay, ("L", 5, 1.0)) == ["L"]


def test_what_is_the_real_gateways_own_is_not_heard(tmp_path: Path) -> None:
    overlay = Overlay(site(), played(tmp_path, "traces: {}\n"))
    assert list(overlay.live(Tick(T0))) == []
    assert list(overlay.live(SystemFault(T0, "disk", active=True))) == []
    lost = Gap(T0, "plc", T0, T0, 3, "intake full")
    assert list(overlay.live(lost)) == [lost]


def test_scripted_readings_have_the_times_of_the_script(tmp_path: Path) -> None:
    plant = site(tags=(replace(tag("L"), gain=0.001),), rules=())
    made = played(tmp_path, "traces:\n  L: 5 x2, bad, 7 uncertain\n", plant)
    overlay = Overlay(plant, made)
    overlay.begin(T0)
    said = [each for line in made.lines for each in overlay.scripted(line) if isinstance(each, Batch)]
    assert [int(b.source[0]) - T0 for b in said] == [0, S, 2 * S, 3 * S]
    assert [int(b.received[0]) for b in said] == [int(b.source[0]) for b in said]
    assert [float(b.value[0]) for b in said[:2]] == [5000.0, 5000.0]
    assert [int(b.quality[0]) >> 6 for b in said] == [0, 0, 2, 1]


def test_what_cannot_be_played_is_told_with_its_line(tmp_path: Path) -> None:
    text = "traces:\n  NO: 5\n  SUM: 5\ndo:\n  - 1s acknowledge L.H\n  - 2s link nowhere down\n"
    computed = replace(tag("SUM"), expression="L + X", inputs=("L", "X"))
    plant = site(tags=(*site().tags, computed))
    with pytest.raises(Misconfigured) as told:
        played(tmp_path, text, plant)
    found = {(f.line, f.value) for f in told.value.faults}
    assert found == {(5, "NO"), (6, "SUM"), (8, "acknowledge"), (9, "nowhere")}
