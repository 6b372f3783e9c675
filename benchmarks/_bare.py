"""The bare loop of ``benchmarks.delivery``, in a process of its own: it posts lines that were made beforehand, and
nothing else. ``python -m benchmarks._bare HOST PORT DATABASE BASE``, then ``FIRST LAST`` in seconds of the backlog, a
line each; answered by ``ready``, and after ``go`` by how long the POSTs took (s).
"""

import http.client
import sys
import time
from collections.abc import Sequence

from benchmarks._plant import LINES, TAGS, plant, readings
from gateway.sinks.influxdb.encode import Prefixes, prefixes, reading_text


def texts(table: Prefixes, seconds: Sequence[int], base: int) -> list[bytes]:
    """Bodies of the POSTs, ``LINES`` lines each, of these seconds."""
    site = plant()
    batches = (readings(site, base, second) for second in seconds)
    return [
        reading_text(table, b.slice(at, at + LINES)).encode() for b in batches for at in range(0, TAGS, LINES)
    ]


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
    host, port, database, base = sys.argv[1:]
    connection, table = http.client.HTTPConnection(host, int(port), timeout=60), prefixes(plant())
    for order in sys.stdin:
        first, last = map(int, order.split())
        bodies = texts(table, range(first, last), int(base))
        sys.stdout.write("ready\n")
        sys.stdout.flush()
        sys.stdin.readline()
        sys.stdout.write(f"{post(connection, f'/write?db={database}&precision=ns', bodies)}\n")
        sys.stdout.flush()
    connection.close()


if __name__ == "__main__":
    main()
