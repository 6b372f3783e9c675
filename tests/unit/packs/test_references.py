"""What the packs cite, number by number, against what is known of the standards; and a card for all that can sound.

The table is written by hand from the sources, never from the packs. A rule that cites a standard and runs (S or V) has
a row here, and so has every legal ceiling: whoever adds or changes one looks the number up again.
"""

# long-file: table

from __future__ import annotations

from collections.abc import Iterator
from functools import cache
from typing import Any

import pytest

from benchmarks.packs_page import OF_THE_SITE
from gateway.config.packs.find import built_in, read_pack
from gateway.model.errors import Fault

Number = tuple[float, str, str, str]
"""value, unit, side, standard"""

GAS, AQ, CO_GAS, COLD, ENTRY, DUST, POND = (
    "GB/T 50493-2019", "AQ 1029-2019", "GB 6222-2005", "GB 50072-2021", "GB 30871-2022", "AQ 4273-2016",
    "GB 51108-2015",
)  # fmt: skip
RUNNING: dict[str, tuple[Number, ...]] = {
    "gas-leak combustible.H": ((25, "%LEL", "high", GAS),),
    "gas-leak combustible.HH": ((50, "%LEL", "high", GAS),),
    "gas-leak h2s.H": ((10, "mg/m3", "high", GAS),),
    "gas-leak h2s.HH": ((20, "mg/m3", "high", GAS),),
    "gas-leak nh3.H": ((20, "mg/m3", "high", GAS),),
    "gas-leak nh3.HH": ((40, "mg/m3", "high", GAS),),
    "gas-leak co.H": ((20, "mg/m3", "high", GAS),),
    "gas-leak co.HH": ((40, "mg/m3", "high", GAS),),
    "gas-leak cl2.H": ((1, "mg/m3", "high", GAS),),
    "gas-leak cl2.HH": ((2, "mg/m3", "high", GAS),),
    "gas-leak oxygen.L": ((19.5, "%vol", "low", GAS),),
    "gas-leak oxygen.H": ((23.5, "%vol", "high", GAS),),
    "gas-leak vote": ((50, "", "vote", GAS),),
    "city-gas manhole-methane.HH": ((50, "%LEL", "high", GAS),),
    "ammonia-refrigeration nh3-room.H": ((150, "ppm", "high", COLD),),
    "ammonia-refrigeration nh3-explosive.H": ((25, "%LEL", "high", COLD),),
    "ammonia-refrigeration nh3-workshop.H": (
        (28, "ppm", "high", GAS),
    ),  # 20 mg/m3 x 24.04 / 17.03 = 28.2 ppm
    "ammonia-refrigeration nh3-workshop.HH": ((56, "ppm", "high", GAS),),  # 40 mg/m3 = 56.5 ppm
    "coal-mine-methane methane-face.H": ((1.0, "%", "high", AQ),),
    "coal-mine-methane methane-face.CUT": ((1.5, "%", "high", AQ),),
    "coal-mine-methane methane-corner.H": ((1.0, "%", "high", AQ),),
    "coal-mine-methane methane-corner.CUT": ((1.5, "%", "high", AQ),),
    "coal-mine-methane methane-heading.H": ((1.0, "%", "high", AQ),),
    "coal-mine-methane methane-heading.CUT": ((1.5, "%", "high", AQ),),
    "coal-mine-methane methane-machine.H": ((1.0, "%", "high", AQ),),
    "coal-mine-methane methane-machine.CUT": ((1.5, "%", "high", AQ),),
    "coal-mine-methane methane-return.CUT": ((1.0, "%", "high", AQ),),
    "coal-mine-methane methane-intake.CUT": ((0.5, "%", "high", AQ),),
    "coal-mine-methane methane-drainage.CUT": ((2.5, "%", "high", AQ),),
    "coal-mine-methane co.H": ((24, "ppm", "high", AQ),),
    "coal-mine-methane h2s.H": ((6.6, "ppm", "high", AQ),),
    "coal-mine-methane co2.H": ((1.5, "%", "high", AQ),),
    "coal-mine-methane temperature.H": ((34, "°C", "high", AQ),),
    "metal-smelting co-metallurgy.H": ((24, "ppm", "high", CO_GAS),),
    "metal-smelting co-metallurgy.HH": ((160, "ppm", "high", CO_GAS),),
    "metal-smelting h2s-metallurgy.H": ((6, "ppm", "high", CO_GAS),),
    "metal-smelting h2s-metallurgy.HH": ((20, "ppm", "high", CO_GAS),),
    "metal-smelting combustible-metallurgy.H": ((10, "%LEL", "high", CO_GAS),),
    "metal-smelting combustible-metallurgy.HH": ((50, "%LEL", "high", CO_GAS),),
    "dust-collector differential-pressure.DEV-H": ((20, "%", "high", DUST),),
    "dust-collector differential-pressure.DEV-L": ((-20, "%", "low", DUST),),
    "dust-collector inlet-temperature.H": ((70, "°C", "high", DUST),),
    "confined-space entry-oxygen.L": ((19.5, "%vol", "low", ENTRY),),
    "confined-space entry-oxygen.H": ((21.1, "%vol", "high", ENTRY),),  # up to 21 is allowed: its next step
    "confined-space entry-h2s.H": ((10, "mg/m3", "high", "GBZ 2.1-2019"),),
    "confined-space entry-co.H": ((20, "mg/m3", "high", "GBZ 2.1-2019"),),
    # at least once in 24 h; abnormal: once in 5 to 10 min, GNSS once in 30 min: a minute more is too seldom
    "tailings-pond sampling-interval.SELDOM": ((1441, "min", "high", POND), (11, "min", "high", POND)),
    "tailings-pond gnss-interval.SELDOM": ((1441, "min", "high", POND), (31, "min", "high", POND)),
    "tailings-pond manual-level": ((0.1, "", "spread", "GB 39496-2020"),),  # the standard asks to compare
    "tailings-pond manual-seepage": ((2, "", "spread", "GB 39496-2020"),),  # how closely is ours, and said
}
RESTORE = {"methane-face": 1.0, "methane-corner": 1.0, "methane-heading": 1.0, "methane-machine": 1.0,
           "methane-return": 1.0, "methane-intake": 0.5, "methane-drainage": 2.5}  # fmt: skip
