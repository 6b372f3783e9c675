"""Size and CPU of a reading in the archive: ``python -m benchmarks.archive [--json]``.

Recorded signals (``FENGSUI_DATA``; without it made-up ones, quantised random walks) as plants polled once a second,
with a few ms of jitter and nanosecond times, go through the store: spool, part, day, read back and compared. The same
readings (tag, source, received, value, quality, input number) as rows of SQLite, in DuckDB where it is there, and in
InfluxDB 1.x where ``influxd`` is. CPU is that of the whole process (of the server for InfluxDB), writing only.
"""

import gzip
import importlib
import importlib.util
import json
import os
import shutil
import sqlite3
import tempfile
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from benchmarks._show import show
from gateway.model.batch import Batch
from gateway.model.effective import dump_site
from gateway.model.inputs import Numbered, Readings, Started
from gateway.model.site import Installation, Site, Tag
from gateway.model.times import NS
from gateway.store import Identity, SavedSnapshot, Store
from gateway.store.archive import manifests
from gateway.store.archive.close import close_days, close_parts
from gateway.store.archive.parquet import load

START = 1_795_000_000 * NS
SECONDS = 20_000
MANY, SLOW = 2_000, 144
TOGETHER = 50
"""inputs a commit: the disk of this machine is not what is measured"""
SETS = {
    "hydraulic test rig, 1 s (UCI)": ("UCI_HYDRAULIC/signals_1hz.csv.gz", 2, None),
    "pump loop, 1 s (SKAB)": ("SKAB/data/anomaly-free/anomaly-free.csv", 1, 9),
    "gas sensors, raw counts": ("GAS_LEAK_MQ/gas_mq.csv.gz", 1, 8),
    "drinking water": ("GECCO_WATER/gecco2018_train.csv.gz", 2, 11),
    "water tank and pumps": ("WATER_TANK_BR/scada.csv.gz", 1, None),
}


@dataclass(frozen=True)
class Plant:
    name: str
    values: NDArray[np.float64]
    """(seconds, tags)"""

    @property
    def readings(self) -> int:
        return self.values.size


def large() -> Plant:
    """Beside them, not in the mean: many tags and few readings of each, a pond's instruments every 10 minutes."""
    walk = np.random.default_rng(1).integers(-2, 3, (SLOW, MANY)).cumsum(0)
    return Plant(f"made up: {MANY} tags, {SLOW} readings each", (walk + 5_000) / 100)


def plants() -> Iterator[Plant]:
    folder = os.environ.get("FENGSUI_DATA", "")
    if not folder:
        rng = np.random.default_rng(1)
        yield Plant(
            "made up: random walks of 0.01",
            np.round(np.cumsum(rng.normal(0, 0.02, (SECONDS, 20)), 0) + 50, 2),
        )
        return
    for name, (path, first, last) in SETS.items():
        values = _csv(Path(folder) / path)[:SECONDS, first:last]
        yield Plant(name, values[:, ~np.isnan(values).all(0)])


def _csv(path: Path) -> NDArray[np.float64]:
    opened: Any = gzip.open if path.suffix == ".gz" else open
    with opened(path, "rt", encoding="utf-8") as file:
        lines = [line.rstrip("\n").replace(";", ",").split(",") for line in file][1:]
    return np.array([[_number(cell) for cell in line] for line in lines])


def _number(cell: str) -> float:
    try:
        return float(cell)
    except ValueError:
        return float("nan")


def stream(plant: Plant, table: str) -> list[Numbered]:
    """One input a second, all tags of it at one moment, as of one device."""
    count = plant.values.shape[1]
    tag, jitter = (
        np.arange(count, dtype=np.int32),
        np.random.default_rng(2).gamma(2, 1.5e6, len(plant.values)),
    )
    found: list[Numbered] = [Numbered(1, Started(START, 0, "0"))]
    for k, values in enumerate(plant.values, 1):
        at = START + k * NS + int(jitter[k - 1])
        times = np.full(count, at)
        quality = np.where(np.isnan(values), 133, 0).astype(np.uint8)
        found.append(Numbered(k + 1, Readings(Batch(table, tag, times, times, values, quality))))
    return found


def site(count: int) -> Site:
    tags = tuple(
        Tag(id=f"T-{i:03d}", raw=f"T-{i}", description="", cls="level", unit="m", installation="A")
        for i in range(count)
    )
    return Site(
        gateway="gw", county="341524", id="bench", name="bench", config_hash="ab" * 32, rules=(), tags=tags,
        installations=(Installation(id="A", name="A"),), links=(),
    )  # fmt: skip


def cpu(work: Callable[[], object]) -> float:
    began = time.process_time()
    work()
    return time.process_time() - began


def ours(plant: Plant, folder: Path) -> dict[str, float]:
    place = site(plant.values.shape[1])
    inputs = stream(plant, place.table)
    store = Store.open(folder, Identity("gw", "341524", "bench"), now=START, reserve_bytes=0)
    store.archive = True
    store.keep_config(place.config_hash, dump_site(place))

    def fill() -> None:
        for first in range(0, len(inputs), TOGETHER):
            some = inputs[first : first + TOGETHER]
            store.commit(some, [], START + some[-1].number * NS)
            for entry in some:
                if isinstance(entry.input, Readings):
                    spans = ((entry.number, len(entry.input.batch)),)
                    store.spool.append(entry.number, entry.number, entry.input.batch, spans)
        store.save_snapshot(SavedSnapshot("v", inputs[-1].number, "c", {}))

    filled = cpu(fill)
    spool = store.spool.used_bytes
    store.close()
    closed = cpu(lambda: (close_parts(folder, before="9999"), close_days(folder, before="9999")))
    size = sum(m.bytes for m in manifests(folder))
    n = plant.readings
    return {
        "bytes": size / n, "us": closed / n * 1e6, "spool_bytes": spool / n, "spool_us": filled / n * 1e6,
    }  # fmt: skip


