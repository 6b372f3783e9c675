"""What every benchmark inside the process prints: our figure, the peers' of the same session, and the ratio."""

import argparse
import json
import time
from collections.abc import Callable, Mapping
from typing import Any


def cpu_of(work: Callable[[], object]) -> float:
    """CPU seconds of this thread."""
    began = time.thread_time()
    work()
    return time.thread_time() - began


def show(name: str, unit: str, ours: float, peers: Mapping[str, float | str], **more: Any) -> None:
    """``peers``: figures by name, or why there is none ("not run: ...")."""
    parser = argparse.ArgumentParser(prog=f"python -m benchmarks.{name}")
    parser.add_argument("--json", action="store_true")
    args = parser.parse_args()
    ratios = {k: round(ours / v, 4) for k, v in peers.items() if not isinstance(v, str) and v}
    figures = {k: v if isinstance(v, str) else round(v, 4) for k, v in peers.items()}
    report = {
        "benchmark": name,
        "unit": unit,
        "ours": round(ours, 4),
        "peers": figures,
        "ratio": ratios,
        **more,
    }
    if args.json:
        print(json.dumps(report, ensure_ascii=False))
        return
    print(f"{name}: {ours:.4g} {unit}")
    for peer, value in figures.items():
        ratio = f", ratio {ratios[peer]:.3g}" if peer in ratios else ""
        print(f"  {peer}: {value}{ratio}")
    for key, value in more.items():
        print(f"  {key}: {value}")
