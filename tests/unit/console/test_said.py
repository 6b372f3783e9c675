"""Whatever the gateway says to people in English has its Chinese at the page: read out of the code, none forgotten."""

from __future__ import annotations

import json
import re

import pytest

from gateway.console.shelf import STATIC
from gateway.sources.modbus import counters, look
from gateway.sources.mqtt import plugin
from tests.helpers.said import ROOT, literals, sentences

SAID: dict[str, str] = json.loads((STATIC / "i18n" / "said.json").read_text())
ZH, EN = (json.loads((STATIC / "i18n" / f"{name}.json").read_text()) for name in ("zh", "en"))
CJK = re.compile(r"[\u3400-\u9fff]")
ELSEWHERE = (
    "gateway/cli/",
    "gateway/county/",
    "gateway/history/",
    "gateway/store/verify.py",
    "gateway/sinks/mqtt/judge.py",
    "gateway/sinks/mqtt/sweep.py",
    "gateway/app/plant.py",
    "gateway/app/conductor.py",
    "gateway/config/packs/find.py",
    "gateway/config/packs/schema.py",
    "gateway/config/packs/installed.py",
)
"""said on a terminal and to authors of packs, never at a page: tests/unit/app/test_spoken.py"""


def test_every_sentence_of_the_code_is_there() -> None:
    """One that is missing goes into gateway/console/static/i18n/said.json, with its Chinese."""
    found = sentences("gateway", ELSEWHERE)
    assert len(found) > 400, "the reader of the code has gone blind"
    assert {text: place for text, place in found.items() if text not in SAID} == {}


def test_every_note_of_a_configuration_is_there() -> None:
    for name in ("notes", "peoplenotes"):
        assert literals(ROOT / "gateway" / "config" / f"{name}.py") - SAID.keys() == set()


def test_each_is_chinese_and_puts_in_what_is_put_in() -> None:
    for words, chinese in SAID.items():
        count = words.count("{}")
        numbered = [int(n) for n in re.findall(r"\{(\d)\}", chinese)]
        assert all(1 <= n <= count for n in numbered), words
        assert len(numbered) + chinese.count("{}") <= count, words
        assert CJK.search(chinese) or chinese in (words, "{}"), words


def test_sentences_are_told_apart() -> None:
    """What is put in takes any text: a sentence that is only places would swallow all others."""
    assert [words for words in SAID if len(re.sub(r"\{\}|[\s:;,.()]", "", words)) < 2] == []


def troubles() -> list[str]:
    page = (ROOT / "docs" / "events.md").read_text()
    rows = re.findall(r"^\| ((?:`[^`]+`(?:, )?)+) \|", page[page.index("## Troubles") :], re.MULTILINE)
    return [name for row in rows for name in re.findall(r"`([^`]+)`", row)]


@pytest.mark.parametrize("what", troubles())
def test_every_trouble_has_its_words(what: str) -> None:
    last = what.rpartition(".")[2]
    keys = {what: f"trouble.{what}", "source.<name>": "trouble.source"}
    lanes = {"alarms", "events", "readings"}
    key = keys.get(what) if "." not in what or what.startswith("source") else None
    key = key or ("trouble.heartbeat" if what.startswith("heartbeat") else f"trouble.of.{last}")
    key = "trouble.lane" if "." in what and last in lanes else key
    assert CJK.search(ZH[key])
    assert EN[key]


def test_counted_errors_notes_and_acts_of_the_door_have_words() -> None:
    told = re.findall(
        r'^ +"([\w-]+)": (?:c\.|self\._reader)', (ROOT / str(plugin.__file__)).read_text(), re.MULTILINE
    )
    wanted = [f"links.{kind}" for kind in (*counters.ERRORS, *told)]
    wanted += [f"raw.{x}" for x in (look.NOT_YET, look.REFUSED, look.SILENT, look.NO_NUMBER)]
    events = (ROOT / "docs" / "events.md").read_text()
    acts = next(line for line in events.splitlines() if line.startswith("| `access`"))
    wanted += [f"access.{x}" for x in re.findall(r"`([a-z]+(?:-[a-z]+)+)`", acts)]
    wanted += [f"fault.do.{kind}" for kind in ("instrument", "link", "system")]
    assert len(told) == 5
    assert [key for key in wanted if key not in ZH or key not in EN] == []
