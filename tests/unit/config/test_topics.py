"""Collisions are looked for in exactly the topics that the MQTT output publishes on."""

from __future__ import annotations

from pathlib import Path

from hypothesis import given
from hypothesis import strategies as st

from gateway.config.uniqueness import segment
from gateway.model.levels import Level
from gateway.model.site import Rule, RuleKind
from gateway.sinks.mqtt.topics import rule_segment
from tests.unit.config.writing import SITE, faults, good, spoilt

IDS = st.from_regex(r"[A-Za-z0-9_.-]{1,64}", fullmatch=True)


def test_rules_as_topics(tmp_path: Path) -> None:
    rules = good(tmp_path).site.rules
    last = {r.id: rule_segment(r.id, r.subject) for r in rules}
    assert (last["LT-1.HH"], last["LT-1.RISE"], last["XV-1.DISC"]) == ("HH", "RISE", "XV-1_DISC")
    assert [segment(r) for r in rules] == list(last.values())


@given(IDS, IDS)
def test_config_and_output_spell_them_alike(rule: str, subject: str) -> None:
    for ident in (rule, f"{subject}.{rule}"):
        made = Rule(
            id=ident,
            name="X",
            kind=RuleKind.STATE,
            subject=subject,
            tags=(),
            installation="",
            level=Level.BLUE,
            priority=4,
        )
        assert segment(made) == rule_segment(ident, subject)


def test_two_rules_that_would_share_a_topic_are_refused(tmp_path: Path) -> None:
    found = faults(tmp_path, spoilt(SITE, "id: XV-1-FB.STATE", "id: XV-1_DISC"))
    assert ["rename the rule" in f.hint for f in found] == [True]
