"""Entries of lists, CBOR, templates and the links of Sparkplug addresses."""

from __future__ import annotations

import datetime as dt
import json

import cbor2
import pydantic
import pytest

from gateway.model.quality import Quality
from gateway.model.site import Tag
from gateway.sources.mqtt import cbor
from gateway.sources.mqtt.address import Binding, Point
from gateway.sources.mqtt.config import Settings, bind, links
from gateway.sources.mqtt.decode import MOST_ENTRIES, QualityPath, TimePath, Topic
from gateway.sources.mqtt.paths import Every, Malformed, compile_path, entries, walk

NOW = 1_800_000_000_000_000_000
MS = 1_700_000_000_000
TAG = Tag(id="T", raw="T", description="", cls="level", unit="m", installation="")


def topic(*paths: str, time: str = "", quality: str = "", **more: object) -> Topic:
    return Topic(
        (),
        tuple((k, compile_path(p)) for k, p in enumerate(paths)),
        TimePath(compile_path(time), "ms") if time else None,
        QualityPath(compile_path(quality), frozenset({"192"}), frozenset()) if quality else None,
        **more,
    )


def test_samples_that_come_together_keep_their_times_and_their_order() -> None:
    body = {"d": [{"t": MS + k, "v": k, "q": 192 if k else 0} for k in range(3)]}
    rows = topic("d[*].v", time="d[*].t", quality="d[*].q").rows(
        json.dumps(body).encode(), NOW, retained=False
    )
    assert [(r[1], r[3]) for r in rows] == [
        (MS * 10**6, Quality.SOURCE_BAD),
        ((MS + 1) * 10**6, 0),
        ((MS + 2) * 10**6, 0),
    ]
    assert [r[2] for r in rows[1:]] == [1.0, 2.0]


def test_one_bad_entry_costs_only_itself() -> None:
    body = {"d": [{"t": MS, "v": 1}, {"v": 2}, "?", {"t": MS + 2, "v": 3}]}
    rows = topic("d[*].v", time="d[*].t").rows(json.dumps(body).encode(), NOW, retained=False)
    assert [r[3] for r in rows] == [0, Quality.MALFORMED, Quality.MALFORMED, 0]


def test_an_entry_is_found_by_its_name_and_may_be_absent() -> None:
    both = topic("s[id=P1].v", "s[id=7].v", time="ts")
    body = {"ts": MS, "s": [{"id": "P1", "v": 1.5}, {"id": 7, "v": 2.5}, {"id": "P2", "v": 9}]}
    rows = both.rows(json.dumps(body).encode(), NOW, retained=False)
    assert [(r[0], r[2]) for r in rows] == [(0, 1.5), (1, 2.5)]
    assert both.rows(b'{"ts":1700000000000,"s":[]}', NOW, retained=False) == []
    bad = both.rows(b'{"ts":1700000000000,"s":5}', NOW, retained=False)
    assert [r[3] for r in bad] == [Quality.MALFORMED] * 2


def test_a_list_without_end_is_cut() -> None:
    body = json.dumps([1] * (MOST_ENTRIES + 5)).encode()
    rows = topic("[*]").rows(body, NOW, retained=False)
    assert len(rows) == MOST_ENTRIES + 1
    assert rows[-1][3] == Quality.MALFORMED


def test_lists_in_lists() -> None:
    path = compile_path("a[*].b[*].c")
    assert path == ("a", Every(), "b", Every(), "c")
    found = entries({"a": [{"b": [{"c": 1}, {"c": 2}]}, {"b": [{"c": 3}]}]}, path[:4])
    assert [walk(each, ("c",)) for each in found] == [1, 2, 3]


def test_found_by_fuzzing_a_name_of_ten_thousand_digits_is_nobodys() -> None:
    body = cbor2.dumps({"s": [{"id": 10**10_000, "v": 1}, {"id": "P1", "v": 2.5}], "n": 10**10_000})
    rows = topic("s[id=P1].v", "n", loads=cbor.loads).rows(body, NOW, retained=False)
    assert [(r[0], r[3]) for r in rows] == [(0, Quality.GOOD), (1, Quality.MALFORMED)]


def test_cbor_is_read_as_json_is() -> None:
    at = dt.datetime(2023, 11, 14, 22, 13, 20, tzinfo=dt.UTC)
    read = topic("v", "a[0].x", time="t", loads=cbor.loads)
    rows = read.rows(cbor2.dumps({"v": 1.5, "a": [{"x": True}], "t": at}), NOW, retained=False)
    assert [(r[1], r[2], r[3]) for r in rows] == [(MS * 10**6, 1.5, 0), (MS * 10**6, 1.0, 0)]
    whole = Topic((0,), (), None, None, cbor.loads).rows(b"12.5", NOW, retained=False)
    assert whole[0][2] == 12.5


@pytest.mark.parametrize(
    "body", [b"", b"\xff", b"\xa1", b"\x81" * 500, b"\xd8\x23\x61[", b"\x5b" + b"\x7f" * 8]
)
def test_broken_cbor_is_malformed(body: bytes) -> None:
    with pytest.raises(Malformed):
        cbor.loads(body)
    assert topic("v", loads=cbor.loads).rows(body, NOW, retained=False)[0][3] == Quality.MALFORMED


def settings(**change: object) -> Settings:
    return Settings.model_validate({"kind": "mqtt", "host": "broker", **change})


def test_a_template_makes_addresses_short() -> None:
    made = settings(template="plant/{line}/+/{device}/up#values.{point}.v")
    assert bind(made, "L1/D7/temp", TAG) == Binding("plant/L1/+/D7/up", ("values", "temp", "v"))
    for wrong in ("L1/D7", "L1/D7/", "L1/D7/a/b"):
        with pytest.raises(ValueError, match="3 words separated by /"):
            bind(made, wrong, TAG)
    with pytest.raises(pydantic.ValidationError, match="names in braces"):
        settings(template="plant/up")
    with pytest.raises(pydantic.ValidationError, match="whole level"):
        settings(template="plant/x+/{a}")


def test_sparkplug_addresses_and_their_links() -> None:
    made = settings(format="sparkplug-b")
    places = {"A": bind(made, "G/E#Level", TAG), "B": bind(made, "G/E/D 1#Inputs/A", TAG)}
    assert places["B"] == Point("G/E", "D 1", "Inputs/A")
    found, of_tag = links("pond", made, places)
    assert [(k.id, k.parent) for k in found] == [
        ("pond", ""),
        ("pond-G_E", "pond"),
        ("pond-G_E-D_1", "pond-G_E"),
    ]
    assert of_tag == {"A": ("pond", "pond-G_E"), "B": ("pond", "pond-G_E", "pond-G_E-D_1")}
    for wrong in ("G/E", "G#x", "G/E/D/x#y", "G/+#x", "/E#x"):
        with pytest.raises(ValueError, match="allowed: group/edge#metric"):
            bind(made, wrong, TAG)
    with pytest.raises(pydantic.ValidationError, match="Sparkplug B says"):
        settings(format="sparkplug-b", time={"path": "a"})


def test_a_budget_has_a_link_of_its_own() -> None:
    found, of_tag = links("pond", settings(budget={"mb": 5}), {"A": Binding("a", None)})
    assert [k.id for k in found] == ["pond", "pond-budget"]
    assert of_tag == {"A": ("pond",)}
