"""What people do beside acknowledging: readings by hand, dual reports, drills; and what is kept from them, by what."""

from __future__ import annotations

from collections.abc import Iterator
from typing import cast

import pytest
from selenium.webdriver.common.keys import Keys

from gateway.model.events import EventKind, Report
from tests.helpers.console import ConsoleThread
from tests.helpers.hands_plant import FakeDrill, HandsPlant
from tests.helpers.page import Page

pytestmark = [
    pytest.mark.browser,
    pytest.mark.leaks_ok("the browser and its driver live as long as this file's tests"),
]
LANGUAGES = pytest.mark.parametrize("language", ["zh", "en"])


@pytest.fixture
def console() -> Iterator[ConsoleThread]:
    """A console with manual readings, reports owed, and a drill to be had."""
    plant = HandsPlant()
    found = ConsoleThread(plant, moving=False, exercise=FakeDrill(plant)).start()
    yield found
    found.stop()


def hands(page: Page) -> HandsPlant:
    return cast("HandsPlant", page.plant)


@LANGUAGES
def test_a_reading_by_hand_says_who_and_when_and_is_compared(page: Page, language: str) -> None:
    page.open("rounds", language).name_me()
    page.until(lambda: "LT-101M" in page.text("#round-tags"))
    assert "LT-101 " in page.text("#round-tags td.twin"), "the online instrument stands beside it"
    assert page.texts("#round-tags .due"), "two hours old: it is due"
    page.click("#round-tags button")
    page.type("#round-value", "10.2")
    page.type("#round-comment", "雾大", Keys.ENTER)
    page.until(lambda: page.plant.commands)
    [command] = page.plant.commands
    words = dict(command.words)
    assert (words["tag"], words["value"], command.actor.name) == ("LT-101M", "10.2", "王强")
    assert command.actor.workstation == "panel-1"
    assert words["time"].endswith("Z"), "when it was read, not when it was typed"
    page.until(lambda: {"zh": "不一致", "en": "Differs"}[language] in page.text("#round-book"))
    row = page.text("#round-book tbody tr")
    assert all(x in row for x in ("LT-101M", "10.2", "10.95", "王强", "panel-1", "雾大")), row
    page.until(lambda: "10.2" in page.text("#round-tags td.value"))
    page.until(lambda: not page.texts("#round-tags .due"))
    page.picture(f"rounds-{language}")
    page.quiet()


def test_a_reading_that_is_refused_stays_in_the_form(page: Page) -> None:
    page.open("rounds").name_me()
    page.until(lambda: page.texts("#round-tags button"))
    page.click("#round-tags button")
    page.type("#round-value", "99", Keys.ENTER)
    page.until(lambda: "outside the range" in page.text("dialog .wrong"))
    assert page.one("#round-value").get_attribute("value") == "99"
    assert not page.plant.commands
    page.complaints()  # the 409


@LANGUAGES
def test_both_reports_are_recorded_with_time_and_receipt(page: Page, language: str) -> None:
    plant = hands(page)
    page.open("alarms", language).name_me()
    page.click(f'tr[data-id="{plant.major}"] td.tag')
    page.until(lambda: page.texts("[data-report]"))
    assert page.texts("#dual-report dd.odd, #dual-report dd .odd"), "what is owed stands out"
    for to, receipt in (("department", "应急收 118 号"), ("congress", "职代会 7 号")):
        page.click(f'[data-report="{to}"]')
        page.type("#report-reference", receipt, Keys.ENTER)
        page.until(lambda receipt=receipt, to=to: receipt in page.text(f'#dual-report [data-to="{to}"]'))
        assert "王强" in page.text(f'#dual-report [data-to="{to}"]')
    assert plant.alarms[plant.major].axes.report is Report.MADE
    assert {"zh": "两项均已报告", "en": "both made"}[language] in page.text("#dual-report")
    made = [r.event.detail for r in plant.records if r.event.event is EventKind.REPORTED]
    assert [(d["to"], d["reference"]) for d in made] == [
        ("department", "应急收 118 号"),
        ("congress", "职代会 7 号"),
    ]
    page.picture(f"dual-report-{language}")
    page.quiet()