def columns(plant: Plant) -> Iterator[list[tuple[int, int, int, float, int, int]]]:
    for entry in stream(plant, "bench")[1:]:
        b = entry.input.batch  # type: ignore[union-attr]
        cells = (b.tag, b.source, b.received, b.value, b.quality)
        yield [(*row, entry.number) for row in zip(*(c.tolist() for c in cells), strict=True)]


def sqlite_rows(plant: Plant, folder: Path) -> dict[str, float]:
    folder.mkdir()
    rows = list(columns(plant))
    db = sqlite3.connect(folder / "rows.db", isolation_level=None)
    db.execute("PRAGMA journal_mode=WAL")
    db.execute(
        "CREATE TABLE r(tag INTEGER, source INTEGER, received INTEGER, value REAL, quality INTEGER, input INTEGER)"
    )

    def fill() -> None:
        for some in rows:
            db.execute("BEGIN")
            db.executemany("INSERT INTO r VALUES(?,?,?,?,?,?)", some)
            db.execute("COMMIT")

    used = cpu(fill)
    db.close()
    return _per(plant, folder, used)


def duckdb_rows(plant: Plant, folder: Path) -> dict[str, float] | str:
    if importlib.util.find_spec("duckdb") is None:
        return "not run: no duckdb"
    duckdb = importlib.import_module("duckdb")
    import pyarrow as pa

    folder.mkdir()
    rows = [row for some in columns(plant) for row in some]
    table = pa.table(dict(zip("abcdef", map(list, zip(*rows, strict=True)), strict=True)))
    db = duckdb.connect(str(folder / "rows.duckdb"))
    db.register("given", table)
    used = cpu(lambda: db.execute("CREATE TABLE r AS SELECT * FROM given ORDER BY a, b; CHECKPOINT"))
    db.close()
    return _per(plant, folder, used)


def influx(plant: Plant, folder: Path) -> dict[str, float] | str:
    binary = shutil.which("influxd")
    if binary is None:
        return "not run: no influxd"
    from tests.servers import Influxd

    folder.mkdir()
    os.environ["INFLUXDB_DATA_CACHE_SNAPSHOT_WRITE_COLD_DURATION"] = "1s"
    server = Influxd(binary, folder)
    server.start()
    try:
        server.create_database("bench")
        pid, began = server.pid, _ticks(server.pid)
        lines: list[str] = []
        for some in columns(plant):
            # An InfluxDB value cannot be NaN: it is left out.
            lines += [
                f"reading,tag=T-{t:03d} {'' if v != v else f'value={v!r},'}quality={q}i,delay={r - s}i,input={n}i {s}"  # noqa: PLR0124
                for t, s, r, v, q, n in some
            ]
            if len(lines) >= 5_000:
                server.write("bench", "\n".join(lines))
                lines = []
        server.write("bench", "\n".join(lines))
        for _ in range(60):  # until its memory is in files, packed
            if _size(folder / "wal") < 1000 and not list((folder / "data").rglob("*.tmp")):
                break
            time.sleep(0.5)
        used = (_ticks(pid) - began) / os.sysconf("SC_CLK_TCK")
    finally:
        server.stop()
    shards = sum(_size(p) for p in (folder / "data/bench/autogen").iterdir())
    return {"bytes": shards / plant.readings, "us": used / plant.readings * 1e6,
            "wal_bytes": _size(folder / "wal") / plant.readings}  # fmt: skip


def _ticks(pid: int) -> int:
    fields = Path(f"/proc/{pid}/stat").read_text(encoding="ascii").rpartition(")")[2].split()
    return int(fields[11]) + int(fields[12])


def _per(plant: Plant, folder: Path, used: float) -> dict[str, float]:
    return {"bytes": _size(folder) / plant.readings, "us": used / plant.readings * 1e6}


def _size(folder: Path) -> int:
    return sum(p.stat().st_size for p in folder.rglob("*") if p.is_file())


def measured(plant: Plant) -> dict[str, Any]:
    """A plant, ours and the peers."""
    works = {"sqlite rows": sqlite_rows, "duckdb": duckdb_rows, "influxdb 1.x": influx}
    with tempfile.TemporaryDirectory() as folder:
        row: dict[str, Any] = {"readings": plant.readings, "ours": ours(plant, Path(folder) / "ours")}
        for name, work in works.items():
            row[name] = work(plant, Path(folder) / name.replace(" ", "_"))
    return row


def mean(rows: Sequence[dict[str, Any]], who: str, what: str) -> float | str:
    """Over all readings; or why it was not run."""
    found = [(row[who], row["readings"]) for row in rows]
    if isinstance(found[0][0], str):
        return str(found[0][0])
    return float(sum(f[what] * n for f, n in found) / sum(n for _, n in found))


def main() -> None:
    load()  # pyarrow is imported once in a process's life
    table = {plant.name: measured(plant) for plant in plants()}
    rows = list(table.values())
    wide = large()
    beside = {wide.name: measured(wide)}
    names = [name for name in rows[0] if name != "readings"]
    peers = {name: mean(rows, name, "bytes") for name in names[1:]}
    times = {name: mean(rows, name, "us") for name in names}
    used = {name: round(t, 3) for name, t in times.items() if isinstance(t, float)}
    size = mean(rows, "ours", "bytes")
    assert isinstance(size, float)
    show("archive", "bytes a reading", size, peers, cpu_us_a_reading=used,
         sets=json.loads(json.dumps(table | beside), parse_float=lambda x: round(float(x), 3)))  # fmt: skip


if __name__ == "__main__":
    main()
