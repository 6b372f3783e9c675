"""``fengsui exercise``: drills beside the running plant. Everything goes through the running gateway."""

from pathlib import Path
from typing import Annotated, Any, Final

import typer

from gateway.cli.alarms import (
    AsJson,
    Assignee,
    Cause,
    Comment,
    Config,
    Ids,
    Measure,
    Step,
    User,
    acted,
    actor,
    for_those,
    line,
)
from gateway.cli.client import Gateway
from gateway.cli.say import read_text, say_json

app = typer.Typer(no_args_is_help=True)
DRILL: Final = "/exercise"
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
    text = read_text(scenario) if scenario is not None else ""
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
    answer, those = for_those(config, ids, "acknowledge", under=DRILL, actor=actor(user), comment=comment)
    acted(answer, json, f"{len(those)} acknowledged")


@app.command("dispose")
def dispose(  # noqa: PLR0913  # an option each
    config: Config,
    step: Annotated[Step, typer.Argument(help="what is done")],
    ids: Ids,
    *,
    comment: Comment = "",
    assignee: Assignee = "",
    cause: Cause = "",
    measure: Measure = "",
    user: User = "",
    json: AsJson = False,
) -> None:
    """One step of the closed loop, of an alarm of the drill."""
    words = {"comment": comment, "assignee": assignee, "cause": cause, "measure": measure}
    answer, those = for_those(config, ids, step.value, under=DRILL, actor=actor(user), **words)
    acted(answer, json, f"{len(those)}: {step.value}")


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
