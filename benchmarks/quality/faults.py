"""Bad values of real instruments and historians: told as faults of the instrument, never as alarms of the process."""

from collections import Counter
from collections.abc import Iterable

import numpy as np
from numpy.typing import NDArray

from benchmarks.quality import sources
from benchmarks.quality.figures import Figure, least, most
from benchmarks.quality.table import Table, inside, judge, site, spans
from gateway.history.form import Form
from gateway.history.recording import Recording
from gateway.history.run import Outcome, backtest
from gateway.model.quality import Quality

MINUTE = 60_000_000_000
WRAPPED_MCA = 600.0
"""no pump of that plant makes it: a 16-bit number below zero"""
POLDER_FLAGS = {"0": 0, "3": int(Quality.SOURCE_UNCERTAIN), "8": int(Quality.SOURCE_BAD)}
"""as the exporting system uses them: 0 reliable, 3 doubtful, 8 missing"""
TANK = {
    "inflow": "inflow_Ls",
    "level": "tank_level_pct",
    "pressure_raw": "pressure_mca",
    "pump1": "pump1_raw",
    "pump2": "pump2_raw",
}


def tank() -> Table:
    """WATER_TANK_BR by the tags of the site."""
    header, rows = sources.lines(sources.folder("WATER_TANK_BR") / "scada.csv.gz")
    values = sources.numbers(rows, [header.index(c) for c in TANK.values()])
    return Table(sources.times([r[0] for r in rows]), dict(zip(TANK, values, strict=True)))


def faults(outcome: Outcome, tag: str) -> list[tuple[int, int]]:
    """Stretches in which the instrument was told to be at fault."""
    return [(s.start, s.end) for s in spans(outcome, f"{tag}.FAULT")]


def during(times: NDArray[np.int64], stretches: Iterable[tuple[int, int]]) -> NDArray[np.bool_]:
    """Which times lie in one of the stretches."""
    out = np.zeros(len(times), np.bool_)
    for start, end in stretches:
        out |= (times >= start) & (times < end)
    return out


def of_tank() -> list[Figure]:
    """Pressures that a 16-bit number wrapped round to."""
    table = tank()
    outcome = judge("watertank", table, step=MINUTE)
    wrapped = table.columns_by_tag["pressure_raw"] > WRAPPED_MCA
    told = during(table.time[wrapped], faults(outcome, "pressure"))
    high = spans(outcome, "pressure.H")
    alarms = inside(table.time, high)
    return [
        least("WATER_TANK_BR", f"wrapped pressures under a fault, of {wrapped.sum()}", float(told.sum()), wrapped.sum(),
              "more than a signed number can say is no number: a computed tag says so"),
        most("WATER_TANK_BR", "of them under a pressure alarm", float((alarms & wrapped).sum()), 0.0,
             f"limit 60 mca; {len(high)} pressure alarms in all"),
    ]  # fmt: skip


def of_historian() -> list[Figure]:
    """Words where a number should be."""
    path = sources.folder("PETROBRAS_PROCESS") / "historian.csv.gz"
    header, rows = sources.lines(path)
    times = sources.times([r[0] for r in rows])
    outcome = backtest(site("petrobras").site, Recording((path,), Form(zone="+00:00")), step=MINUTE)
    words, told = Counter[str](), Counter[str]()
    for column, tag in enumerate(header[1:], 1):
        bad = np.array([np.isnan(sources.number(r[column])) for r in rows])
        if not bad.any():
            continue
        seen = dict(zip(times[bad].tolist(), during(times[bad], faults(outcome, tag)).tolist(), strict=True))
        for row, time in zip(rows, times.tolist(), strict=True):
            if time in seen and np.isnan(sources.number(row[column])):
                words[row[column]] += 1
                told[row[column]] += seen[time]
    alarms = [e for _, e in outcome.decisions if e.id and not e.fault]
    note = ", ".join(f"{word!r} {told[word]} of {n}" for word, n in words.most_common())
    return [
        least("PETROBRAS_PROCESS", f"cells with words under a fault, of {words.total()}", float(told.total()),
              words.total(), note),
        most("PETROBRAS_PROCESS", "process alarms from them", float(len(alarms)), 0.0),
    ]  # fmt: skip


def of_polder() -> list[Figure]:
    """Flags of the exporting system, missing values, and a level that falls to 0."""
    _, rows = sources.lines(sources.folder("POLDER_WATERLEVEL") / "waalenburg.csv.gz")
    value = np.array([sources.number(r[3]) for r in rows])
    quality = np.array(
        [POLDER_FLAGS.get(r[4].strip(), int(Quality.SOURCE_UNCERTAIN)) for r in rows], np.uint8
    )
    time = sources.times([r[0] for r in rows])
    outcome = judge("polder", Table(time, {"H10": value}, {"H10": quality}), step=MINUTE)
    missing = quality == Quality.SOURCE_BAD
    told = during(time[missing], faults(outcome, "H10"))
    events = [e for _, e in outcome.decisions if e.id and not e.fault]
    cleared = [e for e in events if e.event.value == "cleared"]
    by_doubt = sum(bool(quality[np.searchsorted(time, e.time)] >= 64) for e in cleared)
    return [
        least("POLDER_WATERLEVEL", f"missing values under a fault, of {missing.sum()}", float(told.sum()),
              missing.sum()),
        most("POLDER_WATERLEVEL", "alarms cleared by a doubtful value", float(by_doubt), 0.0,
             f"{len(cleared)} cleared in all; {int((quality == Quality.SOURCE_UNCERTAIN).sum())} doubtful values"),
    ]  # fmt: skip


def run() -> list[Figure]:
    """All three."""
    return [*of_tank(), *of_historian(), *of_polder()]
