"""The demonstration as a newcomer runs it: its own verdict, and an independent look at what it claims."""

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
FENGSUI = Path(sys.executable).with_name("fengsui")


@pytest.mark.alone
@pytest.mark.timeout(400)
def test_every_hazard_is_caught_and_nothing_else_is_called_one() -> None:
    done = subprocess.run(
        [FENGSUI, "demo", "--for", "60s", "--json"],
        cwd=ROOT,
        env={**os.environ, "NUMBA_CACHE_DIR": str(Path(sys.prefix) / "numba-cache")},
        capture_output=True,
        text=True,
        timeout=390,
        check=False,
    )
    assert done.stdout, done.stderr
    report = json.loads(done.stdout)
    assert done.returncode == 0, report
    assert (report["missed"], report["false"], report["not_ended"]) == (0, 0, 0)
    assert report["raised"] == report["expected"] >= 30
    assert report["sensor_faults_raised_faults_only"]
    leak = {f"AT-201{which}.{limit}" for which in "ABC" for limit in ("H", "HH")}
    assert set(report["raised_while_saturated"]) == leak, (
        "a leak beyond the range raised its alarms and held them"
    )
    assert report["not_held_while_saturated"] == []
    assert "console: http://127.0.0.1:" in done.stderr
