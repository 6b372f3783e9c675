"""What the detectors find in real data and in noise: ``python -m benchmarks.quality [--json] [--write]``.

The data lies where ``FENGSUI_DATA`` says, the leaderboards' scorers beside it; what is not there is "not run". Ends
with 1 if a figure falls short of its aim. ``--write`` makes ``docs/quality.md`` and its plots from the figures.
"""

import argparse
import json
import sys
import time
from collections.abc import Callable, Mapping
from typing import Final

from benchmarks.quality import faults, gecco, methane, nab, noise, page, quiet, skab, tep
from benchmarks.quality.figures import Figure
from benchmarks.quality.sources import NotHereError

CASES: Final[Mapping[str, Callable[[], list[Figure]]]] = {
    "quiet": quiet.run,
    "faults": faults.run,
    "methane": methane.run,
    "gecco": gecco.run,
    "tep": tep.run,
    "skab": skab.run,
    "nab": nab.run,
    "noise": noise.run,
}


def case(name: str) -> list[Figure]:
    """Figures of one case; that it was not run, where its data is not here."""
    try:
        return CASES[name]()
    except NotHereError as error:
        return [Figure(name, "not run", None, note=str(error))]


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m benchmarks.quality", description=__doc__)
    parser.add_argument("--json", action="store_true")
    parser.add_argument("--write", action="store_true", help="make docs/quality.md and its plots")
    parser.add_argument("--only", choices=sorted(CASES), action="append", help="these cases; default all")
    args = parser.parse_args()
    if args.write and args.only:
        parser.error("--write needs all cases")
    figures, seconds = dict[str, list[Figure]](), dict[str, float]()
    for name in args.only or CASES:
        began = time.monotonic()
        figures[name] = case(name)
        seconds[name] = round(time.monotonic() - began, 1)
    found = [f for each in figures.values() for f in each]
    if args.json:
        print(json.dumps({"figures": [f.as_json() for f in found], "seconds": seconds}, ensure_ascii=False))
    else:
        for f in found:
            print(f"{f.set}: {f.what}: {f.shown} {f.aim} {f.word} ({f.note})")
    if args.write:
        page.write(figures)
    sys.exit(1 if any(f.met is False for f in found) else 0)


if __name__ == "__main__":
    main()
