"""A picture of the console: ``python scripts/screenshot.py URL OUT.png --lang zh --size 1400x900``.

The URL may name a page: ``http://127.0.0.1:8080/#/alarms``.
"""

import argparse
import shutil
import sys
import tempfile
import time
from pathlib import Path
from urllib.parse import urlsplit, urlunsplit

from selenium import webdriver
from selenium.webdriver.chrome.service import Service
from selenium.webdriver.support.ui import WebDriverWait

FLAGS = (
    "--headless", "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run", "--disable-component-update",
    "--disable-background-networking", "--disable-sync", "--disable-dev-shm-usage", "--hide-scrollbars",
)  # fmt: skip
WAIT_S = 20


def browser(profile: Path, width: int, height: int, *, logs: bool = True) -> webdriver.Chrome:
    """A headless Chromium that talks to nobody by itself. Without ``logs`` it keeps nothing of what it received."""
    options = webdriver.ChromeOptions()
    options.binary_location = shutil.which("chromium") or shutil.which("google-chrome") or ""
    for flag in (*FLAGS, f"--window-size={width},{height}", f"--user-data-dir={profile}"):
        options.add_argument(flag)
    if logs:
        options.set_capability("goog:loggingPrefs", {"performance": "ALL", "browser": "ALL"})
    return webdriver.Chrome(options=options, service=Service(shutil.which("chromedriver") or ""))


def with_language(url: str, language: str) -> str:
    """The language goes before the ``#``."""
    parts = urlsplit(url)
    return urlunsplit(parts._replace(query=f"lang={language}"))


def picture(url: str, out: Path, *, language: str, size: tuple[int, int], theme: str) -> None:
    """Open, wait until the stream has come, give it two seconds of life, save."""
    with tempfile.TemporaryDirectory(prefix="fengsui-shot-", ignore_cleanup_errors=True) as profile:
        driver = browser(Path(profile), *size)
        try:
            driver.execute_cdp_cmd(
                "Emulation.setDeviceMetricsOverride",
                {"width": size[0], "height": size[1], "deviceScaleFactor": 1, "mobile": False},
            )
            driver.get(with_language(url, language))
            driver.execute_script("localStorage.setItem('fengsui.theme', arguments[0])", theme)
            driver.refresh()
            WebDriverWait(driver, WAIT_S).until(
                lambda d: not d.execute_script("return document.body.classList.contains('lost')")
            )
            time.sleep(2)
            driver.save_screenshot(str(out))
            for line in driver.get_log("browser"):
                print(line["level"], line["message"], file=sys.stderr)
        finally:
            driver.quit()


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("url")
    parser.add_argument("out", type=Path)
    parser.add_argument("--lang", choices=("zh", "en"), default="zh")
    parser.add_argument("--size", default="1400x900", help="WIDTHxHEIGHT")
    parser.add_argument("--theme", choices=("day", "night"), default="day")
    given = parser.parse_args()
    width, height = map(int, given.size.split("x"))
    picture(given.url, given.out, language=given.lang, size=(width, height), theme=given.theme)


if __name__ == "__main__":
    main()
