"""Pack -> site -> installation -> tag: what holds, and where it says it comes from."""

from __future__ import annotations

from pathlib import Path

import pytest

from gateway.alarms.topology import Topology
from gateway.config.explain import explain
from gateway.config.notes import not_judged, notes
from gateway.model.effective import dump_site, load_site
from gateway.model.levels import Level
from gateway.model.times import seconds
from tests.unit.packs.folders import PACK, SITE, TAGS, good, spoilt


def test_each_place_wins_over_the_one_below(tmp_path: Path) -> None:
    rules = {r.id: r for r in good(tmp_path).site.rules}
    assert (rules["TT-1.H"].trigger, rules["TT-1.H"].reset, rules["TT-1.H"].mark) == (300, 295, "S")
    assert rules["TT-1.HH"].trigger == 350, "of the site"
    assert rules["TT-2.HH"].trigger == 380, "of its installation"
    assert (rules["TT-3.HH"].trigger, rules["TT-3.HH"].reset) == (360, 352), "of the tag's row"
    assert (rules["TT-3.HH"].mark, rules["TT-3.HH"].verified_by) == ("V", "王五")
    assert rules["TT-3.HH"].level is Level.RED, "what nobody changed is the pack's"
    assert (rules["K.TWIN"].trigger, rules["K.TWIN"].tags) == (10, ("TT-1", "TT-2"))


def test_a_type_fills_what_the_row_leaves_empty(tmp_path: Path) -> None:
    tags = {t.id: t for t in good(tmp_path).site.tags}
    one = tags["TT-1"]
    assert (one.cls, one.unit, one.low, one.high, one.period) == ("temperature", "°C", 0, 600, seconds(5))
    assert (one.type, one.required) == ("kiln.shell", ("TT-1.H", "TT-1.HH"))
    assert tags["AT-1"].substance == "CO"


def test_every_value_says_where_it_is_written(tmp_path: Path) -> None:
    loaded = good(tmp_path)

    def places(tag: str) -> dict[str, str]:
        return {e.what: e.where.removeprefix(f"{tmp_path}/") for e in explain(loaded, tag)}

    one, two, three = places("TT-1"), places("TT-2"), places("TT-3")
    assert one["TT-1.H trigger"] == "packs/kiln/pack.yaml:23 (types.shell.rules.H.trigger)"
    assert one["TT-1.HH trigger"] == "site.yaml:14 (types.shell.HH.trigger)"
    assert two["TT-2.HH trigger"] == "site.yaml:8 (installations[1].types.shell.HH.trigger)"
    assert three["TT-3.HH trigger"] == "tags.csv:4 (HH)"
    assert one["TT-1.HH level"] == "packs/kiln/pack.yaml:24 (types.shell.rules.HH.level)"
    assert one["unit"] == "packs/kiln/pack.yaml:13 (types.shell)"
    assert one["K.TWIN trigger"].startswith("packs/kiln/pack.yaml")
    assert one["K.TWIN tags"].startswith("site.yaml:16")


def test_a_number_of_ones_own_does_not_keep_the_packs_source(tmp_path: Path) -> None:
    site = spoilt(SITE, "\n  shell: {HH:", "\n  shell: {H: {trigger: 280}, HH:")
    rule = next(r for r in good(tmp_path, site=site).site.rules if r.id == "TT-1.H")
    assert (rule.trigger, rule.standard, rule.mark, rule.enabled) == (280, "", "", True)


def test_an_unverified_number_is_not_judged_by_until_somebody_signs(tmp_path: Path) -> None:
    loaded = good(tmp_path)
    trend = next(r for r in loaded.site.rules if r.id == "TT-1.TREND")
    assert (trend.mark, trend.enabled) == ("U", False)
    said = {
        n.subject: n.text for n in notes(loaded, today="2026-01-01", environment={}) if n.code == "to-verify"
    }
    assert "GB 1-2020" in said["TT-1.TREND"]
    (tmp_path / "signed").mkdir()
    site = spoilt(SITE, "\n  shell: {HH:", "\n  shell: {TREND: {verified_by: 李四}, HH:")
    signed = next(r for r in good(tmp_path / "signed", site=site).site.rules if r.id == "TT-1.TREND")
    assert (signed.enabled, signed.mark, signed.verified_by) == (True, "U", "李四")


