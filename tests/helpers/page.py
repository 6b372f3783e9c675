"""A browser that looks at a console, for the tests of the pages."""

from __future__ import annotations

import json
import os
from collections.abc import Callable
from pathlib import Path
from typing import Any

from selenium import webdriver
from selenium.common.exceptions import (
    ElementClickInterceptedException,
    ElementNotInteractableException,
    StaleElementReferenceException,
)
from selenium.webdriver.common.action_chains import ActionChains
from selenium.webdriver.common.by import By
from selenium.webdriver.support.ui import WebDriverWait

from tests.helpers.console import ConsoleThread

REDRAWN = (
    StaleElementReferenceException,
    ElementNotInteractableException,
    ElementClickInterceptedException,
)
"""a page draws itself anew between two looks at it: look once more"""

DRAWN = "return document.body.className === '' && document.getElementById('view').childElementCount > 0"


class Page:
    """A browser looking at a console."""

    def __init__(self, driver: webdriver.Chrome, console: ConsoleThread) -> None:
        self.driver = driver
        self.console = console
        self.plant = console.plant

    def open(self, page: str = "overview", language: str = "en") -> Page:
        self.door(page, language)
        self.until(lambda: self.js(DRAWN))
        return self

    def door(self, page: str = "overview", language: str = "en") -> Page:
        """The address, whether or not there is a view."""
        self.driver.get(f"{self.console.url}?lang={language}#/{page}")
        return self

    def until(self, met: Callable[[], Any], seconds: float = 30) -> Any:
        waiting = WebDriverWait(self.driver, seconds, 0.05, ignored_exceptions=REDRAWN)
        return waiting.until(lambda _: met())

    def js(self, script: str, *args: Any) -> Any:
        return self.driver.execute_script(script, *args)

    @property
    def lost(self) -> bool:
        return bool(self.js("return document.body.classList.contains('lost')"))

    def one(self, css: str) -> Any:
        return self.until(lambda: next(iter(self.driver.find_elements(By.CSS_SELECTOR, css)), None))

    def texts(self, css: str) -> list[str]:
        return list(self.js("return [...document.querySelectorAll(arguments[0])].map(e => e.innerText)", css))

    def text(self, css: str) -> str:
        """Words of the first such element, "" while there is none."""
        return str(self.js("return document.querySelector(arguments[0])?.innerText ?? ''", css))

    def click(self, css: str) -> None:
        """As soon as it can be clicked, also where the page draws it anew meanwhile."""

        def done() -> bool:
            found = self.one(css)
            if not found.is_enabled():  # a page that has lost its view for a moment offers no act
                return False
            found.click()
            return True

        self.until(done)

    def type(self, css: str, *keys: str) -> None:
        """Keys to a field, as soon as it is there to be seen."""

        def done() -> bool:
            found = self.one(css)
            if not (found.is_displayed() and found.is_enabled()):
                return False
            found.send_keys(*keys)
            return True

        self.until(done)

    def rows(self) -> list[str]:
        return list(self.js("return [...document.querySelectorAll('tr.alarm')].map(e => e.dataset.id)"))

    def name_me(self, name: str = "王强") -> None:
        who = json.dumps({"id": name, "name": name, "workstation": "panel-1"})
        self.js("localStorage.setItem('fengsui.who', arguments[0])", who)

    def press(self, *keys: str) -> None:
        """Keys to whatever has the focus."""
        ActionChains(self.driver).send_keys(*keys).perform()

    def focus(self) -> str:
        """id of what has the focus."""
        return str(self.js("return document.activeElement.id"))

    def picture(self, name: str) -> None:
        """A picture for the documents, where ``FENGSUI_PICTURES`` names their folder (docs/images)."""
        folder = os.environ.get("FENGSUI_PICTURES")
        if folder:
            self.driver.save_screenshot(str(Path(folder) / f"console-{name}.png"))

    def quiet(self) -> None:
        """No request left the machine, and the browser complained of nothing."""
        left, said = self.external(), self.complaints()
        assert (left, said) == ([], []), (left, said)

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
