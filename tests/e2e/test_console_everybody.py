"""For everybody and at any hour: contrast, keyboard, names for readers of screens, hostile words, a night alone."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from tests.helpers.console import ConsoleThread
from tests.helpers.page import Page
from tests.helpers.plant import FakePlant

pytestmark = [
    pytest.mark.browser,
    pytest.mark.leaks_ok("the browser and its driver live as long as this file's tests"),
]
PAGES = (
    "overview",
    "alarms",
    "tags",
    "trend/LT-101?p=15",
    "events",
    "field",
    "engineering",
    "reports",
    "people",
    "rounds",
    "drill",
    "overview?wall=1",
)
CONTRAST = """
const rgb = (c) => { const d = c.match(/[\\d.]+/g).map(Number); return d.length > 3 ? d : [...d, 1]; };
const light = ([r, g, b]) => { const f = (x) => (x /= 255) <= 0.04045 ? x / 12.92 : ((x + 0.055) / 1.055) ** 2.4;
  return 0.2126 * f(r) + 0.7152 * f(g) + 0.0722 * f(b); };
const over = (top, under) => top.slice(0, 3).map((x, i) => x * top[3] + under[i] * (1 - top[3])).concat(1);
const back = (e) => { const layers = []; for (; e; e = e.parentElement) { const s = getComputedStyle(e);
  if (s.backgroundImage !== 'none') return null; layers.push(rgb(s.backgroundColor)); }
  return layers.reverse().reduce((under, top) => over(top, under), [255, 255, 255, 1]); };
const found = [];
for (const e of document.querySelectorAll('body *')) {
  if (![...e.childNodes].some((n) => n.nodeType === 3 && n.textContent.trim())) continue;
  const s = getComputedStyle(e), box = e.getBoundingClientRect();
  const faded = '[disabled], .gone, option, datalist';
  if (!box.width || s.visibility === 'hidden' || e.closest(faded)) continue;
  const under = back(e); if (!under) continue;
  const ink = rgb(s.color); for (let x = e; x; x = x.parentElement) ink[3] *= Number(getComputedStyle(x).opacity);
  const a = light(over(ink, under)), b = light(under);
  const ratio = (Math.max(a, b) + 0.05) / (Math.min(a, b) + 0.05), size = parseFloat(s.fontSize);
  const large = size >= 24 || (size >= 18.66 && Number(s.fontWeight) >= 700);
  const told = `${e.tagName}.${e.className} ${ratio.toFixed(2)} ${e.textContent.slice(0, 30)}`;
  if (!e.closest('svg') && ratio < (large ? 3 : 4.5)) found.push(told);
}
return [...new Set(found)]"""
UNNAMED = """
return [...document.querySelectorAll('button, a[href], input, select, [tabindex="0"]')].filter((e) => e.offsetWidth
  && getComputedStyle(e).visibility !== 'hidden'
  && !(e.textContent.trim() || e.getAttribute('aria-label') || e.title || e.labels?.length || e.placeholder))
  .map((e) => e.outerHTML.slice(0, 120))"""
UNREACHED = """
return [...document.querySelectorAll('button, a[href], input, select')].filter((e) => e.offsetWidth && !e.disabled
  && getComputedStyle(e).visibility !== 'hidden'
  && e.tabIndex < 0 && !e.closest('tr.alarm')).map((e) => e.outerHTML.slice(0, 120))"""


def contrast(page: Page) -> None:
    for theme in ("day", "night"):
        page.js("document.documentElement.dataset.theme = arguments[0]", theme)
        assert page.js(CONTRAST) == [], theme


@pytest.mark.parametrize("name", PAGES)
def test_contrast_is_aa(page: Page, name: str) -> None:
    """WCAG 2.2, 1.4.3: 4.5 to 1, large text 3 to 1, by day and by night; what is faded counts as it is seen."""
    page.door(name).until(lambda: not page.lost and len(page.text("#view")) > 20)
    contrast(page)


def test_every_part_of_engineering_is_for_everybody(page: Page) -> None:
    page.open("engineering")
    parts = page.until(lambda: page.js("return document.querySelectorAll('#view .segments button').length"))
    assert parts >= 4
    for part in range(parts):
        page.js("document.querySelectorAll('#view .segments button')[arguments[0]].click()", part)
        page.until(lambda: len(page.text("#view section, #view .panel, #view table")) > 10)
        contrast(page)
        assert (page.js(UNNAMED), page.js(UNREACHED)) == ([], [])
    page.complaints()


@pytest.mark.parametrize("language", ["zh", "en"])
@pytest.mark.parametrize("name", PAGES)
def test_everything_has_a_name_and_is_reached_by_keyboard(page: Page, name: str, language: str) -> None:
    """The buttons of an alarm's row are its keys: arrows, space, a, h, t."""
    page.door(name, language).until(lambda: not page.lost and len(page.text("#view")) > 20)
    assert page.js(UNNAMED) == []
    assert page.js(UNREACHED) == []
    page.quiet()


