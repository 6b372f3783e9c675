"""The published schemas: in step with the code, true of what is sent, and enforced by the conformance test."""

from __future__ import annotations

import json
import sys
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import jsonschema
import pytest
import yaml

from gateway.model.commands import Actor
from gateway.model.events import EventKind
from gateway.model.levels import Level, LiveLevel
from gateway.model.ports import LiveState
from gateway.model.site import Link
from gateway.sinks.mqtt import conformance, receipts, schema
from gateway.sinks.mqtt.birth import birth_messages
from gateway.sinks.mqtt.encode import Will, level_body, offline_body, state_messages, status_body
from gateway.sinks.mqtt.grammar import BRANCHES, RECEIPTS
from gateway.sinks.mqtt.judge import Judge
from gateway.sinks.mqtt.topics import Topics
from tests.helpers.lane import EPOCH, T0, Journal, event, occurrence, present, site

SITE = replace(
    site(), links=(Link(id="plc1/3", description="罐区 3 号", source="plc1", installation="tank-farm"),)
)
TOPICS = Topics(SITE.root)


def test_the_committed_files_are_in_step() -> None:
    assert schema.main([]) == 0, "run: python -m gateway.sinks.mqtt.schema --write"


def test_writing_makes_all_files(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert schema.main([], tmp_path) == 1
    assert "asyncapi.yaml" in capsys.readouterr().out
    assert schema.main(["--write"], tmp_path) == 0
    assert schema.main([], tmp_path) == 0
    assert schema.main(["--what"], tmp_path) == 2


def test_schemas_are_valid_and_every_reference_of_asyncapi_exists() -> None:
    for name in schema.MODELS:
        jsonschema.Draft202012Validator.check_schema(schema.json_schema(name))
    text = (schema.DOCS / "asyncapi.yaml").read_text(encoding="utf-8")
    document = yaml.safe_load(text)
    assert {c["address"] for c in document["channels"].values()} == {
        f"fengsui/v1/{{county}}/{{site}}/{{gateway}}/{b.address}" for b in (*BRANCHES, RECEIPTS)
    }
    for each in _references(document):
        if each.startswith("#/"):
            node = document
            for part in each[2:].split("/"):
                node = node[part]
        else:
            assert (schema.DOCS / each).is_file(), each


def _references(node: Any) -> Iterator[str]:
    if isinstance(node, dict):
        if "$ref" in node:
            yield node["$ref"]
        for each in node.values():
            yield from _references(each)
    elif isinstance(node, list):
        for each in node:
            yield from _references(each)


def strict(node: Any) -> Any:
    """Nothing may be sent that is not described."""
    if isinstance(node, list):
        return [strict(each) for each in node]
    if not isinstance(node, dict):
        return node
    out = {k: strict(v) for k, v in node.items()}
    return {**out, "additionalProperties": False} if "properties" in node else out


def samples() -> dict[str, list[bytes]]:
    by = Actor("u1", "王强", "operator", "console-1")
    open_now = occurrence()._replace(
        acknowledged_by=by, comment="看到了", members=("LT-1",), guidance="停止进料"
    )
    blind = LiveState("tank-farm", LiveLevel.NO_VIEW, Level.RED, T0, ("LT-1",), ("LT-1",), ("level",))
    now = replace(present(SITE, [open_now]), levels=(*present(SITE).levels[:1], blind))
    full = present(
        SITE,
        backlog={"a.b": 1},
        oldest_unsent_alarm=T0,
        clock_offset_s=0.1,
        certificate_days=30,
        troubles=("x",),
    )
    events = [
        event(),
        event(EventKind.ACKNOWLEDGED, actor=by, comment="好", n=2),
        event(EventKind.GAP, level=None, id="", n=0, detail={"who": "plc1", "count": 3}),
        event(EventKind.STARTED, level=None, id="", n=0, isa="", before=None, after=None),
        event(shadow=True, backfill=True, late_s=12.5, rate=0.1, eta_s=60.0, confidence=0.9, members=("a",)),
    ]
    births = birth_messages(TOPICS, present(SITE))
    stored = receipts.Receipt(
        "gw-01", EPOCH, 7, "0" * 64, ((9, 11),), (receipts.Refusal(8, "its hash is another"),)
    )
    return {
        "event": [r.data for r in Journal(SITE).add(*events)],
        "status": [
            status_body(full, T0),
            status_body(present(SITE), T0),
            offline_body(Will("gw-01", EPOCH, T0)),
        ],
        "birth": [births.pop(TOPICS.birth)],
        "birth-page": list(births.values()),
        "level": [level_body(now)],
        "state": list(state_messages(TOPICS, now, None, ()).values()),
        "receipt": [receipts.body(stored, county=SITE.county, site=SITE.id, time=T0)],
    }


@pytest.mark.parametrize("name", list(schema.MODELS))
def test_what_is_sent_is_what_is_described(name: str) -> None:
    check = jsonschema.Draft202012Validator(strict(schema.json_schema(name)))
    found = samples()[name]
    assert found
    for payload in found:
        check.validate(json.loads(payload))


@pytest.mark.parametrize("name", list(schema.MODELS))
def test_receivers_must_bear_new_fields(name: str) -> None:
    check = jsonschema.Draft202012Validator(schema.json_schema(name))
    check.validate({**json.loads(samples()[name][0]), "later": 1})


# --- the conformance test itself --------------------------------------------------------------------------------------


def good() -> list[tuple[str, bytes, bool]]:
    """A small conversation that keeps the contract."""
    found = samples()
    births = birth_messages(TOPICS, present(SITE))
    records = Journal(SITE).add(event(), event(EventKind.CLEARED, n=2), event(EventKind.CLOSED, n=3))
    alarm = TOPICS.announcement(Level.RED, "tank-farm", "LT-1", fault=False)
    state = TOPICS.state("tank-farm", "LT-1", "LT-1.HH")
    return [
        (TOPICS.status, found["status"][0], True),
        *((topic, body, True) for topic, body in births.items()),
        (TOPICS.level, found["level"][0], True),
        (state, found["state"][0], True),
        *((TOPICS.events, r.data, False) for r in records),
        *((alarm, r.data, False) for r in records),
        (TOPICS.events, records[0].data, False),
        (state, b"", True),
        (f"{SITE.root}/receipts", b"{}", True),
    ]


def judged(messages: list[tuple[str, bytes, bool]]) -> dict[str, Any]:
    judge = Judge(conformance.validator(conformance.load_schemas(conformance.DOCS)))
    for topic, payload, retain in messages:
        judge.hear(topic, payload, retain=retain)
    return judge.end()


def test_a_good_conversation_is_accepted() -> None:
    report = judged(good())
    assert report["findings"] == []
    assert report["ok"]
    assert report["messages"]["events"] == 4


Change = Callable[[list[tuple[str, bytes, bool]]], None]


def _drop(branch: str, index: int = 0) -> Change:
    def change(messages: list[tuple[str, bytes, bool]]) -> None:
        messages.remove([m for m in messages if f"/{branch}" in m[0]][index])

    return change


def _add(topic: str, payload: bytes = b"{}", *, retain: bool = False) -> Change:
    return lambda messages: messages.append((topic, payload, retain))


def _edit(branch: str, old: bytes, new: bytes, *, index: int = 0) -> Change:
    def change(messages: list[tuple[str, bytes, bool]]) -> None:
        at = [i for i, m in enumerate(messages) if f"/{branch}" in m[0]][index]
        topic, payload, retain = messages[at]
        assert old in payload
        messages[at] = (topic, payload.replace(old, new), retain)

    return change


def _flip(branch: str) -> Change:
    def change(messages: list[tuple[str, bytes, bool]]) -> None:
        at = next(i for i, m in enumerate(messages) if f"/{branch}" in m[0])
        messages[at] = (*messages[at][:2], not messages[at][2])

    return change


ALARM = TOPICS.announcement(Level.RED, "tank-farm", "LT-1", fault=False)


@pytest.mark.parametrize(
    ("kind", "change"),
    [
        ("topic", _add(f"{SITE.root}/else")),
        ("topic", _add(f"{SITE.root}/alarms/green/a/b")),
        ("missing", _drop("level")),
        ("missing", _drop("status")),
        ("page", _drop("birth/")),
        ("sequence", _drop("events", 1)),
        ("hash", _edit("events", b'"value":8.5', b'"value":8.4')),
        ("hash", _edit("alarms", b'"value":8.5', b'"value":8.4')),
        ("canonical", _edit("alarms", b'"value":8.5', b'"value": 8.5')),
        ("schema", _edit("status", b'"online"', b'"fine"')),
        ("schema", _edit("level", b'"base":"orange"', b'"base":"purple"')),
        ("json", _add(ALARM, b"{")),
        ("empty", _add(ALARM, b"")),
        ("retained", _flip("alarms")),
        ("not retained", _flip("state")),
        ("level", _add(ALARM.replace("/red/", "/blue/"), Journal(SITE).add(event())[0].data)),
        ("branch", _add(ALARM.replace("/alarms/", "/faults/"), Journal(SITE).add(event())[0].data)),
        ("shadow", _add(ALARM, Journal(SITE).add(event(shadow=True))[0].data)),
        ("rewritten", _add(TOPICS.events, Journal(SITE).add(event(comment="x"))[0].data)),
        ("place", _edit("status", b'"gw-01"', b'"gw-02"')),
        ("chain", _add(TOPICS.events, Journal(SITE).add(*[event(comment="x")] * 4)[3].data)),
    ],
)
def test_each_fault_is_found(kind: str, change: Change) -> None:
    messages = good()
    change(messages)
    report = judged(messages)
    assert not report["ok"]
    assert kind in {f["kind"] for f in report["findings"]}


def test_silence_is_not_conformance() -> None:
    assert [f["kind"] for f in judged([])["findings"]] == ["nothing"]


def test_without_jsonschema_it_says_so(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setitem(sys.modules, "jsonschema", None)
    assert conformance.main(["--for", "1s"]) == 2
    assert "pip install jsonschema" in capsys.readouterr().err


def test_without_the_files_the_same_schemas_are_made(tmp_path: Path) -> None:
    assert conformance.load_schemas(tmp_path / "none") == conformance.load_schemas(conformance.DOCS)
