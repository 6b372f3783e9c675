"""Is a page flat? One tab is left open, another goes round all pages; both are looked at again and again.

A page that is left open shows what a view itself heaps up, one that goes round what a view leaves behind. Of several
collections each is read at once, and the least counts: the heap after a collection is what is held and what a message
has left since, and a message of the stream leaves 0.45 MB, a hundred nodes and a row's listeners that the next
collection takes. Once a second there is one; a look that rests after its last collection finds it as often as it
happens to, for many looks on end where both go by whole seconds, and such a watch told of a rise of 0.57 MB that no
snapshot of the heap could find.

``objects`` are the live objects of the page's scripts, counted by V8 as it collects: what a page holds on to (nodes are
counted as such; which of them a script has a handle on is the engine's business). The heap has, besides them, code: V8
goes on to optimise what runs often for some tens of rounds (between the 5th and the 30th visit of the alarms it grew by
165 kB of code, by no object, array or closure, and fell by 8 kB of text).
``uss_MB`` is what all pages' processes have for themselves: nodes, styles, pictures and what the browser keeps of a
page are in it, as is what it does not give back to the system. Processor time is that of the page's own thread (what it
waits for on a busy machine is not in it), what the watch itself asks for not counted.
"""

import statistics
import time
from collections.abc import Callable, Sequence
from itertools import combinations, cycle, islice
from pathlib import Path
from typing import Any

import psutil

from tests.helpers.held import go, objects

LEFT_OPEN = "alarms"
PAGES = ("overview", "tags", "trend/TI-1003?p=15", "alarms")
LOOK_S = 60.0
LEAST_LOOKS = 48
"""a short watch looks more often: fewer say nothing of a slope"""
WARM_ROUNDS, WARM_S = 12, 0.5
"""all pages so often before the first look: the engine compiles and learns until about the tenth visit of a page"""
COLLECTIONS = 5
REST_S = 0.37
"""before each: what one sets free, nodes above all, the next takes away; together they span two messages"""
SETTLED = 0.25
"""share of the watch that is not counted: what comes when nothing else is to do comes then, and code is compiled"""
FLAT: dict[str, tuple[float, float]] = {
    "heap_MB": (0.10, 0.30),
    "objects": (0.05, 500),
    "nodes": (0.05, 50),
    "listeners": (0.05, 25),
    "cpu": (0.25, 0.01),
    "rss_MB": (0.10, 5.0),
    "uss_MB": (0.10, 5.0),
}
"""by how much the end may be above the beginning of a watch: this share, or this much (a machine's own noise)"""
Look = dict[str, float]
Told = Callable[[str, Look], None]
"""hears of each look when it is taken: name, figures"""


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
        go(self._driver, page)

    def look(self) -> Look:
        """Since the last look: cores; now: objects, and after collections heap, nodes and listeners."""
        self.enter()
        used = self._metrics()["TaskDuration"] - self._tasks
        cpu = used / (time.monotonic() - self._at)
        count = sum(objects(self._driver).values())
        now = min((self._collected() for _ in range(COLLECTIONS)), key=lambda m: m["JSHeapUsedSize"])
        self.begin()
        return {
            "cpu": round(cpu, 4), "heap_MB": round(now["JSHeapUsedSize"] / 1e6, 3), "nodes": now["Nodes"],
            "listeners": now["JSEventListeners"], "objects": count,
        }  # fmt: skip

    def _collected(self) -> dict[str, float]:
        time.sleep(REST_S)
        self._driver.execute_cdp_cmd("HeapProfiler.collectGarbage", {})
        return self._metrics()

    def _metrics(self) -> dict[str, float]:
        found = self._driver.execute_cdp_cmd("Performance.getMetrics", {})["metrics"]
        return {m["name"]: m["value"] for m in found}


def watch(folder: Path, url: str, server: psutil.Process, minutes: float, told: Told) -> dict[str, Any]:
    """Both tabs and the server for at least so long; ``flat`` of each, and of all together."""
    from scripts.screenshot import browser

    driver = browser(folder, 1400, 900, logs=False)
    try:
        open_, round_ = Tab(driver, url, LEFT_OPEN), Tab(driver, url, PAGES[-1])
        for page in PAGES * WARM_ROUNDS:
            round_.go(page)
            time.sleep(WARM_S)
        found = _looks(open_, round_, _Machine(server, driver), minutes, told)
    finally:
        driver.quit()
    judged = {name: flatness(looks) for name, looks in found.items()}
    flat = all(x["flat"] for figures in judged.values() for x in figures.values())
    return {"minutes": minutes, "flat": flat, "slopes": judged, "looks": found}


def _looks(
    open_: Tab, round_: Tab, machine: "_Machine", minutes: float, told: Told
) -> dict[str, list[dict[str, float]]]:
    seconds = minutes * 60
    count = max(LEAST_LOOKS, round(seconds / LOOK_S))
    found: dict[str, list[dict[str, float]]] = {}
    machine.begin()
    open_.begin()
    for page in islice(cycle(PAGES), count):
        round_.go(page)
        round_.begin()
        time.sleep(
            seconds / count
        )  # never shorter, to catch up: coming to a page costs most, and would be all of it
        name = f"round: {page.split('/')[0]}"
        for what, look in ((name, round_.look), ("left open", open_.look), *machine.looks):
            found.setdefault(what, []).append(look())
            told(what, found[what][-1])
    return found


class _Machine:
    """Processes: the server's, and those that draw pages."""

    def __init__(self, server: psutil.Process, driver: Any) -> None:
        self._server, self._driver = server, psutil.Process(driver.service.process.pid)
        self.looks = (("server", self._of_server), ("pages", self._of_pages))
        self._used, self._at = 0.0, 0.0

    def begin(self) -> None:
        """From now on processor time counts."""
        self._used, self._at = _cpu(self._server), time.monotonic()

    def _of_server(self) -> Look:
        used = (_cpu(self._server) - self._used) / (time.monotonic() - self._at)
        self.begin()
        return {"cpu": round(used, 4), "rss_MB": round(self._server.memory_info().rss / 1e6, 2)}

    def _of_pages(self) -> Look:
        return {"uss_MB": round(sum(map(_uss, self._driver.children(recursive=True))) / 1e6, 1)}


def _uss(process: psutil.Process) -> float:
    """0 for what draws no page, or has just ended."""
    try:
        return float(process.memory_full_info().uss) if "--type=renderer" in process.cmdline() else 0.0
    except psutil.NoSuchProcess:
        return 0.0


def _cpu(process: psutil.Process) -> float:
    times = process.cpu_times()
    return float(times.user + times.system)


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
