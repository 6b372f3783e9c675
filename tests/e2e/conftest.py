"""Devices, gateways, consoles and browsers that end with their test."""

from __future__ import annotations

import shutil
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from pathlib import Path

import pytest
from selenium import webdriver

from scripts.screenshot import browser
from tests.e2e.device import Device
from tests.helpers.console import ConsoleThread
from tests.helpers.gateway import Gateway
from tests.helpers.page import Page
from tests.helpers.plant import FakePlant

GatewayFactory = Callable[[Path], Gateway]


PATIENCE_S = 300
"""for a whole test that starts gateways or a browser: what is waited for inside ends sooner, and says what it was"""


@pytest.hookimpl(tryfirst=True)  # before tests are chosen by their marks
def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    for each in items:
        if "driver" in getattr(each, "fixturenames", ()):  # a page that gets no processor has lost its view
            each.add_marker(pytest.mark.alone)
        if Path(__file__).parent in each.path.parents and each.get_closest_marker("timeout") is None:
            each.add_marker(pytest.mark.timeout(PATIENCE_S))


@pytest.fixture
def device() -> Iterator[Device]:
    """A scripted Modbus device."""
    with Device() as made:
        yield made


@pytest.fixture
def gateway_of() -> Iterator[GatewayFactory]:
    """``gateway_of(config)``: not started yet; killed at the end where the test did not stop it."""
    with ExitStack() as stack:
        yield lambda config: stack.enter_context(Gateway(config))


@pytest.fixture(scope="session")
def driver(tmp_path_factory: pytest.TempPathFactory) -> Iterator[webdriver.Chrome]:
    """One browser for all tests; each has a console with an address, and so with cookies and storage, of its own."""
    if not (shutil.which("chromium") or shutil.which("google-chrome")) or not shutil.which("chromedriver"):
        pytest.skip("chromium and chromedriver are not installed; `make servers` installs them on Debian")
    found = browser(tmp_path_factory.mktemp("profile"), 1400, 900)
    yield found
    found.quit()


@pytest.fixture
def console() -> Iterator[ConsoleThread]:
    """A console over a plant of a thousand tags that stands still."""
    found = ConsoleThread(FakePlant(1000), moving=False).start()
    yield found
    found.stop()


@pytest.fixture
def page(driver: webdriver.Chrome, console: ConsoleThread) -> Page:
    """The browser, looking at that console."""
    driver.get("about:blank")  # no page of the test before asks on
    driver.get_log("browser")  # type: ignore[no-untyped-call]
    driver.get_log("performance")  # type: ignore[no-untyped-call]
    return Page(driver, console)