@LANGUAGES
def test_what_is_kept_away_stands_under_what_keeps_it(page: Page, language: str) -> None:
    page.open("alarms", language).name_me()
    assert "AT-102 H" not in "\n".join(page.texts("tr.alarm td.tag")), "it is in a list of its own"
    page.type("#alarm-list", "h")
    page.type("#shelve-reason", "泵试验", Keys.ENTER)
    page.until(lambda: page.plant.commands)
    page.click('button[data-value="away"]')
    page.until(lambda: len(page.texts("tr.grouphead")) == 2)
    parent, person = page.texts("tr.grouphead")
    assert "AT-101 H" in parent, "the alarm that suppresses it, as it stands now"
    assert "王强" in person
    assert "泵试验" in person
    order = page.js(
        "return [...document.querySelectorAll('#alarm-list tbody tr')].map(e => e.className.split(' ')[0])"
    )
    assert order == ["grouphead", "alarm", "grouphead", "alarm"]
    page.click("tr.alarm td.tag")
    page.until(lambda: "AT-101.H" in page.text("aside.detail"))
    page.picture(f"kept-away-{language}")
    page.click('button[data-value="all"]')
    parents = next(k for k, o in page.plant.alarms.items() if o.rule == "AT-101.H")
    page.click(f'tr[data-id="{parents}"] td.tag')
    page.until(lambda: "AT-102 H" in page.text("#suppresses"))
    page.quiet()


@LANGUAGES
def test_a_drill_is_marked_and_leaves_the_plant_alone(page: Page, language: str) -> None:
    page.open("alarms", language).name_me()
    live = page.rows()
    assert not page.one(".drillruns").is_displayed()
    page.press("d")
    page.click("#drill-start")
    assert page.texts("#drill-name option")[0] == "overfill"
    page.type("#drill-why", "季度演练", Keys.ENTER)
    page.until(lambda: page.texts("tr[data-drill]"))
    mark = {"zh": "演练", "en": "DRILL"}[language]
    assert mark in page.text(".drillmark")
    assert all(mark in row for row in page.texts("tr[data-drill]"))
    page.click("#drill-ack-all")
    page.until(lambda: not page.texts("[data-ack]"))
    assert page.plant.commands == [], "the acts of a drill are not the plant's"
    page.picture(f"drill-{language}")
    page.press("2")
    page.until(lambda: page.one(".drillruns").is_displayed())
    page.until(lambda: page.rows() == live)  # once it is drawn, the live list is untouched
    page.press("d")
    page.click("#drill-stop")
    page.type("#drill-end", "目的已达到", Keys.ENTER)
    page.until(lambda: "9.5 s" in page.text("#drill-last"))
    page.until(lambda: not page.one(".drillruns").is_displayed())
    page.quiet()


def test_a_scenario_that_is_not_one_is_told_in_the_form(page: Page) -> None:
    page.open("drill").name_me()
    page.click("#drill-start")
    page.type("#drill-why", "x")
    page.type("#drill-text", "nonsense")
    page.click("dialog button.primary")
    page.until(lambda: "scenario.yaml:1" in page.text("dialog .wrong"))
    page.complaints()  # the 409


@pytest.mark.parametrize(
    ("name", "button"), [("rounds", "#round-tags button"), ("alarms", "#shelve"), ("drill", "#drill-start")]
)
def test_a_lost_page_offers_no_act(page: Page, name: str, button: str) -> None:
    page.open(name).name_me()
    page.until(lambda: page.one(button).is_enabled())
    page.console.stop()
    page.until(lambda: page.lost, 12)
    page.until(lambda: not page.one(button).is_enabled())
    sent = page.js(
        "const done = arguments[0]; return import(`${early.base}js/api.js`).then((api) => api.act('enter', {}))"
        ".then(() => 'sent', (fault) => fault.message)"
    )
    assert "nothing was sent" in sent, "nor by any other way"
    page.complaints()
