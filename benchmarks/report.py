"""Results of campaigns as a page: ``python -m benchmarks.report RESULTS.json [MORE.json ...] [--write]``.

A scenario's systems ran in one session; several files are several sessions, each with scenarios of its own, and the
page says which commit ran which. ``--write`` writes ``docs/benchmarks.md``; without it the page goes to standard
output. With ``--json`` only the aims are printed, as one object. Every figure and every "met" comes from the results.
"""

import argparse
import json
import sys
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any, Final

from benchmarks._aims import Runs, of, verdicts
from benchmarks._figures import column, median, ratios
from benchmarks._harness import HERE, SCENARIOS, TITLES

PAGE: Final = HERE.parent / "docs" / "benchmarks.md"
TEXT: Final = HERE / "page.md"
WHAT: Final = {
    "T": "Smoke test: 1,000 tags, 25 s, 10 excursions",
    "S1": "1,000 tags (20 Modbus devices of 50) at 1 Hz, 60 s, 50 excursions, 10 of them hovering inside the dead band",
    "S2": "10,000 tags (200 Modbus devices of 50) at 1 Hz, 60 s, 50 excursions",
    "S3": "MQTT in: 1,000 messages a second for 60 s, 50 excursions",
    "S3max": "MQTT in: 60,000 messages at once",
    "S4broker": "The alarm broker is away for 20 of 80 s",
    "S4kill": "SIGKILL at a random moment, started again 2 s later",
    "S4tsdb": "The database is away for 20 of 70 s",
    "S4combo": "Broker and database away for 30 s, SIGKILL in the middle, started again 2 s later",
    "S5": "Start on 1,000 tags: three starts a run",
    "S5idle": "Start and rest on 2 tags: three starts a run",
}
Cell = Callable[[Runs], str]


def both(name: str, form: str = "g") -> Cell:
    """Median and worst over the seeds."""

    def cell(runs: Runs) -> str:
        values = column(runs, name)
        if not values:
            return "-"
        middle, worst = format(median(values), form), format(max(values), form)
        return middle if middle == worst else f"{middle} ({worst})"

    return cell


def joined(*cells: Cell) -> Cell:
    """Several figures in one cell."""
    return lambda runs: (
        "-" if (parts := [c(runs) for c in cells]) == ["-"] * len(parts) else " / ".join(parts)
    )


COLUMNS: Final[Sequence[tuple[str, Cell]]] = (
    ("missed / false / dup", joined(both("missed"), both("false"), both("dup"))),
    ("clears missed / dup", joined(both("clears_missed"), both("clears_dup"))),
    ("latency p50 / p99 s", joined(both("latency_p50", ".3f"), both("latency_p99", ".3f"))),
    ("reaction p50 / p99 s", joined(both("reaction_p50", ".3f"), both("reaction_p99", ".3f"))),
    ("CPU s per 1,000", both("cpu_s_per_1000", ".4f")),
    ("RSS MB", both("rss_mb", ".0f")),
    ("scans lost / dup", joined(both("scans_lost"), both("scans_dup"))),
    ("polls missed", both("polls_missed")),
    ("first sample s", both("first_sample_s", ".2f")),
    ("flood stored/s", both("readings_per_s", ",.0f")),
)


def table(runs: Runs, scenario: str) -> list[str]:
    """One scenario, a line for each system."""
    here = [r for r in runs if r["scenario"] == scenario]
    systems = [s for s in TITLES if any(r["system"] == s for r in here)]
    rows = {s: [cell(of(runs, s, scenario)) for _, cell in COLUMNS] for s in systems}
    used = [k for k in range(len(COLUMNS)) if any(row[k] != "-" for row in rows.values())]
    lines = [f"### {scenario}", "", f"{WHAT[scenario]}.", ""]
    lines.append("| system | runs | " + " | ".join(COLUMNS[k][0] for k in used) + " |")
    lines.append("|---" * (len(used) + 2) + "|")
    for system, row in rows.items():
        mine = [r for r in here if r["system"] == system]
        lines.append(f"| {TITLES[system]} | {_count(mine)} | " + " | ".join(row[k] for k in used) + " |")
    return [*lines, "", *_compared(runs, scenario)]


