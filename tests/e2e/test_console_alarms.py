"""The alarm list in a real browser: acknowledging, order, and a list that stands still."""

from __future__ import annotations

import pytest
from selenium.webdriver.common.action_chains import ActionChains
from selenium.webdriver.common.by import By
from selenium.webdriver.common.keys import Keys

from gateway.model.events import Acknowledgement
from tests.helpers.page import Page

pytestmark = [
    pytest.mark.browser,
    pytest.mark.leaks_ok("the browser and its driver live as long as this file's tests"),
]


CLICK_WHEN_IT_MOVES = """window.moved = new MutationObserver(() => { window.moved.disconnect();
  document.querySelector('tr.alarm:nth-child(2) button.ack')
    .dispatchEvent(new MouseEvent('click', {bubbles: true, cancelable: true, detail: 1})); });
window.moved.observe(document.querySelector('#alarm-list tbody'), {childList: true})"""
LANGUAGES = pytest.mark.parametrize("language", ["zh", "en"])


def test_acknowledge_one_asks_who_and_names_what_was_seen(page: Page) -> None:
    page.open("alarms")
    page.js("localStorage.removeItem('fengsui.who')")
    first = page.rows()[0]
    page.one(f'tr[data-id="{first}"] button.ack').click()
    page.type("#who-name", "李敏", Keys.ENTER)
    page.until(lambda: page.plant.commands)
    [command] = page.plant.commands
    assert (command.actor.name, command.actor.role) == ("李敏", "operator")
    assert [(s.id, s.n) for s in command.seen] == [(first, 1)]
    page.until(lambda: "李敏" in page.one(f'tr[data-id="{first}"]').text)
    assert page.one("#who").text == "李敏"


@LANGUAGES
def test_acknowledge_selected_and_all_with_a_comment(page: Page, language: str) -> None:
    page.open("alarms", language)
    page.name_me()
    second, third = page.rows()[1:3]
    for key in (second, third):
        page.one(f'tr[data-id="{key}"] input').click()
    page.type("#comment", "已派人")
    page.click("#ack-picked")
    page.until(lambda: page.plant.commands)
    assert {s.id for s in page.plant.commands[0].seen} == {second, third}
    assert page.plant.commands[0].comment == "已派人"
    page.until(lambda: page.one("#comment").get_attribute("value") == "")
    page.click("#ack-all")
    acked = Acknowledgement.ACKNOWLEDGED
    page.until(lambda: all(o.axes.acknowledgement is acked for o in list(page.plant.alarms.values())))
    assert len(page.plant.commands) == 2
    page.until(lambda: not page.one("#ack-all").is_enabled())
    page.until(lambda: {"zh": "已确认", "en": "acknowledged"}[language] in page.text("#toast"))
    page.quiet()


def test_keys_move_pick_and_acknowledge(page: Page) -> None:
    page.open("alarms")
    page.name_me()
    rows = page.rows()
    ActionChains(page.driver).send_keys(Keys.TAB).perform()
    page.type("#alarm-list", Keys.ARROW_DOWN, Keys.ARROW_DOWN)
    assert page.one("tr.current").get_attribute("data-id") == rows[2]
    page.type("#alarm-list", "a")
    page.until(lambda: page.plant.commands)
    assert [s.id for s in page.plant.commands[0].seen] == [rows[2]]
    # What stands beside the list is drawn anew as the alarm goes on: the keys stay where they were.
    page.js("document.querySelector('aside.detail button#shelve').focus()")
    page.console.do(lambda: page.plant.worsen(rows[2]))
    page.until(lambda: page.texts("aside.detail button.primary"))
    assert page.focus() == "shelve"
    page.type("body", "3")
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
    page.click("#ack-all")
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
    page.until(lambda: "1 new" in page.one("#fresh").text)
    assert page.rows() == before, "a row moved under the pointer"
    page.until(lambda: "gone" in page.one(f'tr[data-id="{gone}"]').get_attribute("class"))
    assert "AT-102 HH" in page.one(".banner").text, "the banner tells what is newest all the same"
    ActionChains(page.driver).move_to_element(page.one(".banner")).perform()
    page.until(lambda: page.rows()[0] == new)
    assert gone not in page.rows()


def test_the_hold_ends_by_itself(page: Page) -> None:
    page.open("alarms")
    ActionChains(page.driver).move_to_element(page.one("tr.alarm:nth-child(2)")).perform()
    page.js(CLICK_WHEN_IT_MOVES)
    new = page.console.do(lambda: page.plant.raise_alarm("AT-102", "HH"))
    page.until(lambda: "1 new" in page.one("#fresh").text)
    page.until(lambda: page.rows()[0] == new)
    page.until(lambda: "the list moved" in page.text("#toast"))
    assert page.plant.commands == [], "the finger was on its way to another alarm"


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
