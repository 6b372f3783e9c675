"""An upset at the page: shelving, disposal, cards, sound, groups, delivery, and sixty alarms in ten minutes."""

from __future__ import annotations

import itertools

import pytest
from selenium.webdriver.common.action_chains import ActionChains
from selenium.webdriver.common.by import By
from selenium.webdriver.common.keys import Keys

from gateway.model.events import Acknowledgement, Axes, Disposal
from gateway.model.levels import Level
from tests.helpers.page import Page

pytestmark = [
    pytest.mark.browser,
    pytest.mark.leaks_ok("the browser and its driver live as long as this file's tests"),
]
LANGUAGES = pytest.mark.parametrize("language", ["zh", "en"])


ACK_ALL_WHEN_ONE_COMES = """window.came = new MutationObserver((seen) => {
  if (!seen.some((m) => m.addedNodes.length)) return;
  window.came.disconnect(); document.querySelector('#ack-all').click(); });
window.came.observe(document.querySelector('#alarm-list tbody'), {childList: true})"""
"""the click and the new alarm in one moment: nobody has seen it"""


def last(page: Page) -> tuple[str, list[str]]:
    command = page.plant.commands[-1]
    return command.act.value, [s.id for s in command.seen]


def said(page: Page, act: str) -> None:
    page.until(lambda: page.plant.commands and page.plant.commands[-1].act.value == act)


@LANGUAGES
def test_shelving_is_for_a_time_and_a_reason_and_is_listed(page: Page, language: str) -> None:
    page.open("alarms", language).name_me()
    first = page.rows()[0]
    page.type("#alarm-list", "h")
    page.type("#shelve-reason", "泵试验", Keys.ENTER)
    said(page, "shelve")
    off_the_list = ActionChains(page.driver).move_to_element(page.one("tr.alarm"))
    off_the_list.move_to_element(
        page.one(".banner")
    ).perform()  # so it does not stand still for the hand at the keys
    command = page.plant.commands[-1]
    assert (last(page), command.comment) == (("shelve", [first]), "泵试验")
    assert 3500 < (command.until - page.plant.now()) / 1e9 <= 3600
    page.until(lambda: first not in page.rows())
    page.click('[data-value="away"]')
    page.until(lambda: page.rows() == [first])
    assert "泵试验" in page.text(".detail")
    assert {"zh": "搁置", "en": "shelved"}[language] in page.text("tr.alarm")
    page.picture(f"kept-away-{language}")
    page.click("#bring")
    page.press(Keys.ENTER)
    said(page, "unshelve")
    page.quiet()


@LANGUAGES
def test_the_steps_of_a_disposal(page: Page, language: str) -> None:
    red = page.console.do(
        lambda: page.plant.raise_alarm(
            "LT-102", "HH", axes=Axes(disposal=Disposal.OPEN), due=page.plant.now() + 10**12
        )
    )
    page.open("alarms", language).name_me()
    page.until(lambda: page.rows()[0] == red)
    page.click('[data-step="handle"]')
    page.press(Keys.ENTER)
    said(page, "handle")
    page.click('[data-step="submit"]')
    page.type('[name="cause"]', "阀卡")
    page.type('[name="measure"]', "手动关闭")
    page.picture(f"disposal-{language}")
    page.press(Keys.ENTER)
    said(page, "submit")
    assert dict(page.plant.commands[-1].words) == {"cause": "阀卡", "measure": "手动关闭"}
    page.until(lambda: page.driver.find_elements(By.CSS_SELECTOR, '[data-step="settle"]'))
    page.quiet()


@LANGUAGES
def test_a_response_card_is_ticked_with_a_name(page: Page, language: str) -> None:
    page.open("alarms", language).name_me()
    words = {"zh": "关闭进料阀 XV-101", "en": "Close XV-101"}[language]
    page.until(lambda: words in page.text(".card-steps"))
    page.click(".card-steps li:nth-child(2) input")
    said(page, "card-step")
    assert dict(page.plant.commands[-1].words)["step"] == "1"
    page.until(lambda: "王强" in page.text(".card-steps li.ticked"))
    page.picture(f"card-{language}")
    page.quiet()


def test_how_far_it_was_delivered_stands_beside_each_alarm(page: Page) -> None:
    key = next(iter(page.plant.alarms))
    page.plant.undelivered[key] = "refused"
    page.open("alarms")
    page.until(lambda: "refused" in page.text(f'tr[data-id="{key}"] .way'))
    page.click(f'tr[data-id="{key}"]')
    page.until(lambda: "not authorised" in page.text(".detail .sent"))
    assert "stored" in page.text(f'tr[data-id="{page.rows()[0]}"] .way')


