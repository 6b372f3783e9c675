"""Computed tags and expression rules as people write them: what they become, and every fault at its place."""

from pathlib import Path

import pytest

from gateway.engine.tables import rule_params
from gateway.model.effective import dump_site, load_site
from tests.unit.config.writing import SITE, TAGS, faults, good, row, spoilt
from tests.unit.engine import test_groups as engine

NAMES = """\
computed:
  constants:
    crest: {value: 14.5, unit: m, description: 竣工图 3}
    rho: {value: 850, unit: kg/m3}
  tables:
    strap: {x: m, y: m3, points: [[0, 0], [1, 78.5], [15, 1178.1]]}
outputs:
"""
WITH_NAMES = spoilt(SITE, "outputs:\n", NAMES)
SITE_WITH_RULE = engine.SITE.replace(
    "  - %s\n", "  - {id: GX.EXPR, kind: expression, group: GX, level: blue, %s}\n"
)


def computed(address: str, name: str = "FB-1", unit: str = "m", **cells: str) -> str:
    more = {"L": "", "H": "", "HH": "", "low": "", "high": "", "deadband": ""} | cells
    return row(
        id=name, raw=name, cls=more.pop("cls", "other"), unit=unit, source="computed", address=address, **more
    )


def test_a_computed_tag_is_a_tag(tmp_path: Path) -> None:
    """With limits, links and the age of its inputs; what its names mean goes with it."""
    freeboard = computed("crest - LT-1", cls="freeboard", L="1", low="0", high="14.5")
    volume = computed("strap(crest - FB-1)", "V-1", "m3")
    loaded = good(tmp_path, WITH_NAMES, f"{TAGS}{volume}\n{freeboard}\n")
    tags = {t.id: t for t in loaded.site.tags}
    assert tags["FB-1"].expression == "crest - LT-1"
    assert tags["FB-1"].inputs == ("LT-1",)
    assert tags["FB-1"].names == (("crest", "", "m", (14.5,)),)
    assert tags["FB-1"].links == tags["LT-1"].links != ()
    assert (tags["FB-1"].period, tags["FB-1"].max_age) == (tags["LT-1"].period, tags["LT-1"].max_age)
    assert [n[0] for n in tags["V-1"].names] == ["crest", "strap"]
    assert tags["V-1"].links == tags["LT-1"].links
    assert "FB-1.L" in {r.id for r in loaded.site.rules}
    assert not {t.id for p in loaded.sources for _, t, _ in p.bound} & {"FB-1", "V-1"}
    assert load_site(dump_site(loaded.site)) == loaded.site


@pytest.mark.parametrize(
    ("rows", "says"),
    [
        ([computed("crest - LT-9")], "column 9: LT-9 is no tag and no constant"),
        ([computed("crest - LT-1", unit="kPa")], "the result is m, the tag has kPa"),
        ([computed("crest-LT-1")], "with spaces: crest - LT - 1"),
        ([computed("crest - (LT-1")], "column 14: ) is expected"),
        ([computed("LT-1 + AT-1")], "%LEL does not go with m"),
        ([computed("")], "ends too early"),
        ([computed("A-2", "A-1"), computed("A-3", "A-2"), computed("A-1", "A-3")], "A-1 - A-2 - A-3 - A-1"),
        ([computed("FB-1 + LT-1")], "computed from itself: FB-1 - FB-1"),
        ([computed("crest - LT-1", period="5s")], "empty: it follows from the inputs"),
    ],
)
def test_what_is_wrong_is_said_at_its_row(tmp_path: Path, rows: list[str], says: str) -> None:
    found = faults(tmp_path, WITH_NAMES, TAGS + "\n".join(rows) + "\n")
    assert len(found) == 1
    assert found[0].file.endswith("tags.csv")
    assert found[0].line == len(TAGS.splitlines()) + 1
    assert says in f"{found[0].allowed} {found[0].hint}"


def test_a_faulty_input_is_one_fault(tmp_path: Path) -> None:
    bad = row(id="LT-9", raw="LT-9", unit="furlong", address="1:holding:9")
    (fault,) = faults(tmp_path, WITH_NAMES, f"{TAGS}{bad}\n{computed('crest - LT-9')}\n")
    assert "unit" in fault.path


@pytest.mark.parametrize(
    ("old", "new", "path", "says"),
    [
        ("    crest:", "    LT-1:", "computed.constants.LT-1", "that no tag"),
        ("[1, 78.5]", "[0, 78.5]", "computed.tables.strap", "rising x"),
        ("[[0, 0], [1, 78.5], [15, 1178.1]]", "[[0, 0]]", "computed.tables.strap.points", "at least 2"),
        ("    strap:", "    rho:", "computed.tables.rho", "no constant has"),
        (
            "  plc1:\n",
            "  computed: {kind: mqtt, host: h, time: {path: ts}}\n  plc1:\n",
            "sources.computed",
            "another name",
        ),
    ],
)
def test_names_are_checked(tmp_path: Path, old: str, new: str, path: str, says: str) -> None:
    found = faults(tmp_path, spoilt(WITH_NAMES, old, new), TAGS)
    assert [f.path for f in found] == [path]
    assert says in f"{found[0].allowed} {found[0].hint}"


@pytest.mark.parametrize(
    ("settings", "says"),
    [
        ("expression: A - B, unit: m, trigger: 2, reset: 1", ""),
        ("expression: A - B, unit: cm, trigger: 200", ""),
        ("expression: 'A > B + 2 [m] and M == 1'", ""),
        ("expression: A - B", "a number, because the expression is a quantity"),
        ("expression: A > B, trigger: 1", "none, because"),
        ("expression: A > 2", "write 2 [m]"),
        ("expression: A - B, unit: kPa, trigger: 2", "the tag has kPa"),
        ("expression: A - Z, unit: m, trigger: 2", "tag lists"),
        ("expression: A -, unit: m, trigger: 2", "ends too early"),
        ("expression: A - B, unit: m, trigger: 2, reset: 3", "normal side of trigger 2"),
        ("expression: 1 > 2", "depends on no tag"),
    ],
)
def test_expression_rules(tmp_path: Path, settings: str, says: str) -> None:
    found = faults(tmp_path, SITE_WITH_RULE % settings, engine.TAGS)
    if not says:
        assert found == []
    else:
        assert {f.line for f in found} == {11}
        assert says in f"{found[0].allowed} {found[0].hint}"


def test_an_expression_rule_reads_the_tags_it_says(tmp_path: Path) -> None:
    settings = "expression: 'if(M == 1, C - B, A - B)', unit: m, trigger: 2"
    site = good(tmp_path, SITE_WITH_RULE % settings, engine.TAGS).site
    (params,) = rule_params(site)
    assert site.rules[0].tags == ("M", "C", "B", "A")
    assert getattr(params, "tags", ()) == tuple(site.tag_index[t] for t in ("M", "C", "B", "A"))
    assert load_site(dump_site(site)) == site
