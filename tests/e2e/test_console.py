"""The console in a real browser over a fake plant."""

from __future__ import annotations

import json
import shutil
import time
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from selenium import webdriver
from selenium.webdriver.common.action_chains import ActionChains
from selenium.webdriver.common.by import By
from selenium.webdriver.common.keys import Keys
from selenium.webdriver.support.ui import WebDriverWait

from gateway.model.events import Acknowledgement
from gateway.model.levels import LiveLevel
from gateway.model.quality import Quality
from scripts.screenshot import browser
from tests.helpers.console import ConsoleThread
from tests.helpers.plant import FakePlant

pytestmark = [
    pytest.mark.browser,
    pytest.mark.timeout(120),
    pytest.mark.leaks_ok("the browser and its driver live as long as this file's tests"),
]
PAGES = ("overview", "alarms", "tags", "trend", "events")
WORDS = {"zh": "未确认", "en": "Unacknowledged"}


class Page:
    """A browser looking at a console."""

    def __init__(self, driver: webdriver.Chrome, console: ConsoleThread) -> None:
        self.driver = driver
        self.console = console
        self.plant = console.plant

    def open(self, page: str = "overview", language: str = "en") -> Page:
        self.driver.get(f"{self.console.url}?lang={language}#/{page}")
        self.until(lambda: not self.lost)
        return self

    def until(self, met: Callable[[], Any], seconds: float = 10) -> Any:
        return WebDriverWait(self.driver, seconds, 0.05).until(lambda _: met())

    def js(self, script: str, *args: Any) -> Any:
        return self.driver.execute_script(script, *args)

    @property
    def lost(self) -> bool:
        return bool(self.js("return document.body.classList.contains('lost')"))

    def one(self, css: str) -> Any:
        return self.until(lambda: next(iter(self.driver.find_elements(By.CSS_SELECTOR, css)), None))

    def texts(self, css: str) -> list[str]:
        return list(self.js("return [...document.querySelectorAll(arguments[0])].map(e => e.innerText)", css))

    def rows(self) -> list[str]:
        return list(self.js("return [...document.querySelectorAll('tr.alarm')].map(e => e.dataset.id)"))

    def name_me(self, name: str = "王强") -> None:
        who = json.dumps({"id": name, "name": name, "workstation": "panel-1"})
        self.js("localStorage.setItem('fengsui.who', arguments[0])", who)

    def external(self) -> list[str]:
        """Requests to anything but the console since the last call."""
        found = []
        for entry in self.driver.get_log("performance"):
            message = json.loads(entry["message"])["message"]
            if message["method"] == "Network.requestWillBeSent":
                url = message["params"]["request"]["url"]
                if not url.startswith((self.console.url, "data:", "chrome:")):
                    found.append(url)
        return found

    def complaints(self) -> list[str]:
        return [e["message"] for e in self.driver.get_log("browser") if e["level"] != "INFO"]


@pytest.fixture(scope="module")
def driver(tmp_path_factory: pytest.TempPathFactory) -> Iterator[webdriver.Chrome]:
    if not (shutil.which("chromium") or shutil.which("google-chrome")) or not shutil.which("chromedriver"):
        pytest.skip("chromium and chromedriver are not installed; `make servers` installs them on Debian")
    found = browser(tmp_path_factory.mktemp("profile"), 1400, 900)
    yield found
    found.quit()


@pytest.fixture
def console() -> Iterator[ConsoleThread]:
    found = ConsoleThread(FakePlant(1000), moving=False).start()
    yield found
    found.stop()


@pytest.fixture
def page(driver: webdriver.Chrome, console: ConsoleThread) -> Page:
    driver.get_log("browser")
    driver.get_log("performance")
    return Page(driver, console)


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
    page.until(lambda: page.one('[data-place="pond"] .live').get_attribute("data-level") == "orange", 4)


def test_acknowledge_one_asks_who_and_names_what_was_seen(page: Page) -> None:
    page.open("alarms")
    page.js("localStorage.removeItem('fengsui.who')")
    first = page.rows()[0]
    page.one(f'tr[data-id="{first}"] button.ack').click()
    page.one("#who-name").send_keys("李敏", Keys.ENTER)
    page.until(lambda: page.plant.commands)
    [command] = page.plant.commands
    assert (command.actor.name, command.actor.role) == ("李敏", "operator")
    assert [(s.id, s.n) for s in command.seen] == [(first, 1)]
    page.until(lambda: "李敏" in page.one(f'tr[data-id="{first}"]').text)
    assert page.one("#who").text == "李敏"


