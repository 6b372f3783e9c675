"""``python -m tests.lies [--readings N] [--seed S]``; exit 1 when a reading said GOOD and was not what its tag held."""

from __future__ import annotations

import argparse
import sys
import time
from collections import Counter

from gateway.model.quality import Quality
from tests.lies.run import storm
from tests.lies.wires import FRAMINGS

EACH = 50_000


def main() -> int:
    asked = argparse.ArgumentParser(prog="python -m tests.lies", description=__doc__)
    asked.add_argument("--readings", type=int, default=1_000_000, help="over all wires")
    asked.add_argument("--seed", type=int, default=0, help="of the first case")
    given = asked.parse_args()
    seed, done, lies, began = given.seed, 0, 0, time.monotonic()
    qualities: Counter[int] = Counter()
    while done < given.readings:
        for framing in FRAMINGS:
            case = storm(framing, seed, EACH)
            done += case.witness.readings_seen
            qualities += case.witness.qualities
            lies += len(case.witness.lies)
            for lie in case.witness.lies[:3]:
                sys.stdout.write(f"{framing}, seed {seed}: {lie}\n")
        seed += 1
    told = ", ".join(f"{Quality(q).name.lower()} {n}" for q, n in qualities.most_common())
    sys.stdout.write(f"{done} readings in {time.monotonic() - began:.0f} s ({told}); {lies} lies\n")
    return 1 if lies else 0


if __name__ == "__main__":
    sys.exit(main())
