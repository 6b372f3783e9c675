"""``python -m tests.fuzz [NAME ...] [--runs N] [--seed S] [--keep]``; exit 1 when something came out that must not."""

from __future__ import annotations

import argparse
import hashlib
import sys

from tests.fuzz.engine import Report, fuzz
from tests.fuzz.target import Target
from tests.fuzz.targets import targets


def main() -> int:
    known = targets()
    asked = argparse.ArgumentParser(prog="python -m tests.fuzz", description=__doc__)
    asked.add_argument("names", nargs="*", metavar="NAME", help=f"of {', '.join(known)}; none: all")
    asked.add_argument("--runs", type=int, default=1_000_000, help="inputs for each")
    asked.add_argument("--seed", type=int, default=0)
    asked.add_argument("--seconds", type=float, default=float("inf"), help="at most this long for each")
    asked.add_argument(
        "--keep", action="store_true", help="store inputs that reached new lines in the corpus"
    )
    given = asked.parse_args()
    bad = 0
    for name in given.names or known:
        report = fuzz(known[name], given.runs, given.seed, seconds=given.seconds)
        if given.keep:
            keep(known[name], report)
        sys.stdout.write(told(report))
        sys.stdout.flush()
        bad += len(report.findings)
    return 1 if bad else 0


def keep(target: Target, report: Report) -> None:
    """New inputs, and findings, under the hash of their content."""
    target.folder.mkdir(parents=True, exist_ok=True)
    for data in [*report.kept, *(data for data, _ in report.findings)]:
        (target.folder / f"{hashlib.sha256(data).hexdigest()[:16]}.bin").write_bytes(data)


def told(report: Report) -> str:
    rate = report.runs / max(report.seconds, 1e-9)
    what = f"{report.edges} pairs of lines, corpus {report.corpus}, {rate:.0f}/s"
    lines = [f"{report.target}: {report.runs} inputs, {what}"]
    lines += [f"  FINDING {words} {data!r:.400}" for data, words in report.findings]
    return "\n".join(lines) + "\n"


if __name__ == "__main__":
    sys.exit(main())
