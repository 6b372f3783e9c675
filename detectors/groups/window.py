"""The window of a balance: flows and volumes in cells aligned to event time."""

import numpy as np

from detectors._numba import part
from detectors.layout import NS
from detectors.types import Array, Record


@part
def sample(p: Record, lists: Array, signals: Array) -> tuple[float, float, float]:
    """Volume, net flow and gross flow (per second) of the members as they are."""
    volume, net, gross = signals[lists[p.first]].value * p.gain, 0.0, 0.0
    for k in range(1, p.count):
        flow = signals[lists[p.first + k]].value * (NS / p.offset)
        net += flow if k <= p.split else -flow
        gross += abs(flow)
    return volume, net, gross


@part
def open_cell(p: Record, cells: Array, index: int, full: int) -> None:
    cell = cells[p.own + index % p.size]
    cell.index, cell.net, cell.gross, cell.end = index, 0.0, 0.0, np.nan
    cell.full, cell.closed, cell.status, cell.doubt = full, 0, 0, 0


@part
def begin(p: Record, st: Record, time: int, status: int, cells: Array) -> None:
    """The first sample after none: its cell is not measured from the start, unless it begins with it."""
    open_cell(p, cells, time // p.width, 1 if time % p.width == 0 else 0)
    if time % p.width == 0:
        before = cells[p.own + (time // p.width - 1) % p.size]
        before.index, before.end, before.closed = time // p.width - 1, st.volume, 1
        before.full, before.doubt = 0, status


@part
def pour(
    p: Record,
    st: Record,
    cells: Array,
    a: int,
    b: int,
    time: int,
    volume: float,
    net: float,
    gross: float,
    status: int,
) -> None:
    """Add what flowed from ``a`` to ``b``, within one cell, on the straight line from the last sample to this one."""
    span = float(time - st.mark)
    from_, to = (a - st.mark) / span, (b - st.mark) / span
    cell = cells[p.own + (a // p.width) % p.size]
    seconds = (b - a) / NS
    cell.net += 0.5 * ((net - st.net) * (from_ + to) + 2.0 * st.net) * seconds
    cell.gross += 0.5 * ((gross - st.gross) * (from_ + to) + 2.0 * st.gross) * seconds
    cell.status = max(cell.status, status)
    if b % p.width == 0:
        cell.end = st.volume + (volume - st.volume) * to
        cell.closed, cell.doubt = 1, status


@part
def imbalance(p: Record, last: int, cells: Array) -> tuple[float, int]:
    """The imbalance beyond its uncertainty over the cells to ``last``, and the worst status; NaN: not all measured."""
    before = cells[p.own + (last - p.size + 1) % p.size]
    if before.index != last - p.size + 1 or before.closed == 0:
        return np.nan, 0
    net, gross, worst = 0.0, 0.0, before.doubt
    for index in range(last - p.size + 2, last + 1):
        cell = cells[p.own + index % p.size]
        if cell.index != index or cell.full == 0 or cell.closed == 0:
            return np.nan, 0
        net, gross, worst = net + cell.net, gross + cell.gross, max(worst, cell.status)
    found = cells[p.own + last % p.size].end - before.end - net
    u = np.sqrt(2.0 * p.fixed * p.fixed + (p.share * gross) ** 2)
    beyond = max(abs(found) - p.factor * u, 0.0)
    return (beyond if found >= 0.0 else -beyond), worst