"""AQ 1029-2019: power is restored below this, %"""
CEILINGS = {
    ("gas-leak", "gas-combustible", "high", "first", 25, "%LEL", GAS, "S"),
    ("gas-leak", "gas-combustible", "high", "second", 50, "%LEL", GAS, "S"),
    ("gas-leak", "gas-combustible", "high", "first", 1, "LEL·m", GAS, "U"),
    ("gas-leak", "gas-combustible", "high", "second", 2, "LEL·m", GAS, "U"),
    ("gas-leak", "gas-toxic", "high", "first", 100, "%OEL", GAS, "S"),
    ("gas-leak", "gas-toxic", "high", "second", 200, "%OEL", GAS, "S"),
    ("gas-leak", "gas-toxic", "high", "first", 5, "%IDLH", GAS, "S"),
    ("gas-leak", "gas-toxic", "high", "second", 10, "%IDLH", GAS, "S"),
    ("gas-leak", "oxygen", "low", "first", 19.5, "%vol", GAS, "S"),
    ("gas-leak", "oxygen", "high", "first", 23.5, "%vol", GAS, "S"),
    ("city-gas", "manhole-methane", "high", "first", 25, "%LEL", GAS, "S"),
    ("city-gas", "manhole-methane", "high", "second", 50, "%LEL", GAS, "S"),
    ("city-gas", "old-pipe-methane", "high", "first", 25, "%LEL", GAS, "S"),
    ("city-gas", "old-pipe-methane", "high", "second", 50, "%LEL", GAS, "S"),
    ("ammonia-refrigeration", "nh3-room", "high", "first", 150, "ppm", COLD, "S"),
    ("confined-space", "entry-oxygen", "low", "first", 19.5, "%vol", ENTRY, "S"),
    ("confined-space", "entry-oxygen", "high", "first", 21.1, "%vol", "", "E"),
    ("metal-smelting", "co-metallurgy", "high", "first", 24, "ppm", CO_GAS, "S"),
    ("metal-smelting", "co-metallurgy", "high", "second", 160, "ppm", CO_GAS, "S"),
    ("metal-smelting", "h2s-metallurgy", "high", "first", 6, "ppm", CO_GAS, "S"),
    ("metal-smelting", "h2s-metallurgy", "high", "second", 20, "ppm", CO_GAS, "S"),
    ("metal-smelting", "combustible-metallurgy", "high", "first", 10, "%LEL", CO_GAS, "S"),
    ("metal-smelting", "combustible-metallurgy", "high", "second", 50, "%LEL", CO_GAS, "S"),
    *(("coal-mine-methane", place, "high", "first", 1.0, "%", AQ, "S")
      for place in ("methane-face", "methane-corner", "methane-heading", "methane-machine")),
    *(("coal-mine-methane", place, "high", "second", 1.5, "%", AQ, "S")
      for place in ("methane-face", "methane-corner", "methane-heading", "methane-machine")),
    ("coal-mine-methane", "methane-return", "high", "second", 1.0, "%", AQ, "S"),
    ("coal-mine-methane", "methane-intake", "high", "second", 0.5, "%", AQ, "S"),
    ("coal-mine-methane", "methane-drainage", "high", "second", 2.5, "%", AQ, "S"),
    ("coal-mine-methane", "co", "high", "first", 24, "ppm", AQ, "S"),
    ("coal-mine-methane", "h2s", "high", "first", 6.6, "ppm", AQ, "S"),
    ("coal-mine-methane", "co2", "high", "first", 1.5, "%", AQ, "S"),
    # unverified, so never enforced: grade 5, the lowest of the table; each pond's grade has its own
    ("tailings-pond", "freeboard", "low", "second", 0.4, "m", "GB 50863-2013", "U"),
    ("tailings-pond", "dry-beach", "low", "second", 40, "m", "GB 50863-2013", "U"),
    ("head-pond", "head-freeboard", "low", "second", 0.4, "m", "GB 50863-2013", "U"),
}  # fmt: skip
EXPOSURE = {"H2S": (10, 430), "NH3": (20, 360), "CO": (20, 1700), "CL2": (1, 88)}
"""mg/m3: the exposure limit (MAC or PC-TWA) and the value immediately dangerous, table of GB/T 50493-2019"""
PACKS = built_in()


