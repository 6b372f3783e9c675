"""Signing in at a real browser: the first administrator, panels that always see, roles, expiry, the people page."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from selenium import webdriver
from selenium.webdriver.common.by import By
from selenium.webdriver.common.keys import Keys

from gateway.console.people import totp
from gateway.console.people.book import Account, Book
from gateway.console.people.passwords import _HASHER
from gateway.console.people.roles import PEOPLE
from tests.helpers.console import ConsoleThread
from tests.helpers.page import Page
from tests.helpers.plant import FakePlant

pytestmark = [
    pytest.mark.browser,
    pytest.mark.leaks_ok("the browser and its driver live as long as this file's tests"),
]
PASSWORD = "correct horse 7"
WORDS = {
    "zh": ("登录后查看", "操作员", "登记本屏幕", "账号"),
    "en": ("Sign in to see the plant", "operator", "Register this screen", "Accounts"),
}


@pytest.fixture
def book(tmp_path: Path) -> Book:
    kept = _HASHER.hash(PASSWORD)
    found = Book(tmp_path / "access.json")
    found.accounts = {r.value: Account(r.value, r.value.title(), r, kept) for r in PEOPLE}
    return found


@pytest.fixture
def house(driver: webdriver.Chrome, book: Book) -> Iterator[Page]:
    console = ConsoleThread(FakePlant(50), moving=False, book=book).start()
    fresh(driver)
    yield Page(driver, console)
    console.stop()


def fresh(driver: webdriver.Chrome) -> None:
    """Nobody is known to the browser, and no page of a test before asks on."""
    driver.execute_cdp_cmd("Network.clearBrowserCookies", {})
    driver.get("about:blank")
    for log in ("browser", "performance"):
        driver.get_log(log)  # type: ignore[no-untyped-call]


def sign_in(page: Page, user: str, password: str = PASSWORD) -> None:
    page.type("#sign-user", user)
    page.type("#sign-password", password, Keys.ENTER)


@pytest.mark.parametrize("language", ["zh", "en"])
def test_nothing_is_seen_before_signing_in(house: Page, language: str) -> None:
    title, role, _, _ = WORDS[language]
    house.door("overview", language)
    house.until(lambda: title in house.text("#view"))
    assert house.one("#view").find_elements(By.CSS_SELECTOR, ".live") == []
    house.picture(f"door-{language}")
    house.quiet()
    sign_in(house, "operator", "wrong wrong 1")
    wrong = {"zh": "姓名、密码或验证码有误", "en": "wrong name, password or code"}[language]
    house.until(lambda: wrong in house.text(".wrong"))
    house.complaints()  # the 401 itself
    house.one("#sign-user").clear()
    house.one("#sign-password").clear()
    sign_in(house, "operator")
    house.one('[data-place="pond"]')
    house.until(lambda: role in house.text("#who").lower())
    with_a_second_factor(house)
    house.quiet()


def with_a_second_factor(house: Page) -> None:
    """Set up by whoever is signed in, and asked for at the next sign-in: the password alone opens nothing."""
    house.click("#who")
    house.click("#second-factor")
    secret = house.one('[name="secret"]').get_attribute("value").replace(" ", "")
    now = int(house.console.app.state.access.door.now() // 30)
    house.type('dialog [name="code"]', totp.code_at(secret, now), Keys.ENTER)
    account = house.console.app.state.access.book.accounts["operator"]
    house.until(lambda: account.second == secret and not house.texts("dialog"))
    house.click("#who")
    house.click("#sign-out")
    sign_in(house, "operator")
    house.until(lambda: house.text(".wrong"))
    house.complaints()  # the 401 itself
    house.one("#sign-user").clear()
    house.one("#sign-password").clear()
    house.type("#sign-code", totp.code_at(secret, now + 1))
    sign_in(house, "operator")
    house.one('[data-place="pond"]')


def test_the_first_administrator(driver: webdriver.Chrome, tmp_path: Path) -> None:
    console = ConsoleThread(FakePlant(), moving=False, book=Book(tmp_path / "access.json")).start()
    try:
        fresh(driver)
        page = Page(driver, console).door()
        page.type("#setup-code", console.app.state.access.code)
        page.type("#setup-user", "zhao")
        page.type("#setup-name", "赵敏")
        page.picture("setup")
        page.type("#setup-password", "a long pass 9", Keys.ENTER)
        page.until(lambda: "赵敏" in page.text("#who"))
        page.click('nav [data-page="people"]')
        page.until(lambda: "zhao" in page.text("#accounts"))
        page.quiet()
    finally:
        console.stop()


@pytest.mark.parametrize("language", ["zh", "en"])
def test_the_administrator_makes_people_panels_and_tokens(house: Page, language: str) -> None:
    _, _, register, accounts = WORDS[language]
    house.door("people", language)
    sign_in(house, "administrator")
    house.until(lambda: accounts in house.text("#accounts"))
    house.click("#add-account")
    house.type("#account-id", "li.lei")
    house.type("#account-name", "李雷<img src=x onerror=alert(1)>")
    house.type("#account-password", "first of all 1", Keys.ENTER)
    house.until(lambda: "李雷<img" in house.text("#accounts"))
    assert house.text("#register-panel") == register
    house.click("#register-panel")
    house.type("#panel-name", "中控室一号台", Keys.ENTER)
    house.until(lambda: "中控室一号台" in house.text("#panels"))
    house.click("#add-token")
    house.type("#token-name", "mes", Keys.ENTER)
    secret = house.one("#token-secret").get_attribute("value")
    house.press(Keys.ESCAPE)
    house.until(lambda: "mes" in house.text("#tokens"))
    assert secret not in house.text("#tokens")
    house.picture(f"people-{language}")
    house.quiet()


def test_a_panel_sees_without_anybody_and_asks_before_an_act(house: Page) -> None:
    house.door("people")
    sign_in(house, "administrator")
    house.until(
        lambda: house.js("return document.body.className === ''")
    )  # the view is there, and drawn anew no more
    house.click("#register-panel")
    house.type("#panel-name", "panel-1", Keys.ENTER)
    house.until(lambda: "panel-1" in house.text("#panels"))
    house.click("#who")
    house.click("#sign-out")
    house.until(lambda: "Sign in" in house.text("#who"))
    house.open("alarms")
    first = house.rows()[0]
    house.click(f'tr[data-id="{first}"] button.ack')
    sign_in(house, "operator")
    house.until(lambda: house.plant.commands and house.plant.commands[-1].act.value == "acknowledge")
    actor = house.plant.commands[-1].actor
    assert (actor.id, actor.role, actor.workstation) == ("operator", "operator", "panel-1")
    # A night passes: the right to act is over, the view is not.
    house.console.do(lambda: setattr(house.console.app.state.access.door, "now", lambda: 4e9))
    house.js("return fetch('/api/v1/session').then(r => r.json())")
    house.driver.refresh()
    house.until(lambda: "Sign in" in house.text("#who") and house.rows())
    assert not house.lost
    house.quiet()


def test_without_a_panel_the_end_of_the_session_is_the_end_of_the_view(house: Page) -> None:
    house.door("alarms")
    sign_in(house, "viewer")
    house.until(house.rows)
    house.console.do(
        lambda: house.console.app.state.access.door.end(
            list(house.console.app.state.access.book.sessions.values())
        )
    )
    house.until(lambda: "Sign in to see" in house.text("#view"))
    assert house.rows() == []
    house.complaints()


def test_a_regulator_sees_alarms_and_no_tag(house: Page) -> None:
    house.door("alarms")
    sign_in(house, "regulator")
    house.until(lambda: house.texts("nav a:not([hidden])"))
    shown = "return [...document.querySelectorAll('nav a:not([hidden])')].map((a) => a.dataset.page)"
    house.until(lambda: house.js(shown) == ["overview", "alarms", "reports"])
    house.until(house.rows)
    assert house.js("return document.querySelectorAll('.tagrow, .meter').length") == 0
    house.quiet()


def test_signing_in_by_keyboard_alone(house: Page) -> None:
    house.door("alarms")
    house.until(lambda: house.focus() == "sign-user")
    house.press("operator", Keys.TAB, PASSWORD, Keys.ENTER)
    house.until(house.rows)
