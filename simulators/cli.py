"""The command line: ``run`` a scenario on the wire, compute its ``truth``, ``check`` it, list its ``tags``."""

import argparse
import asyncio
import json
import math
import os
import sys
from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict
from pathlib import Path
from typing import Any

from simulators.errors import BadData
from simulators.mqtt import Broker
from simulators.player import Player
from simulators.record import write_recording
from simulators.replay.play import Pace, Replay
from simulators.replay.recording import UNITS, Reading, read
from simulators.replay.wiring import Wiring, load_wiring
from simulators.run import Options, Simulator
from simulators.scenario import Scenario, find, load_scenario


def main(argv: Sequence[str] | None = None) -> int:
    """0 = done, 1 = the scenario does not keep its own promises (check), 2 = bad usage or file."""
    asked = _parser().parse_args(argv)
    try:
        if asked.command == "replay":
            return _replay(asked)
        return _COMMANDS[asked.command](load_scenario(find(asked.scenario)), asked)
    except BadData as error:
        sys.stderr.write(f"{error}\n")
        return 2


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m simulators", description=__doc__)
    commands = parser.add_subparsers(dest="command", required=True)
    _run_options(commands.add_parser("run", help="play a scenario on Modbus TCP and MQTT"))
    for name, text in (
        ("truth", "compute the truth of a scenario without wires, as JSON"),
        ("check", "is every expected alarm's cause where the file says it is?"),
        ("tags", "every tag of the scenario's plant, as JSON"),
    ):
        commands.add_parser(name, help=text).add_argument("scenario")
    record = commands.add_parser(
        "record", help="what the instruments say, as CSV without wires; prints the truth"
    )
    record.add_argument("scenario")
    record.add_argument("--out", type=Path, required=True, metavar="FILE")
    record.add_argument("--every", type=float, default=5.0, metavar="S", help="plant seconds between rows")
    record.add_argument(
        "--start", type=int, default=1_767_225_600, metavar="S", help="epoch second of the first row"
    )
    _replay_options(commands.add_parser("replay", help="put recorded readings on the wire again"))
    return parser


def _replay_options(replay: argparse.ArgumentParser) -> None:
    add = replay.add_argument
    add("data", type=Path, help="CSV or Parquet: a column for each tag, or a row for each reading")
    add(
        "--wiring",
        type=Path,
        required=True,
        metavar="FILE",
        help="where each tag goes; see simulators/README.md",
    )
    add("--speed", type=float, default=1.0, help="recorded seconds per wall second")
    add("--time-unit", choices=tuple(UNITS), default="s", help="of times that are numbers")
    add(
        "--keep-times", action="store_true", help="publish the recorded source times, not those of the replay"
    )
    add("--for", type=float, dest="for_s", metavar="S", help="stop after this many wall seconds")
    add("--stay", action="store_true", help="go on after the end until stopped")


def _run_options(run: argparse.ArgumentParser) -> None:
    add = run.add_argument
    add("scenario", help="a scenario file, or the name of one that comes with the package")
    add("--modbus-port-base", type=int, help="first port; default: free ports, see the ready line")
    add("--host", default="127.0.0.1", help="address the devices listen on")
    add("--mqtt", metavar="HOST:PORT", help="broker to publish to; default: no MQTT")
    add(
        "--broker",
        type=int,
        metavar="PORT",
        help="run a broker of our own that scenarios may break; 0: a free port",
    )
    add("--mqtt-user", default="")
    add("--mqtt-password-env", default="", metavar="NAME", help="environment variable with the password")
    add("--speed", type=float, help="plant seconds per wall second; default: the scenario's")
    add("--t0", type=int, metavar="NS", help="plant time at the start, epoch ns; default: wall0")
    add("--wall0", type=int, metavar="NS", help="wall time at the start, epoch ns; default: now")
    add("--control", type=int, metavar="PORT", help="control port on loopback; 0 takes a free one")
    add("--truth", type=Path, metavar="FILE", help="keep the truth so far in this JSON file")
    add("--for", type=float, dest="for_s", metavar="S", help="stop after this many wall seconds")
    add("--exit-at-end", action="store_true", help="stop when the scenario's duration is over")
    add("--hold", action="store_true", help="wait for `start` on the control port")


