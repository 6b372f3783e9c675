"""The console under load: first view in a browser, server CPU a client, browser CPU and memory over time, 10,000 tags.

``python -m benchmarks.console [--minutes 2] [--json]`` exits 1 where an aim is missed. ``--minutes 60`` watches for
that hour a page of alarms that is left open, one that goes round all pages, and the server
(:mod:`benchmarks._console_watch`), and tells each look on standard error when it is taken; ``--only`` leaves the other
figures out. The plant is a process of its own: every
tag moves once a second and an alarm comes and goes. Server CPU is the difference between one client and eleven, so that
making the readings, and the one encoding that serves all, do not count. ``thread_s`` is what the page's own thread
worked for the first view: on a busy machine ``seconds`` says more of the machine (``load``) than of the page.
"""

import argparse
import asyncio
import json
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import psutil

from benchmarks._console_watch import watch

AIMS = {"first_view_s": 1.0, "first_view_kB": 300.0, "server_cpu_per_10_clients": 0.02}
SETTLE_S = 3
CLIENTS = 10


@contextmanager
def server(tags: int, alarms: int) -> Iterator[tuple[str, psutil.Process]]:
    command = [
        sys.executable,
        "-m",
        "benchmarks._console_server",
        "--tags",
        str(tags),
        "--alarms",
        str(alarms),
    ]
    process = subprocess.Popen(command, stdout=subprocess.PIPE, text=True)
    try:
        assert process.stdout is not None
        told = json.loads(process.stdout.readline())
        yield told["url"], psutil.Process(told["pid"])
    finally:
        process.terminate()  # a shell's background jobs ignore SIGINT, and so would what they start
        process.wait(10)


# --- the server ------------------------------------------------------------------------------------------------------


async def _client(host: str, port: int, stop: asyncio.Event) -> int:
    """A browser's stream as bytes: read and thrown away."""
    reader, writer = await asyncio.open_connection(host, port)
    head = f"GET /api/v1/stream HTTP/1.1\r\nHost: {host}:{port}\r\nAccept-Encoding: gzip\r\n\r\n"
    writer.write(head.encode())
    count = 0
    while not stop.is_set():
        try:
            async with asyncio.timeout(1):
                count += len(await reader.read(1 << 16))
        except TimeoutError:
            continue
    writer.close()
    return count


async def _load(url: str, clients: int, process: psutil.Process, seconds: float) -> tuple[float, float]:
    """CPU (cores) of the server and bytes a second and client."""
    host, _, port = url.removeprefix("http://").rstrip("/").partition(":")
    stop = asyncio.Event()
    tasks = [asyncio.create_task(_client(host, int(port), stop)) for _ in range(clients)]
    await asyncio.sleep(SETTLE_S)
    before, began = _cpu(process), time.monotonic()
    await asyncio.sleep(seconds)
    used = (_cpu(process) - before) / (time.monotonic() - began)
    stop.set()
    counts = await asyncio.gather(*tasks)
    return used, sum(counts) / max(1, clients) / (seconds + SETTLE_S)


def _cpu(process: psutil.Process) -> float:
    times = process.cpu_times()
    return float(times.user + times.system)


def measure_server(tags: int, alarms: int, seconds: float) -> dict[str, Any]:
    with server(tags, alarms) as (url, process):
        alone, _ = asyncio.run(_load(url, 0, process, seconds))
        one, _ = asyncio.run(_load(url, 1, process, seconds))
        ten, rate = asyncio.run(_load(url, CLIENTS + 1, process, seconds))
        memory = process.memory_info().rss
    return {
        "tags": tags, "alarms": alarms, "cpu_no_client": round(alone, 4), "cpu_first_client": round(one - alone, 4),
        "cpu_per_10_clients": round(ten - one, 4), "kB_per_s_and_client": round(rate / 1000, 1), "rss_MB": memory >> 20,
    }  # fmt: skip


# --- the browser -----------------------------------------------------------------------------------------------------


