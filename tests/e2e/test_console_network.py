"""A page whose network goes and comes back: no view is said, nothing old looks new, and it recovers alone."""

from __future__ import annotations

from collections.abc import Iterator
from typing import cast

import pytest

from tests.helpers.console import ConsoleThread
from tests.helpers.page import Page
from tests.helpers.plant import FakePlant
from tests.helpers.relay import Relay

pytestmark = [
    pytest.mark.browser,
    pytest.mark.leaks_ok("the browser and its driver live as long as this file's tests"),
]
SILENCE_S = 12.0
"""in which the page must have said it: five seconds of its own, and those of a busy machine"""
PATIENCE_S = 40.0
SHOWN = "return [...document.querySelectorAll('#top time, tr.alarm td')].map((e) => e.innerText)"


WATCH = """window.looks = window.live = 0;
setInterval(() => { window.looks += 1; window.live += !document.body.classList.contains('lost'); }, 50)"""
ASK = """window.ended = 0;
import(`${early.base}js/api.js`).then((api) => { for (let i = 0; i < 8; i += 1)
  api.get(`/api/v1/links?${i}`).catch(() => null).finally(() => { window.ended += 1; }); })"""


@pytest.fixture
def console() -> Iterator[ConsoleThread]:
    """A plant that moves, so that the stream is never silent by itself."""
    found = ConsoleThread(FakePlant(), moving=True).start()
    yield found
    found.stop()


@pytest.fixture
def relay(console: ConsoleThread) -> Iterator[Relay]:
    with Relay(console) as found:
        yield found


@pytest.fixture
def far(page: Page, relay: Relay) -> Page:
    """The page at the other end of the wire."""
    return Page(page.driver, cast("ConsoleThread", relay))


def said(page: Page) -> None:
    """It has no view and says so, in words, in grey, and offers no act."""
    page.until(lambda: page.lost, SILENCE_S)
    assert "not live" in page.text("#lost")
    assert "grayscale" in page.js("return getComputedStyle(document.querySelector('#view')).filter")


def recovered(page: Page) -> None:
    page.until(lambda: not page.lost, PATIENCE_S)
    assert page.js("return performance.getEntriesByType('navigation')[0].type") == "navigate", (
        "nobody reloaded it"
    )


@pytest.mark.parametrize("how", ["pulled", "reset"])
def test_the_network_goes_and_comes_back(far: Page, relay: Relay, how: str) -> None:
    far.open("alarms")
    before = far.rows()
    far.js("window.mine = 'the same page'")
    (relay.freeze if how == "pulled" else relay.cut)()
    new = far.console.do(lambda: far.plant.raise_alarm("TT-101", "HH"))
    said(far)
    held = far.js(SHOWN)
    far.console.do(lambda: far.plant.move("LT-101", 11.77))
    later = far.driver.execute_async_script(f"setTimeout(() => arguments[0]((() => {{ {SHOWN} }})()), 1500)")
    assert later == held, "a clock or an age that runs on says that the picture does"
    assert far.rows() == before
    assert not far.one("#ack-all").is_enabled()
    (relay.mend if how == "pulled" else relay.back)()
    recovered(far)
    far.until(lambda: new in far.rows())
    assert far.js("return window.mine") == "the same page"
    assert far.one("#ack-all").is_enabled()
    far.complaints()


def test_what_comes_late_is_not_shown_as_new(far: Page, relay: Relay) -> None:
    """A proxy or a line that holds everything back and goes on speaking: the page would be a picture of the past."""
    far.open("overview")
    relay.delay = 7.0
    said(far)
    far.js(WATCH)
    far.until(lambda: far.js("return window.looks") > 9 * 20, PATIENCE_S)  # longer than the delay
    assert far.js("return window.live") == 0, "what was held back is the past"
    relay.delay = 0.0
    recovered(far)
    far.complaints()


def test_questions_without_answer_do_not_keep_it_from_coming_back(far: Page, relay: Relay) -> None:
    """A browser asks one address six things at a time; what nobody answers must not be all six."""
    far.open("field")
    far.until(lambda: "plc1" in far.text("#field-lines"))
    relay.freeze()
    far.js(ASK)
    said(far)
    far.until(lambda: far.js("return window.ended") == 8)
    relay.mend()
    recovered(far)
    far.complaints()
