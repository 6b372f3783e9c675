"""Catalogues: same keys, all used, none missing, and no page speaks past them."""

from __future__ import annotations

import json
import re
from pathlib import Path

import pytest

from gateway.config.kinds import ENTRIES
from gateway.config.kindsettings import _kind
from gateway.config.rulebase import RuleBase
from gateway.config.schema import MAY, NEEDS
from gateway.console.shelf import STATIC, VENDOR, shelf, vendor
from gateway.model.events import Acknowledgement, Condition, EventKind, Suppression
from gateway.model.levels import Level, LiveLevel
from gateway.model.quality import Quality

ZH, EN = (json.loads((STATIC / "i18n" / f"{name}.json").read_text()) for name in ("zh", "en"))
SCRIPTS = sorted((STATIC / "js").rglob("*.js"))
CJK = re.compile(r"[\u3400-\u9fff\uff00-\uffef]")
STRING = re.compile(r"\"((?:[^\"\\\n]|\\.)*)\"|'((?:[^'\\\n]|\\.)*)'|`((?:[^`\\]|\\.)*)`")


def code(path: Path) -> str:
    """Without comments."""
    text = re.sub(r"/\*.*?\*/", "", path.read_text(), flags=re.DOTALL)
    return re.sub(r"(^|[\s;{}(),])//[^\n]*", r"\1", text)


def test_both_languages_have_the_same_keys_and_places() -> None:
    assert ZH.keys() == EN.keys()
    for key in ZH:
        assert sorted(re.findall(r"\{\w+\}", ZH[key])) == sorted(re.findall(r"\{\w+\}", EN[key])), key
        assert ZH[key].strip()
        assert EN[key].strip()
    chinese_in_english = [k for k, v in EN.items() if CJK.search(v) and k != "language.other"]
    assert chinese_in_english == []


def test_every_word_of_the_core_is_there() -> None:
    wanted = [f"quality.{q.value}" for q in Quality]
    wanted += [f"live.{x.value}" for x in LiveLevel] + [f"level.{x.word}" for x in Level]
    wanted += [f"condition.{x.value}" for x in Condition] + [f"ack.{x.value}" for x in Acknowledgement]
    wanted += [f"event.{x.value}" for x in EventKind] + [f"isa.{x}" for x in "ABCDEFGHI"]
    wanted += [f"suppression.{x.value}" for x in Suppression if x is not Suppression.NONE]
    wanted += [f"state.{x}" for x in ("starting", "online", "degraded")]
    assert [k for k in wanted if k not in ZH] == []


def test_every_number_of_every_kind_of_rule_has_a_name() -> None:
    names = {
        name
        for entry in ENTRIES
        for name, field in entry.model_fields.items()
        if name not in RuleBase.model_fields and (_kind(field.annotation, field.metadata) or name == "cases")
    }
    names |= {
        name for kind in NEEDS for name in (*NEEDS[kind], *MAY.get(kind, ())) if name in ("window", "needed")
    }
    assert [name for name in sorted(names) if f"eng.set.{name}" not in EN] == []


def test_keys_in_the_scripts_exist_and_all_keys_are_used() -> None:
    text = "\n".join(code(p) for p in SCRIPTS)
    plain = set(re.findall(r"\bt\(\"([^\"]+)\"", text)) | set(re.findall(r"\? \"([a-z]+\.[a-z.]+)\" :", text))
    assert plain - ZH.keys() == set()
    prefixes = set(re.findall(r"`([a-z]+(?:\.[a-z]+)*\.)\$\{", text))
    words = set(re.findall(r"\"([\w.-]+)\"", text))
    unused = [
        k
        for k in ZH
        if k not in words
        and not any(k.startswith(p) for p in prefixes)
        and not re.search(rf"`{k.split('.')[0]}\.p\$", text)
    ]
    assert unused == []


@pytest.mark.parametrize("path", SCRIPTS, ids=lambda p: p.name)
def test_no_script_has_phrases_of_its_own(path: Path) -> None:
    text = code(path)
    assert not CJK.search(text), "Chinese outside the catalogue"
    said = []
    for match in STRING.finditer(text):
        words = next(g for g in match.groups() if g is not None)
        words = re.sub(r"\$\{[^}]*\}", "", words)
        if re.search(
            r"(^|[^\w.#-])[A-Z][a-z]+ [a-z]+|[a-z]{3,} [a-z]{3,} [a-z]{3,}", words
        ) and not words.startswith(("M", "tr.", "levels")):
            said.append(words)
    assert [w for w in said if not re.fullmatch(r"[a-z ]+", w) or w.count(" ") > 4] == []


def test_the_page_itself_is_silent() -> None:
    html = (STATIC / "index.html").read_text()
    body = html[html.index("<body") :]
    assert re.sub(r"<[^>]*>", "", body).strip() == ""
    assert not re.search(r"<script(?![^>]*\bsrc=)", html), "inline script"
    assert not re.search(r"<style|\sstyle=|\son\w+=", html), "inline style or handler"


def test_nothing_is_fetched_from_elsewhere() -> None:
    for path in STATIC.rglob("*"):
        if path.is_file():
            found = re.findall(r"(?:https?:)?//[a-z0-9.-]+\.[a-z]{2,}", path.read_text())
            assert [u for u in found if "www.w3.org" not in u] == [], path


def test_scripts_are_small_and_never_write_markup() -> None:
    for path in SCRIPTS:
        text = path.read_text()
        assert len(text.splitlines()) <= 200, path
        assert not re.search(r"innerHTML|outerHTML|insertAdjacentHTML|document\.write|\beval\(", text), path


def test_the_chart_comes_from_its_wheel() -> None:
    for name in VENDOR:
        assert vendor(name).is_file()
        assert not list(STATIC.rglob(name)), "a copy of uPlot in the repository"
    assert re.fullmatch(r"[0-9a-f]{12}", shelf().build)
