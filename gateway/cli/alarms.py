"""``fengsui alarms``: the operator's hands without the console. Acts go through the running gateway, or not at all."""

import getpass
import os
import platform
import sys
from collections.abc import Iterator
from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, Final

import typer

from gateway.cli.client import Gateway
from gateway.cli.given import hours_from_now, shown
from gateway.cli.order import ordered
from gateway.cli.say import say_json
from gateway.model.errors import Refused
from gateway.model.times import NS, china

if TYPE_CHECKING:  # reading the ledger loads the store, which most commands do not need
    from gateway.store.ledger import Ledger

app = typer.Typer(no_args_is_help=True)
SECOND_PASSWORD: Final = "FENGSUI_SECOND_PASSWORD"  # noqa: S105 - the name of a variable
SHOWN: Final = 20
"""names in one line of a report"""
Config = Annotated[Path, typer.Argument(help="the site file")]
AsJson = Annotated[bool, typer.Option("--json", help="report as JSON")]
Ids = Annotated[list[str], typer.Argument(help="occurrence ids (or unambiguous beginnings), or `all`")]
Rules = Annotated[list[str], typer.Argument(help="rule ids, e.g. LT-101.HH")]
Comment = Annotated[str, typer.Option(help="why, or what is being done")]
Reason = Annotated[str, typer.Option(help="why")]
User = Annotated[str, typer.Option("--as", help="who does it")]
Second = Annotated[str, typer.Option(help="the second person, where an alarm is highly managed")]
Assignee = Annotated[str, typer.Option(help="who handles it")]
Cause = Annotated[str, typer.Option(help="what caused it")]
Measure = Annotated[str, typer.Option(help="what was done")]


class Step(StrEnum):
    """Steps of the closed loop."""

    ASSIGN = "assign"
    HANDLE = "handle"
    SUBMIT = "submit"
    SEND_BACK = "send-back"
    SETTLE = "settle"
    DISMISS = "dismiss"
    REOPEN = "reopen"


@app.command("list")
def list_(
    config: Config,
    *,
    grouped: Annotated[
        bool, typer.Option("--group", help="by what they belong together, the largest first")
    ] = False,
    json: AsJson = False,
) -> None:
    """Open alarms, unacknowledged and highest first."""
    alarms = ordered(Gateway(config).get("/alarms")["alarms"])
    if grouped:
        _grouped(alarms, json=json)
        return
    if json:
        say_json(alarms)
        return
    for alarm in alarms:
        typer.echo(line(alarm))
    typer.echo(f"{len(alarms)} open")


def by_group(alarms: list[dict[str, Any]]) -> dict[str, list[dict[str, Any]]]:
    """Group -> its alarms, the first of each at its head; the largest group first. None is left out."""
    found: dict[str, list[dict[str, Any]]] = {}
    for alarm in sorted(alarms, key=lambda a: (not a["first_out"], a["raised"])):
        found.setdefault(alarm["group"], []).append(alarm)
    return dict(sorted(found.items(), key=lambda item: (-len(item[1]), item[1][0]["raised"])))


def _grouped(alarms: list[dict[str, Any]], *, json: bool) -> None:
    groups = by_group(alarms)
    if json:
        say_json(
            [
                {"group": k, "count": len(own), "first": own[0]["id"], "alarms": own}
                for k, own in groups.items()
            ]
        )
        return
    for name, own in groups.items():
        typer.echo(f"{name}: {len(own)}")
        for alarm in own:
            typer.echo(f"  {line(alarm)}")
    typer.echo(f"{len(alarms)} open in {len(groups)} groups")


@app.command("levels")
def levels(config: Config, *, json: AsJson = False) -> None:
    """Live level of the site and of each installation, with what it is by: alarms, tags out of view, rules that say
    nothing.
    """
    places = Gateway(config).get("/levels")["levels"]
    if json:
        say_json(places)
        return
    for place in places:
        base, name = place["base"], place["installation"] or "(site)"
        typer.echo(f"{place['level']:<11} {name}  base {base}  {place['name']}")
        for what in ("blinded", "not_judged", "unjudged", "suppressed", "modifiers"):
            _listed(what.replace("_", "-"), place[what])


def _listed(what: str, names: list[str]) -> None:
    if names:
        more = f" and {len(names) - SHOWN} more" if len(names) > SHOWN else ""
        typer.echo(f"  {what} ({len(names)}): {', '.join(names[:SHOWN])}{more}")


@app.command("ack")
def ack(
    config: Config,
    ids: Ids,
    *,
    comment: Comment = "",
    user: User = "",
    json: AsJson = False,
) -> None:
    """Acknowledge open alarms as they are now; an event that comes later stays unacknowledged."""
    answer, those = for_those(config, ids, "acknowledge", actor=actor(user), comment=comment)
    acted(answer, json, f"{len(those)} acknowledged")


