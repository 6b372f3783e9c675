"""Topics, order and bodies of what goes to MQTT."""

from __future__ import annotations

import json
from dataclasses import replace

import pytest

from gateway.model.events import EventKind
from gateway.model.levels import Level, LiveLevel
from gateway.model.ports import LiveState
from gateway.model.times import NS
from gateway.sinks.mqtt.birth import PAGE_BYTES, birth_messages
from gateway.sinks.mqtt.encode import (
    announced,
    announcements,
    by_level,
    event_topics,
    lateness,
    level_body,
    state_messages,
)
from gateway.sinks.mqtt.grammar import BRANCHES, parse_topic
from gateway.sinks.mqtt.topics import Topics, client_id, rule_segment, segment
from tests.helpers.lane import T0, Journal, event, occurrence, present, site

SITE = site()
TOPICS = Topics(SITE.root)
YELLOW, ORANGE, RED = Level.YELLOW, Level.ORANGE, Level.RED


@pytest.mark.parametrize(
    ("raw", "found"),
    [
        ("LT-101", "LT-101"),
        ("plc1/3", "plc1_3"),
        ("a.b c#+", "a_b_c__"),
        ("液位", "__"),
        ("", "none"),
        ("x" * 70, "x" * 64),
    ],
)
def test_segments_fit_the_grammar(raw: str, found: str) -> None:
    assert segment(raw) == found
    assert parse_topic(TOPICS.state(raw, raw, raw))


@pytest.mark.parametrize(
    ("rule", "tag", "found"),
    [
        ("LT-1.HH", "LT-1", "HH"),
        ("GAS.VOTE", "GAS", "VOTE"),
        ("system.disk", "", "system_disk"),
        ("X.H", "Y", "X_H"),
    ],
)
def test_rules_lose_their_tag(rule: str, tag: str, found: str) -> None:
    assert rule_segment(rule, tag) == found


def test_every_topic_made_here_parses_back_to_its_branch() -> None:
    made = {
        "status": TOPICS.status,
        "birth": TOPICS.birth,
        "birthPage": TOPICS.birth_page("a", 1),
        "level": TOPICS.level,
        "events": TOPICS.events,
        "state": TOPICS.state("a", "b", "b.HH"),
        "alarms": TOPICS.announcement(RED, "a", "b", fault=False),
        "faults": TOPICS.announcement(RED, "a", "b", fault=True),
    }
    assert made.keys() == {b.name for b in BRANCHES}
    for name, topic in made.items():
        found = parse_topic(topic)
        assert found
        assert found[0].name == name


@pytest.mark.parametrize(
    "topic",
    [
        "fengsui/v1/34152/demo/gw/status",
        "fengsui/v1/341524/demo/gw/alarms/green/a/b",
        "fengsui/v1/341524/demo/gw/alarms/red/a/b/c",
        "fengsui/v1/341524/demo/gw/birth/a/0",
        "fengsui/v2/341524/demo/gw/status",
        "fengsui/v1/341524/de.mo/gw/status",
    ],
)
def test_other_topics_do_not_parse(topic: str) -> None:
    assert parse_topic(topic) is None


def test_client_ids_are_plain() -> None:
    assert client_id(SITE, "county.alarms") == "fengsui-341524-demo-gw-01-county-alarms"


def test_an_event_goes_to_its_level_and_every_level_it_had() -> None:
    e = event(EventKind.LEVEL_LOWERED, level=ORANGE, levels=(YELLOW, RED))
    assert [t.split("/")[6] for t in event_topics(TOPICS, e)] == ["red", "orange", "yellow"]


@pytest.mark.parametrize(
    ("change", "found"),
    [
        ({}, True),
        ({"shadow": True}, False),
        ({"level": None}, False),
        ({"id": ""}, False),
        ({"fault": True}, True),
    ],
)
def test_what_is_announced(change: dict[str, object], found: bool) -> None:
    assert announced(event()._replace(**change)) is found  # type: ignore[arg-type]


def test_levels_first_then_seq_and_an_occurrence_stays_in_order() -> None:
    records = Journal(SITE).add(
        event(tag="A", level=YELLOW),
        event(tag="B", level=RED),
        event(tag="C", level=YELLOW, shadow=True),
        event(tag="D", level=YELLOW),
        event(tag="E", level=RED),
        event(EventKind.LEVEL_RAISED, tag="D", level=RED, n=2),
    )
    assert [r.seq for r in by_level(records)] == [2, 4, 5, 6, 1]


def test_of_one_level_a_fault_does_not_go_before_an_alarm() -> None:
    lost = event(tag="plc", level=RED, fault=True)
    records = Journal(SITE).add(lost, event(tag="G", level=RED), event(tag="D", level=YELLOW))
    assert [r.event.tag for r in by_level(records)] == ["G", "plc", "D"]


def test_late_is_more_than_half_a_minute() -> None:
    record = Journal(SITE).add(event())[0]
    assert lateness(record, record.recorded + 30 * NS) is None
    assert lateness(record, record.recorded + 31 * NS) == 31.0
    (message,) = announcements(TOPICS, record, record.recorded + 3600 * NS)
    assert message.late_s == 3600.0
    assert message.payload is record.data


def test_states_group_branches_and_empty_what_is_over() -> None:
    now = present(SITE, [occurrence(), occurrence(onset=T0 + 1), occurrence("LT-2").with_(shadow=True)])
    one, two = (TOPICS.state("tank-farm", t, f"{t}.HH") for t in ("LT-1", "LT-2"))
    found = state_messages(TOPICS, now, None, {two, "gone"})
    assert len(json.loads(found[one])["occurrences"]) == 2
    assert (found[two], found["gone"]) == (b"", b"")
    assert state_messages(TOPICS, now, {two}, {one, two}) == {two: b""}
    assert state_messages(TOPICS, now, {two}, {one}) == {}


def test_level_lists_are_cut_and_counted() -> None:
    tags = tuple(f"T{i}" for i in range(250))
    blind = LiveState("", LiveLevel.NO_VIEW, ORANGE, T0, (), tags)
    live = json.loads(level_body(replace(present(SITE), levels=(blind,))))["live"]
    assert (len(live["blinded"]), live["blinded_count"]) == (100, 250)


def test_birth_pages_hold_everything_once_and_fit() -> None:
    big = site(2000)
    wanted = birth_messages(TOPICS, present(big))
    manifest = json.loads(wanted[TOPICS.birth])
    pages = [json.loads(body) for topic, body in wanted.items() if topic != TOPICS.birth]
    assert max(map(len, wanted.values())) <= PAGE_BYTES
    assert [t["id"] for p in pages for t in p["tags"]] == [t.id for t in big.tags]
    assert [r["id"] for p in pages for r in p["rules"]] == [r.id for r in big.rules]
    assert manifest["installations"] == [{"installation": "tank-farm", "name": "储罐区", "pages": len(pages)}]
    assert list(wanted)[-1] == TOPICS.birth, "the manifest never names a page that is not there yet"


def test_tags_of_no_installation_have_a_page() -> None:
    lost = replace(SITE, tags=(replace(SITE.tags[0], installation="elsewhere"),), rules=())
    wanted = birth_messages(TOPICS, present(lost))
    page = json.loads(wanted[TOPICS.birth_page("none", 1)])
    assert [t["id"] for t in page["tags"]] == ["LT-1"]
