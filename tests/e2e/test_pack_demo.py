"""Two packs on the wire, one of MQTT with readings by hand, one of Modbus: truth against what a subscriber got."""

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from benchmarks.packs_page import LEADS

ROOT = Path(__file__).parents[2]
FENGSUI = Path(sys.executable).with_name("fengsui")


@pytest.mark.alone
@pytest.mark.timeout(400)
@pytest.mark.parametrize("pack", ["tailings-pond", "tank-farm"])
def test_every_hazard_is_told_in_time_and_its_sensor_faults_are_faults(pack: str) -> None:
    done = subprocess.run(
        [FENGSUI, "demo", "--pack", pack, "--for", "90s", "--pace", "20", "--json"],
        cwd=ROOT,
        env={**os.environ, "NUMBA_CACHE_DIR": str(Path(sys.prefix) / "numba-cache")},
        capture_output=True,
        text=True,
        timeout=380,
        check=False,
    )
    assert done.stdout, done.stderr[-2000:]
    report = json.loads(done.stdout)
    assert done.returncode == 0, (report, done.stderr[-2000:])
    keys = ("missed", "false", "late", "early", "not_ended")
    assert [report[key] for key in keys] == [0] * len(keys)
    assert report["raised"] == report["expected"] == len(report["alarms"]) >= 20, "the whole scenario"
    trends = [row for row in report["alarms"] if row["rule"].endswith(LEADS)]
    assert trends
    assert all(row["decided_s"] < row["cause_s"] for row in trends), "before the limit was reached"
