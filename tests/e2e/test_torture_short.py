"""A short seeded part of the campaign (``make torture``): one run, three faults."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from tests.servers import Influxd, Mosquitto
from tests.torture.run import run

SEED = int(os.environ.get("FENGSUI_SEED", "2"))

pytestmark = [pytest.mark.slow, pytest.mark.timeout(600)]


@pytest.mark.leaks_ok("the wires' threads are joined; what their loops leave is not the product's")
def test_nothing_is_lost_doubled_or_untold(tmp_path: Path) -> None:
    if Mosquitto.binary() is None or Influxd.binary() is None:
        pytest.skip("mosquitto and influxd are not installed; `make servers` installs them on Debian")
    outcome = run(SEED, tmp_path / "run", faults=3)
    assert not outcome.wrong, (outcome.faults, outcome.wrong)
    assert outcome.alarms
    assert outcome.readings
