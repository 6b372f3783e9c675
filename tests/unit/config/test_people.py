"""People: owners for every role of a chain, posts and who is on them, the routing table, operator consoles."""

from __future__ import annotations

from pathlib import Path
from typing import get_args

import pytest

from gateway.alarms.modifiers import MODIFIERS
from gateway.config.notes import notes
from gateway.config.people import WHOLE, ModifierName
from gateway.config.peoplenotes import unmanned
from gateway.model.effective import dump_site, load_site
from gateway.model.levels import Level
from gateway.model.people import DAY, SPECIALTIES, Hours, Post, Rota, Shift, specialty_of
from gateway.model.times import parse_iso, seconds
from tests.unit.config.writing import SITE, faults, good, line_of, spoilt

ONE = "owners: {responsible: wang}"
PEOPLE = SITE[SITE.index("people:") :]
CHAIN = """\
people: {wang: {name: 王强, phone: "138"}, li: {name: 李敏, email: li@example.org}, zhao: {name: 待填 操作负责人}}
chains:
  hazchem:
    name: 三级包保
    roles: [{id: principal, name: 主要负责人}, {id: technical, name: 技术负责人}, {id: operating, name: 操作负责人}]
posts:
  room: {name: 中控室, members: [wang]}
  night: {name: 夜班, shifts: [{days: [sat, sun], start: "20:00", end: "08:00", members: [li]}]}
routing:
  acknowledge: {red: 2min, orange: 10min}
  table:
    - {levels: [red], specialties: [gas], posts: [room, night], escalate: ["owner:technical", "owner:principal"]}
    - {levels: [red, orange, yellow, blue], posts: [room], hours: {days: [mon], start: "08:00"}}
consoles: [{id: c1, name: 一号台, installations: [tank-farm]}]
"""
FULL = spoilt(
    spoilt(SITE, ONE, "chain: hazchem, owners: {principal: wang, technical: li, operating: zhao}"),
    PEOPLE,
    CHAIN,
)
SATURDAY = parse_iso("2026-11-21T00:00:00+08:00")


@pytest.mark.parametrize(
    ("old", "new", "path", "allowed"),
    [
        (f"{ONE}, ", "", "installations[0].owners", "responsible (责任人)"),
        (ONE, "owners: [王强]", "installations[0].owners", "keys and values"),
        (ONE, "owners: {responsible: zhou}", "installations[0].owners.responsible", "id of a person: wang"),
        (
            ONE,
            "owners: {responsible: wang, boss: wang}",
            "installations[0].owners.boss",
            "id of a role: responsible",
        ),
        (ONE, f"chain: none, {ONE}", "installations[0].chain", "id of a chain; none is configured"),
    ],
)
def test_an_installation_without_named_owners_is_refused(
    tmp_path: Path, old: str, new: str, path: str, allowed: str
) -> None:
    text = spoilt(SITE, old, new)
    (fault,) = faults(tmp_path, text)
    assert fault.path == path
    assert allowed in fault.allowed
    assert fault.line == line_of(text, "id: tank-farm")


def test_every_role_of_the_chain_needs_one(tmp_path: Path) -> None:
    (fault,) = faults(tmp_path, spoilt(FULL, "technical: li, operating: zhao", "technical: li"))
    assert (fault.path, fault.value) == ("installations[0].owners", "principal, technical")
    assert "operating (操作负责人)" in fault.allowed


@pytest.mark.parametrize(
    ("old", "new", "path"),
    [
        ("members: [wang]}", "members: [wu]}", "posts.room.members[0]"),
        ("members: [wang]}", "members: []}", "posts.room"),
        ("members: [li]}]", "members: [wu]}]", "posts.night.shifts[0].members[0]"),
        ('"20:00"', "2000", "posts.night.shifts[0].start"),
        ('"20:00"', '"20:60"', "posts.night.shifts[0].start"),
        ("[room, night]", "[rum]", "routing.table[0].posts[0]"),
        ('"owner:principal"', '"owner:boss"', "routing.table[0].escalate[1]"),
        ("red: 2min, ", "", "routing.table[0].escalate"),
        ("levels: [red], ", "levels: [crimson], ", "routing.table[0].levels[0]"),
        ("installations: [tank-farm]", "installations: [farm]", "consoles[0].installations[0]"),
    ],
)  # fmt: skip
def test_who_is_named_is_somebody(tmp_path: Path, old: str, new: str, path: str) -> None:
    assert path in [f.path for f in faults(tmp_path, spoilt(FULL, old, new))]


def test_an_installation_is_on_one_console(tmp_path: Path) -> None:
    two = "installations: [tank-farm]}, {id: c2, name: 二号台, installations: [tank-farm]}]"
    (fault,) = faults(tmp_path, spoilt(FULL, "installations: [tank-farm]}]", two))
    assert (fault.path, fault.hint) == ("consoles[1].installations[0]", "c1 has it already")


def test_the_model_has_it_and_keeps_it(tmp_path: Path) -> None:
    site = good(tmp_path, FULL).site
    assert [(o.role, o.person, o.name, o.role_name) for o in site.installations[0].owners] == [
        ("principal", "wang", "王强", "主要负责人"), ("technical", "li", "李敏", "技术负责人"),
        ("operating", "zhao", "待填 操作负责人", "操作负责人"),
    ]  # fmt: skip
    assert site.routing.limit(Level.RED) == seconds(120)
    assert site.routing.limit(Level.BLUE) == 0
    again = load_site(dump_site(site))
    assert (again.people, again.posts, again.chains) == (site.people, site.posts, site.chains)
    assert (again.routing, again.consoles) == (site.routing, site.consoles)
    assert again.installations == site.installations


