"""A hundred thousand open alarms: ``python -m benchmarks.alarms [--json]``. Exit 1 where an aim is missed.

CPU seconds of one core for acknowledge-all (decided and folded), the live levels of all places, the figures of a month
of events, and a restart from the journal's events; and the memory of an open occurrence. No peer keeps such a book.
"""

import argparse
import json
import resource
import sys
import time
from collections.abc import Callable
from dataclasses import replace
from typing import Any

from gateway.alarms.book import Book
from gateway.alarms.facts import CommandFact, RuleFact, StartedFact
from gateway.history.episodes import episodes
from gateway.history.kpi import kpis
from gateway.history.service import service
from gateway.model.commands import Act, Actor, Command, Seen
from gateway.model.events import Condition, Event
from gateway.model.levels import Level
from gateway.model.site import Installation, Rule, RuleKind, Site, Tag
from gateway.model.times import NS

OPEN = 100_000
START = 1_790_000_000 * NS
AIM_S = 2.0
WHO = Actor("bench", "bench")


def plant(count: int) -> Site:
    """``count`` tags with a high limit each, on ten installations."""
    place = [f"I-{k}" for k in range(10)]
    tags = tuple(
        Tag(id=f"T-{i}", raw=f"T-{i}", description="", cls="level", unit="m", installation=place[i % 10])
        for i in range(count)
    )
    rules = tuple(
        Rule(
            id=f"T-{i}.H", name="H", kind=RuleKind.LIMIT_HIGH, subject=f"T-{i}", tags=(f"T-{i}",), trigger=8, reset=7,
            installation=place[i % 10], level=Level(1 + i % 4), priority=1 + i % 4,
        )
        for i in range(count)
    )  # fmt: skip
    site = Site(gateway="gw", county="341524", id="bench", name="bench", tags=tags, rules=rules)
    return replace(site, installations=tuple(Installation(id=p, name=p) for p in place))


def timed(work: Callable[[], Any]) -> tuple[float, Any]:
    began = time.process_time()
    result = work()
    return time.process_time() - began, result


def measure(count: int) -> dict[str, Any]:
    """All figures; CPU seconds, bytes."""
    site = plant(count)
    book, events = Book(site, "e"), list[Event]()
    events += book.apply(StartedFact(START, 0, "bench"))
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    for row in range(count):
        at = START + row * NS // 50
        events += book.apply(RuleFact(row, Condition.NORMAL, Condition.ACTIVE, at, at, 8.5, 0, None, at))
    grown = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before
    end = START + 30 * 86_400 * NS
    seen = tuple(Seen(o.id, o.n) for o in book.open())
    ack, acknowledged = timed(
        lambda: book.apply(CommandFact(START + count * NS, Command(Act.ACKNOWLEDGE, WHO, seen)))
    )
    levels, _ = timed(lambda: Book.levels(book))
    report, _ = timed(
        lambda: (kpis(episodes(events), START, end), service([*events, *acknowledged], site, START, end))
    )
    restart, _ = timed(lambda: Book(site, "e").refold([*events, *acknowledged]))
    return {
        "open": len(seen),
        "acknowledge_all_s": round(ack, 3),
        "levels_s": round(levels, 3),
        "kpi_report_s": round(report, 3),
        "refold_s": round(restart, 3),
        "bytes_per_open_alarm_and_its_event": grown * 1024 // count,
    }


def main() -> int:
    parser = argparse.ArgumentParser(prog="python -m benchmarks.alarms")
    parser.add_argument("--json", action="store_true")
    parser.add_argument("--open", type=int, default=OPEN)
    asked = parser.parse_args()
    found = measure(asked.open)
    short = [
        k for k in ("acknowledge_all_s", "levels_s", "kpi_report_s") if found[k] > AIM_S * asked.open / OPEN
    ]
    report = {"benchmark": "alarms", **found, "aim_s": AIM_S, "short": short}
    if asked.json:
        print(json.dumps(report))
    else:
        print("\n".join(f"{k}: {v}" for k, v in report.items()))
    return 1 if short else 0


if __name__ == "__main__":
    sys.exit(main())
