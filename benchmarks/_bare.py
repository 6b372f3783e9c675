"""The bare loop of ``benchmarks.delivery``, in a process of its own: it posts lines that were made beforehand, and
nothing else. ``python -m benchmarks._bare HOST PORT DATABASE BASE PERIOD``, then ``FIRST LAST`` in seconds of the
backlog, a line each; answered by ``ready``, and after ``go`` by how long the POSTs took (s).
"""

import http.client
import sys
import time
from collections.abc import Iterator, Sequence

from benchmarks._plant import LINES, Day, plant
from gateway.model.batch import Batch, concat
from gateway.sinks.influxdb.encode import prefixes, reading_text

TOGETHER = 20
"""seconds whose lines are cut together"""


def texts(day: Day, first: int, last: int) -> list[bytes]:
    """Bodies of the POSTs of these seconds, ``LINES`` lines each but the last."""
    table = prefixes(plant())
    return [reading_text(table, some).encode() for some in _cut(day, first, last)]


def _cut(day: Day, first: int, last: int) -> Iterator[Batch]:
    left = Batch.empty(day.table)
    for at in range(first, last, TOGETHER):
        seconds = range(at, min(at + TOGETHER, last))
        left = concat(day.table, [left, *(poll for second in seconds for poll in day.polls(second))])
        whole = len(left) // LINES * LINES
        yield from (left.slice(k, k + LINES) for k in range(0, whole, LINES))
        left = left.slice(whole, len(left))
    if len(left):
        yield left


def post(connection: http.client.HTTPConnection, target: str, bodies: Sequence[bytes]) -> float:
    """Seconds for all of them, one after another.

    Raises:
        RuntimeError: not stored.
    """
    began = time.perf_counter()
    for body in bodies:
        connection.request("POST", target, body)
        answer = connection.getresponse()
        answer.read()
        if answer.status != 204:
            raise RuntimeError(answer.status)
    return time.perf_counter() - began


def main() -> None:
    """Turn after turn, until the input ends."""
    host, port, database, base, period = sys.argv[1:]
    connection = http.client.HTTPConnection(host, int(port), timeout=60)
    day = Day(plant().table, int(base), int(period))
    for order in sys.stdin:
        first, last = map(int, order.split())
        bodies = texts(day, first, last)
        sys.stdout.write("ready\n")
        sys.stdout.flush()
        sys.stdin.readline()
        sys.stdout.write(f"{post(connection, f'/write?db={database}&precision=ns', bodies)}\n")
        sys.stdout.flush()
        del bodies
    connection.close()


if __name__ == "__main__":
    main()
