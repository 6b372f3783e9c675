"""Trends in a real browser: several tags and axes, any period, forecast, alarms, links, PNG and CSV."""

from __future__ import annotations

import csv
import io
from pathlib import Path

import pytest
from selenium.webdriver.common.keys import Keys

from tests.helpers.page import Page

pytestmark = [
    pytest.mark.browser,
    pytest.mark.leaks_ok("the browser and its driver live as long as this file's tests"),
]
LANGUAGES = pytest.mark.parametrize("language", ["zh", "en"])


def asked(page: Page, part: str) -> list[str]:
    found = page.js(
        "return performance.getEntriesByType('resource').map(e => e.name).filter(n => n.includes(arguments[0]))",
        part,
    )
    return [str(x) for x in found]


@LANGUAGES
def test_several_tags_with_forecast_and_alarms(page: Page, language: str) -> None:
    page.open("trend/LT-101,TT-101,AT-101?p=60&f=1", language)
    page.one("#chart canvas")
    page.until(lambda: len(page.texts(".trendtag")) == 3)
    assert page.js("return document.querySelectorAll('.u-axis').length") == 4, "time, and an axis a unit"
    page.until(lambda: {"zh": "/小时", "en": "/h"}[language] in page.text("#reach"))
    assert len(asked(page, "/forecast")) == 1
    page.picture(f"trend-{language}")
    page.quiet()


def test_tags_are_added_brought_to_the_front_and_taken_away(page: Page) -> None:
    page.open("trend/LT-101?p=240")
    page.type("#add-tag", "PT-101", Keys.ENTER)
    page.until(lambda: "LT-101,PT-101" in page.driver.current_url)
    page.until(lambda: page.text(".trendtag.first h1") == "LT-101")
    page.click('.trendtag:nth-child(2) button[title="To the front"]')
    page.until(lambda: page.text(".trendtag.first h1") == "PT-101")
    page.click('.trendtag:nth-child(2) button[title="Take away"]')
    page.until(lambda: "PT-101?p=240" in page.driver.current_url)


def test_any_period(page: Page) -> None:
    page.open("trend/LT-101?p=60")
    page.click('[data-value="525600"]')
    page.until(lambda: "p=525600" in page.driver.current_url)
    page.one("#chart canvas")
    page.click("#pick-period")
    page.js(
        "for (const [id, v] of [['from', '2024-01-01T08:00'], ['to', '2024-01-02T08:00']])"
        "document.getElementById(`period-${id}`).value = v"
    )
    page.press(Keys.ENTER)
    page.until(lambda: "p=1440&end=1704153600000" in page.driver.current_url)
    page.until(
        lambda: any("start=1704067200000&end=1704153600000" in x for x in asked(page, "/api/v1/trends?"))
    )
    page.js("document.querySelector('#chart').focus()")
    page.press(Keys.ARROW_RIGHT)
    page.until(lambda: "end=1704196800000" in page.driver.current_url)
    page.js("document.querySelector('#chart').focus()")
    page.press("+")
    page.until(lambda: "p=720" in page.driver.current_url)


READ = """const at = document.querySelector('#chart .u-over'), box = at.getBoundingClientRect();
for (const kind of ['mouseenter', 'mousemove']) at.dispatchEvent(new MouseEvent(kind, {bubbles: true,
  clientX: box.left + box.width * arguments[0], clientY: box.top + 50}))"""
WORDS_DRAWN = """window.drawn = []; const fill = CanvasRenderingContext2D.prototype.fillText;
CanvasRenderingContext2D.prototype.fillText = function (...told) {
  window.drawn.push(told[0]); return fill.apply(this, told); };
dispatchEvent(new Event('theme'))"""
THREE_HOURS_LATER = """const [done] = arguments; import(`${early.base}js/state.js`).then(({ state }) => {
  const csv = document.getElementById('csv'), before = csv.href;
  state.ahead += 3 * 3600e3; csv.click(); done([before, csv.href]); })"""
SHADES = """const [path, done] = arguments; import(`${early.base}js/views/chart_data.js`).then(async (chart) => {
  const found = (await (await fetch(path)).json()).series[0], tag = { max_age_s: 1 };
  const cut = chart.breakLines({ tag, columns: { ...found, time: found.time_ms } }, 0);
  done([chart.stretches(cut).map((s) => s.kind), cut.holes.length,
    cut.value.filter((v) => v === null).length > 0]); })"""


@LANGUAGES
def test_png_and_csv(page: Page, language: str, tmp_path: Path) -> None:
    page.driver.execute_cdp_cmd(
        "Page.setDownloadBehavior", {"behavior": "allow", "downloadPath": str(tmp_path)}
    )
    page.open("trend/LT-101,TT-101?p=60", language)
    page.one("#chart canvas")
    # The cursor reads every line; what is doubtful, bad or missing is told apart, and no line bridges it.
    page.js(READ, 0.2)
    read = page.until(lambda: page.text(".readout") if " m" in page.text(".readout") else "")
    assert "LT-101" in read
    assert " °C" in read
    shades, holes, broken = page.driver.execute_async_script(SHADES, asked(page, "/api/v1/trends?")[0])
    assert (sorted(shades), holes, broken) == (["bad", "uncertain"], 1, True)
    page.js(WORDS_DRAWN)
    assert any(told.startswith("HH ") for told in page.js("return window.drawn")), (
        "a limit's name at its line"
    )
    page.click("#png")
    page.until((tmp_path / "LT-101-TT-101.png").exists)
    assert (tmp_path / "LT-101-TT-101.png").read_bytes()[:4] == b"\x89PNG"
    words = {"zh": "甲醇储罐 V-101 液位", "en": "Methanol tank V-101 level"}[language]
    assert any(words in told for told in page.js("return window.drawn")), page.js("return window.drawn")
    # The page stood open for three hours: what is exported is what is shown now.
    before, after = page.driver.execute_async_script(THREE_HOURS_LATER)
    ends = [int(href.partition("end=")[2].partition("&")[0]) for href in (before, after)]
    assert ends[1] - ends[0] >= 3 * 3600_000
    page.until((tmp_path / "trend.csv").exists)
    rows = list(csv.DictReader(io.StringIO((tmp_path / "trend.csv").read_text("utf-8-sig"))))
    assert {r["tag"] for r in rows} == {"LT-101", "TT-101"}
    page.quiet()


def test_a_lost_page_adds_no_point(page: Page) -> None:
    """What is not fresh is not drawn as if it were."""
    page.open("trend/LT-101?p=15")
    page.one("#chart canvas")
    page.console.stop()
    page.until(lambda: page.lost)
    before = page.text(".trendtag .now")
    page.js("return new Promise(r => setTimeout(r, 1500))")
    assert page.text(".trendtag .now") == before
    assert "grayscale" in page.js("return getComputedStyle(document.querySelector('#view')).filter")
    page.complaints()
