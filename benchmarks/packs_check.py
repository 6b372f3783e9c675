"""``python -m benchmarks.packs_check [--tags N] [--json]``: how long ``fengsui check`` takes for a site of three packs.

A chemical plant with a tailings pond and ammonia cooling, each tag of a point type, limits given by the site. The
figure is the wall time of the whole command, Python's start included; asked for: 2,000 tags within 2 s. On a machine
that is busy otherwise the processor time tells more.
"""

import argparse
import csv
import json
import resource
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Final

ASKED_S: Final = 2.0
SITE: Final = """\
version: 1
gateway: gw-01
county: "341524"
site: {id: works, name: 某某化工园, name_en: Works}
packs: [tank-farm, tailings-pond, ammonia-refrigeration]
installations:
  - {id: plant, name: 储罐区, pack: tank-farm, owners: {principal: p, technical: p, operating: p}}
  - {id: pond, name: 尾矿库, pack: tailings-pond, owners: {enterprise: p, pond: p, government: p}}
  - {id: cold, name: 制冷站, pack: ammonia-refrigeration, owners: {principal: p, technical: p, operating: p}}
people: {p: {name: 张三}}
sources:
  plc: {kind: modbus-tcp, host: 192.0.2.1}
  rtu: {kind: mqtt, host: 192.0.2.2, time: {path: ts}}
tags: [tags.csv]
types:
  tank-level:
    HH: {trigger: 13.4, reason: design, mark: E}
    H: {trigger: 12.8, reason: design, mark: E}
    L: {trigger: 1, reason: design, mark: E}
    LL: {trigger: 0.5, reason: design, mark: E}
    TREND: {limit: 13.4, reason: design, mark: E}
  tank-pressure:
    HH: {trigger: 1.8, reason: design, mark: E}
    LL: {trigger: -0.8, reason: design, mark: E}
  displacement:
    YELLOW: {trigger: 10, reason: design, mark: E}
    RED: {trigger: 20, reason: design, mark: E}
  receiver-pressure:
    HH: {trigger: 1.8, reason: design, mark: E}
"""
POINTS: Final = (
    ("LT", "tank-farm.tank-level", "plant", "plc"),
    ("PT", "tank-farm.tank-pressure", "plant", "plc"),
    ("AT", "gas-leak.combustible", "plant", "plc"),
    ("HS", "gas-leak.h2s", "plant", "plc"),
    ("GN", "tailings-pond.displacement", "pond", "rtu"),
    ("SP", "tailings-pond.seepage", "pond", "rtu"),
    ("NH", "ammonia-refrigeration.nh3-room", "cold", "plc"),
    ("RP", "ammonia-refrigeration.receiver-pressure", "cold", "plc"),
)
"""letters, point type, installation, source"""


def write_large(folder: Path, tags: int) -> Path:
    """The site in ``folder``; its site file."""
    with (folder / "tags.csv").open("w", encoding="utf-8-sig", newline="") as file:
        out = csv.writer(file)
        out.writerow(["raw", "type", "installation", "source", "address"])
        out.writerows(_rows(tags))
    (folder / "site.yaml").write_text(SITE, encoding="utf-8")
    return folder / "site.yaml"


def _rows(tags: int) -> Iterator[list[str]]:
    for n in range(tags):
        letters, kind, installation, source = POINTS[n % len(POINTS)]
        tag = f"{letters}-{n:05d}"
        address = f"{1 + n // 4000}:holding:{n % 4000 * 2}:float32" if source == "plc" else f"pond/{tag}#v"
        yield [tag, kind, installation, source, address]


def main(arguments: Sequence[str]) -> int:
    """Time the command three times; the best counts."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.packs_check")
    parser.add_argument("--tags", type=int, default=2000)
    parser.add_argument("--json", action="store_true")
    asked = parser.parse_args(arguments)
    fengsui = Path(sys.executable).with_name("fengsui")
    with tempfile.TemporaryDirectory() as folder:
        path = write_large(Path(folder), asked.tags)
        times = []
        for _ in range(3):
            began = time.perf_counter()
            done = subprocess.run([fengsui, "check", str(path), "--json"], capture_output=True, check=True)
            times.append(time.perf_counter() - began)
    said = json.loads(done.stdout)
    used = resource.getrusage(resource.RUSAGE_CHILDREN)
    report = {
        "tags": said["tags"],
        "rules": said["rules"],
        "seconds": round(min(times), 2),
        "cpu_seconds": round((used.ru_utime + used.ru_stime) / len(times), 2),
        "asked": ASKED_S,
    }
    if asked.json:
        sys.stdout.write(json.dumps(report) + "\n")
    else:
        sys.stdout.write(
            f"check of {report['tags']} tags with {report['rules']} rules: {report['seconds']} s, "
            f"{report['cpu_seconds']} s of processor (asked for: {ASKED_S:g} s)\n"
        )
    return int(asked.tags <= 2000 and min(*times, used.ru_utime / len(times)) > ASKED_S)


if __name__ == "__main__":
    raise SystemExit(main(sys.argv[1:]))
