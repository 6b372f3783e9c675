"""What a view leaves behind when another is shown: nothing, however often. Counted by the engine, not by the clock."""

from __future__ import annotations

import json
from collections.abc import Iterable

import pytest
from selenium.common.exceptions import TimeoutException

from tests.helpers.held import go, held
from tests.helpers.page import Page

pytestmark = [
    pytest.mark.browser,
    pytest.mark.leaks_ok("the browser and its driver live as long as this file's tests"),
]
VIEWS = ("alarms", "tags", "trend/LT-101,TI-1003?p=15", "events", "field", "engineering", "reports", "people")
ROUNDS = 6
"""fewer than one of anything a round may be left, so that nothing that any visit leaves behind passes"""
SHOWN = """new Promise((done) => {
  const look = () => {
    const view = document.getElementById("view");
    const drawn = view.querySelector(NAME === "trend" ? "canvas" : "*"); // the plotter comes with the first picture
    if (view.className === NAME && drawn) done(); else requestAnimationFrame(look);
  };
  look();
})"""


def round_(page: Page) -> None:
    """Every view, each until it is drawn; back at the overview."""
    for place in (*VIEWS, "rounds", "drill", "overview"):
        go(page.driver, place)
        shown = SHOWN.replace("NAME", json.dumps(place.split("/")[0]))
        page.driver.execute_cdp_cmd("Runtime.evaluate", {"expression": shown, "awaitPromise": True})


def test_no_view_leaves_anything_behind(page: Page) -> None:
    page.open("overview")
    for _ in range(2):  # views and their words come when they are first asked for
        round_(page)
    before = least(held(page.driver) for _ in range(3))
    for _ in range(ROUNDS):
        round_(page)
    more: dict[str, int] = {}

    def flat() -> bool:  # what was on its way when its view was left still comes, and goes
        now = held(page.driver)
        more.clear()
        more.update({kind: n - before.get(kind, 0) for kind, n in now.items()})
        return max(more.values()) < ROUNDS

    try:
        page.until(flat, 15)
    except TimeoutException:
        pytest.fail(f"left behind by {ROUNDS} rounds: { {kind: n for kind, n in more.items() if n} }")


def least(looks: Iterable[dict[str, int]]) -> dict[str, int]:
    """Of each kind the least that was seen."""
    found = list(looks)
    return {kind: min(look.get(kind, 0) for look in found) for look in found for kind in look}