@cache
def data(pack: str) -> dict[str, Any]:
    faults: list[Fault] = []
    found = read_pack(PACKS[pack], faults)
    assert found is not None, faults
    assert faults == []
    return dict(found.document.data)


def rules(raw: dict[str, Any]) -> Iterator[tuple[str, dict[str, Any], dict[str, Any]]]:
    """Name, values, type."""
    for name, kind in raw["types"].items():
        for rule, values in (kind.get("rules") or {}).items():
            yield f"{name}.{rule}", values, kind
    for name, values in (raw.get("rules") or {}).items():
        yield name, values, {}


def numbers(values: dict[str, Any]) -> list[float]:
    if values["kind"] == "state-limit":
        return [case["trigger"] for case in values["cases"] if "trigger" in case]
    return [values["trigger"]] if "trigger" in values else []


def side(values: dict[str, Any]) -> str:
    sides = {"limit-high": "high", "limit-low": "low", "state-limit": "low" if values.get("low") else "high"}
    return sides.get(values["kind"], values["kind"])


@pytest.mark.parametrize("pack", PACKS)
def test_every_number_that_cites_a_standard_and_runs_is_that_of_the_table(pack: str) -> None:
    cited = {
        f"{pack} {name}": tuple(
            (number, kind.get("unit", ""), side(values), values["standard"]) for number in numbers(values)
        )
        for name, values, kind in rules(data(pack))
        if values.get("standard") and values["mark"] in "SV" and numbers(values)
    }
    assert cited == {name: rows for name, rows in RUNNING.items() if name.split()[0] == pack}


def test_every_ceiling_is_that_of_the_table_and_no_number_is_called_read_that_was_not() -> None:
    found = {
        (
            pack,
            c.get("type") or c["class"],
            c["side"],
            c["alarm"],
            c["bound"],
            c["unit"],
            c.get("standard", ""),
            c["mark"],
        )
        for pack in PACKS
        for c in data(pack).get("ceilings", ())
    }
    assert found == CEILINGS
    marks = {(pack, n) for pack in PACKS for n, values, _ in rules(data(pack)) if values.get("mark") == "V"}
    assert marks == set(), "nobody has read a paid standard yet: V is for an engineer who has"


def test_power_is_restored_no_higher_than_the_table_says() -> None:
    for name, kind in data("coal-mine-methane")["types"].items():
        if name in RESTORE:
            (judged,) = [c for c in kind["rules"]["CUT"]["cases"] if "reset" in c]
            assert judged["reset"] <= RESTORE[name], name


def test_exposure_limits_are_those_of_the_table() -> None:
    for pack in PACKS:
        for name, substance in data(pack).get("substances", {}).items():
            if name in EXPOSURE:
                said = (
                    substance["oel"]["value"],
                    substance.get("idlh", {"value": EXPOSURE[name][1]})["value"],
                )
                assert said == EXPOSURE[name], (pack, name)


@pytest.mark.parametrize("pack", PACKS)
def test_everything_that_can_sound_has_a_card_in_both_languages_and_somebody_who_answers(pack: str) -> None:
    raw = data(pack)
    cards = {
        name: card
        for each in (*raw.get("includes", ()), pack)
        for name, card in data(each).get("cards", {}).items()
    }
    assert [name for name, values, _ in rules(raw) if values.get("card") not in cards] == []
    assert [
        n for n, c in raw["cards"].items() if len(c["steps"]) != len(c["steps_en"]) or len(c["steps"]) < 2
    ] == []
    roles = raw["chain"]["roles"]
    assert len(roles) >= 3
    assert all(role["name"] and role["name_en"] for role in roles)


@pytest.mark.parametrize("pack", PACKS)
def test_its_readme_names_every_number_that_the_site_gives_in_both_languages(pack: str) -> None:
    text = (PACKS[pack] / "README.md").read_text(encoding="utf-8")
    chinese, english = text.split("\n# ", 1)
    for name, values, _ in rules(data(pack)):
        if values["kind"] in OF_THE_SITE and not {"trigger", "limit"} & set(values):
            kind = f"`{name.partition('.')[0]}`"
            assert kind in chinese, name
            assert kind in english, name
    assert "先知道这些" in chinese
    assert "Know this first" in english