def test_levels_and_qualities_are_told_by_shape_and_text(page: Page) -> None:
    page.open("alarms")
    shapes = page.js(
        "return Object.fromEntries([...document.querySelectorAll('.mark.solid')].map(e => "
        "[[...e.classList][1], e.querySelector('path').getAttribute('d') + e.textContent]))"
    )
    assert len(set(shapes.values())) == len(shapes) >= 2
    assert all(
        page.js("return [...document.querySelectorAll('.mark')].map(e => e.textContent.trim().length > 0)")
    )


def test_hostile_words_stay_words(page: Page) -> None:
    """Tag descriptions, comments and payloads come from files, people and devices: none of them is a program."""
    evil = '<img src=x onerror="window.hit=1"><script>window.hit=2</script>{{7*7}}'
    page.console.do(
        lambda: page.plant.raise_alarm(
            "LT-102", "HH", description=evil, guidance=evil, reason=evil, comment=evil
        )
    )
    for name in ("alarms", "overview", "events", "reports"):
        page.open(name)
        page.until(lambda: len(page.text("#view")) > 40)
        if name != "reports":
            page.until(lambda: "<img src=x" in page.text("body"))
        assert page.js("return window.hit ?? null") is None
        assert page.js("return document.querySelectorAll('#view img, #view script').length") == 0
    page.quiet()


def test_a_night_alone(page: Page, free_port: Callable[[], int]) -> None:
    """The panel sleeps, the gateway goes and comes back anew: no view is said, then it is there.

    A connection that stays open and silent, as a cut network leaves it: ``test_console_network``.
    """
    port = free_port()
    first = ConsoleThread(FakePlant(), moving=False).start(port)
    others = page.driver.current_window_handle
    page.driver.switch_to.new_window(
        "tab"
    )  # Chromium never forgets that one was frozen: no dialog takes keys there
    mine = Page(page.driver, first).open("overview")
    mine.driver.execute_cdp_cmd("Page.setWebLifecycleState", {"state": "frozen"})
    first.stop()
    mine.driver.execute_cdp_cmd("Page.setWebLifecycleState", {"state": "active"})
    mine.until(lambda: mine.lost)
    assert "unknown" in mine.text(".health")
    mine.picture("lost")
    plant = FakePlant()
    plant.raise_alarm("TT-101", "HH")
    second = ConsoleThread(plant, moving=False).start(port)
    try:
        mine.until(lambda: not mine.lost)
        mine.until(
            lambda: (
                "TT-101" in mine.text(".banner")
                or mine.js("return document.body.innerText.includes('TT-101')")
            )
        )
        assert mine.js("return performance.getEntriesByType('navigation')[0].type") == "navigate", (
            "nobody reloaded it"
        )
    finally:
        second.stop()
        mine.complaints()
        mine.driver.close()
        mine.driver.switch_to.window(others)
