"""Other numbers for a rule: asked for by one, agreed to by another, written and put in place; or nothing at all."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from gateway.alarms.approvals import Approvals
from gateway.alarms.notes import note
from gateway.app.proposals import Proposals
from gateway.app.reload import Reload
from gateway.app.signing import Signing
from gateway.app.tools import Tools
from gateway.config.kept import keep
from gateway.config.load import Loaded, load
from gateway.model.commands import Actor, Command
from gateway.model.errors import Misconfigured, Refused
from gateway.model.times import NS
from tests.unit.config.writing import SITE, TAGS, good, spoilt, write

WANG, LI = Actor("wang", "王强", "engineer"), Actor("li", "李娜", "engineer")
WHY = "nuisance at every filling"
TREND = (
    "  - {id: LT-1.TREND, kind: trend, tag: LT-1, limit: 14, horizon: 20min, window: 10min, level: yellow}\n"
)


class Machine:
    """What the two need of the gateway: its journal is a list."""

    def __init__(self, loaded: Loaded) -> None:
        self.site = loaded.site
        self.watch: Any = Approvals()
        self.clock = SimpleNamespace(now=lambda: 1_800_000_000 * NS)
        self.told: list[str] = []
        self.kept: list[str] = []

    async def submit(self, command: Command) -> None:
        event = note(command, self.clock.now())
        self.watch.fold(event)
        self.told.append(event.event.value)

    async def keep_config(self, digest: str, data: bytes) -> None:
        self.kept.append(digest)


class House:
    """A site that runs."""

    def __init__(self, folder: Path, site: str = SITE) -> None:
        loaded = good(folder, site=site)
        loaded.state.mkdir()
        keep(loaded)
        self.machine: Any = Machine(loaded)
        self.reload = Reload(loaded)
        self.proposals = Proposals(self.machine, Signing(self.machine, self.reload))

    async def propose(self, rule: str = "LT-1.H", **wanted: float) -> str:
        return str((await self.proposals.propose(rule, wanted, WANG, WHY))["proposal"])

    @property
    def loaded(self) -> Loaded:
        return load(self.reload.loaded.path)

    def waiting(self) -> list[Mapping[str, Any]]:
        return list(self.proposals.changes()["proposals"])


@pytest.fixture
def house(tmp_path: Path) -> House:
    return House(tmp_path)


async def test_one_asks_and_another_agrees(house: House) -> None:
    ident = await house.propose(trigger=11.5, on_delay_s=3)
    (waiting,) = house.waiting()
    assert waiting["numbers"] == [
        {"field": "trigger", "old": "12", "new": "11.5", "later": False},
        {"field": "reset", "old": "11.8", "new": "11.3", "later": False},
        {"field": "on_delay", "old": "0s", "new": "3s", "later": True},
    ]
    assert (waiting["by"], waiting["comment"], waiting["origin"]) == ("王强", WHY, "tags.csv:2 H")
    done = await house.proposals.agree(ident, LI, "seen the trend")
    assert "~ rule LT-1.H trigger: 12 -> 11.5" in done["changes"]
    assert {c.split()[2] for c in done["changes"]} == {"LT-1.H"}, "only the changed rule"
    assert house.machine.told == ["change-proposed", "change-agreed"]
    entry = house.loaded.origin.overriding.content.limits["LT-1.H"]
    assert (entry.by, entry.second, entry.reason) == ("王强", "李娜", f"{WHY}; seen the trend")
    assert house.reload.loaded.site.config_hash == done["new"]


@pytest.mark.parametrize(
    ("rule", "trigger", "later"),
    [("LT-1.H", 12.5, True), ("LT-1.H", 11.5, False), ("LT-1.L", 0.5, True), ("LT-1.L", 1.5, False)],
)
async def test_an_alarm_that_would_come_later_is_marked_for_the_second_person(
    house: House, rule: str, trigger: float, later: bool
) -> None:
    await house.propose(rule, trigger=trigger)
    (waiting,) = house.waiting()
    assert waiting["numbers"][0]["later"] is later


async def test_what_ran_approved_runs_approved(house: House) -> None:
    house.machine.watch.approved[house.machine.site.config_hash] = ["a", "b", 1]
    done = await house.proposals.agree(await house.propose(trigger=11.5), LI, "")
    assert house.machine.told == ["change-proposed", "config-approved", "change-agreed"]
    assert house.machine.kept == [done["new"]]


async def test_nobody_agrees_with_himself(house: House) -> None:
    ident = await house.propose(trigger=11.5)
    with pytest.raises(Refused, match="two persons"):
        await house.proposals.agree(ident, WANG, "")
    assert len(house.waiting()) == 1
    assert not house.loaded.overrides.exists()


async def test_what_cannot_be_is_refused_when_it_is_asked_for(house: House) -> None:
    with pytest.raises(Misconfigured) as caught:
        await house.propose("AT-1.H", trigger=30)
    assert caught.value.faults[0].path == "limits.AT-1.H.trigger"
    assert "25 %LEL" in caught.value.faults[0].allowed
    for rule, wanted, words in (
        ("LT-9.H", {"trigger": 1}, "no such rule"),
        ("LT-1.H", {"trigger": 12}, "already"),
        ("LT-1.H", {}, "already"),
    ):
        with pytest.raises(Refused, match=words):
            await house.propose(rule, **wanted)
    with pytest.raises(Refused, match="reason"):
        await house.proposals.propose("LT-1.H", {"trigger": 11.0}, WANG, " ")
    assert house.machine.told == []


async def test_a_proposal_is_declined_or_taken_back_once(house: House) -> None:
    ident = await house.propose(trigger=11.5)
    await house.proposals.decline(ident, LI, "no")
    for again in (house.proposals.decline(ident, LI, "no"), house.proposals.agree(ident, LI, "")):
        with pytest.raises(Refused, match="no change waits"):
            await again
    assert house.waiting() == []


async def test_a_rule_that_moved_on_is_proposed_anew(house: House, tmp_path: Path) -> None:
    ident = await house.propose(trigger=11.5)
    write(tmp_path, tags=spoilt(TAGS, ",1,12,13,0.2,", ",1,12.5,13,0.2,"))
    with pytest.raises(Refused, match="the files say other things"):
        await house.proposals.agree(ident, LI, "")
    house.machine.site = house.loaded.site  # they were put in place
    with pytest.raises(Refused, match="propose it anew"):
        await house.proposals.agree(ident, LI, "")


async def test_two_changes_at_once_do_not_undo_each_other(house: House) -> None:
    first, second = await house.propose(trigger=11.5), await house.propose("LT-1.HH", trigger=12.9)
    done = await asyncio.gather(
        house.proposals.agree(first, LI, ""), house.proposals.agree(second, LI, ""), return_exceptions=True
    )
    assert [isinstance(each, Refused) for each in done] == [False, True]
    assert list(house.loaded.origin.overriding.content.limits) == ["LT-1.H"]
    assert [w["proposal"] for w in house.waiting()] == [second]


async def test_a_trial_never_touches_overrides_that_lie_elsewhere(tmp_path: Path) -> None:
    (tmp_path / "site").mkdir()
    outside = SITE + "changes: {overrides: ../shared.yaml}\n"
    tools = Tools(good(tmp_path / "site", site=outside), lambda: 1_800_000_000 * NS)
    with pytest.raises(Refused, match="outside the site's folder"):
        await tools.try_rule("LT-1.H", {"trigger": 11.5}, 7)
    with pytest.raises(Misconfigured):
        await tools.try_rule("LT-1.H", {"trigger": 14.5}, 7)
    assert not (tmp_path / "shared.yaml").exists()


async def test_what_cannot_be_put_in_place_leaves_the_file_as_it_was(house: House) -> None:
    first = await house.propose(trigger=11.5)
    await house.proposals.agree(first, LI, "")
    house.machine.site, text = house.loaded.site, house.loaded.overrides.read_text()
    second = await house.propose(trigger=11.0)
    with pytest.raises(Refused, match="being put in place"):
        await house.proposals.agree(second, LI, "")
    assert house.loaded.overrides.read_text() == text


async def test_back_to_what_the_files_say_leaves_no_entry(house: House) -> None:
    await house.proposals.agree(await house.propose(trigger=11.5), LI, "")
    house.machine.site = house.loaded.site
    keep(house.loaded)
    house.reload.begun()
    await house.proposals.agree(await house.propose(trigger=12), LI, "")
    assert not house.loaded.overrides.exists()
    assert house.proposals.changes()["signed"] == []


async def test_numbers_of_a_kind_are_asked_for_and_agreed_to_the_same_way(tmp_path: Path) -> None:
    house = House(tmp_path, spoilt(SITE, "outputs:\n", TREND + "outputs:\n"))
    (horizon,) = [s for s in house.proposals.settings("LT-1.TREND") if s["name"] == "horizon"]
    assert (horizon["value"], horizon["time"]) == (1200, True)
    assert house.proposals.settings("LT-1.H") == []
    ident = await house.propose(
        "LT-1.TREND", **{"settings.limit": 14.5, "settings.window": 1200, "off_delay_s": 60}
    )
    (waiting,) = house.waiting()
    assert waiting["numbers"] == [
        {"field": "off_delay", "old": "0s", "new": "1min", "later": False},
        {"field": "settings.limit", "old": "14", "new": "14.5", "later": True},
        {"field": "settings.window", "old": "10min", "new": "20min", "later": False},
    ]
    done = await house.proposals.agree(ident, LI, "")
    assert "~ rule LT-1.TREND settings: limit 14, window 10min -> limit 14.5, window 20min" in done["changes"]
    assert {c.split()[2] for c in done["changes"]} == {"LT-1.TREND"}
    rule = next(r for r in house.loaded.site.rules if r.id == "LT-1.TREND")
    assert (dict(rule.settings)["limit"], dict(rule.settings)["window"], rule.off_delay) == (
        14.5,
        1200 * NS,
        60 * NS,
    )
    entry = house.loaded.origin.overriding.content.limits["LT-1.TREND"]
    assert entry.settings == {"limit": 14.5, "window": "20min"}
    told = {(c["field"], c["old"], c["new"]) for c in house.proposals.changes()["signed"]}
    assert ("settings.window", "10min", "20min") in told


async def test_a_setting_that_moved_on_is_proposed_anew(tmp_path: Path) -> None:
    house = House(tmp_path, spoilt(SITE, "outputs:\n", TREND + "outputs:\n"))
    ident = await house.propose("LT-1.TREND", **{"settings.window": 1200})
    write(tmp_path, site=spoilt(SITE, "outputs:\n", TREND.replace("10min", "8min") + "outputs:\n"))
    house.machine.site = house.loaded.site
    with pytest.raises(Refused, match="propose it anew"):
        await house.proposals.agree(ident, LI, "")
    with pytest.raises(Refused, match="no setting 'speed'"):
        await house.propose("LT-1.TREND", **{"settings.speed": 1})
    with pytest.raises(Misconfigured):
        await house.propose("LT-1.TREND", **{"settings.limit": 99})
