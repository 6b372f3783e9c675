"""Nothing published as GOOD is untrue, whatever the wire does; and when it is well again, so is every tag.

A short part of ``python -m tests.lies``, which goes on for millions of readings.
"""

from __future__ import annotations

import asyncio

import pytest

from gateway.model.quality import Status, status_of
from tests.lies.run import Case, storm
from tests.lies.wires import FAULTS, FRAMINGS, right

CALM_S, FAULT_S, MOST_S, REPROBE_S = 5.0, 20.0, 10.0, 21.0
HARMLESS = ("slow", "split", "doubled", "hang-up")
"""The answer comes, whole and in time, or once not: nothing may be lost."""


@pytest.mark.parametrize("framing", FRAMINGS)
@pytest.mark.parametrize("seed", [1, 2, 3])
def test_no_reading_that_says_good_is_untrue(framing: str, seed: int) -> None:
    case = storm(framing, seed, 12_000)
    assert case.witness.lies == []
    assert case.witness.readings_seen >= 12_000
    assert case.witness.qualities[0] >= 4_000, "and most are good"


async def one_fault(case: Case, name: str, back: list[float]) -> None:
    """Calm, then every answer has the fault, then calm again until all is well."""
    loop, bus, witness = asyncio.get_running_loop(), case.bus, case.witness
    await asyncio.sleep(CALM_S)
    assert case.well(CALM_S - 2.0), "read before anything is wrong"
    if name in FAULTS:
        bus.pick = lambda: FAULTS[name]
    else:
        bus.refusing, bus.half_open = name == "refused-connection", name == "half-open"
        bus.hang_up()
    began = loop.time()
    await asyncio.sleep(FAULT_S)
    if name in HARMLESS:
        assert case.well(began + FAULT_S / 4)
        assert witness.links == []
    else:
        later = [quality for at, quality in witness.latest.values() if at > began + 1.0]
        assert all(status_of(quality) is Status.BAD for quality in later), "nothing is good meanwhile"
        assert witness.down or len(later) == len(witness.latest), "and it is said: by the tags, or by a link"
    bus.pick, bus.refusing, bus.half_open = (lambda: right), False, False
    ended = loop.time()
    while not case.well(ended) and loop.time() < ended + 5 * MOST_S:
        await asyncio.sleep(0.05)
    back.append(loop.time() - ended)


@pytest.mark.parametrize("framing", FRAMINGS)
@pytest.mark.parametrize("name", [*FAULTS, "hang-up", "refused-connection", "half-open"])
def test_every_fault_passes_without_a_restart(framing: str, name: str) -> None:
    """At the latest after the longest rest (1 s here) and a probe.

    What was refused is asked for again (after 20 s here); a late device first says what it was asked before.
    """
    if framing != "tcp" and name == "wrong-transaction":
        pytest.skip("no transactions on this wire")
    case, back = Case(framing, 7, units=2, tags=40), list[float]()
    case.play(lambda c: one_fault(c, name, back))
    assert case.witness.lies == []
    assert case.witness.down == set()
    most = {"refused": REPROBE_S, "late": 25.0, "slow": 31.0}.get(name, MOST_S)
    assert back[0] <= most, f"well again after {back[0]:.1f} s"


async def week(case: Case) -> None:
    """Each day something else is wrong for five minutes."""
    days = ("refusing", "half_open", "mute", "late", "garbled", "drop", "slow")
    for day, what in enumerate(days):
        if hasattr(case.bus, what):
            setattr(case.bus, what, True)
            case.bus.hang_up()
        else:
            case.bus.pick = lambda what=what: FAULTS[what]  # type: ignore[misc]
        await asyncio.sleep(300)
        case.bus.refusing = case.bus.half_open = False
        case.bus.pick = lambda: right
        mended = asyncio.get_running_loop().time()
        await asyncio.sleep(23 * 3600)
        assert case.well(mended + 22 * 3600), f"day {day}: {what}"


def test_a_week_of_polling_with_a_trouble_every_day() -> None:
    """TB-GW 1577 (stops after six days), FUXA 1743 (time-outs after a long run)."""
    case = Case("tcp", seed=5, units=1, tags=3, period_s=120.0, reprobe_s=3600.0)
    case.play(week)
    assert case.witness.lies == []
    assert case.source.counters.polls > 6 * 720
