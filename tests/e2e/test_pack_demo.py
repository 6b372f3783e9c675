"""A pack on the wire: its plant on a real broker, the gateway's answer at an ordinary subscriber."""

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
FENGSUI = Path(sys.executable).with_name("fengsui")


@pytest.mark.timeout(400)
def test_a_rising_head_pond_is_told_in_time_and_its_sensor_faults_are_faults() -> None:
    done = subprocess.run(
        [FENGSUI, "demo", "--pack", "head-pond", "--for", "40s", "--json"],
        cwd=ROOT,
        env={**os.environ, "NUMBA_CACHE_DIR": str(Path(sys.prefix) / "numba-cache")},
        capture_output=True,
        text=True,
        timeout=390,
        check=False,
    )
    assert done.stdout, done.stderr
    report = json.loads(done.stdout)
    assert done.returncode == 0, (report, done.stderr[-2000:])
    assert (report["missed"], report["false"], report["not_ended"]) == (0, 0, 0)
    assert report["raised"] == report["expected"] >= 10
    trend = next(row for row in report["alarms"] if row["rule"] == "FB-101.TREND")
    assert trend["decided_s"] < trend["cause_s"], "before the red value was reached"