def test_acknowledge_selected_and_all_with_a_comment(page: Page) -> None:
    page.open("alarms")
    page.name_me()
    second, third = page.rows()[1:3]
    for key in (second, third):
        page.one(f'tr[data-id="{key}"] input').click()
    page.one("#comment").send_keys("已派人")
    page.one("#ack-picked").click()
    page.until(lambda: page.plant.commands)
    assert {s.id for s in page.plant.commands[0].seen} == {second, third}
    assert page.plant.commands[0].comment == "已派人"
    page.until(lambda: page.one("#comment").get_attribute("value") == "")
    page.one("#ack-all").click()
    acked = Acknowledgement.ACKNOWLEDGED
    page.until(lambda: all(o.axes.acknowledgement is acked for o in list(page.plant.alarms.values())))
    assert len(page.plant.commands) == 2
    page.until(lambda: not page.one("#ack-all").is_enabled())


def test_keys_move_pick_and_acknowledge(page: Page) -> None:
    page.open("alarms")
    page.name_me()
    rows = page.rows()
    ActionChains(page.driver).send_keys(Keys.TAB).perform()
    page.one("#alarm-list").send_keys(Keys.ARROW_DOWN, Keys.ARROW_DOWN)
    assert page.one("tr.current").get_attribute("data-id") == rows[2]
    page.one("#alarm-list").send_keys("a")
    page.until(lambda: page.plant.commands)
    assert [s.id for s in page.plant.commands[0].seen] == [rows[2]]
    page.one("body").send_keys("3")
    page.one("#tag-list")


def test_what_is_refused_is_said_in_the_gateways_words(page: Page) -> None:
    page.open("alarms")
    page.name_me()
    key = page.rows()[0]
    page.driver.execute_cdp_cmd("Network.enable", {})
    page.console.do(lambda: page.plant.alarms.pop(key))
    page.js("document.querySelector('tr.alarm button.ack').click()")
    page.until(lambda: f"no open alarm {key}" in page.one("#toast").text)
    page.complaints()  # the 409 itself


def test_one_that_closed_meanwhile_does_not_hold_up_the_others(page: Page) -> None:
    page.open("alarms")
    page.name_me()
    waiting = [
        k for k, o in page.plant.alarms.items() if o.axes.acknowledgement is Acknowledgement.UNACKNOWLEDGED
    ]
    page.console.do(lambda: page.plant.closed.add(waiting[0]))
    page.one("#ack-all").click()
    page.until(lambda: f"{len(waiting) - 1} done, 1 not" in page.one("#toast").text)
    assert {s.id for c in page.plant.commands for s in c.seen} == set(waiting[1:])
    page.complaints()


def test_an_unknown_condition_is_shown_as_unknown(page: Page) -> None:
    page.open("alarms")
    row = page.one("tr.alarm.unknown")
    assert "Unknown" in row.text
    assert row.find_element(By.CSS_SELECTOR, ".mark text").text == "?"
    assert (
        "instrument fault"
        in page.one(
            "tr.alarm.fault td.tag",
        ).text
        or "communication fault" in page.one("tr.alarm.fault").text
    )
    assert sorted(t for t in page.texts("i.branch")) == ["branch 1/2", "branch 2/2"]


def test_the_list_stands_still_under_the_pointer(page: Page) -> None:
    page.open("alarms")
    before = page.rows()
    ActionChains(page.driver).move_to_element(page.one("tr.alarm:nth-child(3)")).move_by_offset(
        3, 3
    ).perform()
    new = page.console.do(lambda: page.plant.raise_alarm("AT-102", "HH"))
    gone = before[-1]
    page.console.do(lambda: page.plant.drop(gone))
    page.until(lambda: "1 new" in page.one("#fresh").text, 5)
    assert page.rows() == before, "a row moved under the pointer"
    assert "gone" in page.one(f'tr[data-id="{gone}"]').get_attribute("class")
    assert "AT-102 HH" in page.one(".banner").text, "the banner tells what is newest all the same"
    ActionChains(page.driver).move_to_element(page.one(".banner")).perform()
    page.until(lambda: page.rows()[0] == new)
    assert gone not in page.rows()


def test_the_hold_ends_by_itself(page: Page) -> None:
    page.open("alarms")
    ActionChains(page.driver).move_to_element(page.one("tr.alarm:nth-child(2)")).perform()
    new = page.console.do(lambda: page.plant.raise_alarm("AT-102", "HH"))
    page.until(lambda: "1 new" in page.one("#fresh").text, 5)
    page.until(lambda: page.rows()[0] == new, 12)


