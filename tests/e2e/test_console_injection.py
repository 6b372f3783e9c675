"""Hostile words all the way: from a broker and a tag list through the running gateway to the page, still words."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import paho.mqtt.client as paho
import pytest
from paho.mqtt.enums import CallbackAPIVersion
from selenium import webdriver

from tests.conftest import MosquittoFactory
from tests.e2e.conftest import GatewayFactory
from tests.e2e.sites import level, mqtt
from tests.helpers.gateway import Gateway, until, write_site
from tests.helpers.page import Page
from tests.servers import Mosquitto

pytestmark = [
    pytest.mark.browser,
    pytest.mark.leaks_ok("the browser and its driver live as long as the tests"),
]
IMAGE = "<img src=x onerror=window.hit=1>"
SCRIPT = "</td><script>window.hit=2</script>"
PAYLOADS: tuple[Any, ...] = (
    {"v": IMAGE}, {"v": {"toString": SCRIPT}}, {"v": [SCRIPT]}, {SCRIPT: 1}, {"v": 5, "ts": SCRIPT}, IMAGE, SCRIPT,
    {"v": 5, "q": IMAGE}, {"v": 5, "__proto__": {"hit": 3}}, {"v": 1e400}, {"v": "${window.hit=4}"},
)  # fmt: skip
PAGES = (
    "overview",
    "alarms",
    "tags",
    "trend/LT-1?p=15",
    "events",
    "field",
    "engineering",
    "reports",
    "rounds",
)


def hostile(folder: Path, broker: Mosquitto) -> Path:
    """A site whose tag list somebody prepared, whose readings come from a broker that anybody may write to."""
    words = {"description": IMAGE, "description_en": SCRIPT, "raw": f"LT{SCRIPT}", "guidance": IMAGE}
    source = {"kind": "mqtt", "host": "127.0.0.1", "port": broker.port, "quality": {"path": "q"}}
    tags = [
        level(
            n,
            **words,
            source="pond",
            address=f"evil/{n}#v",
            period="1s",
            raw_low="",
            raw_high="",
            max_age="10min",
        )
        for n in (1, 2)
    ]
    return write_site(
        folder,
        sources={"pond": source},
        tags=tags,
        installations=[
            {"id": "farm", "name": SCRIPT, "base_level": "orange", "owners": {"responsible": "wang"}}
        ],
        people={"wang": {"name": IMAGE}},
        console={"listen": "127.0.0.1:0", "sign_in": "name"},
        outputs={"county": mqtt(broker.port)},
    )


def publish(broker: Mosquitto, topic: str, payloads: tuple[Any, ...]) -> None:
    """Each as JSON, and text also as it is."""
    client = paho.Client(CallbackAPIVersion.VERSION2)
    client.connect("127.0.0.1", broker.port)
    client.loop_start()
    try:
        for payload in payloads:
            if isinstance(payload, str):
                client.publish(topic, payload, 1).wait_for_publish(10)
            client.publish(topic, json.dumps(payload), 1).wait_for_publish(10)
    finally:
        client.disconnect()
        client.loop_stop()


def alarmed(gateway: Gateway, broker: Mosquitto) -> bool:
    """Again until it is heard: what comes while the gateway's session begins is nobody's."""
    publish(broker, "evil/2", ({"v": 9.5, "q": "good"},))
    return any(a["tag"] == "LT-2" and not a["fault"] for a in gateway.alarms())


@pytest.fixture
def attacked(tmp_path: Path, mosquitto: MosquittoFactory, gateway_of: GatewayFactory) -> Iterator[Gateway]:
    broker = mosquitto()
    gateway = gateway_of(hostile(tmp_path, broker))
    gateway.start()
    until(lambda: any(x["up"] for x in gateway.api("/links")["links"]), what="the broker heard")
    publish(broker, "evil/1", PAYLOADS)
    publish(broker, "evil/2", PAYLOADS)
    until(lambda: alarmed(gateway, broker), what="an alarm by a good reading after all that")
    yield gateway
    assert gateway.stop() == 0, "nothing of it harmed the gateway"


def test_no_word_of_a_payload_or_a_tag_list_is_a_program(driver: webdriver.Chrome, attacked: Gateway) -> None:
    console: Any = SimpleNamespace(url=attacked.console["url"], plant=None)
    page = Page(driver, console)
    driver.get_log("browser")  # type: ignore[no-untyped-call]
    driver.get_log("performance")  # type: ignore[no-untyped-call]
    shown = ""
    for language in ("zh", "en"):
        for name in PAGES:
            page.open(name, language)
            page.until(lambda: len(page.text("#view")) > 20)
            assert page.js("return window.hit ?? ({}).hit ?? null") is None, name
            assert (
                page.js("return document.querySelectorAll('#view img, #top img, body script').length") == 0
            ), name
            shown += page.text("body")
    assert IMAGE in shown, "it is shown as what it is"
    assert SCRIPT in shown
    assert page.external() == []
    said = [words for words in page.complaints() if "503" not in words]  # figures are made one at a time
    assert said == [], "no script was stopped, because none was asked for"
    for path in ("/alarms", "/tags", "/events", "/links", "/rules"):
        assert (
            page.js(f"return fetch('/api/v1{path}').then((a) => a.headers.get('content-type'))")
            == "application/json"
        )
