"""``fengsui replay``: recorded readings on the wire again, as a process of its own."""

import json
import re
import tempfile
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, Final

import typer

from gateway.cli.child import simulators
from gateway.cli.given import span_of
from gateway.model.errors import Fault, Misconfigured
from gateway.model.site import Signal, Tag
from gateway.model.times import NS

if TYPE_CHECKING:
    from gateway.config.load import SourcePart

BROKER: Final = re.compile(r"mqtt://(?:([^@/:]+)@)?([^:/@]+):([0-9]{1,5})/(.+)")
MOST_PORT: Final = 65535
HERE: Final = ("127.0.0.1", "localhost")
WIRES: Final = {"modbus-tcp": "tcp", "modbus-serial-tcp": "{framing}-tcp"}
FUNCTIONS: Final = {"coil": 1, "discrete": 2, "holding": 3, "input": 4}
TYPES: Final = ("int16", "uint16", "int32", "uint32", "int64", "uint64", "float32", "float64")
WHERE: Final = "replay --into"


def replay(  # noqa: PLR0913 - one parameter an option
    data: Annotated[
        Path,
        typer.Argument(
            help="CSV or Parquet: a column for each tag, or a row for each reading as `export` writes"
        ),
    ],
    *,
    into: Annotated[
        str,
        typer.Option(
            metavar="WHERE",
            help="a site file: its Modbus sources on this machine and its brokers get what they read; "
            "or mqtt://[USER@]HOST:PORT/topic/{tag}",
        ),
    ],
    speed: Annotated[float, typer.Option(help="recorded seconds in one second")] = 1.0,
    for_: Annotated[str, typer.Option("--for", metavar="TIME", help="stop after this time, e.g. 60s")] = "",
    time_unit: Annotated[str, typer.Option(help="of times that are numbers: s, ms, us or ns")] = "s",
    password_env: Annotated[str, typer.Option(help="environment variable with the broker's password")] = "",
    keep_times: Annotated[
        bool, typer.Option("--keep-times", help="publish source times as recorded, not as if measured now")
    ] = False,
    stay: Annotated[bool, typer.Option("--stay", help="go on after the end until stopped")] = False,
) -> None:
    """Put recorded readings on the wire again, at any speed: on MQTT, and as Modbus devices that answer."""
    wiring, left = _wiring(into, password_env)
    for line in left:
        typer.echo(f"not played: {line}", err=True)
    with tempfile.TemporaryDirectory(prefix="fengsui-replay-") as folder:
        file = Path(folder) / "wiring.yaml"
        file.write_text(json.dumps(wiring, ensure_ascii=False), encoding="utf-8")
        options = ["--wiring", str(file), "--speed", f"{speed:g}", "--time-unit", time_unit]
        options += ["--keep-times"] * keep_times + ["--stay"] * stay
        if for_:
            options += ["--for", f"{span_of('--for', for_, some=True) / NS:g}"]
        status = simulators(["replay", str(data), *options])
    raise typer.Exit(status)


def _wiring(into: str, password_env: str) -> tuple[dict[str, Any], list[str]]:
    """What the simulator is told, and the tags it cannot play with the reason."""
    if into.startswith("mqtt:"):
        return {"mqtt": {"broker": _broker(into, password_env)}}, []
    from gateway.config.load import load

    loaded = load(Path(into))
    wiring: dict[str, Any] = {"devices": {}, "registers": {}, "mqtt": {}}
    left = [line for part in loaded.sources for line in _part(part, wiring)]
    if not wiring["registers"] and not wiring["mqtt"]:
        raise Misconfigured(
            [Fault(into, None, WHERE, "no tag that can be played", "a site with modbus-tcp or mqtt sources")]
        )
    return wiring, left


def _broker(into: str, password_env: str) -> dict[str, Any]:
    found = BROKER.fullmatch(into)
    if found is None or "{tag}" not in found[4] or not 0 < int(found[3]) <= MOST_PORT:
        raise Misconfigured(
            [
                Fault(
                    "fengsui replay",
                    None,
                    "--into",
                    into,
                    "mqtt://[USER@]HOST:PORT/topic/{tag}, or a site file",
                )
            ]
        )
    user, host, port, topic = found.groups()
    return {"host": host, "port": int(port), "user": user or "", "password_env": password_env,
            "time": "ts", "every": topic}  # fmt: skip


