"""A site as ``init`` writes it, run before anybody has edited it: nothing in it may look normal."""

from __future__ import annotations

import json
from pathlib import Path

import yaml

from tests.e2e.conftest import GatewayFactory
from tests.helpers.gateway import until
from tests.helpers.incli import incli


def test_a_tailings_pond_fresh_from_init_shows_not_judged_and_never_normal(
    tmp_path: Path, gateway_of: GatewayFactory
) -> None:
    folder = tmp_path / "pond"
    assert incli("init", "tailings-pond", folder).returncode == 0
    site = yaml.safe_load((folder / "site.yaml").read_text(encoding="utf-8"))
    site["console"]["listen"], site["broker"] = (
        "127.0.0.1:0",
        {"port": 0},
    )  # ports that are free here, nothing else
    config = folder / "site.json"
    config.write_text(json.dumps(site, ensure_ascii=False), encoding="utf-8")
    gateway = gateway_of(config)
    gateway.start(POND_PASSWORD="secret")
    levels = until(lambda: gateway.api("/levels")["levels"], what="live levels")
    shown = {row["installation"]: row["level"] for row in levels}
    assert shown, levels
    assert set(shown.values()) <= {"not-judged", "no-view"}, shown
    assert "pond" in shown
    pond = next(row for row in levels if row["installation"] == "pond")
    assert "FB-101" in pond["not_judged"], pond
    told = {a["rule"] for a in gateway.alarms()}
    assert not {r for r in told if r.startswith(("FB-101", "DB-101"))}, (
        "nothing of what is not verified is judged"
    )
    assert gateway.stop() == 0, gateway.log