class Browser:
    """Chromium with its own figures."""

    def __init__(self, folder: Path) -> None:
        from scripts.screenshot import browser

        self.driver = browser(folder, 1400, 900)
        self.driver.execute_cdp_cmd("Performance.enable", {"timeDomain": "threadTicks"})

    def first_view(self, url: str, page: str) -> dict[str, float]:
        """From an empty cache to a page with values on it."""
        self.driver.get("about:blank")
        self.driver.execute_cdp_cmd("Network.clearBrowserCache", {})
        self.driver.get_log("performance")  # type: ignore[no-untyped-call]
        before, began = self.figures()["TaskDuration"], time.monotonic()
        self.driver.get(f"{url}?lang=en#/{page}")
        while not self.driver.execute_script(SEEN):
            time.sleep(0.01)
        seconds, thread = time.monotonic() - began, self.figures()["TaskDuration"] - before
        time.sleep(0.3)
        return {
            "seconds": round(seconds, 3),
            "thread_s": round(thread, 3),
            "kB": round(self._bytes() / 1000, 1),
        }

    def _bytes(self) -> float:
        total = 0.0
        for entry in self.driver.get_log("performance"):  # type: ignore[no-untyped-call]
            message = json.loads(entry["message"])["message"]
            if message["method"] in {"Network.loadingFinished", "Network.dataReceived"}:
                total += message["params"].get("encodedDataLength", 0) * (
                    message["method"] == "Network.dataReceived"
                )
        return total

    def figures(self) -> dict[str, float]:
        self.driver.execute_cdp_cmd("HeapProfiler.collectGarbage", {})
        found = self.driver.execute_cdp_cmd("Performance.getMetrics", {})["metrics"]
        return {m["name"]: m["value"] for m in found}

    def typing(self, url: str) -> float:
        """Longest a search among all tags takes, ms."""
        self.driver.get(f"{url}?lang=en#/tags")
        while not self.driver.execute_script("return document.querySelectorAll('.tagrow').length"):
            time.sleep(0.05)
        return float(self.driver.execute_script(TYPE))

    def close(self) -> None:
        self.driver.quit()


SEEN = """const lost = document.body.className !== '' || !document.querySelector('#view');
return !lost && (document.querySelector('#view .card, #view tr.alarm, #view .tagrow b, #view .tagrow .value') !== null)
  && performance.getEntriesByType('resource').some(e => e.name.endsWith('/api/v1/tags'))"""
TYPE = """const box = document.querySelector('#view input[type=search]'); let worst = 0;
for (const words of ['T', 'TI', 'TI-1', 'TI-15', '']) { box.value = words; const began = performance.now();
  box.dispatchEvent(new Event('input')); document.body.offsetHeight;
  worst = Math.max(worst, performance.now() - began); }
return worst"""


def measure_browser(tags: int, alarms: int, minutes: float) -> dict[str, Any]:
    with (
        tempfile.TemporaryDirectory(prefix="fengsui-bench-", ignore_cleanup_errors=True) as folder,
        server(tags, alarms) as (url, process),
    ):
        browser = Browser(Path(folder))
        try:
            views = [browser.first_view(url, page) for page in ("overview", "alarms")]
            search = browser.typing(url)
        finally:
            browser.close()
        long = watch(Path(folder) / "watched", url, process, minutes, tell) if minutes else None
    worst = {name: max(v[name] for v in views) for name in views[0]}
    return {
        "tags": tags,
        "alarms": alarms,
        "first_view": worst,
        "search_ms": round(search, 1),
        "over_time": long,
    }


def _busy() -> float:
    return round(psutil.getloadavg()[0] / (psutil.cpu_count() or 1), 2)


def report(minutes: float) -> dict[str, Any]:
    served = measure_server(1000, 500, 10)
    seen = measure_browser(1000, 500, minutes)
    many = measure_browser(10_000, 500, 0.0)
    met = {
        "first_view_s": seen["first_view"]["seconds"] < AIMS["first_view_s"],
        "first_view_kB": seen["first_view"]["kB"] < AIMS["first_view_kB"],
        "server_cpu_per_10_clients": served["cpu_per_10_clients"] < AIMS["server_cpu_per_10_clients"],
        "flat": seen["over_time"] is None or seen["over_time"]["flat"],
    }
    return {
        "benchmark": "console",
        "load": _busy(),
        "aims": AIMS,
        "met": met,
        "server": served,
        "browser": seen,
        "ten_thousand": many,
    }


def tell(what: str, look: dict[str, float]) -> None:
    """A look, at once: of a watch that is cut short the looks remain."""
    print(json.dumps({"look": what, **look}), file=sys.stderr, flush=True)


def watched(minutes: float) -> dict[str, Any]:
    """The watch alone."""
    with (
        tempfile.TemporaryDirectory(prefix="fengsui-bench-", ignore_cleanup_errors=True) as folder,
        server(1000, 500) as (url, process),
    ):
        found = watch(Path(folder), url, process, minutes, tell)
    return {"benchmark": "console", "load": _busy(), "met": {"flat": found["flat"]}, "over_time": found}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--json", action="store_true")
    parser.add_argument("--minutes", type=float, default=2.0, help="how long the pages are watched")
    parser.add_argument("--only", action="store_true", help="watch, and measure nothing else")
    asked = parser.parse_args()
    found = watched(asked.minutes) if asked.only else report(asked.minutes)
    print(json.dumps(found) if asked.json else json.dumps(found, indent=1))
    raise SystemExit(0 if all(found["met"].values()) else 1)


if __name__ == "__main__":
    main()
