"""``fengsui demo``: see it work, with nothing to configure."""

import asyncio
import signal
import tempfile
from collections.abc import Coroutine, Mapping, Sequence
from pathlib import Path
from typing import Annotated, Any

import typer

from gateway.cli.given import own_address, span_of
from gateway.cli.history import ended_by_term
from gateway.cli.say import say_json
from gateway.model.times import NS

NOT_SO = 1


def demo(
    *,
    for_: Annotated[
        str,
        typer.Option(
            "--for",
            metavar="TIME",
            help="time to play, e.g. 60s; a machine that cannot keep up takes longer; default: the whole scenario",
        ),
    ] = "",
    pace: Annotated[float, typer.Option(min=0.1, max=100.0, help="play so many times as fast")] = 1.0,
    stay: Annotated[
        bool, typer.Option("--stay", help="keep plant and console running after the report")
    ] = False,
    listen: Annotated[
        str, typer.Option(help="the console's loopback address; port 0 takes a free one")
    ] = "127.0.0.1:0",
    pack: Annotated[
        str, typer.Option("--pack", metavar="PACK", help="a pack's own plant: its name, or its folder")
    ] = "",
    json: Annotated[bool, typer.Option("--json", help="report as JSON")] = False,
) -> None:
    """Watch a simulated plant go wrong and be caught: half an hour of a bad day in one minute."""
    from gateway.app.kernels import prepare
    from gateway.app.run import set_up_log

    with ended_by_term(), tempfile.TemporaryDirectory(prefix="fengsui-kernels-") as cache:
        set_up_log()
        prepare(Path(cache))
        from gateway.app.demo import Asked, run_demo
        from gateway.app.verdict import good

        for_s = span_of("--for", for_, some=True) / NS if for_ else None
        asked = Asked(
            for_s=for_s,
            pace=pace,
            stay=stay,
            listen=own_address("--listen", listen),
            pack=pack,
            say=lambda text: typer.echo(text, err=json),
        )
        try:
            report = asyncio.run(_until_told(run_demo(asked)))
        except (KeyboardInterrupt, asyncio.CancelledError):
            raise typer.Exit(NOT_SO) from None
    if json:
        say_json(report)
    else:
        tell(report)
    if not good(report):
        raise typer.Exit(NOT_SO)


async def _until_told(playing: Coroutine[Any, Any, dict[str, Any]]) -> dict[str, Any]:
    """A demo that is told to end takes its plant and its broker with it."""
    task = asyncio.ensure_future(playing)
    asyncio.get_running_loop().add_signal_handler(signal.SIGTERM, task.cancel)
    return await task


def tell(report: Mapping[str, Any]) -> None:
    """The report for people: what should have come, what came, when."""
    typer.echo(f"{'rule':<16}{'level':<8}{'kind':<9}{'cause s':>8}{'raised s':>9}{'ended s':>9}  value")
    alarms: Sequence[Mapping[str, Any]] = report["alarms"]
    for row in sorted(alarms, key=lambda r: (r["cause_s"] is None, r["cause_s"])):
        typer.echo(_line(row))
    for row in report["false_list"]:
        typer.echo(f"FALSE: {row['rule']} {row['level']} at {row['arrived_s']} s")
    typer.echo(
        f"expected {report['expected']}, raised {report['raised']}, missed {report['missed']}, "
        f"false {report['false']}, late {report['late']}, not ended {report['not_ended']}"
    )


def _line(row: Mapping[str, Any]) -> str:
    verdict = "" if row["raised"] or not row["due"] else "  MISSED"
    times = f"{_number(row['cause_s']):>8}{_number(row['decided_s']):>9}{_number(row['ended_s']):>9}"
    seen = f"{_number(row['value'])} {row['quality'] or ''}"
    return f"{row['rule']:<16}{row['level']:<8}{row['kind']:<9}{times}  {seen}{verdict}"


def _number(value: object) -> str:
    return f"{value:.1f}" if isinstance(value, float | int) else "-"
