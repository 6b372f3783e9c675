"""Files of configs/deploy against the real thing: every query is answered, and nothing is asked for in vain."""

from __future__ import annotations

import json
import re
import time
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import yaml

from gateway.console.metrics import LINK_METRICS, METRICS
from gateway.model.batch import Batch
from gateway.model.events import Event, EventKind, Record
from gateway.model.levels import Level
from gateway.sinks.influxdb.encode import event_line, prefixes, reading_text, tag_info_lines
from tests.helpers.plant_site import site
from tests.servers import Influxd
from tests.unit.store import make

DEPLOY = Path(__file__).parents[2] / "configs/deploy"
PLACE = site()


def statements(name: str) -> list[str]:
    lines = (DEPLOY / "influxdb" / name).read_text(encoding="utf-8").splitlines()
    return [line for line in lines if line.strip() and not line.startswith("--")]


def panels(name: str) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = json.loads((DEPLOY / "grafana" / name).read_text(encoding="utf-8"))[
        "panels"
    ]
    return found


def as_grafana_asks(query: str) -> str:
    words = {"$timeFilter": "time > now() - 1h", "$__interval": "1m", "$installation": ".*", "$tag": ".*"}
    for name, value in words.items():
        query = query.replace(name, value)
    return query


def lines(tmp_path: Path) -> str:
    now, count = time.time_ns(), len(PLACE.tags)
    tag = np.arange(count, dtype=np.int32)
    text = ""
    for back in (120, 90, 60):
        at = np.full(count, now - back * 10**9)
        value, quality = np.linspace(1, 9, count), np.where(tag == 3, 131, 0).astype(np.uint8)
        text += reading_text(prefixes(PLACE), Batch(PLACE.table, tag, at, at, value, quality)) + "\n"
    store = make.store(tmp_path / "state", now=now - 60 * 10**9)
    base = make.event(now, level=Level.RED, tag="LT-101", installation="tank-farm", rule="LT-101.HH")
    events: list[Event] = [
        base, base._replace(fault=True, rule="LT-101.FAULT"), base._replace(event=EventKind.ACKNOWLEDGED),
        Event(event=EventKind.GAP, time=now, detail={"who": "x", "count": 3}),
    ]  # fmt: skip
    records: list[Record] = store.commit([], events, now - 30 * 10**9).records
    store.close()
    return text + "\n".join([*(event_line(PLACE, r) for r in records), *tag_info_lines(PLACE, now)])


@pytest.fixture
def database(influxd: Influxd, tmp_path: Path) -> Influxd:
    for statement in statements("influxdb-1.iql"):
        influxd.query(statement)
    assert influxd.write("fengsui", lines(tmp_path)) == 204
    return influxd


def test_influxdb_1(database: Influxd) -> None:
    policies = {
        row["name"]: row["duration"] for row in database.query('SHOW RETENTION POLICIES ON "fengsui"')
    }
    assert policies["raw"] == "2160h0m0s"
    assert policies["minutes"] == "8784h0m0s"
    assert any(row["name"] == "reading_1m" for row in database.query("SHOW CONTINUOUS QUERIES"))
    (body,) = re.findall(r"BEGIN (.*) END", "\n".join(statements("influxdb-1.iql")))
    database.query(body.replace("GROUP BY", "WHERE time > now() - 1h GROUP BY"))
    minutes = database.query('SELECT * FROM "minutes"."reading_1m"', "fengsui")
    assert {"mean", "low", "high", "last", "worst", "readings", "tag", "installation"} <= minutes[0].keys()
    types = {
        row["fieldKey"]: row["fieldType"]
        for row in database.query('SHOW FIELD KEYS FROM "reading"', "fengsui")
    }
    assert types == {"quality": "integer", "value": "float"}


@pytest.mark.parametrize("query", statements("alert-queries.iql"))
def test_alert_queries(database: Influxd, query: str) -> None:
    assert database.query(query, "fengsui"), "the sample has what it asks for"


def test_the_plant_s_dashboard(database: Influxd) -> None:
    for panel in panels("fengsui-plant.json"):
        for target in panel["targets"]:
            assert database.query(as_grafana_asks(target["query"]), "fengsui"), panel["title"]
    board = json.loads((DEPLOY / "grafana/fengsui-plant.json").read_text(encoding="utf-8"))
    for variable in board["templating"]["list"][1:]:
        assert database.query(as_grafana_asks(variable["query"]), "fengsui"), variable["name"]


def test_series_are_bounded(database: Influxd) -> None:
    keys = {row["tagKey"] for row in database.query('SHOW TAG KEYS FROM "alarm_event"', "fengsui")}
    assert keys == {"county", "site", "gateway", "installation", "tag", "rule", "level", "event"}
    keys = {row["tagKey"] for row in database.query('SHOW TAG KEYS FROM "reading"', "fengsui")}
    assert keys == {"county", "site", "installation", "tag", "class"}


def offered() -> set[str]:
    return {m.name for m in METRICS} | {name for name, *_ in LINK_METRICS}


def test_every_metric_asked_for_is_offered() -> None:
    rules = yaml.safe_load((DEPLOY / "prometheus/fengsui.rules.yaml").read_text(encoding="utf-8"))
    asked = [rule["expr"] for group in rules["groups"] for rule in group["rules"]]
    asked += [t["expr"] for p in panels("fengsui-gateway.json") for t in p["targets"]]
    names = {name for text in asked for name in re.findall(r"fengsui_\w+", text)}
    assert names
    assert names <= offered()
