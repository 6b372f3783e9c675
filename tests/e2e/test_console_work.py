"""Field, history, engineering and reports in a real browser."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest
from selenium.webdriver.common.keys import Keys

from gateway.model.events import Axes, Event, EventKind, Suppression
from gateway.model.quality import Quality
from tests.helpers.page import Page
from tests.helpers.plant import FakePlant

pytestmark = [
    pytest.mark.browser,
    pytest.mark.leaks_ok("the browser and its driver live as long as this file's tests"),
]
WAY_OUT = {
    "zh": ("21 GB", "12 天", "9 天", "4 毫秒"),
    "en": ("21 GB", "12 days", "9 days", "4 ms"),
}
"""room on the disk, how long it lasts, the certificate, the clock"""
PAPER = {
    "zh": (
        "已屏蔽的报警",
        "泵试验",
        "到期检定",
        "2020-01-01",
        "人工读数与在线对比",
        "10.2 m",
        "月报",
        "上一时段",
    ),
    "en": (
        "Kept from the operator",
        "泵试验",
        "Calibration due",
        "2020-01-01",
        "Manual readings against online",
        "10.2 m",
        "Monthly report",
        "The period before",
    ),
}
LANGUAGES = pytest.mark.parametrize("language", ["zh", "en"])


@LANGUAGES
def test_the_field_line_by_line_and_the_way_out(page: Page, language: str) -> None:
    page.console.do(
        lambda: setattr(page.plant, "status", replace(page.plant.status, disk_days=12, certificate_days=9))
    )
    page.open("field", language)
    page.until(lambda: "plc1.1" in page.text("#field-lines"))
    lines = page.text("#field-lines")
    assert all(
        words in lines
        for words in ("37 / 40", "4 ms", "1.02", {"zh": "无应答 2", "en": "2 without answer"}[language])
    )
    page.until(lambda: all(words in page.text("#field-own") for words in WAY_OUT[language]))
    assert len(page.texts("#field-own dd.odd")) == 2, (
        "twelve days of disk and nine of a certificate stand out"
    )
    page.until(lambda: "not authorised" in page.text("#field-letters"))
    assert "4180" in page.text("#field-outputs")
    assert "ZT-301" in page.text("#field-tags"), "what is not good is listed"
    page.console.do(lambda: page.plant.move("TI-1007", None, Quality.DEVICE_EXCEPTION))
    page.click("#field-lines button")
    page.click("#field-lines button")
    page.until(lambda: "TI-1007" in page.text("#field-tags"))
    page.picture(f"field-{language}")
    page.name_me()
    page.click("#retry")
    page.until(lambda: not page.texts("#field-letters td"))
    assert {"zh": "已重新发送 1 条", "en": "1 given again"}[language] in page.text("#toast")
    page.quiet()


@LANGUAGES
def test_history_is_searched_and_exported(page: Page, language: str, tmp_path: Path) -> None:
    page.driver.execute_cdp_cmd(
        "Page.setDownloadBehavior", {"behavior": "allow", "downloadPath": str(tmp_path)}
    )
    page.open("events", language)
    page.until(lambda: len(page.texts("tr[data-seq]")) == len(page.plant.records))
    page.type("#text", "AT-201", Keys.ENTER)
    page.until(lambda: len(page.texts("tr[data-seq]")) == 2)
    page.driver.refresh()  # a link opens the same search
    page.until(lambda: len(page.texts("tr[data-seq]")) == 2)
    page.click("#export")
    page.until((tmp_path / "events.csv").exists)
    assert (tmp_path / "events.csv").read_text("utf-8-sig").count("AT-201.") == 2
    page.console.do(lambda: page.plant.raise_alarm("AT-201", "HH"))
    page.until(lambda: len(page.texts("tr[data-seq]")) == 3)
    page.picture(f"history-{language}")
    page.quiet()


@LANGUAGES
def test_a_tag_list_is_checked_cell_by_cell_and_tried(page: Page, language: str, tmp_path: Path) -> None:
    wrong, right = tmp_path / "tags.csv", tmp_path / "tags2.csv"
    wrong.write_text("编号,HH\nLT-101,=1+1\n", "utf-8")
    right.write_text("编号,HH\nLT-101,10.8\n", "utf-8")
    page.open("engineering/lists", language)
    page.type("#list-file", str(wrong))
    page.click("#list-check")
    page.until(lambda: "LT-101/H" in page.text("#list-report"))
    assert "tags.csv:7" in page.text("#list-report")
    page.picture(f"engineering-{language}")
    page.type("#list-file", str(right))
    page.click("#list-check")
    page.until(lambda: {"zh": "没有错误", "en": "No fault"}[language] in page.text("#list-report"))
    page.click("#list-try")
    page.until(lambda: "LT-101.H" in page.text("#list-report"))
    page.quiet()


@LANGUAGES
def test_rules_with_their_origin(page: Page, language: str) -> None:
    page.open("engineering", language).name_me()
    page.type("#rule-search", "AT-101")
    page.until(lambda: len(page.texts("#rule-list tbody tr")) == 2)
    page.click("#rule-list td.acts button")
    page.until(lambda: "tags.csv:2" in page.text("dialog"))
    page.press(Keys.ESCAPE)
    page.quiet()


@LANGUAGES
def test_a_loop_test_is_recorded(page: Page, language: str) -> None:
    page.open("engineering/loops", language).name_me()
    page.until(lambda: len(page.texts("#loop-list tbody tr")) > 10)
    page.click("#loop-list tbody tr:first-child button")
    page.type("#loop-method", "信号发生器", Keys.ENTER)
    page.until(lambda: page.plant.commands and page.plant.commands[-1].act.value == "loop-tested")
    assert ("method", "信号发生器") in page.plant.commands[-1].words
    page.quiet()


def stage_a_shift(plant: FakePlant) -> None:
    """An alarm kept away, an instrument past its day, a reading by hand that differs."""
    plant.raise_alarm("AT-102", "H", axes=Axes(suppression=Suppression.SHELVED), reason="泵试验")
    first, *others = plant.site.tags
    plant.site = replace(plant.site, tags=(replace(first, calibration_due="2020-01-01"), *others))
    detail = {"online": "LT-101", "online_value": "10.95", "agrees": False}
    plant.append(
        Event(
            event=EventKind.MANUAL_READING,
            time=plant.now(),
            tag="LT-101",
            value=10.2,
            unit="m",
            detail=detail,
        )
    )


@LANGUAGES
def test_a_report_is_made_for_paper(page: Page, language: str) -> None:
    page.console.do(lambda: stage_a_shift(page.plant))
    page.open("reports", language)
    met = {"zh": "✗ 未达标", "en": "✗ not met"}[language]
    page.until(lambda: met in page.text("#paper"))
    assert "AT-101.H" in page.text("#paper")
    away, why, due, day, manual, value, month, before = PAPER[language]
    assert all(words in page.text("#paper") for words in (away, why, due, day, manual, value))
    page.click('[data-value="month"]')
    page.click(f'[title="{before}"]')
    page.until(lambda: month in page.text("#paper h1") and met in page.text("#paper"))
    period = page.text("#paper header p")
    page.driver.refresh()  # a link opens the same paper
    page.until(lambda: met in page.text("#paper"))
    assert (page.text("#paper header p"), month in page.text("#paper h1")) == (period, True)
    page.open("alarms", language)
    page.open("reports", language)
    page.until(lambda: met in page.text("#paper"))
    page.picture(f"report-{language}")
    page.driver.execute_cdp_cmd("Emulation.setEmulatedMedia", {"media": "print"})
    try:
        assert not page.one("#top").is_displayed()
        assert page.one("#paper").is_displayed()
        pdf = page.driver.execute_cdp_cmd("Page.printToPDF", {})["data"]
        assert len(pdf) > 20_000
    finally:
        page.driver.execute_cdp_cmd("Emulation.setEmulatedMedia", {"media": ""})
    page.quiet()