def _broker(address: str | None, user: str, password_env: str) -> Broker | None:
    if address is None:
        return None
    host, _, port = address.rpartition(":")
    if not host or not port.isdigit():
        raise BadData(f"--mqtt {address!r}: HOST:PORT is needed")
    return Broker(host, int(port), user, os.environ.get(password_env, ""))


def _run(scenario: Scenario, asked: argparse.Namespace) -> int:
    broker = _broker(asked.mqtt, asked.mqtt_user, asked.mqtt_password_env)
    if asked.hold and asked.control is None:
        raise BadData("--hold needs --control: nothing else could start the plant")
    if asked.speed is not None and not 0.0 < asked.speed < math.inf:
        raise BadData("--speed is a positive number")
    options = Options(
        asked.modbus_port_base, asked.host, broker, asked.speed, asked.t0, asked.wall0,
        asked.control, asked.truth, asked.for_s, asked.hold, asked.exit_at_end,
        asked.broker,
    )  # fmt: skip
    asyncio.run(_simulate(scenario, options))
    return 0


async def _simulate(scenario: Scenario, options: Options) -> None:
    await Simulator(scenario, options).run()


def _replay(asked: argparse.Namespace) -> int:
    if not 0.0 < asked.speed < math.inf:
        raise BadData("--speed is a positive number")
    wiring, readings = load_wiring(asked.wiring), read(asked.data, asked.time_unit)
    pace = Pace(asked.speed, asked.for_s, asked.keep_times, asked.stay)
    done = asyncio.run(_replayed(readings, wiring, pace))
    sys.stdout.write(json.dumps(done) + "\n")
    return 0


async def _replayed(readings: Sequence[Reading], wiring: Wiring, pace: Pace) -> dict[str, Any]:
    return await Replay(readings, wiring, pace).run()


def play_out(scenario: Scenario) -> Player:
    """The scenario played to its end, as fast as it goes."""
    player = Player(scenario)
    player.advance(scenario.duration_s)
    return player


def _truth(scenario: Scenario, _: argparse.Namespace) -> int:
    return _print(play_out(scenario).report())


def _check(scenario: Scenario, _: argparse.Namespace) -> int:
    faults = broken_promises(scenario, play_out(scenario).report())
    _print({"scenario": scenario.scenario, "ok": not faults, "problems": faults})
    return int(bool(faults))


def broken_promises(scenario: Scenario, truth: Mapping[str, Any]) -> list[str]:
    """Expected alarms whose cause came outside ``between``, never came, or that cannot end in time."""
    problems = []
    for expected, found in zip(scenario.expect, truth["expect"], strict=True):
        low, high = expected.between
        if not found["active"] or not low <= found["active"][0][0] <= high:
            problems.append(f"{expected.id}: cause at {found['active']}, promised within [{low}, {high}] s")
        elif found["must_end"] and not (found["end"] and found["end"] <= scenario.duration_s):
            problems.append(f"{expected.id}: must end, but latest end is {found['end']}")
    return problems


def _tags(scenario: Scenario, _: argparse.Namespace) -> int:
    site = Player(scenario).site
    devices = {name: asdict(device) for name, device in site.devices.items()}
    tags = [asdict(tag) for tag in site.tags.values()]
    return _print({"plant": site.name, "mqtt_root": site.mqtt_root, "devices": devices, "tags": tags})


def _record(scenario: Scenario, asked: argparse.Namespace) -> int:
    return _print(write_recording(scenario, asked.out, asked.every, asked.start))


def _print(document: object) -> int:
    sys.stdout.write(json.dumps(document, ensure_ascii=False, indent=1) + "\n")
    return 0


_COMMANDS: dict[str, Callable[[Scenario, argparse.Namespace], int]] = {
    "run": _run,
    "truth": _truth,
    "check": _check,
    "tags": _tags,
    "record": _record,
}