def _count(runs: Runs) -> str:
    done = [r for r in runs if r["status"] == "ok"]
    failed = sum(1 for r in runs if r["status"] == "failed")
    if not done and not failed:
        return f"not run ({runs[0]['why']})"
    return f"{len(done)}" + (f", {failed} failed" if failed else "")


def _compared(runs: Runs, scenario: str) -> list[str]:
    """Ratios of pairs that ran back to back."""
    ours, said = of(runs, "fengsui", scenario), []
    for system, name, words in (
        ("hand", "cpu_s_per_1000", "CPU by the hand-written script's"),
        ("nodered", "cpu_s_per_1000", "CPU by Node-RED's"),
        ("nodered", "reaction_p50", "median reaction by Node-RED's"),
    ):
        found = ratios(ours, of(runs, system, scenario), name)
        if found:
            said.append(f"{words}: {median(found):.2f} ({min(found):.2f}..{max(found):.2f})")
    return [f"Ratio, same session: {'; '.join(said)}.", ""] if said else []


def aims(runs: Runs) -> list[str]:
    """The table of aims."""
    lines = ["| aim | | measured |", "|---|---|---|"]
    return [*lines, *(f"| {v.aim} | {v.word} | {v.evidence} |" for v in verdicts(runs)), ""]


def page(*reports: Mapping[str, Any]) -> str:
    """The whole page, of one or several campaigns.

    Raises:
        ValueError: two of them have the same scenario; its systems did not run in one session.
    """
    runs = [run for report in reports for run in report["results"]]
    parts = [_scenarios(report["results"]) for report in reports]
    if twice := {s for part in parts for s in part if sum(s in p for p in parts) > 1}:
        raise ValueError(f"in two campaigns: {', '.join(sorted(twice))}; leave one out")
    tables = [line for s in _scenarios(runs) for line in table(runs, s)]
    return (
        TEXT.read_text(encoding="utf-8")
        .replace("{{made}}", "\n".join(map(_made, reports)))
        .replace("{{aims}}", "\n".join(aims(runs)).rstrip())
        .replace("{{tables}}", "\n".join(tables).rstrip())
    )


def _scenarios(runs: Runs) -> list[str]:
    return [s for s in ("T", *SCENARIOS) if any(r["scenario"] == s for r in runs)]


def _made(report: Mapping[str, Any]) -> str:
    where, runs = report["session"], report["results"]
    machine = f"{where['cpu']}, {where['cores']} cores, {where['memory_gib']} GiB, Linux {where['kernel']}"
    made = f"{machine}; Python {where['python']}; commit {where['commit']}; {where['day']}"
    return f"- {', '.join(_scenarios(runs))}: {made}; seeds {_span(sorted({r['seed'] for r in runs}))}."


def _span(seeds: Sequence[int]) -> str:
    whole = len(seeds) > 1 and seeds == list(range(seeds[0], seeds[-1] + 1))
    return f"{seeds[0]}-{seeds[-1]}" if whole else ", ".join(map(str, seeds))


def main() -> None:
    """See the module."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("results", type=Path, nargs="+")
    parser.add_argument("--write", action="store_true", help="write docs/benchmarks.md")
    parser.add_argument("--json", action="store_true")
    args = parser.parse_args()
    reports = [json.loads(path.read_text(encoding="utf-8")) for path in args.results]
    if args.json:
        runs = [run for report in reports for run in report["results"]]
        found = [{"aim": v.aim, "met": v.met, "evidence": v.evidence} for v in verdicts(runs)]
        print(json.dumps({"benchmark": "report", "aims": found}, ensure_ascii=False))
        return
    try:
        made = page(*reports)
    except ValueError as error:
        parser.error(str(error))
    if args.write:
        PAGE.write_text(made, encoding="utf-8")
        print(PAGE, file=sys.stderr)
    else:
        print(made, end="")


if __name__ == "__main__":
    main()
