"""``python -m benchmarks.packs_demo [PACK ...] [--for 90s] [--pace 1] [--json]``: each pack's demo on the wire.

One after the other, each the command that a user gives (``fengsui demo --pack NAME --for 90s --json``) with its own
exit code; a table, and exit 1 when one falls short. At the pace of 1 all packs take some 25 minutes.
"""

import argparse
import json
import subprocess
import sys
import time
from collections.abc import Sequence
from pathlib import Path
from typing import Any, Final

from benchmarks.packs_page import LEADS
from gateway.config.packs.find import built_in

LONGEST_S: Final = 900.0
"""Wall seconds after which a demo will not end by itself."""
COUNTS: Final = ("expected", "raised", "missed", "false", "late", "early", "not_ended")


def play(pack: str, for_: str, pace: float) -> dict[str, Any]:
    """One demo: its report, its exit code, and the wall seconds it took."""
    fengsui = Path(sys.executable).with_name("fengsui")
    asked = [fengsui, "demo", "--pack", pack, "--for", for_, "--pace", f"{pace:g}", "--json"]
    began = time.monotonic()
    with subprocess.Popen(asked, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True) as demo:
        try:
            said, errors = demo.communicate(timeout=LONGEST_S)
        except subprocess.TimeoutExpired:
            demo.terminate()  # and no kill: it takes its plant and its broker with it
            return {"pack": pack, "exit": -1, "took_s": LONGEST_S, "error": "did not end"}
    found: dict[str, Any] = {
        "pack": pack,
        "exit": demo.returncode,
        "took_s": round(time.monotonic() - began, 1),
    }
    try:
        return {**found, **json.loads(said)}
    except json.JSONDecodeError:
        return {**found, "exit": demo.returncode or 1, "error": errors[-500:]}


def leads(report: dict[str, Any]) -> list[float]:
    """Plant seconds between each trend alarm and its limit, of those that were raised."""
    rows = [r for r in report.get("alarms", ()) if r["rule"].endswith(LEADS) and r["decided_s"] is not None]
    return sorted(round(r["cause_s"] - r["decided_s"], 1) for r in rows)


def well(report: dict[str, Any]) -> bool:
    """Its exit code, the whole scenario, and each trend before its limit."""
    whole = report.get("expected", 0) == len(report.get("alarms", ())) > 0
    return report["exit"] == 0 and whole and all(lead > 0 for lead in leads(report))


def line(report: dict[str, Any]) -> str:
    """A row of the table."""
    counts = "".join(f"{report.get(key, '-')!s:>10}" for key in COUNTS)
    lead = f"{leads(report)[0]:>9g}" if leads(report) else f"{'-':>9}"
    said = "ok" if well(report) else "NOT SO"
    return f"{report['pack']:<24}{counts}{lead}{report['took_s']:>8}  {said}"


def main(arguments: Sequence[str]) -> int:
    """All packs, or those named."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.packs_demo")
    parser.add_argument("packs", nargs="*")
    parser.add_argument("--for", dest="for_", default="90s")
    parser.add_argument("--pace", type=float, default=1.0)
    parser.add_argument("--json", action="store_true")
    asked = parser.parse_args(arguments)
    if not asked.json:
        sys.stdout.write(f"{'pack':<24}{''.join(f'{key:>10}' for key in COUNTS)}{'lead s':>9}{'took s':>8}\n")
    bad = 0
    for pack in asked.packs or built_in():
        report = play(pack, asked.for_, asked.pace)
        bad += not well(report)
        sys.stdout.write((json.dumps({"ok": well(report), **report}) if asked.json else line(report)) + "\n")
        sys.stdout.flush()
        if not well(report) and not asked.json:
            sys.stdout.write(_why(report))
    return int(bad > 0)


def _why(report: dict[str, Any]) -> str:
    """What fell short, a line each."""
    said = [f"  {report['error']}\n"] if "error" in report else []
    said += [f"  FALSE {row}\n" for row in report.get("false_list", ())]
    keys = ("rule", "due", "window_s", "decided_s", "level", "not_ended")
    for row in report.get("alarms", ()):
        if not row["raised"] or row["late"] or row["early"] or row["not_ended"]:
            said.append("  " + ", ".join(f"{key} {row[key]}" for key in keys) + "\n")
    return "".join(said)


if __name__ == "__main__":
    raise SystemExit(main(sys.argv[1:]))
