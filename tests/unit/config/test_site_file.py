"""The site file: every wrong thing is one fault at its line; all come at once."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.unit.config.writing import SITE, faults, good, line_of, spoilt, write

#: what is spoilt, with what; path, words in the fault. The line is where the new text stands.
CASES = [
    ("version: 1", "version: 2", "version", "one of 1"),
    ("gateway: gw-01", "gateway: gw 01", "gateway", "topic-safe"),
    ("gateway: gw-01", "gateway: 2026-01-01 x", "gateway", "topic-safe"),
    ('county: "341524"', "county: 341524", "county", "put quotes around it"),
    ('county: "341524"', 'county: "３４１５２４"', "county", "six digits"),
    ("gateway: gw-01", "gatway: gw-01", "gatway", "did you mean gateway?"),
    ("name: 储罐区}", "name: 储罐区, grade: 5}", "installations[0].grade", "at most 4"),
    ("name: 储罐区}", "name: 储罐区, grade: yes}", "installations[0].grade", "whole number"),
    ("name: 储罐区}", "name: 储罐区, grade: ２}", "installations[0].grade", "write 2,"),
    ("name: 储罐区}", "name: 储罐区, position: [31.7, 115.9]}", "installations[0].position[1]", "at most 90"),
    ("id: tank-farm", "id: system", "installations[0].id", "gateway's own faults"),
    ("port: 502", "port: 70000", "sources.plc1.port", "at most 65535"),
    ("port: 502", "timeot: 1s", "sources.plc1.timeot", "did you mean timeout?"),
    ("port: 502", "timeout: soon", "sources.plc1.timeout", "soon"),
    ("port: 502", "timeout: [1]", "sources.plc1.timeout", "1s"),
    ("kind: modbus-tcp", "kind: modbus", "sources.plc1.kind", "modbus-serial, modbus-serial-tcp, modbus-tcp"),
    ("kind: modbus-tcp", "kind: [modbus-tcp]", "sources.plc1.kind", "one of file-drop"),
    ("time: {path: ts}", "time: {path: ts, unit: hour}", "sources.pond.time.unit", "ms"),
    ("time: {path: ts}", "time: {unit: ms}", "sources.pond.time.path", "must be given"),
    ("reset: 0.3", "reset: 0.7", "rules[0].reset", "at or below trigger 0.5"),
    ("trigger: 0.5, reset: 0.3", "trigger: -0.5, reset: -0.6", "rules[0].trigger", "more than 0"),
    ("trigger: 0.5", 'trigger: "0.5"', "rules[0].trigger", "write 0.5, without quotes"),
    ("window: 60s", "window: 1s", "rules[0].window", "at least 4s, 4 periods of LT-1"),
    ("window: 60s", "window: 0", "rules[0].window", "more than 0"),
    ("tag: LT-1, trigger", "tag: LT-9, trigger", "rules[0].tag", "id of a tag"),
    ("tag: LT-1, trigger", "tag: XV-1-FB, trigger", "rules[0].kind", "state or discrepancy"),
    ("tag: LT-1, trigger", "trigger", "rules[0].tag", "kind rate-rise needs tag, trigger, reset"),
    ("per: min", "per: min, values: [1]", "rules[0].values", "remove it"),
    ("id: LT-1.RISE", "id: AT-1.RISE", "rules[0].id", "LT-1.RISE"),
    ("id: LT-1.RISE", "id: LT-1.", "rules[0].id", "<tag>.<NAME>"),
    ("id: LT-1.RISE", "id: LT-1.FAULT", "rules[0].id", "gateway's own"),
    ("id: LT-1.RISE", "id: LT-1.HH", "rules[0]", "used once"),
    ("level: orange}", "level: orange, raise_level: [[5min, yellow]]}", "rules[0]", "above orange"),
    ("level: orange}", "level: amber}", "rules[0].level", "one of red, orange, yellow, blue"),
    ("level: orange}", "level: orange, mark: U}", "rules[0].mark", "verified_by"),
    ("feedback: XV-1-FB", "feedback: XV-1-CMD", "rules[1].feedback", "different tags"),
    ("feedback: XV-1-FB", "feedback: AT-1", "rules[1].kind", "class gas-combustible"),
    ("values: [3]", "values: [64]", "rules[2].values[0]", "at most 63"),
    ("values: [3]", "values: 3", "rules[2].values", "list in square brackets"),
    ("group: GAS,", "group: AT-1,", "rules[3].group", "no tag has"),
    ("needed: 2", "needed: 4", "rules[3].needed", "1 to 3"),
    ("[AT-1, AT-2, AT-3]", "[AT-1, AT-2, AT-2]", "rules[3].tags", "different tags"),
    ("[AT-1, AT-2, AT-3]", "[AT-1, AT-2, LT-1]", "rules[3].tags", "one class and unit"),
    ("[AT-1, AT-2, AT-3]", "[AT-1, AT-2, AT-9]", "rules[3].tags[2]", "id of a tag"),
    ("trigger: 50, reset", "trigger: 101, reset", "rules[3].trigger", "inside the range of AT-1, 0 to 100"),
    ("tags: [tags.csv]", "tags: [tags.csv, tags.csv]", "tags[1]", "each list once"),
    ("tags: [tags.csv]", "tags: []", "tags", "at least 1"),
    ("host: broker", "host: broker, tls: 5", "outputs.county.tls", "keys and values"),
    ("outputs:", "console: {listen: 0.0.0.0:8080}\noutputs:", "console", "beyond loopback"),
    ("outputs:", "console: {listen: 127.0.0.1:99999}\noutputs:", "console.listen", "an address and port"),
]  # fmt: skip


@pytest.mark.parametrize(("old", "new", "path", "words"), CASES, ids=[c[1][:40] for c in CASES])
def test_one_wrong_thing_is_one_fault_at_its_line(
    tmp_path: Path, old: str, new: str, path: str, words: str
) -> None:
    site = spoilt(SITE, old, new)
    found = [f for f in faults(tmp_path, site) if f.path == path]
    assert len(found) == 1, faults(tmp_path, site)
    assert words in f"{found[0].allowed} {found[0].hint}"
    assert found[0].line == line_of(site, new.lstrip("\n")), found[0]
    assert found[0].file == str(tmp_path / "site.yaml")


def test_a_missing_key_is_a_fault_of_what_should_hold_it(tmp_path: Path) -> None:
    found = faults(tmp_path, spoilt(SITE, "    host: 127.0.0.1\n", ""))
    assert [(f.path, f.value) for f in found] == [("sources.plc1.host", "missing")]
    assert found[0].line == line_of(SITE, "plc1:")


def test_all_faults_of_all_files_come_at_once(tmp_path: Path) -> None:
    site = SITE.replace("gw-01", "gw 01").replace("port: 502", "port: 0").replace("needed: 2", "needed: 9")
    found = faults(tmp_path, site, "raw,class\n")
    assert {"gateway", "sources.plc1.port", "rules[3].needed", "installation"} <= {f.path for f in found}
    assert [f.line for f in found if f.file.endswith(".yaml")] == sorted(
        f.line or 0 for f in found if f.file.endswith(".yaml")
    )


def test_a_broken_section_does_not_blame_the_others(tmp_path: Path) -> None:
    site = SITE.replace("name: 储罐区}", "nam: 储罐区}")
    assert {f.path for f in faults(tmp_path, site)} == {"installations[0].name", "installations[0].nam"}


def test_a_faulty_row_is_not_also_a_missing_tag(tmp_path: Path) -> None:
    tags = (tmp_path / "x", "LT-1,LT 1,level,m,0,15", "LT-1,LT 1,level,ft,0,15")
    text = write(tmp_path).with_name("tags.csv").read_text(encoding="utf-8").replace(tags[1], tags[2])
    assert [f.path for f in faults(tmp_path, SITE, text)] == ["unit/单位"]


def test_the_good_site_loads_with_its_rules(tmp_path: Path) -> None:
    loaded = good(tmp_path)
    rules = {r.id: r for r in loaded.site.rules}
    assert len(rules) == 3 + 3 * 2 + 4
    assert rules["LT-1.H"].reset == 11.8
    assert rules["LT-1.RISE"].trigger == pytest.approx(0.5 / 60)
    assert rules["XV-1.DISC"].subject == "XV-1-FB"
    assert rules["GAS.VOTE"].subject == "GAS"
    assert all(len(r.version) == 12 for r in rules.values())


def test_the_config_hash_changes_with_what_is_judged_and_not_with_the_place(tmp_path: Path) -> None:
    first, second = tmp_path / "a", tmp_path / "b"
    first.mkdir()
    second.mkdir()
    same = good(first).site.config_hash
    assert same == good(second).site.config_hash
    assert same != good(first, SITE.replace("needed: 2", "needed: 3")).site.config_hash


def test_a_source_s_own_period_is_the_default_of_its_tags(tmp_path: Path) -> None:
    loaded = good(tmp_path, SITE.replace("port: 502", "period: 5s").replace("window: 60s", "window: 120s"))
    periods = {t.id: (t.period, t.max_age) for t in loaded.site.tags}
    assert periods["LT-1"] == (5_000_000_000, 15_000_000_000)
    assert periods["AT-3"] == (1_000_000_000, 3_000_000_000)


def test_a_line_has_one_source(tmp_path: Path) -> None:
    """Two masters on one line take each other's answers; many a device has one connection only."""
    plc = "  plc1:\n    kind: modbus-tcp"
    assert plc in SITE
    host = next(line.split(": ")[1] for line in SITE.splitlines() if line.startswith("    host:"))
    again = f"  plc9: {{kind: modbus-tcp, host: {host}, port: 502}}\n{plc}"
    (found,) = faults(tmp_path, SITE.replace(plc, again))
    assert found.path in ("sources.plc1", "sources.plc9")
    assert "one source for a line" in found.allowed
    other = f"  plc9: {{kind: modbus-tcp, host: {host}, port: 503}}\n{plc}"
    assert faults(tmp_path, SITE.replace(plc, other)) == []