@app.command("ledger")
def ledger(
    config: Config,
    ids: Annotated[list[str] | None, typer.Argument(help="occurrence ids, or their beginnings")] = None,
    *,
    limit: Annotated[int, typer.Option("-n", min=1, max=100_000, help="how many events, newest first")] = 50,
    json: AsJson = False,
) -> None:
    """When each event of an alarm was raised, committed, sent, accepted and stored, by output; needs no gateway.

    Exit 1 when one was refused by an output.
    """
    from gateway.config.load import load
    from gateway.store.ledger import Stage, read_ledger

    found = read_ledger(load(config).state, ids=tuple(ids or ()), limit=limit)
    if json:
        say_json(found.as_json())
    for line in delivery_lines(found) if not json else ():
        typer.echo(line)
    if any(found.stage(e, name) is Stage.REFUSED for e in found.entries for name in found.ends):
        raise typer.Exit(1)


@app.command("suppressed")
def suppressed(config: Config, *, json: AsJson = False) -> None:
    """What is shelved, out of service, in calibration or suppressed by design: by whom, why, until when."""
    alarms = [a for a in Gateway(config).get("/alarms")["alarms"] if a["suppression"] != "none"]
    if json:
        say_json(alarms)
        return
    for alarm in alarms:
        typer.echo(_why(alarm))
    typer.echo(f"{len(alarms)} suppressed")


@app.command("shelve")
def shelve(  # noqa: PLR0913  # an option each
    config: Config,
    rules: Rules,
    *,
    reason: Reason,
    hours: Annotated[float, typer.Option("--for", help="hours until it comes back by itself")],
    second: Second = "",
    user: User = "",
    json: AsJson = False,
) -> None:
    """Keep alarms from the operator for a time; they are judged and journalled on."""
    _set_aside(config, "shelve", rules, reason, hours, second=second, user=user, json=json)


@app.command("remove")
def remove(  # noqa: PLR0913  # an option each
    config: Config,
    rules: Rules,
    *,
    reason: Reason,
    permit: Annotated[str, typer.Option(help="number of the permit")],
    hours: Annotated[float, typer.Option("--for", help="hours until it comes back by itself")],
    second: Second = "",
    user: User = "",
    json: AsJson = False,
) -> None:
    """Take alarms out of service under a permit, for a stated time (calibration, maintenance)."""
    _set_aside(config, "remove", rules, reason, hours, second=second, user=user, json=json, permit=permit)


@app.command("calibrate")
def calibrate(  # noqa: PLR0913  # an option each
    config: Config,
    tags: Annotated[
        list[str] | None, typer.Argument(help="ids of the tags whose instruments are calibrated")
    ] = None,
    *,
    reason: Reason,
    permit: Annotated[str, typer.Option(help="number of the permit")],
    hours: Annotated[float, typer.Option("--for", help="hours until all of it comes back by itself")],
    installation: Annotated[str, typer.Option(help="or all tags of this installation")] = "",
    second: Second = "",
    user: User = "",
    json: AsJson = False,
) -> None:
    """Take instruments' rules and faults out of service while they are calibrated; `return --permit` ends it."""
    bulk = {"tags": tags or [], "installation": installation, "calibration": True}
    _set_aside(
        config, "remove", [], reason, hours, second=second, user=user, json=json, permit=permit, **bulk
    )


@app.command("unshelve")
def unshelve(config: Config, rules: Rules, *, user: User = "", json: AsJson = False) -> None:
    """End a shelving now."""
    answer = Gateway(config).post("/commands/unshelve", {"rules": rules, "actor": actor(user)})
    acted(answer, json, f"{len(rules)} unshelved")


@app.command("return")
def return_(
    config: Config,
    rules: Annotated[list[str] | None, typer.Argument(help="rule ids")] = None,
    *,
    permit: Annotated[str, typer.Option(help="or everything that is out of service under this permit")] = "",
    user: User = "",
    json: AsJson = False,
) -> None:
    """Put back into service now: rules, or all that a permit covers."""
    body = {"rules": rules or [], "permit": permit, "actor": actor(user)}
    answer = Gateway(config).post("/commands/return", body)
    acted(answer, json, f"{len(answer['events'])} returned to service")


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
    evidence: Annotated[str, typer.Option(help="work order, photo, report")] = "",
    user: User = "",
    json: AsJson = False,
) -> None:
    """One step of the closed loop (处置): assign, handle, submit, send-back, settle (销警), dismiss (误报), reopen."""
    words = {
        "comment": comment,
        "assignee": assignee,
        "cause": cause,
        "measure": measure,
        "evidence": evidence,
    }
    answer, those = for_those(config, ids, step.value, actor=actor(user), **words)
    acted(answer, json, f"{len(those)}: {step.value}")