def test_what_is_not_given_or_not_verified_leaves_its_place_not_judged(tmp_path: Path) -> None:
    loaded = good(
        tmp_path,
        site=spoilt(SITE, "types:\n  shell: {HH: {trigger: 350, reason: lining study, mark: E}}\n", ""),
    )
    assert not_judged(loaded) == ["TT-1"], "TT-2 and TT-3 have theirs from installation and row"
    rows = Topology(loaded.site).not_judged
    assert [loaded.site.tags[i].id for i in rows] == ["TT-1"]
    (said,) = [
        n
        for n in notes(loaded, today="2026-01-01", environment={})
        if n.code == "to-be-set" and n.subject == "TT-1.HH"
    ]
    assert "types.shell.HH" in said.text
    assert "pack.yaml:24" in said.place


def test_s_and_e_run_and_are_to_be_signed(tmp_path: Path) -> None:
    loaded = good(tmp_path)
    found = {n.subject for n in notes(loaded, today="2026-01-01", environment={}) if n.code == "to-be-signed"}
    assert {"TT-1.H", "TT-1.HH", "AT-1.H"} <= found
    assert "TT-3.HH" not in found


def test_an_installation_has_chain_roll_up_and_cards_of_its_pack(tmp_path: Path) -> None:
    site = good(tmp_path).site
    one, two = site.installations
    assert (one.pack, one.chain, [o.role for o in one.owners]) == ("kiln", "kiln", ["boss"])
    assert [(r.count, r.of, r.to) for r in one.roll_up] == [(2, Level.YELLOW, Level.ORANGE)]
    assert two.roll_up == ()
    assert [(c.id, c.steps) for c in site.cards] == [("hot", ("停火", "降温"))]
    rule = next(r for r in site.rules if r.id == "TT-1.H")
    assert (rule.card, rule.guidance) == ("hot", "停火；降温")
    assert load_site(dump_site(site)) == site


@pytest.mark.parametrize(
    ("texts", "where", "allowed"),
    [
        ({"tags": spoilt(TAGS, "TT-1,shell", "TT-1,shel")}, "type/点型", "one of kiln.command, kiln.drive"),
        (
            {"site": spoilt(SITE, "shell: {HH: {trigger: 350", "shell: {HHH: {trigger: 350")},
            "types.shell.HHH",
            "a rule of the type",
        ),
        ({"site": spoilt(SITE, "types:\n  shell", "types:\n  shll")}, "types.shll", "a point type"),
        (
            {"site": spoilt(SITE, "from: kiln.twin", "from: kiln.triplet")},
            "rules[0].from",
            "one of kiln.twin",
        ),
        (
            {"site": spoilt(SITE, "packs: [kiln]", "packs: [kln]")},
            "packs[0]",
            "a folder with a pack.yaml, or one of",
        ),
        ({"site": spoilt(SITE, "pack: kiln,", "pack: klin,")}, "installations[0].pack", "one of kiln"),
        ({"site": spoilt(SITE, "owners: {boss: p1}", "owners: {}")}, "installations[0].owners", "boss"),
        (
            {"site": spoilt(SITE, "trigger: 350", "trigger: 900")},
            "types.shell.HH.trigger",
            "inside the range",
        ),
        (
            {"tags": spoilt(TAGS, "M-1-CMD,command", "M-2-CMD,command")},
            "types.drive.rules.DISC.command",
            "the id of a tag",
        ),
    ],
)
def test_what_does_not_fit_is_told_at_its_place(
    tmp_path: Path, texts: dict[str, str], where: str, allowed: str
) -> None:
    from tests.unit.packs.folders import faults

    found = [f for f in faults(tmp_path, **texts) if f.path == where]
    assert found, [str(f) for f in faults_again(tmp_path, texts)]
    assert allowed in found[0].allowed
    assert found[0].line


def faults_again(folder: Path, texts: dict[str, str]) -> list[object]:
    from tests.unit.packs.folders import faults

    (folder / "again").mkdir()
    return list(faults(folder / "again", **texts))


def test_the_pack_itself_is_whole(tmp_path: Path) -> None:
    assert good(tmp_path, pack=PACK).site.tags
