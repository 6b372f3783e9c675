"""The engineer's pages: the field probed beside the list, faults given back, stages and numbers of any kind by two."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest
from selenium.webdriver.common.keys import Keys

from gateway.model.levels import Stage
from gateway.model.site import RuleKind
from tests.helpers.page import Page

pytestmark = [
    pytest.mark.browser,
    pytest.mark.leaks_ok("the browser and its driver live as long as this file's tests"),
]
LANGUAGES = pytest.mark.parametrize("language", ["zh", "en"])


def signs(page: Page, reason: str, second: str) -> None:
    """A reason, and the second person, by keyboard."""
    page.type("#change-reason", reason)
    page.type("#change-second", Keys.CONTROL, "a")
    page.type("#change-second", second, Keys.ENTER)


@LANGUAGES
def test_the_field_is_probed_beside_the_running_poll(page: Page, language: str, tmp_path: Path) -> None:
    page.open("engineering/probe", language)
    budget = {"zh": "每秒最多 5 个请求", "en": "at most 5 requests a second"}[language]
    page.until(lambda: budget in page.text("#probe-budget"))
    page.click("#probe-start")
    page.until(lambda: len(page.texts("#probe-rows tbody tr")) == 4)
    rows = page.texts("#probe-rows tbody tr")
    polled = {"zh": "最近轮询", "en": "last poll"}[language]
    assert all(words in rows[0] for words in ("2444", "9.284 m", polled))
    assert all(words in rows[1] for words in ("0019", "2.5 %LEL", "12.5 ms"))
    odd = {"zh": "字节序", "en": "byte order"}[language]
    refused = {"zh": "设备拒绝", "en": "the device refuses it"}[language]
    assert (odd in rows[2], refused in rows[3]) == (True, True)
    alone = {"zh": "唯一连接轮询此线路", "en": "over its one connection"}[language]
    page.until(lambda: alone in page.text("#probe-sources"))
    page.picture(f"probe-{language}")
    wrong = tmp_path / "tags.csv"
    wrong.write_text("编号,HH\nLT-101,=1+1\n", "utf-8")
    page.type("#probe-file", str(wrong))
    page.click("#probe-start")
    page.until(lambda: "tags.csv:7" in page.text("#probe-report"))
    page.quiet()


@LANGUAGES
def test_a_list_comes_back_with_its_faults_marked(page: Page, language: str, tmp_path: Path) -> None:
    kept = {"behavior": "allow", "downloadPath": str(tmp_path)}
    page.driver.execute_cdp_cmd("Page.setDownloadBehavior", kept)
    wrong = tmp_path / "tags.csv"
    wrong.write_text("编号,HH\nLT-101,=1+1\n", "utf-8")
    page.open("engineering/lists", language)
    page.type("#list-file", str(wrong))
    page.click("#list-check")
    page.click("#list-workbook")
    page.until((tmp_path / "tags.faults.xlsx").exists)
    page.until(lambda: (tmp_path / "tags.faults.xlsx").read_bytes() == b"PK a workbook")
    page.quiet()


@LANGUAGES
def test_an_installation_goes_to_shadow_and_back_by_two(page: Page, language: str) -> None:
    shadow, live = {"zh": ("试运行", "投用"), "en": ("shadow", "live")}[language]
    row = '#stage-installations tr[data-id="pond"]'
    page.open("engineering/stages", language).name_me()
    page.click(f"{row} button")
    signs(page, "坝体检修", "王强")
    page.until(lambda: page.text("dialog .wrong") != "")
    signs(page, "", "李娜")
    page.until(lambda: shadow in page.text(f"{row} .chip"))
    told = page.text(row)
    assert all(words in told for words in ("王强", "李娜", "坝体检修", "bbbbbbbbbbbb")), told
    page.picture(f"stages-{language}")
    page.complaints()  # the 409 of one who agreed with himself
    page.click(f"{row} button")
    signs(page, "检修完成", "李娜")
    page.until(lambda: live in page.text(f"{row} .chip"))
    assert page.external() == []


def test_a_rule_in_shadow_is_made_live_by_keyboard(page: Page) -> None:
    rules = page.plant.site.rules
    page.plant.site = replace(page.plant.site, rules=(*rules[:-1], replace(rules[-1], stage=Stage.SHADOW)))
    row = f'#stage-rules tr[data-id="{rules[-1].id}"]'
    page.open("engineering/stages", "en").name_me()
    page.one(f"{row} button")
    page.js("document.querySelector(arguments[0]).focus()", f"{row} button")
    page.press(Keys.ENTER)
    signs(page, "three weeks without a nuisance", "李娜")
    page.until(lambda: page.texts(row) == [] and "No rule is in shadow" in page.text("#part-stages"))
    page.quiet()


@LANGUAGES
def test_numbers_of_a_kind_are_tried_and_asked_for(page: Page, language: str) -> None:
    site = page.plant.site
    first = site.rules[0]
    trend = replace(first, id="LT-101.TREND", name="TREND", kind=RuleKind.TREND, trigger=11.0, reset=11.0)
    page.plant.site = replace(site, rules=(*site.rules, trend))
    window, limit = {"zh": ("时间窗", "限值"), "en": ("Window", "Limit")}[language]
    page.open("engineering", language).name_me()
    page.type("#rule-search", "TREND")
    page.until(lambda: len(page.texts("#rule-list tbody tr")) == 1)
    page.click("#rule-list td.acts button:nth-child(2)")
    page.type("#change-set-window", Keys.CONTROL, "a")
    page.type("#change-set-window", "1200")
    assert all(words in page.text("dialog") for words in (f"{window}, s", limit))
    page.click("#change-try")
    page.until(lambda: "LT-101.TREND" in page.text("#change-report"))
    page.picture(f"change-kind-{language}")
    page.type("#change-reason", "缓慢进料", Keys.ENTER)
    page.until(lambda: "LT-101.TREND" in page.text("#proposals"))
    told = page.text("#proposals")
    assert f"{window} 10min → 1200s" in told
    assert limit not in told, "only what was changed"
    page.quiet()