def test_a_thousand_tags_are_a_few_rows_of_the_page(page: Page) -> None:
    page.open("tags")
    assert page.js("return document.querySelectorAll('.tagrow').length") < 60
    page.one("input[type=search]").send_keys("TI-1999")
    page.until(lambda: page.texts(".tagrow:not([hidden]) .id") == ["TI-1999"])
    page.console.do(lambda: page.plant.move("TI-1999", 88.8, Quality.SATURATED_HIGH))
    page.until(lambda: "88.8" in page.one(".tagrow:not([hidden])").text, 5)
    assert "Saturated high" in page.one(".tagrow:not([hidden])").text
    page.one("input[type=search]").send_keys(Keys.CONTROL + "a" + Keys.NULL + Keys.DELETE)
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
    asked = page.js(
        "return performance.getEntriesByType('resource').map(e => e.name).filter(n => n.includes('/history')).at(-1)"
    )
    page.driver.get(page.driver.current_url)
    page.driver.refresh()
    page.one("#chart canvas")
    again = page.js(
        "return performance.getEntriesByType('resource').map(e => e.name).filter(n => n.includes('/history')).at(-1)"
    )
    assert again == asked


def test_the_trend_has_a_live_end(page: Page) -> None:
    page.open("trend/LT-102?p=15")
    page.one("#chart canvas")
    page.console.do(lambda: page.plant.move("LT-102", 9.87))
    page.until(lambda: page.one(".trendhead .now").text == "9.87", 5)


def test_journal_tail_follows(page: Page) -> None:
    page.open("events")
    page.until(lambda: len(page.texts("tr[data-seq]")) == len(page.plant.records))
    page.console.do(lambda: page.plant.raise_alarm("AT-102", "HH"))
    page.until(lambda: "AT-102.HH" in page.texts("tr[data-seq]")[0], 5)


def test_a_lost_connection_is_said_within_seconds(page: Page, free_port: Callable[[], int]) -> None:
    port = free_port()
    plant = FakePlant()
    first = ConsoleThread(plant, moving=False).start(port)
    mine = Page(page.driver, first).open("alarms")
    first.stop()
    begun = time.monotonic()
    mine.until(lambda: mine.lost, 7)
    assert time.monotonic() - begun < 7
    assert "not live" in mine.one("#lost").text
    assert "grayscale" in mine.js("return getComputedStyle(document.querySelector('#view')).filter")
    assert not mine.one("#ack-all").is_enabled()
    second = ConsoleThread(FakePlant(), moving=False).start(port)
    try:
        mine.until(lambda: not mine.lost, 15)
        assert mine.one("#ack-all").is_enabled()
    finally:
        second.stop()
        mine.complaints()


def test_silence_counts_as_lost(page: Page) -> None:
    """The connection stays open but nothing comes: a hung gateway."""
    page.open("overview")
    page.console._loop.call_soon_threadsafe(time.sleep, 8)
    page.until(lambda: page.lost, 7.5)
    page.until(lambda: not page.lost, 15)
    page.complaints()


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
    finally:
        page.driver.execute_cdp_cmd("Emulation.clearDeviceMetricsOverride", {})


def test_the_order_of_the_list(page: Page) -> None:
    """What waits and still is, before what waits and went back; then level, process before fault, priority, newest."""
    page.open("alarms")

    def told() -> list[tuple[str, str, str]]:
        told = [page.plant.alarms[key] for key in page.rows()]
        return [(o.rule, o.axes.condition.value, o.axes.acknowledgement.value) for o in told]

    assert told() == [
        ("LT-101.HH", "active", "unacknowledged"),
        ("pond-rtu.LINK", "active", "unacknowledged"),
        ("AT-201.FAULT", "active", "unacknowledged"),
        ("AT-101.H", "active", "unacknowledged"),
        ("LT-101.HH", "normal", "unacknowledged"),
        ("AT-201.H", "unknown", "acknowledged"),
        ("TT-101.H", "active", "acknowledged"),
        ("PT-201.HH", "normal", "acknowledged"),
        ("AT-501.H", "active", "unacknowledged"),  # shadow
    ]


def test_the_picture_script(page: Page, tmp_path: Path) -> None:
    from scripts.screenshot import with_language

    assert with_language("http://127.0.0.1:1/#/alarms", "en") == "http://127.0.0.1:1/?lang=en#/alarms"
    page.open()
    assert page.driver.save_screenshot(str(tmp_path / "x.png"))
