"""A limit changed at the page by two persons, tried on the archive before; the signed difference; raw registers."""

from __future__ import annotations

import pytest
from selenium.webdriver.common.keys import Keys

from tests.helpers.page import Page

pytestmark = [
    pytest.mark.browser,
    pytest.mark.leaks_ok("the browser and its driver live as long as this file's tests"),
]
LANGUAGES = pytest.mark.parametrize("language", ["zh", "en"])


def value(page: Page, css: str) -> float:
    return float(page.js("return document.querySelector(arguments[0]).value", css))


def write(page: Page, css: str, words: str) -> None:
    page.type(css, Keys.CONTROL, "a")
    page.type(css, words)


def begin(page: Page, rule: str) -> None:
    """The dialog in which a rule is changed."""
    page.type("#rule-search", rule)
    page.until(lambda: len(page.texts("#rule-list tbody tr")) == 1)
    page.click("#rule-list td.acts button:nth-child(2)")
    page.one("#change-trigger")


@LANGUAGES
def test_a_limit_is_tried_asked_for_and_agreed_to_by_another(page: Page, language: str) -> None:
    page.open("engineering", language).name_me()
    begin(page, "LT-101.HH")
    limit, band = value(page, "#change-trigger"), value(page, "#change-deadband")
    write(page, "#change-trigger", f"{limit - 0.5:g}")
    assert value(page, "#change-reset") == pytest.approx(limit - 0.5 - band), "the dead band goes along"
    write(page, "#change-reset", f"{limit - 1:g}")
    assert value(page, "#change-deadband") == pytest.approx(0.5)
    page.click("#change-try")
    page.until(lambda: "LT-101.HH" in page.text("#change-report"))
    page.picture(f"change-{language}")
    write(page, "#change-reason", "进料时频繁报警")
    page.press(Keys.ENTER)
    page.until(lambda: "LT-101.HH" in page.text("#proposals"))
    assert f"{limit - 0.5:g}" in page.text("#proposals")
    assert "tags.csv:2" in page.text("#proposals")
    page.click("#proposals td.acts button")
    write(page, "#change-second", "王强")
    page.press(Keys.ENTER)
    alone = {"zh": "需第二人同意", "en": "second one must agree"}[language]
    page.until(lambda: alone in page.text("dialog .wrong"))
    write(page, "#change-second", "李娜")
    page.press(Keys.ENTER)
    page.until(lambda: "李娜" in page.text("#signed-diff"))
    told = page.text("#signed-diff")
    assert all(words in told for words in ("王强", "李娜", "进料时频繁报警", "GB 50160-2008", "bbbbbbbbbbbb"))
    assert page.texts("#proposals tbody tr") == []
    page.picture(f"changes-{language}")
    assert page.external() == []
    page.complaints()  # the 409 of one who agreed with himself


def test_what_a_law_forbids_is_said_with_what_it_allows(page: Page) -> None:
    page.open("engineering", "zh").name_me()
    begin(page, "AT-101.HH")
    for press, words in (("#change-try", ""), ("#change-reason", "x")):
        write(page, "#change-trigger", "120")
        page.js("document.getElementById('change-report').replaceChildren()")
        if words:
            write(page, press, words)
            page.press(Keys.ENTER)
        else:
            page.click(press)
        page.until(lambda: "limits.AT-101.HH.trigger" in page.text("#change-report"))
        assert "首级报警最多 25 %LEL" in page.text("#change-report")
    page.press(Keys.ESCAPE)
    page.until(lambda: page.texts("dialog") == [])
    page.complaints()  # the 409s


def test_a_proposal_is_turned_down_by_keyboard(page: Page) -> None:
    page.open("engineering", "en").name_me()
    begin(page, "LT-101.HH")
    write(page, "#change-on_delay_s", "7")
    write(page, "#change-reason", "x")
    page.press(Keys.ENTER)
    page.until(lambda: len(page.texts("#proposals tbody tr")) == 1)
    assert "⚠ the alarm comes later" in page.text("#proposals")
    page.js("document.querySelector('#proposals td.acts button:last-child').focus()")
    page.press(Keys.ENTER)
    write(page, "#decline-reason", "no")
    page.press(Keys.ENTER)
    page.until(lambda: page.texts("#proposals tbody tr") == [])
    page.quiet()


@LANGUAGES
def test_registers_stand_beside_the_value(page: Page, language: str) -> None:
    page.open("field", language)
    page.until(lambda: "plc1.1" in page.text("#field-lines"))
    page.until(lambda: "2444 = 9284" in page.text("#field-tags"))
    refused = {"zh": "设备拒绝此地址", "en": "the device refuses the address"}[language]
    assert refused in page.text("#field-tags")
    page.js("document.getElementById('field-tags').scrollIntoView()")
    page.picture(f"field-raw-{language}")
    page.quiet()