def test_the_sound_is_armed_tested_silenced_and_says_which(page: Page) -> None:
    page.open("alarms")
    assert (page.one("#sound").get_attribute("data-mode"), page.text("#sound")) == ("off", "Sound off")
    page.click("#sound")
    page.until(lambda: page.one("#sound").get_attribute("data-mode") == "sounding")
    unack = len(
        [o for o in page.plant.alarms.values() if o.axes.acknowledgement is Acknowledgement.UNACKNOWLEDGED]
    )
    page.press("s")
    page.until(lambda: page.text("#sound") == "Silenced")
    assert page.plant.commands == [], "silence acknowledges nothing"
    assert unack == len(
        [o for o in page.plant.alarms.values() if o.axes.acknowledgement is Acknowledgement.UNACKNOWLEDGED]
    )
    key = page.console.do(lambda: page.plant.raise_alarm("AT-102", "HH", level=Level.YELLOW))
    page.until(lambda: page.text("#sound") == "Silence")
    page.press("s")
    page.until(lambda: page.text("#sound") == "Silenced")
    page.console.do(lambda: page.plant.worsen(key))
    page.until(lambda: page.text("#sound") == "Silence")  # worse than it was: it calls again
    page.name_me()

    def quiet_again() -> bool:  # what came a moment ago nobody has seen: it takes another look
        page.type("#alarm-list", "A")
        return page.text("#sound") == "Sound on"

    page.until(quiet_again)
    page.driver.refresh()
    # No page has a voice before a hand gives it one.
    page.until(lambda: page.text("#sound") == "Sound lost: touch")
    page.click("#alarm-list")
    page.until(lambda: page.text("#sound") == "Sound on")
    page.click("#sound")
    page.click("#sound-test")
    page.click("#sound-off")
    page.until(lambda: page.text("#sound") == "Sound off")
    page.quiet()


@LANGUAGES
def test_the_upset(page: Page, language: str) -> None:
    """Sixty alarms in ten minutes: the gas on top, first-out marked, nothing lost, what was seen is named."""
    for key in list(page.plant.alarms):
        page.plant.drop(key)
    page.open("alarms", language).name_me()
    tags = itertools.cycle([f"TI-{1000 + i}" for i in range(55)])
    raised: list[str] = []

    def some(n: int) -> None:
        for _ in range(n):
            changes = {
                "level": Level.YELLOW,
                "priority": 3,
                "fault": False,
                "first_out": not raised,
                "kind": "limit-high",
            }
            raised.append(page.plant.raise_alarm(next(tags), "H", ago=580 - 9 * len(raised), **changes))

    for _ in range(5):
        page.console.do(lambda: some(6))
        page.until(lambda: len(page.rows()) >= len(raised))
    page.click("#comment")  # the pointer is off the list
    gas = page.console.do(lambda: page.plant.raise_alarm("AT-102", "HH", level=Level.RED, priority=1))
    page.until(lambda: page.rows() and page.rows()[0] == gas)
    assert "AT-102" in page.text(".banner")
    page.console.do(lambda: some(29))
    page.until(lambda: len(page.rows()) == 60)
    assert page.rows()[0] == gas, "the gas alarm stays on top"
    assert set(page.rows()) == {gas, *raised}, "nothing is lost"
    first_out = page.driver.find_elements(By.CSS_SELECTOR, ".chip.first")
    assert [e.find_element(By.XPATH, "ancestor::tr").get_attribute("data-id") for e in first_out] == [
        raised[0]
    ]
    assert "60" in page.text("#by-cause")
    page.picture(f"upset-{language}")
    page.click("#by-cause")
    page.until(lambda: page.driver.find_elements(By.CSS_SELECTOR, "tr.grouphead"))
    assert page.rows()[:2] == [gas, raised[0]], "the gas above, then the first of the trip"
    page.picture(f"upset-by-cause-{language}")
    page.click("#by-cause")
    # What is acknowledged is what was on the screen: one alarm gets worse in the moment of the click.
    shown = {i: page.plant.alarms[i].n for i in page.rows()}
    worse = raised[7]
    page.js(ACK_ALL_WHEN_ONE_COMES)

    def later() -> str:
        page.plant.worsen(worse)
        return page.plant.raise_alarm("PT-201", "HH", level=Level.RED, priority=1)

    newest = page.console.do(later)
    page.until(lambda: page.plant.commands)
    named = {s.id: s.n for c in page.plant.commands for s in c.seen}
    assert named == shown

    def left() -> set[str]:
        waiting = Acknowledgement.UNACKNOWLEDGED
        return {k for k, o in list(page.plant.alarms.items()) if o.axes.acknowledgement is waiting}

    page.until(lambda: left() == {worse, newest})  # what came after the look stays unacknowledged
    page.until(lambda: set(page.rows()[:2]) == {worse, newest})
    page.quiet()
