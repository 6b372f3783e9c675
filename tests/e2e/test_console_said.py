"""What the gateway says itself, in the page's language; and a panel whose own clock is wrong, set, or stood still."""

from __future__ import annotations

import datetime as dt
import json
import re
from collections.abc import Iterator

import pytest

from gateway.console.shelf import STATIC
from gateway.model.errors import Refused
from gateway.model.events import Event, EventKind
from tests.helpers.page import Page

pytestmark = [
    pytest.mark.browser,
    pytest.mark.leaks_ok("the browser and its driver live as long as this file's tests"),
]
CJK = re.compile(r"[\u3400-\u9fff]")
TROUBLES = {
    "disk": ("磁盘", "Disk"),
    "heartbeat.tank-farm.limit-high": ("未按时判定", "not judged in time"),
    "source.plc1": ("数据来源 plc1", "Source plc1"),
    "county.alarms": ("输出 county.alarms", "Output county.alarms"),
    "county.events.login": ("county.events：用户名或密码被拒绝", "county.events: user or password"),
}
SAY = """const [asked, done] = arguments;
import(`${early.base}js/phrases.js`).then(async (p) => { await p.phrases(); done(asked.map((x) => p.spoken(x))); });"""
WRONG_CLOCK = "window.wrong = %d; const right = Date.now.bind(Date); Date.now = () => right() + window.wrong;"


@pytest.mark.parametrize("language", ["zh", "en"])
def test_troubles_and_reasons_follow_the_language(page: Page, language: str) -> None:
    at = ["zh", "en"].index(language)

    def stage() -> None:
        for what in TROUBLES:
            told = {
                "kind": "system",
                "fault": True,
                "tag": what,
                "rule": f"system.{what}",
                "value": None,
                "unit": "",
            }
            page.plant.raise_alarm("ZT-301", "SYSTEM", description=what, **told)
        gap = {"who": "store", "start": "", "end": "", "count": 7, "why": "the gateway was not running"}
        page.plant.append(Event(event=EventKind.GAP, time=page.plant.now(), detail=gap))
        words = {"what": "sign-in-refused", "from": "10.0.0.9"}
        page.plant.append(Event(event=EventKind.ACCESS, time=page.plant.now(), detail=words))

    page.console.do(stage)
    page.open("alarms", language).name_me()
    page.until(lambda: all(words[at] in page.text("#alarm-list") for words in TROUBLES.values()))
    page.click("tr[data-id]:has(.chip.fault)")
    page.until(lambda: page.text(".guidance p"))
    assert bool(CJK.search(page.text(".guidance p"))) == (language == "zh")
    page.open("events", language)
    page.until(lambda: "10.0.0.9" in page.text("#event-list"))
    told = page.text("#event-list")
    assert ("网关未运行" if language == "zh" else "the gateway was not running") in told
    assert ("多次登录失败" if language == "zh" else "sign-in refused") in told
    page.plant.refuse = Refused("alarm 7 has changed: it is at event 3, not 2")
    page.open("alarms", language)
    page.click("#ack-all")
    page.until(lambda: ("现为第 3 个事件" if language == "zh" else "it is at event 3") in page.text("#toast"))
    page.external()
    page.complaints()  # of the refusal


def test_every_sentence_is_said_in_chinese_and_keeps_what_is_put_in(page: Page) -> None:
    said = json.loads((STATIC / "i18n" / "said.json").read_text())
    asked = [words for words, chinese in said.items() if CJK.search(chinese)]
    filled = [words.replace("{}", "Q7") for words in asked]
    page.open("overview", "zh")
    found = page.driver.execute_async_script(SAY, filled)
    assert [words for words, chinese in zip(filled, found, strict=True) if not CJK.search(chinese)] == []
    assert [
        words for words, chinese in zip(filled, found, strict=True) if "{" in chinese and "{" not in words
    ] == []
    mixed = "limits.LT-101.H.trigger: 99; above H at 12; cannot connect to 10.0.0.1: [Errno 111] Connection refused"
    assert page.driver.execute_async_script(SAY, [mixed, "LT-101 高液位"]) == [
        "limits.LT-101.H.trigger: 99; 高于 H（12）; 无法连接 10.0.0.1：连接被拒绝（错误 111）",
        "LT-101 高液位",
    ]
    page.quiet()


@pytest.fixture
def wrong(page: Page, request: pytest.FixtureRequest) -> Iterator[Page]:
    """The page in a browser whose clock is ahead by so many hours, and which ``window.wrong`` sets, ms."""
    script = {"source": WRONG_CLOCK % (getattr(request, "param", 0) * 3_600_000)}
    made = page.driver.execute_cdp_cmd("Page.addScriptToEvaluateOnNewDocument", script)
    yield page
    page.driver.execute_cdp_cmd("Page.removeScriptToEvaluateOnNewDocument", made)


@pytest.mark.parametrize("wrong", [-7, 9], indirect=True)
def test_a_clock_that_is_wrong_makes_nothing_look_fresh(wrong: Page) -> None:
    """Ages and the time shown are the gateway's, whatever the panel's clock says; people see UTC+8."""
    wrong.open("tags")
    old = r"ZT-302[\s\S]*?\b[5-9] min \d\d s"  # 340 s, and what passed since
    wrong.until(lambda: re.search(old, wrong.text("#view")))
    shown = wrong.until(
        lambda: re.search(r"\d{4}-\d\d-\d\d\s+\d\d:\d\d:\d\d", wrong.text("#top .bar > time"))
    )
    at = dt.datetime.fromisoformat(" ".join(shown[0].split()) + "+08:00")
    assert abs(at.timestamp() - wrong.plant.now() / 1e9) < 60
    wrong.quiet()


def test_a_panel_that_slept_has_no_view_until_it_has_one_anew(wrong: Page) -> None:
    """While a laptop sleeps one of its clocks stands still and the other goes on; they go apart too when one is set."""
    wrong.open("alarms")
    wrong.js(
        "window.dropped = 0; window.mine = 'the same page'; window.wrong = 6 * 3600e3; new MutationObserver(() => {"
        "window.dropped += document.body.classList.contains('lost'); }).observe(document.body, {attributes: true})"
    )
    wrong.until(lambda: wrong.js("return window.dropped") > 0)
    wrong.until(lambda: not wrong.lost)
    assert wrong.js("return window.mine") == "the same page"
    assert "6 h" not in wrong.text(".banner"), "ages are the gateway's"
    wrong.quiet()
