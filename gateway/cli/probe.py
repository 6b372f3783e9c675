"""``check --probe`` and ``fengsui scan``: what the field says before the gateway runs."""

import asyncio
from dataclasses import asdict
from pathlib import Path
from typing import Annotated, Any, Final

import typer

from gateway.cli.say import say_json
from gateway.config.load import Loaded, load
from gateway.model.errors import Fault, Misconfigured

NOT_SO: Final = 1
WIDEST_RAW: Final = 40
Rate = Annotated[float, typer.Option("--rate", min=0.1, max=100, help="requests a second")]
Most = Annotated[int, typer.Option("--most", min=1, help="requests in all, for each source")]


Beside = Annotated[
    Path | None,
    typer.Option(
        "--beside",
        metavar="FILE",
        help="what a running gateway polls and read last, as its console gives it: its lines are left alone",
    ),
]
Only = Annotated[str, typer.Option("--source", metavar="NAME", help="probe this source alone")]


def probed(
    loaded: Loaded, rate: float, most: int, *, json: bool, beside: Path | None = None, only: str = ""
) -> dict[str, Any]:
    """Probe, tell (unless as JSON), and give the report; its ``ok`` decides the exit code.

    Raises:
        Misconfigured: ``only`` is the name of no source.
    """
    from gateway.app.beside import read_beside
    from gateway.app.probe import probe

    names = [part.name for part in loaded.sources]
    if only and only not in names:
        allowed = "the name of a source: " + ", ".join(names)
        raise Misconfigured([Fault(str(loaded.path), None, "--source", only, allowed)])
    running = read_beside(beside) if beside is not None else None
    if not json:
        typer.echo(
            f"probe: one connection a source, at most {rate:g} requests a second, {most} in all; reads only"
        )
    report = asyncio.run(probe(loaded, rate, most, beside=running, only=only))
    out = {"ok": report.ok, **asdict(report)}
    if not json:
        _tell(out)
    return out


def _tell(out: dict[str, Any]) -> None:
    for name, figures in out["sources"].items():
        typer.echo(f"source {name}: {_figures(figures)}")
    for line in out["tags"]:
        value = "-" if line["value"] is None else f"{line['value']:.6g} {line['unit']}"
        ms = "" if line["ms"] is None else f"{line['ms']:g} ms"
        typer.echo(
            f"  {line['tag']:<20} {line['raw'][:WIDEST_RAW]:<24} {value:<18} {ms:<9} {line['note']}".rstrip()
        )
    for name, why in out["outputs"].items():
        typer.echo(f"output {name}: {why or 'logged in'}")


def _figures(figures: dict[str, Any]) -> str:
    if "reached" not in figures:
        return str(figures["why"])
    state = "reached" if figures["reached"] else "NOT reached"
    cycle = f"{figures['requests_per_cycle']} requests a cycle" if figures["requests_per_cycle"] else ""
    time = (
        f"{figures['cycle_ms']:g} ms of the line, load {figures['load']:.1%}" if figures["cycle_ms"] else ""
    )
    return ", ".join(filter(None, [state, cycle, time, f"{figures['asked']} asked", figures["why"]]))


def scan(
    config: Annotated[Path, typer.Argument(help="the site file")],
    source: Annotated[str, typer.Argument(help="name of a Modbus source in it")],
    *,
    rate: Rate = 5.0,
    most: Most = 500,
    json: Annotated[bool, typer.Option("--json", help="report as JSON")] = False,
) -> None:
    """Suggest byte order and address base: which of them puts most tags into their ranges. Reads only."""
    from gateway.model.probing import Pace
    from gateway.sources.modbus.scan import read_around, suggest

    part = next((p for p in load(config).sources if p.name == source and p.kind.startswith("modbus")), None)
    if part is None:
        raise Misconfigured([Fault(str(config), None, "SOURCE", source, "the name of a Modbus source")])
    registers, why = asyncio.run(read_around(part.settings, part.bound, Pace(rate, most)))
    found = suggest(part.bound, registers)
    if json:
        rows = [{**asdict(s), "score": round(s.score, 3)} for s in found]
        say_json({"source": source, "registers": len(registers), "why": why, "suggestions": rows})
    else:
        typer.echo(f"{len(registers)} registers read{f'; {why}' if why else ''}")
        for s in found[:5]:
            base = {0: "as written", -1: "one lower", 1: "one higher"}[s.base]
            odd = f", {s.digits:g} digits"
            odd += f"; outside: {', '.join(s.odd)}" if s.odd else ""
            typer.echo(
                f"  {s.order} addresses {base:<10} {s.inside} of {s.read} in range ({s.zero} zero){odd}"
            )
    if not registers:
        raise typer.Exit(NOT_SO)