def _part(part: "SourcePart", wiring: dict[str, Any]) -> Iterator[str]:
    """One source into the wiring; yields what cannot be played of it."""
    if part.kind in WIRES:
        yield from _device(part, wiring)
    elif part.kind == "mqtt" and part.settings.format == "json":
        yield from _topics(part, wiring)
    else:
        kind = "mqtt with " + part.settings.format if part.kind == "mqtt" else part.kind
        yield f"{part.name}: {len(part.bound)} tags of a source of kind {kind}"


# --- Modbus -----------------------------------------------------------------------------------------------------------


def _device(part: "SourcePart", wiring: dict[str, Any]) -> Iterator[str]:
    host, port = part.settings.host, part.settings.port
    if host not in HERE:
        allowed = f"{' or '.join(HERE)}: a copy of the site file whose source is on this machine"
        raise Misconfigured([Fault(WHERE, None, f"sources.{part.name}.host", host, allowed)])
    wire = WIRES[part.kind].format(framing=getattr(part.settings, "framing", ""))
    wiring["devices"][part.name] = {"port_offset": port, "wire": wire}
    for _, tag, binding in part.bound:
        kind = str(binding.point.kind)
        bits = binding.point.area.of_bits
        if not bits and kind not in TYPES:
            yield f"{tag.id}: type {kind}; played are bits and {', '.join(TYPES)}"
        elif tag.id in wiring["registers"]:
            yield f"{tag.id}: twice"
        else:
            wiring["registers"][tag.id] = _register(part.name, tag, binding)


def _register(device: str, tag: Tag, binding: Any) -> dict[str, Any]:
    point = binding.point
    cell = {
        "device": device,
        "unit": binding.unit,
        "function": FUNCTIONS[point.area],
        "address": point.address,
    }
    if point.area.of_bits:
        return _held(tag) | {"modbus": {**cell, "type": "bit"}}
    cell |= {"type": str(point.kind), "order": str(point.order)}
    if tag.signal is Signal.MILLIAMP:
        current = {f"at{ma}": (ma - tag.offset) / tag.gain for ma in (4, 20)}
        return _held(tag) | {"modbus": cell, "signal": "4-20mA", "current": current}
    return _held(tag) | {"modbus": {**cell, "scale": tag.gain, "offset": tag.offset}}


def _held(tag: Tag) -> dict[str, Any]:
    """A register shows what was read last for as long as the gateway holds a value; then it says that it failed."""
    low, high = (-1e12, 1e12) if tag.low is None or tag.high is None else (tag.low, tag.high)
    return {"range": [low, high], "hold_s": tag.max_age / NS}


# --- MQTT -------------------------------------------------------------------------------------------------------------


def _topics(part: "SourcePart", wiring: dict[str, Any]) -> Iterator[str]:
    settings, places = part.settings, {}
    for _, tag, binding in part.bound:
        where = _place(binding)
        if where is None:
            yield f"{tag.id}: address {tag.address}; played are plain topics and paths of names"
        else:
            places[tag.id] = where
    if settings.tls is not None:
        yield f"{part.name}: its broker wants TLS"
        return
    wiring["mqtt"][part.name] = {"host": settings.host, "port": settings.port, "tags": places,
        "user": settings.username or "", "password_env": settings.password_env or ""} | _time(settings)  # fmt: skip


def _place(binding: Any) -> Mapping[str, str] | None:
    path = binding.path or ()
    if "+" in binding.topic or "#" in binding.topic or not all(isinstance(step, str) for step in path):
        return None
    return {"topic": binding.topic, "path": ".".join(path)}


def _time(settings: Any) -> dict[str, str]:
    if settings.time is None:
        return {}
    return {"time": settings.time.path, "time_unit": settings.time.unit}
