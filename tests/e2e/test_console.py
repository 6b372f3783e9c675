"""The console in a real browser over a fake plant: pages, states, loss of connection."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest
from selenium.webdriver.common.keys import Keys

from gateway.model.events import Event, EventKind
from gateway.model.levels import LiveLevel
from gateway.model.quality import Quality
from tests.helpers.console import ConsoleThread
from tests.helpers.page import Page
from tests.helpers.plant import FakePlant

pytestmark = [
    pytest.mark.browser,
    pytest.mark.leaks_ok("the browser and its driver live as long as this file's tests"),
]
PAGES = ("overview", "alarms", "tags", "trend", "events")
WORDS = {"zh": "未确认", "en": "Unacknowledged"}


@pytest.mark.parametrize("language", ["zh", "en"])
@pytest.mark.parametrize("name", PAGES)
def test_pages_render_offline_and_without_complaint(page: Page, name: str, language: str) -> None:
    page.open("trend/LT-101?p=15" if name == "trend" else name, language)
    page.until(lambda: len(page.one("#view").text) > 40)
    if name == "trend":
        page.one("#chart canvas")
    assert WORDS[language] in page.one("header").text
    assert page.js("return document.documentElement.lang") == {"zh": "zh-CN", "en": "en"}[language]
    missing = (
        page.js("return document.body.innerText.match(/\\b[a-z]+\\.[a-z]+(\\.[a-z]+)?\\b(?!\\w)/g)") or []
    )
    known = ("county.", "tsdb.", "pond-rtu", "e.g")
    assert [m for m in missing if not m.startswith(known)] == [], "a key without words"
    assert page.external() == []
    assert page.complaints() == []


def test_language_switch_is_remembered(page: Page) -> None:
    page.open("alarms", "zh")
    page.one("#language").click()
    page.until(lambda: "Unacknowledged" in page.one("header").text)
    page.driver.get(page.console.url)
    page.until(lambda: not page.lost)
    assert "Unacknowledged" in page.one("header").text


def test_not_knowing_is_shown_as_not_knowing(page: Page) -> None:
    page.open("overview")
    blocks = {
        place: page.one(f'[data-place="{place}"] .live').get_attribute("data-level")
        for place in ("pond", "face", "cold")
    }
    assert blocks == {"pond": "no-view", "face": "not-judged", "cold": "normal"}
    assert "No view" in page.one('[data-place="pond"]').text
    assert "CH4-401" in page.one('[data-place="face"]').text
    style = "return getComputedStyle(document.querySelector(arguments[0])).backgroundImage"
    assert "gradient" in page.js(style, '[data-place="pond"] .live')
    assert "gradient" in page.js(style, '[data-place="face"] .live')
    # Normal is plain: no colour of its own, and no green anywhere in the page.
    colours = page.js(
        "return [...new Set([...document.querySelectorAll('*')].flatMap(e => { const s = getComputedStyle(e);"
        "return [s.backgroundColor, s.color, s.fill, s.borderTopColor] }))]"
    )
    assert [c for c in colours if is_green(c)] == []


def is_green(colour: str) -> bool:
    digits = "".join(c if c.isdigit() or c == "." else " " for c in colour).split()
    if len(digits) < 3:
        return False
    red, green, blue = (float(x) for x in digits[:3])
    return green > 1.25 * red and green > 1.25 * blue


def test_the_live_level_follows(page: Page) -> None:
    page.open("overview")
    page.console.do(lambda: page.plant.levels(pond=LiveLevel.ORANGE))
    page.until(lambda: page.one('[data-place="pond"] .live').get_attribute("data-level") == "orange")


def test_a_thousand_tags_are_a_few_rows_of_the_page(page: Page) -> None:
    page.open("tags")
    assert page.js("return document.querySelectorAll('.tagrow').length") < 60
    page.type("input[type=search]", "TI-1999")
    page.until(lambda: page.texts(".tagrow:not([hidden]) .id") == ["TI-1999"])
    page.console.do(lambda: page.plant.move("TI-1999", 88.8, Quality.SATURATED_HIGH))
    page.until(lambda: "88.8" in page.one(".tagrow:not([hidden])").text)
    assert "Saturated high" in page.one(".tagrow:not([hidden])").text
    page.type("input[type=search]", Keys.CONTROL + "a" + Keys.NULL + Keys.DELETE)
    page.js("document.querySelector('#tag-list').scrollTop = 20000")
    page.until(
        lambda: (
            "TI-15" in page.one(".tagrow:not([hidden]) .id").text
            or page.texts(".tagrow:not([hidden]) .id")[0] > "TI-15"
        )
    )


def test_a_trend_link_opens_the_same_view(page: Page) -> None:
    page.open("trend/TT-101?p=240")
    page.one("#chart canvas")
    assert page.one('.segments [aria-pressed="true"]').text == "4 h"
    assert page.one(".trendhead h1").text == "TT-101"
    page.one('[title="Half a period back"]').click()
    page.until(lambda: "end=" in page.driver.current_url)
    end = page.driver.current_url.partition("end=")[2].partition("&")[0]
    asked = page.until(lambda: asked_for(page, end))
    assert "tags=TT-101&" in asked
    page.driver.refresh()
    page.one("#chart canvas")
    assert page.until(lambda: asked_for(page, end)) == asked


def asked_for(page: Page, end: str) -> str | None:
    """The request for a trend up to this time."""
    return page.js(  # type: ignore[no-any-return]
        "return performance.getEntriesByType('resource').map(e => e.name)"
        ".find(n => n.includes('/api/v1/trends?') && n.includes(`end=${arguments[0]}`)) ?? null",
        end,
    )


def test_the_trend_has_a_live_end(page: Page) -> None:
    page.open("trend/LT-102?p=15")
    page.one("#chart canvas")
    page.console.do(lambda: page.plant.move("LT-102", 9.87))
    page.until(lambda: page.one(".trendhead .now").text == "9.87")


def test_journal_tail_follows(page: Page) -> None:
    page.open("events")
    page.until(lambda: len(page.texts("tr[data-seq]")) == len(page.plant.records))
    page.console.do(lambda: page.plant.raise_alarm("AT-102", "HH"))
    page.until(lambda: "AT-102.HH" in page.texts("tr[data-seq]")[0])
    assert "gas" in page.text("tr[data-seq] td.tag"), "in the reader's language"
    told = "not acknowledged by 2026-11-22T20:37:08.544000000Z; nobody is left to tell"

    def flood() -> None:  # more in one moment than one answer holds
        for _ in range(150):
            page.plant.append(Event(event=EventKind.ESCALATED, time=page.plant.now(), detail={"why": told}))

    before = len(page.plant.records)
    page.console.do(flood)
    page.until(
        lambda: page.js("return document.querySelector('tr[data-seq]').dataset.seq") == str(before + 150)
    )
    assert "2026-11-23 04:37:08" in page.text("tr[data-seq] td.comment"), "people see UTC+8"
    page.click("#earlier")
    page.until(lambda: len(page.texts("tr[data-seq]")) >= before + 150)
    seqs = page.js("return [...document.querySelectorAll('tr[data-seq]')].map((e) => Number(e.dataset.seq))")
    assert seqs == list(range(before + 150, 0, -1))


def test_a_lost_connection_is_said_within_seconds(page: Page, free_port: Callable[[], int]) -> None:
    port = free_port()
    plant = FakePlant()
    first = ConsoleThread(plant, moving=False).start(port)
    mine = Page(page.driver, first).open("alarms")
    first.stop()
    mine.until(lambda: mine.lost)
    assert "not live" in mine.one("#lost").text
    assert "grayscale" in mine.js("return getComputedStyle(document.querySelector('#view')).filter")
    assert not mine.one("#ack-all").is_enabled()
    second = ConsoleThread(FakePlant(), moving=False).start(port)
    try:
        mine.until(lambda: not mine.lost)
        assert mine.one("#ack-all").is_enabled()
    finally:
        second.stop()
        mine.complaints()


def test_a_starting_gateway_looks_like_nothing_normal(page: Page) -> None:
    def starting() -> None:
        page.plant.status = replace(page.plant.status, state="starting", troubles=("store.disk",))
        page.plant.tags = list  # type: ignore[method-assign]
        page.plant._levels = ()
        page.plant.alarms.clear()

    page.console.do(starting)
    page.open("overview")
    assert "starting" in page.one(".health").text
    assert page.js("return document.querySelectorAll('.live.normal').length") == 0


@pytest.mark.parametrize("width", [1024, 820])
def test_fits_a_tablet(page: Page, width: int) -> None:
    page.driver.execute_cdp_cmd(
        "Emulation.setDeviceMetricsOverride",
        {"width": width, "height": 768, "deviceScaleFactor": 1, "mobile": False},
    )
    try:
        for name in PAGES:
            page.open("trend/LT-101" if name == "trend" else name)
            assert page.js("return document.documentElement.scrollWidth") <= width
            assert page.js(
                "return document.querySelector('#view').scrollWidth <= document.querySelector('#view').clientWidth"
            )
        header_fits(page, width)
    finally:
        page.driver.execute_cdp_cmd("Emulation.clearDeviceMetricsOverride", {})


def header_fits(page: Page, width: int) -> None:
    """Also when it has the most to say: nothing of it is beyond the edge, and no button has its words in two rows."""
    page.console.do(
        lambda: setattr(
            page.plant,
            "status",
            replace(page.plant.status, exercise="drill-1", troubles=("store.disk", "clock")),
        )
    )
    for wide in (width, 1280):
        metrics = {"width": wide, "height": 768, "deviceScaleFactor": 1, "mobile": False}
        page.driver.execute_cdp_cmd("Emulation.setDeviceMetricsOverride", metrics)
        page.until(lambda: page.one(".drillruns").is_displayed())
        beyond = page.js(
            "return [...document.querySelectorAll('header .bar > *')]"
            ".map((e) => [e.className, e.getBoundingClientRect().right])"
        )
        assert [e for e in beyond if e[1] > wide] == []
        assert page.js("return document.querySelector('#sound').offsetHeight") <= 44


def test_the_picture_script(page: Page, tmp_path: Path) -> None:
    from scripts.screenshot import with_language

    assert with_language("http://127.0.0.1:1/#/alarms", "en") == "http://127.0.0.1:1/?lang=en#/alarms"
    page.open()
    assert page.driver.save_screenshot(str(tmp_path / "x.png"))
