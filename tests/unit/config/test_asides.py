"""``suppressed_while``: what it may not touch is refused at its place; and the ``alarms`` section."""

from pathlib import Path

import pytest

from gateway.config.load import load
from gateway.model.errors import Misconfigured
from gateway.model.times import seconds

SITE = """\
version: 1
gateway: gw-01
county: "341524"
site: {{id: demo, name: 示范厂}}
installations: [{{id: farm, name: 储罐区, owners: {{responsible: wang}}}}]
sources: {{broker: {{kind: mqtt, host: 127.0.0.1}}}}
tags: [tags.csv]
alarms: {{shelve_longest: 4h, disposal: {{red: 2h, orange: 24h}}}}
rules:
  - {{id: PT-1.LOW, kind: limit-low, tag: PT-1, trigger: 1, reset: 1.2, level: orange}}
  - {{id: {rule}, level: {level}, suppressed_while: [{parent}]{more}}}
people: {{wang: {{name: 王强}}}}
"""
TAGS = """\
id,位号,description,class,unit,low,high,installation,source,address,HH
PT-1,PT-1,pump pressure,pressure,bar,0,10,farm,broker,a,9
FT-1,FT-1,flow,flow,m3/h,0,100,farm,broker,b,
AT-1,AT-1,gas,gas-combustible,%LEL,0,100,farm,broker,c,
"""
FLOW = "FT-1.LOW, kind: limit-low, tag: FT-1, trigger: 5, reset: 6"
GAS = "AT-1.HIGH, kind: limit-high, tag: AT-1, trigger: 20, reset: 18"


def site(
    tmp_path: Path, rule: str = FLOW, level: str = "yellow", parent: str = "PT-1.LOW", more: str = ""
) -> Path:
    (tmp_path / "tags.csv").write_text(TAGS)
    place = tmp_path / "site.yaml"
    place.write_text(SITE.format(rule=rule, level=level, parent=parent, more=more))
    return place


def test_what_is_right_reaches_the_rules(tmp_path: Path) -> None:
    loaded = load(site(tmp_path)).site
    rules = {r.id: r for r in loaded.rules}
    assert rules["FT-1.LOW"].suppressed_while == ("PT-1.LOW",)
    assert {r.id: r.disposal_due for r in loaded.rules} == {
        "PT-1.HH": seconds(7200),
        "PT-1.LOW": seconds(86400),
        "FT-1.LOW": 0,
    }
    assert loaded.shelve_longest == seconds(4 * 3600)


@pytest.mark.parametrize(
    ("changes", "says"),
    [
        ({"level": "red"}, "red alarms are never suppressed"),
        ({"more": ", raise_level: [[5min, red]]"}, "red alarms are never suppressed"),
        ({"rule": GAS}, "gas-combustible alarms are never suppressed"),
        ({"more": ", highly_managed: true"}, "highly managed"),
        ({"parent": "PT-9.LOW"}, "ids of rules"),
        ({"parent": "FT-1.LOW"}, "another rule"),
    ],
)
def test_what_may_not_be_is_refused_at_its_place(tmp_path: Path, changes: dict[str, str], says: str) -> None:
    with pytest.raises(Misconfigured) as caught:
        load(site(tmp_path, **changes))
    (fault,) = caught.value.faults
    assert says in f"{fault.allowed} {fault.hint}"
    assert fault.line == 11
    assert fault.path.endswith("suppressed_while")


def test_a_ring_is_refused_whatever_its_length(tmp_path: Path) -> None:
    place = site(tmp_path)
    limits = "kind: limit-low, tag: PT-1, trigger: 1, reset: 1.2, level: blue"
    rule = f"  - {{id: PT-1.%s, {limits}, suppressed_while: [%s]}}\n"
    ring = rule % ("A", "PT-1.B") + rule % ("B", "PT-1.C") + rule % ("C", "PT-1.A")
    text = place.read_text()
    place.write_text(text.replace("people:", ring + "people:"))
    with pytest.raises(Misconfigured) as caught:
        load(place)
    assert [f.line for f in caught.value.faults] == [12, 13, 14]
    assert all("does not set aside itself" in f.allowed for f in caught.value.faults)
