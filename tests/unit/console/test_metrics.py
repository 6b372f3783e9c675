"""/metrics and docs/metrics.md: valid text, true numbers, nothing left out."""

from __future__ import annotations

import re
from dataclasses import replace
from pathlib import Path

import httpx
from prometheus_client.parser import text_string_to_metric_families

from gateway.console.metrics import LINK_METRICS, METRICS, _escape
from tests.helpers.plant import FakePlant

DOCS = Path(__file__).parents[3] / "docs" / "metrics.md"


async def families(client: httpx.AsyncClient) -> dict[str, dict[tuple[tuple[str, str], ...], float]]:
    answer = await client.get("/metrics")
    assert answer.headers["content-type"].startswith("text/plain; version=0.0.4")
    return {
        family.name: {tuple(sorted(s.labels.items())): s.value for s in family.samples}
        for family in text_string_to_metric_families(answer.text)
    }


async def test_numbers_are_the_present(client: httpx.AsyncClient, plant: FakePlant) -> None:
    plant.status = replace(plant.status, oldest_unsent_alarm=plant.now() - 90 * 10**9, durable=False)
    found = await families(client)
    assert found["fengsui_state"][(("state", "online"),)] == 1
    assert found["fengsui_tags"][(("quality", "bad"),)] == 5
    labels = (("acknowledgement", "unacknowledged"), ("level", "red"), ("type", "fault"))
    assert found["fengsui_alarms_open"][labels] == 2
    assert found["fengsui_alarms_shadow"][()] == 1
    assert found["fengsui_output_backlog"][(("output", "tsdb.readings"),)] == 4180
    assert 89 < found["fengsui_oldest_unsent_alarm_seconds"][()] < 95
    assert found["fengsui_journal_durable"][()] == 0
    assert found["fengsui_live_level"][(("installation", "pond"), ("level", "no-view"))] == 1
    assert "fengsui_certificate_days" in found  # the family is told, without a sample
    assert found["fengsui_certificate_days"] == {}


async def test_no_tag_alarm_or_person_is_named(client: httpx.AsyncClient, plant: FakePlant) -> None:
    text = (await client.get("/metrics")).text
    names = [t.id for t in plant.site.tags] + list(plant.alarms) + ["王强"]
    assert [n for n in names if n in text] == []


def test_escaping() -> None:
    assert _escape('a"b\\c\nd') == 'a\\"b\\\\c\\nd'


def test_every_metric_is_documented() -> None:
    rows = re.findall(r"^\| `(fengsui_\w+)` \| (\w+) \|([^|]*)\|", DOCS.read_text(), re.MULTILINE)
    assert [(name, kind) for name, kind, _ in rows] == [
        *((m.name, m.type) for m in METRICS),
        *((m[0], m[1]) for m in LINK_METRICS),
    ]


async def test_documented_labels_are_the_true_ones(client: httpx.AsyncClient) -> None:
    rows = re.findall(r"^\| `(fengsui_\w+)` \| \w+ \|([^|]*)\|", DOCS.read_text(), re.MULTILINE)
    told = {name: sorted(re.findall(r"`(\w+)`", labels)) for name, labels in rows}
    for name, samples in (await families(client)).items():
        key = name if name in told else f"{name}_total"
        for labels in samples:
            assert [label for label, _ in labels] == told[key], key


async def test_lines_and_devices_are_counted(client: httpx.AsyncClient) -> None:
    found = await families(client)
    assert found["fengsui_link_up"][(("link", "plc1"),)] == 1
    assert found["fengsui_link_errors"][(("kind", "silent"), ("link", "plc1"))] == 2
    assert found["fengsui_link_overdue_polls"][(("link", "plc1.1"),)] == 3
    assert found["fengsui_link_reply_seconds"][(("link", "plc1"),)] == 0.004
    assert found["fengsui_link_cycle_seconds"] == {(("link", "plc1.1"), ("period", "1")): 1.02}
    told = (await client.get("/api/v1/links")).json()["links"]
    assert [(each["link"], each["up"], each["errors"]["lost"]) for each in told] == [
        ("plc1", True, 1),
        ("plc1.1", True, 1),
    ]
