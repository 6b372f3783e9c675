"""The overview in a real browser: places drawn as what they are, the map, the plan picture, the wall screen."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from selenium import webdriver

from gateway.console.app import Beside, create_app
from gateway.console.layout import Plan
from gateway.model.levels import LiveLevel
from gateway.model.quality import Quality
from tests.helpers.console import TOKEN, ConsoleThread
from tests.helpers.page import Page
from tests.helpers.plant import FakePlant

pytestmark = [
    pytest.mark.browser,
    pytest.mark.leaks_ok("the browser and its driver live as long as this file's tests"),
]
LANGUAGES = pytest.mark.parametrize("language", ["zh", "en"])
PICTURE = '<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 10 10"><script>alert(1)</script><rect width="10" height="10" fill="#bbb"/></svg>'  # noqa: E501


COVERED = """const names = [...document.querySelectorAll('.marker span')].map(
  (e) => [e.textContent, e.getBoundingClientRect()]);
return names.flatMap(([name, a], i) => names.slice(i + 1).filter(([, b]) => a.left < b.right && b.left < a.right
  && a.top < b.bottom && b.top < a.bottom).map(([other]) => `${name} / ${other}`))"""


def liquid(page: Page, tank: int = 1) -> float:
    css = f'[data-place="tank-farm"] .tank:nth-of-type({tank}) .liquid'
    return float(page.js("return document.querySelector(arguments[0]).getAttribute('height')", css))


@LANGUAGES
def test_places_are_drawn_as_what_they_are(page: Page, language: str) -> None:
    page.open("overview", language)
    kinds = page.js("return [...document.querySelectorAll('figure.item')].map(e => e.dataset.kind)")
    assert {"tank", "detector", "pond"} <= set(kinds)
    before = liquid(page)
    page.console.do(lambda: page.plant.move("LT-101", 2.0))
    page.until(lambda: liquid(page) < before / 3)
    # What cannot be believed is no level: hatched, and a question mark instead of a number.
    page.console.do(lambda: page.plant.move("LT-102", None, Quality.COMMUNICATION))
    page.until(lambda: page.js("return document.querySelectorAll('.tank .liquid.unseen').length") == 1)
    assert "?" in page.text('.reading.bad[href*="LT-102"]')
    # An alarm is told by colour, by a sign with its letter, and in words.
    assert page.js("return document.querySelector('.tank.red .sign text').textContent")
    page.picture(f"overview-{language}")
    page.quiet()


@LANGUAGES
def test_the_map_has_a_marker_a_place(page: Page, language: str) -> None:
    page.open("overview", language)
    page.until(lambda: page.js("return document.querySelectorAll('.marker').length") == 5)
    assert page.js(COVERED) == [], "a name of a place under another"
    assert page.one(".marker.no-view").get_attribute("data-level") == "no-view"
    page.console.do(lambda: page.plant.levels(cold=LiveLevel.ORANGE))
    page.until(lambda: page.js("return !!document.querySelector('.marker.orange .mark')"))
    page.quiet()


@LANGUAGES
def test_the_wall_screen(page: Page, language: str) -> None:
    page.open("overview", language)
    page.press("w")
    page.until(lambda: page.js("return document.body.classList.contains('wall')"))
    assert not page.one("nav").is_displayed()
    assert page.one(".banner").is_displayed()
    metrics = {"width": 3840, "height": 2160, "deviceScaleFactor": 1, "mobile": False}
    page.driver.execute_cdp_cmd("Emulation.setDeviceMetricsOverride", metrics)
    try:
        size = "return parseFloat(getComputedStyle(document.querySelector('.card h2')).fontSize)"
        page.until(lambda: page.js(size) > 40)  # read from the back of the room
    finally:
        page.driver.execute_cdp_cmd("Emulation.clearDeviceMetricsOverride", {})
    page.picture(f"wall-{language}")
    page.press("w")
    page.until(lambda: page.one("nav").is_displayed())
    page.quiet()


@pytest.fixture
def pictured(driver: webdriver.Chrome, tmp_path: Path) -> Iterator[Page]:
    picture = tmp_path / "plan.svg"
    picture.write_text(PICTURE)
    plant = FakePlant()
    console = ConsoleThread(plant, moving=False)
    plan = Plan(picture, (115.89, 32.01, 115.91, 32.03))
    console.app = create_app(
        plant, plant, plant.history, plant.journal, token=TOKEN, beside=Beside(plan=plan)
    )
    yield Page(driver, console.start())
    console.stop()


def test_a_plan_picture_is_a_picture_and_runs_nothing(pictured: Page) -> None:
    pictured.driver.get("about:blank")
    pictured.complaints()
    pictured.external()
    pictured.open("overview")
    pictured.until(lambda: pictured.js("return document.querySelector('.plan img')?.naturalWidth > 0"))
    left = pictured.js("return parseFloat(document.querySelector('.marker.red').style.left)")
    assert left == pytest.approx(100 * (115.901 - 115.89) / 0.02, abs=0.5)
    pictured.quiet()
    # Nor does it offer what this console does not have: drills and changes are at the gateway's own.
    for language, words in (("zh", "不能演练"), ("en", "No drills at this console")):
        pictured.open("engineering", language)
        pictured.until(lambda: len(pictured.texts("#rule-list tbody tr")) > 5)
        assert not pictured.texts('.segments [data-value="changes"], nav a[data-page="drill"]:not([hidden])')
        assert pictured.texts("#rule-list td.acts button:nth-child(2)") == []
        pictured.door("drill", language).until(lambda words=words: words in pictured.text("#view"))
    pictured.quiet()
