"""Is a page flat? One tab is left open, another goes round all pages; both are looked at again and again.

A page that is left open shows what a view itself heaps up, one that goes round what a view leaves behind. Each look is
taken after three collections: what is left then is held by somebody. Processor time is that of the page's own thread
(what it waits for on a busy machine is not in it), the collections that the watch asks for not counted.
"""

import statistics
import time
from collections.abc import Sequence
from itertools import combinations, cycle
from pathlib import Path
from typing import Any

import psutil

LEFT_OPEN = "alarms"
PAGES = ("overview", "tags", "trend/TI-1003?p=15", "alarms")
LOOK_S = 60.0
LEAST_LOOKS = 48
"""a short watch looks more often: fewer say nothing of a slope"""
WARM_ROUNDS, WARM_S = 12, 0.5
"""all pages so often before the first look: the engine compiles and learns until about the tenth visit of a page"""
COLLECTIONS = 3
REST_S = 0.1
"""between collections: what one sets free, nodes above all, the next takes away"""
SETTLED = 0.25
"""share of the watch that is not counted: what comes when nothing else is to do comes then, and code is compiled"""
FLAT: dict[str, tuple[float, float]] = {
    "heap_MB": (0.10, 0.30),
    "nodes": (0.05, 50),
    "listeners": (0.05, 25),
    "cpu": (0.25, 0.01),
    "rss_MB": (0.10, 5.0),
}
"""by how much the end may be above the beginning of a watch: this share, or this much (a machine's own noise)"""


class Tab:
    """One tab with its own figures."""

    def __init__(self, driver: Any, url: str, page: str) -> None:
        self._driver = driver
        driver.switch_to.new_window("window")
        self._handle = driver.current_window_handle
        driver.execute_cdp_cmd("Performance.enable", {"timeDomain": "threadTicks"})
        driver.get(f"{url}?lang=en#/{page}")
        self.looks: list[dict[str, float]] = []
        self._tasks, self._at = 0.0, 0.0

    def enter(self) -> None:
        """What is asked from here on is asked of this tab; CPU counts anew."""
        self._driver.switch_to.window(self._handle)

    def begin(self) -> None:
        """From now on processor time counts."""
        self.enter()
        self._tasks, self._at = self._metrics()["TaskDuration"], time.monotonic()

    def go(self, page: str) -> None:
        """Another page, as a person goes there."""
        self.enter()
        self._driver.execute_script("location.hash = arguments[0]", f"#/{page}")

    def look(self) -> dict[str, float]:
        """Since the last look: cores; now, after collections: heap, nodes, listeners."""
        self.enter()
        used = self._metrics()["TaskDuration"] - self._tasks
        cpu = used / (time.monotonic() - self._at)
        for _ in range(COLLECTIONS):
            self._driver.execute_cdp_cmd("HeapProfiler.collectGarbage", {})
            time.sleep(REST_S)
        now = self._metrics()
        self.begin()
        return {
            "cpu": round(cpu, 4), "heap_MB": round(now["JSHeapUsedSize"] / 1e6, 3), "nodes": now["Nodes"],
            "listeners": now["JSEventListeners"],
        }  # fmt: skip

    def _metrics(self) -> dict[str, float]:
        found = self._driver.execute_cdp_cmd("Performance.getMetrics", {})["metrics"]
        return {m["name"]: m["value"] for m in found}


def watch(folder: Path, url: str, server: psutil.Process, minutes: float) -> dict[str, Any]:
    """Both tabs and the server for so long; ``flat`` of each, and of all together."""
    from scripts.screenshot import browser

    driver = browser(folder, 1400, 900, logs=False)
    try:
        open_, round_ = Tab(driver, url, LEFT_OPEN), Tab(driver, url, PAGES[-1])
        for page in PAGES * WARM_ROUNDS:
            round_.go(page)
            time.sleep(WARM_S)
        found = _looks(open_, round_, server, minutes)
    finally:
        driver.quit()
    judged = {name: flatness(looks) for name, looks in found.items()}
    flat = all(x["flat"] for figures in judged.values() for x in figures.values())
    return {"minutes": minutes, "flat": flat, "slopes": judged, "looks": found}


def _looks(
    open_: Tab, round_: Tab, server: psutil.Process, minutes: float
) -> dict[str, list[dict[str, float]]]:
    seconds = minutes * 60
    count = max(LEAST_LOOKS, round(seconds / LOOK_S))
    found: dict[str, list[dict[str, float]]] = {"left open": [], "server": []}
    began = time.monotonic()
    cpu, at = _cpu(server), began
    open_.begin()
    for k, page in zip(range(count), cycle(PAGES), strict=False):
        round_.go(page)
        round_.begin()
        time.sleep(max(0.0, began + seconds * (k + 1) / count - time.monotonic()))
        found.setdefault(f"round: {page.split('/')[0]}", []).append(round_.look())
        found["left open"].append(open_.look())
        then, now = time.monotonic(), _cpu(server)
        found["server"].append({"cpu": round((now - cpu) / (then - at), 4), "rss_MB": _rss(server)})
        cpu, at = now, then
    return found


def _cpu(process: psutil.Process) -> float:
    times = process.cpu_times()
    return float(times.user + times.system)


def _rss(process: psutil.Process) -> float:
    return round(process.memory_info().rss / 1e6, 2)


def flatness(looks: Sequence[dict[str, float]]) -> dict[str, dict[str, Any]]:
    """For each figure what it rose by over the settled part of the watch, by its slope, and whether that is flat.

    The slope is Theil and Sen's, the median of those between any two looks (Sen 1968): a look that fell upon a busy
    moment of the machine moves it by nothing.
    """
    settled = looks[round(len(looks) * SETTLED) :]
    out: dict[str, dict[str, Any]] = {}
    for name, (share, much) in FLAT.items():
        values = [x[name] for x in settled if name in x]
        if len(values) > 1:
            slopes = [(values[j] - values[i]) / (j - i) for i, j in combinations(range(len(values)), 2)]
            rise, middle = statistics.median(slopes) * (len(values) - 1), statistics.median(values)
            flat = rise <= max(share * middle, much)
            out[name] = {"median": round(middle, 4), "rise": round(rise, 4), "flat": flat}
    return out
