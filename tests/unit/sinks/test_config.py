"""Settings of both outputs: samples load, wrong ones are refused, READMEs name every setting."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
import yaml
from pydantic import BaseModel, ValidationError

import gateway.sinks
from gateway.config.registry import SINKS
from gateway.sinks.influxdb.client import all_dropped
from gateway.sinks.mqtt import config as mqtt
from gateway.wires.answers import Action, action_of

FOLDER = Path(gateway.sinks.__file__).parent
PLUGINS: dict[str, type[BaseModel]] = {kind: module.Settings for kind, module in SINKS.items()}


@pytest.mark.parametrize("kind", list(PLUGINS))
def test_the_sample_loads(kind: str) -> None:
    found = yaml.safe_load((FOLDER / kind / "sample.yaml").read_text(encoding="utf-8"))
    for each in found.values():
        assert PLUGINS[kind](**each).kind == kind


@pytest.mark.parametrize("kind", list(PLUGINS))
def test_the_readme_names_every_setting(kind: str) -> None:
    text = (FOLDER / kind / "README.md").read_text(encoding="utf-8")
    model: type[BaseModel] = PLUGINS[kind]
    assert [name for name in model.model_fields if name != "kind" and f"`{name}`" not in text] == []


@pytest.mark.parametrize(
    ("kind", "change", "words"),
    [
        ("mqtt", {"hots": 1}, "hots"),
        ("mqtt", {"version": 4}, "'5' or '3.1.1'"),
        ("mqtt", {"keepalive": "10 years"}, "not a duration"),
        ("mqtt", {"port": 0}, "greater than"),
        ("influxdb", {"version": 1}, "version 1 needs database"),
        ("influxdb", {"version": 2, "org": "o"}, "version 2 needs bucket"),
        ("influxdb", {"version": 3}, "version 3 needs database"),
        ("influxdb", {"url": "h:8086", "database": "d", "version": 1}, "url"),
        ("influxdb", {"lines": 0}, "lines"),
        ("mqtt", {"tls": {"key": "k.pem"}}, "cert beside key"),
        ("webhook", {}, "one of url, url_env, url_file"),
        ("webhook", {"url": "ftp://h"}, "url"),
        ("notify", {"by": "smtp", "host": "h"}, "needs sender"),
        ("notify", {"by": "wecom"}, "needs url_env or url_file"),
        ("notify", {"by": "sms", "device": "/dev/x", "tells": "alarms"}, "needs to"),
        ("notify", {"by": "pigeon"}, "by"),
        ("file", {"keep": 0}, "keep"),
    ],
)
def test_wrong_settings_are_refused(kind: str, change: dict[str, Any], words: str) -> None:
    base: dict[str, Any] = {
        "mqtt": {"host": "h"},
        "influxdb": {"url": "http://h"},
        "webhook": {},
        "notify": {},
        "file": {"path": "p"},
    }[kind]
    with pytest.raises(ValidationError, match=words):
        PLUGINS[kind](**{"kind": kind, **base, **change})


@pytest.mark.parametrize(("given", "found"), [(5, "5"), ("5", "5"), ("3.1.1", "3.1.1")])
def test_mqtt_versions_as_people_write_them(given: object, found: str) -> None:
    assert mqtt.Settings(kind="mqtt", host="h", version=given).version == found  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("status", "action"),
    [
        (200, Action.ACCEPT),
        (204, Action.ACCEPT),
        (302, Action.PERSON),
        (400, Action.SPLIT),
        (401, Action.LOGIN),
        (403, Action.LOGIN),
        (404, Action.PERSON),
        (405, Action.PERSON),
        (413, Action.SPLIT),
        (422, Action.SPLIT),
        (429, Action.LATER),
        (500, Action.LATER),
        (503, Action.LATER),
        (599, Action.LATER),
    ],
)
def test_what_an_answer_means(status: int, action: Action) -> None:
    assert action_of(status) is action


def test_only_a_full_count_of_dropped_lines_ends_the_search() -> None:
    assert all_dropped("partial write: ... dropped=3", 3)
    assert not all_dropped("partial write: ... dropped=1", 3)
    assert not all_dropped("dropped=0", 1)
    assert not all_dropped("unable to parse", 1)