def test_the_first_row_that_applies(tmp_path: Path) -> None:
    routing = good(tmp_path, FULL).site.routing
    monday = SATURDAY + 2 * DAY
    assert routing.route(Level.RED, "gas", "tank-farm", SATURDAY) is routing.routes[0]
    assert routing.route(Level.RED, "process", "tank-farm", SATURDAY) is None
    assert routing.route(Level.RED, "process", "tank-farm", monday) is None
    assert routing.route(Level.RED, "process", "tank-farm", monday + 8 * seconds(3600)) is routing.routes[1]


def test_specialties() -> None:
    found = [
        specialty_of(c, fault=False) for c in ("methane", "level", "freeboard", "rainfall", "state", "x")
    ]
    assert found == ["gas", "process", "dam", "weather", "equipment", "other"]
    assert specialty_of("methane", fault=True) == "instrument"


def test_hours_over_midnight() -> None:
    hours = Hours(days=(5,), start=20 * seconds(3600), end=8 * seconds(3600))
    at = [SATURDAY + h * seconds(3600) for h in (0, 7, 19, 20, 24, 31, 32, 44)]
    assert [hours.hold(t) for t in at] == [False, False, False, True, True, True, False, False]


def test_who_is_on_duty() -> None:
    rota = Rota(begins=SATURDAY, length=8 * seconds(3600), teams=(("a",), ("b", "w"), ("c",)))
    shift = Shift(hours=Hours(days=(5,), start=0, end=DAY // 2), members=("s",))
    post = Post(id="p", name="p", members=("w",), shifts=(shift,), rota=rota)
    assert post.on_duty(SATURDAY) == ("w", "s", "a")
    assert post.on_duty(SATURDAY + DAY // 2) == ("w", "b")
    assert post.on_duty(SATURDAY - 1) == ("w", "c")


def test_what_check_says_of_people(tmp_path: Path) -> None:
    found = [
        (n.code, n.subject, n.text) for n in notes(good(tmp_path, FULL), today="2026-01-01", environment={})
    ]
    fill = next(f for f in found if f[0] == "to-fill")
    assert fill[1:] == ("people.zhao", "'待填 操作负责人' is still to be named: tank-farm operating")
    assert ("unmanned", "posts.night") in [f[:2] for f in found]
    assert any(f[0] == "unrouted" and f[2].startswith("red process alarms of tank-farm") for f in found)
    alone = good(tmp_path, spoilt(SITE, PEOPLE, PEOPLE.splitlines()[0]))
    assert "no-routing" in [n.code for n in notes(alone, today="2026-01-01", environment={})]


def test_a_post_without_holes() -> None:
    week = Shift(hours=Hours(), members=("a",))
    assert unmanned(Post(id="p", name="p", shifts=(week,))) == ""
    noon = Shift(hours=Hours(start=0, end=DAY // 2), members=("a",))
    assert unmanned(Post(id="p", name="p", shifts=(noon,))) == "mon 12:00"


def test_the_words_of_the_file_are_those_of_the_model() -> None:
    assert WHOLE == SPECIALTIES


MORE = """\
levels: {modifiers: {grade: {verified_by: 王强}}}
watches:
  - {id: feast, start: "2026-02-16T00:00:00+08:00", end: "2026-02-23T00:00:00+08:00", reason: 春节, acknowledge: 0.5}
"""


def test_modifiers_and_periods_reach_the_model(tmp_path: Path) -> None:
    text = spoilt(SITE + MORE, "level: orange}", "level: orange, modifies: bypass}")
    loaded = good(tmp_path, spoilt(text, "name: 储罐区}", "name: 储罐区, grade: 1, head_pond: true}"))
    site = loaded.site
    assert (site.modifiers, site.installations[0].head_pond) == ((("grade", "王强"),), True)
    (watch,) = site.watches
    assert (watch.id, watch.end - watch.start, watch.acknowledge) == ("feast", 7 * DAY, 0.5)
    assert site.rules[site.rule_index["LT-1.RISE"]].modifies == "bypass"
    assert load_site(dump_site(site)).watches == site.watches
    assert load_site(dump_site(site)).modifiers == site.modifiers
    off = {
        n.subject: n.text
        for n in notes(loaded, today="2026-01-01", environment={})
        if n.code == "modifier-off"
    }
    assert set(off) == {f"levels.modifiers.{m}" for m in ("head-pond", "bypass", "heightened-watch")}
    assert "mark U, off" in off["levels.modifiers.bypass"]


@pytest.mark.parametrize(
    ("old", "new", "path"),
    [
        ("{verified_by: 王强}", "{}", "levels.modifiers.grade.verified_by"),
        ("grade: {ver", "moon: {ver", "levels.modifiers.moon"),
        ("02-23T", "02-13T", "watches[0]"),
        ('+08:00", reason', '", reason', "watches[0].end"),
        ("acknowledge: 0.5", "acknowledge: 2", "watches[0].acknowledge"),
        ("acknowledge: 0.5", "installations: [mill]", "watches[0].installations[0]"),
    ],
)
def test_a_modifier_is_signed_and_a_period_has_an_end(tmp_path: Path, old: str, new: str, path: str) -> None:
    assert [f.path for f in faults(tmp_path, spoilt(SITE + MORE, old, new))] == [path]


def test_the_table_and_the_file_have_the_same_modifiers() -> None:
    assert set(get_args(ModifierName)) == set(MODIFIERS)
