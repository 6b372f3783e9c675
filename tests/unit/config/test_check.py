"""``fengsui check``: the report, its JSON, its notes, and where values come from."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from typer.testing import CliRunner

from gateway.cli.main import app
from gateway.config.notes import notes
from gateway.model.errors import Misconfigured
from tests.unit.config.writing import SITE, TAGS, good, row, spoilt, write


def run(*arguments: object) -> tuple[int, str]:
    done = CliRunner().invoke(app, ["check", *map(str, arguments)])
    return done.exit_code, done.stdout


def codes(folder: Path, site: str = SITE, tags: str = TAGS, **environment: str) -> dict[str, list[str]]:
    found: dict[str, list[str]] = {}
    for note in notes(
        good(folder, site, tags), today="2026-06-01", environment={"COUNTY_PW": "x"} | environment
    ):
        found.setdefault(note.code, []).append(note.subject)
        assert note.place.startswith(str(folder))
    return found


def test_json_of_a_good_site_is_stable(tmp_path: Path) -> None:
    code, out = run(write(tmp_path), "--json")
    report = json.loads(out)
    assert code == 0
    assert list(report) == [
        "ok", "faults", "site", "config_hash", "installations", "tags", "rules", "rules_disabled", "sources", "outputs",
        "not_judged", "loops_tested", "notes",
    ]  # fmt: skip
    assert report["sources"]["plc1"] == "modbus-tcp, 5 tags"


def test_json_of_a_bad_site_is_its_faults(tmp_path: Path) -> None:
    code, out = run(write(tmp_path, spoilt(SITE, "port: 502", "port: 0")), "--json")
    report = json.loads(out)
    assert (code, report["ok"]) == (2, False)
    assert list(report["faults"][0]) == ["file", "line", "path", "value", "allowed", "hint"]


def test_faults_for_people(tmp_path: Path) -> None:
    done = CliRunner().invoke(app, ["check", str(write(tmp_path, spoilt(SITE, "port: 502", "port: 0")))])
    assert isinstance(done.exception, Misconfigured)
    assert "1 fault in" in done.output


def test_where_values_come_from(tmp_path: Path) -> None:
    code, out = run(write(tmp_path), "--explain", "LT-1")
    assert code == 0
    line = next(x for x in out.splitlines() if x.startswith("LT-1.H "))
    assert "limit-high >= 12 m, again inside 11.8" in line
    assert line.endswith("tags.csv:2")
    assert next(x for x in out.splitlines() if x.startswith("period")).endswith("built-in default")
    rate = next(x for x in out.splitlines() if x.startswith("LT-1.RISE "))
    assert rate.endswith("site.yaml:15")
    site = spoilt(SITE, "tags: [", "defaults: {period: 2s}\nlimits: {H: {level: blue, priority: 4}}\ntags: [")
    out = run(write(tmp_path, site), "--explain", "LT-1")[1]
    assert next(x for x in out.splitlines() if x.startswith("period")).endswith(
        "site.yaml:13 (defaults.period)"
    )
    assert next(x for x in out.splitlines() if x.startswith("LT-1.H level")).endswith(
        "site.yaml:14 (limits.H)"
    )
    done = CliRunner().invoke(app, ["check", str(tmp_path / "site.yaml"), "--explain", "LT-2"])
    assert "id of a tag" in str(done.exception)


def test_every_kind_of_rule_is_explained(tmp_path: Path) -> None:
    path = write(tmp_path)
    words = {"XV-1-FB": ("XV-1-CMD differs from XV-1-FB", "is one of 3"), "AT-1": ("2 of 3 beyond 50",)}
    for tag, expected in words.items():
        out = run(path, "--explain", tag)[1]
        assert all(word in out for word in expected), out


@pytest.mark.parametrize(
    ("cells", "code"),
    [
        ({"L": "", "H": "", "HH": ""}, "not-judged"),
        ({"cls": "freeboard", "L": ""}, "side"),
        ({"address": "1:holding:0"}, "same-address"),
        ({"mark": "S"}, "to-be-signed"),
        ({"mark": "U"}, "disabled"),
        ({"cls": "gas-toxic", "unit": "ppm", "L": ""}, "ceiling"),
        ({"cls": "gas-toxic", "unit": "ppm", "L": "", "on_delay": "5s"}, "gas-delay"),
    ],
)
def test_notes_of_a_tag(tmp_path: Path, cells: dict[str, str], code: str) -> None:
    found = codes(tmp_path, tags=TAGS + row(**cells) + "\n")
    assert any(subject.startswith("T-9") for subject in found[code]), found
    assert code not in codes(tmp_path)


def test_notes_of_parts(tmp_path: Path) -> None:
    assert codes(tmp_path) == {}
    assert codes(tmp_path, SITE.replace("COUNTY_PW", "OTHER_PW"))["environment"] == ["outputs.county"]
    assert codes(tmp_path, SITE.replace("host: broker", "host: broker, version: 3.1.1"))["mqtt-3"] == [
        "outputs.county"
    ]
    empty = SITE.replace(
        "name: 储罐区}", "name: 储罐区}\n  - {id: pond, name: 库, owners: {responsible: wang}}"
    )
    assert codes(tmp_path, empty)["no-tags"] == ["pond"]
    header, rest = TAGS.split("\n", 1)
    dated = f"{header},calibration_due\n" + "".join(f"{line},2026-05-31\n" for line in rest.splitlines())
    assert len(codes(tmp_path, tags=dated)["calibration"]) == 6
