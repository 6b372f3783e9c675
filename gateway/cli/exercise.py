"""``fengsui exercise``: drills beside the running plant. Everything goes through the running gateway."""

from pathlib import Path
from typing import Annotated, Any

import typer

from gateway.cli.alarms import AsJson, Comment, Config, Ids, Step, User, actor, chosen, line, seen
from gateway.cli.client import Gateway
from gateway.cli.say import say_json

app = typer.Typer(no_args_is_help=True)
Why = Annotated[str, typer.Option(help="the occasion, or why it ends")]


@app.command("start")
def start(
    config: Config,
    *,
    scenario: Annotated[Path | None, typer.Option(help="scenario file; see docs/scenarios.md")] = None,
    name: Annotated[str, typer.Option(help="or the name of one in the folder `exercises`")] = "",
    why: Why = "",
    user: User = "",
    json: AsJson = False,
) -> None:
    """Begin a drill on a copy of the present; the plant is watched on, and hears nothing of it."""
    text = scenario.read_text(encoding="utf-8") if scenario is not None else ""
    body = {"scenario": text, "name": name, "actor": actor(user), "comment": why}
    found = Gateway(config, patience=120.0).post("/exercise/start", body)
    if json:
        say_json(found)
    else:
        typer.echo(f"drill {found['exercise']} runs: {found['scenario']}")


@app.command("stop")
def stop(config: Config, *, why: Why = "", user: User = "", json: AsJson = False) -> None:
    """End the drill that runs; its report follows."""
    found = Gateway(config).post("/exercise/stop", {"actor": actor(user), "comment": why})
    if json:
        say_json(found)
    else:
        typer.echo(f"drill {found['exercise']} ends: {found['why']}")


@app.command("status")
def status(config: Config, *, json: AsJson = False) -> None:
    """Whether a drill runs, and how its alarms stand."""
    found = Gateway(config).get("/exercise")
    if json:
        say_json(found)
    elif not found["running"]:
        typer.echo(f"no drill is running; the newest was {found.get('last') or 'never'}")
    else:
        typer.echo(
            f"drill {found['exercise']} ({found['scenario']}) by {found['by']}, {found['elapsed_s']:g} s"
        )
        typer.echo(f"{found['alarms']} alarms of it open, {found['unacknowledged']} not acknowledged")
        for real in found["real_alarms"]:
            typer.echo(f"REAL ALARM meanwhile: {real['level']} {real['rule']} at {real['raised']}")


@app.command("alarms")
def alarms(config: Config, *, json: AsJson = False) -> None:
    """Open alarms of the drill that runs."""
    found = Gateway(config).get("/exercise/alarms")["alarms"]
    if json:
        say_json(found)
        return
    for alarm in found:
        typer.echo(f"EXERCISE {line(alarm)}")
    typer.echo(f"{len(found)} open")


@app.command("ack")
def ack(config: Config, ids: Ids, *, comment: Comment = "", user: User = "", json: AsJson = False) -> None:
    """Acknowledge alarms of the drill."""
    gateway = Gateway(config)
    those = seen(chosen(gateway.get("/exercise/alarms")["alarms"], ids))
    body = {"ids": those, "actor": actor(user), "comment": comment}
    _done(gateway.post("/exercise/commands/acknowledge", body), f"{len(those)} acknowledged", json=json)


@app.command("dispose")
def dispose(  # noqa: PLR0913  # an option each
    config: Config,
    step: Annotated[Step, typer.Argument(help="what is done")],
    ids: Ids,
    *,
    comment: Comment = "",
    assignee: Annotated[str, typer.Option(help="who handles it")] = "",
    cause: Annotated[str, typer.Option(help="what caused it")] = "",
    measure: Annotated[str, typer.Option(help="what was done")] = "",
    user: User = "",
    json: AsJson = False,
) -> None:
    """One step of the closed loop, of an alarm of the drill."""
    gateway = Gateway(config)
    those = seen(chosen(gateway.get("/exercise/alarms")["alarms"], ids))
    words = {"assignee": assignee, "cause": cause, "measure": measure}
    body = {"ids": those, "actor": actor(user), "comment": comment, **words}
    _done(gateway.post(f"/exercise/commands/{step.value}", body), f"{len(those)}: {step.value}", json=json)


@app.command("report")
def report(
    config: Config,
    exercise: Annotated[str, typer.Argument(help="id of a drill; the newest, if not said")] = "",
    *,
    json: AsJson = False,
) -> None:
    """Who acknowledged what when, what was expected, which real alarms there were."""
    found = Gateway(config).get(f"/exercise/report?exercise={exercise}")
    if json:
        say_json(found)
    else:
        tell(found)


def tell(found: dict[str, Any]) -> None:
    """A report for people."""
    typer.echo(f"drill {found['exercise']}: {found['scenario']}")
    typer.echo(f"{found['started']} by {found['started_by']} to {found['ended']}: {found['why']}")
    for a in found["alarms"]:
        seen_ = (
            f"acknowledged by {a['acknowledged_by']} after {a['acknowledged_after_s']:g} s"
            if a["acknowledged_by"]
            else "NOT acknowledged"
        )
        typer.echo(f"  +{a['raised_after_s']:>8.1f} s {a['level'] or '-':<7}{a['rule']:<24}{seen_}")
    for e in found["expected"]:
        late = f", {e['late_s']:g} s late" if e["late_s"] else ""
        typer.echo(
            f"  expected {e['expected']}: {'came at ' + e['came'] + late if e['came'] else 'DID NOT COME'}"
        )
    for r in found["real_alarms"]:
        typer.echo(f"  REAL ALARM meanwhile: {r['level']} {r['rule']} at {r['raised']}")


def _done(answer: Any, words: str, *, json: bool) -> None:
    if json:
        say_json(answer)
    else:
        typer.echo(words)
