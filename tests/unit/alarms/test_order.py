"""The same facts give the same bytes in any process: no order of a hash may show."""

import os
import subprocess
import sys
from pathlib import Path

SCRIPT = """
import hashlib, json
from tests.unit.alarms.plant import Story, SITE
story = Story(seen=False)
story.down("bus"); story.down("pond"); story.up("bus"); story.wait(5)
for tag in ("LT-2", "PZ-2", "LT-1"): story.good(tag)
story.active("LT-1.H"); story.active("LT-1.HH"); story.active("PZ-1.H"); story.wait(400)
story.up("pond"); story.wait(5)
events = [e._asdict() for e in story.events]
print(hashlib.sha256(json.dumps([events, story.book.dump()], default=str).encode()).hexdigest())
"""


def digest(seed: str) -> str:
    root = Path(__file__).parents[3]
    run = subprocess.run(
        [sys.executable, "-c", SCRIPT],
        env={**os.environ, "PYTHONHASHSEED": seed},
        cwd=root,
        capture_output=True,
        text=True,
        check=True,
    )
    return run.stdout


def test_whatever_the_hash_seed() -> None:
    assert digest("1") == digest("2")