def for_those(
    config: Path, ids: list[str], act: str, *, under: str = "", **body: Any
) -> tuple[Any, list[dict[str, Any]]]:
    """Do one thing to the open alarms that ``ids`` name: the answer, and which. ``under``: ``/exercise`` for a drill's.

    Raises:
        Refused: an id that names none, or several; or the gateway refuses.
    """
    gateway = Gateway(config)
    those = [
        {"id": a["id"], "n": a["n"]} for a in chosen(gateway.get(f"{under}/alarms")["alarms"], ids)
    ]  # each as it was seen
    return gateway.post(f"{under}/commands/{act}", {"ids": those, **body}), those


def _set_aside(  # noqa: PLR0913  # what the two commands share
    config: Path, act: str, rules: list[str], reason: str, hours: float, *,
    second: str, user: str, json: bool, permit: str = "", **bulk: Any,
) -> None:  # fmt: skip
    until = hours_from_now("--for", hours)
    body = {
        "rules": rules,
        "actor": actor(user),
        "comment": reason,
        "until": until.isoformat(),
        "permit": permit,
        "second": agreeing(second) if second else None,
        **bulk,
    }
    acted(
        Gateway(config).post(f"/commands/{act}", body),
        json,
        f"{act}: {len(rules)} until {shown(until)}",
    )


def _why(a: dict[str, Any]) -> str:
    """What, how, until when, by whom, why."""
    how = "calibration" if a["calibrating"] else a["suppression"]
    who = a["set_aside_by"]["name"] if a["set_aside_by"] else "the configuration"
    under = f" under {a['permit']}" if a["permit"] else ""
    why = f"while {a['aside_for']} is active" if a["aside_for"] else a["reason"]
    standing = "" if a["condition"] == "normal" else f"  {a['condition'].upper()} NOW"
    return f"{a['rule']:<24} {how:<15} until {a['until'] or '-'} by {who}{under}: {why}{standing}"


def actor(user: str) -> dict[str, str]:
    """Who acts, from where."""
    name = user or getpass.getuser()
    return {"id": name, "name": name, "workstation": platform.node()}


def acted(answer: Any, json: bool, words: str) -> None:
    """Say what was done."""
    if json:
        say_json(answer)
    else:
        typer.echo(words)


def agreeing(second: str) -> dict[str, str]:
    """The second person, who proves it where the console has accounts: asked on a terminal, else in the environment."""
    password = os.environ.get(SECOND_PASSWORD, "")
    if not password and sys.stdin.isatty():
        password = typer.prompt(
            f"password of {second} (empty where there are no accounts)", "", hide_input=True
        )
    return {**actor(second), "password": password}


def line(a: dict[str, Any]) -> str:
    """One open occurrence on one line."""
    value = "-" if a["value"] is None else f"{a['value']:g} {a['unit']}"
    state = f"{a['condition']:<8} {a['acknowledgement']:<15} {a['isa']}"
    where = f"{a['installation']}/{a['tag']} {a['name']}"
    return f"{a['id']}  n={a['n']:<3} {a['level']:<7} P{a['priority']} {state} {where} {value} {a['description']}"


def chosen(alarms: list[dict[str, Any]], ids: list[str]) -> list[dict[str, Any]]:
    """Open alarms by the beginning of their ids; ``all``: those that wait to be acknowledged.

    Raises:
        Refused: none or several begin so.
    """
    unacked = [a for a in alarms if a["acknowledgement"] == "unacknowledged"]
    if ids == ["all"]:
        return unacked
    chosen = []
    for wanted in ids:
        found = [a for a in alarms if a["id"].startswith(wanted)]
        if len(found) != 1:
            raise Refused(
                f"{wanted!r} names {len(found)} open alarms; allowed: an id from `fengsui alarms list`"
            )
        chosen += found
    return chosen


def delivery_lines(found: "Ledger") -> Iterator[str]:
    """One line for each event and output, with how long each step took after the event was raised."""
    for entry in reversed(found.entries):
        key = entry.key
        yield f"{china(key.raised)} {key.event} {key.level} {key.tag} {key.rule} {key.id[:12]} n={key.n} seq={key.seq}"
        for name in found.ends:
            steps = entry.outputs.get(name)
            told = {"committed": key.committed}
            told |= {w: getattr(steps, w) for w in ("sent", "accepted", "stored")} if steps else {}
            times = " ".join(f"{w} +{(at - key.raised) / NS:.3f}s" for w, at in told.items() if at)
            words = f" ({steps.refused})" if steps and steps.refused else ""
            yield f"  {name:<24} {found.stage(entry, name).value:<9}{words} {times}"
    for name, stage in found.ends.items():
        if stage.value == "accepted":
            yield f"{name}: ends at accepted, no receipts are configured"
