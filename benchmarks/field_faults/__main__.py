"""Faults of the field, wire by wire: ``python -m benchmarks.field_faults [--quick] [--json] [--write]``.

Runs one gateway for each wire, all at once, against simulated devices and a simulated broker; needs no other program.
Ends with 1 if a fault was not seen, did not end, or an alarm was cleared meanwhile. ``--write`` puts the table into
``docs/field.md``.
"""

import argparse
import asyncio
import json
import sys
import tempfile
import time
from collections.abc import Iterator, Sequence
from contextlib import AsyncExitStack, contextmanager
from pathlib import Path
from types import SimpleNamespace

from benchmarks.field_faults import page
from benchmarks.field_faults.faults import DEFAULT, QUICK, ROWS, STEPS, WIRES, Times
from benchmarks.field_faults.trial import Found, Rig, failed, put, rig, stepped
from gateway.app.run import set_up_log
from gateway.model.times import NS
from gateway.runtime import clock


async def measure(wires: Sequence[str], times: Times) -> list[Found]:
    """Every fault on each of ``wires``, one after the other; the wires beside each other."""
    with tempfile.TemporaryDirectory() as folder, _wall() as wall:
        async with AsyncExitStack() as stack:
            rigs = []
            for wire in wires:
                place = Path(folder) / wire
                place.mkdir()
                rigs.append(await stack.enter_async_context(rig(wire, times, place)))
            found = [each for many in await asyncio.gather(*(_all(made) for made in rigs)) for each in many]
            for name, seconds in STEPS:
                wall.step = seconds * NS
                found += await asyncio.gather(*(stepped(made, name) for made in rigs))
    return found


async def _all(made: Rig) -> list[Found]:
    """Up to the first fault that does not end: what is put on top of it would say nothing."""
    found: list[Found] = []
    for row in (row for row in ROWS if made.wire in row.wires):
        found.append(await put(made, row))
        if found[-1].wrong:
            break
    return found


@contextmanager
def _wall() -> Iterator[SimpleNamespace]:
    """The machine's clock as the gateways read it; ``step`` ns ahead of the true one."""
    wall = SimpleNamespace(step=0, monotonic_ns=time.monotonic_ns)
    wall.time_ns = lambda: time.time_ns() + wall.step
    names = vars(clock)
    real, names["time"] = names["time"], wall
    try:
        yield wall
    finally:
        names["time"] = real


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m benchmarks.field_faults", description=__doc__)
    parser.add_argument("--quick", action="store_true", help="short timers instead of the product's own")
    parser.add_argument("--json", action="store_true")
    parser.add_argument("--write", action="store_true", help="put the table into docs/field.md")
    parser.add_argument("--only", choices=WIRES, action="append", help="these wires; default all")
    args = parser.parse_args()
    if args.write and (args.only or args.quick):
        parser.error("--write needs all wires and the product's own timers")
    set_up_log()
    found = asyncio.run(measure(args.only or WIRES, QUICK if args.quick else DEFAULT))
    if args.json:
        print(json.dumps({"faults": [f.as_json() for f in found]}))
    else:
        print(page.text(found))
    for each in failed(found):
        print(f"{each.wire}: {each.fault}: {'; '.join(each.wrong)}", file=sys.stderr)
    if args.write:
        page.write(found)
    sys.exit(1 if failed(found) else 0)


if __name__ == "__main__":
    main()
