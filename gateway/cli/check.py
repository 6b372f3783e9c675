"""``fengsui check``: every fault of a configuration at once."""

from pathlib import Path
from typing import Annotated

import typer

from gateway.cli.say import say_json
from gateway.config.load import Loaded, load
from gateway.model.errors import Misconfigured

BAD_USAGE = 2


def check(
    config: Annotated[Path, typer.Argument(help="the site file")],
    *,
    json: Annotated[bool, typer.Option("--json", help="report as JSON")] = False,
) -> None:
    """Check a configuration whole: all faults at once, each with file, line, path, value, what is allowed and a hint."""
    try:
        loaded = load(config)
    except Misconfigured as error:
        if not json:
            raise
        say_json({"ok": False, "faults": [_fault(f) for f in error.faults]})
        raise typer.Exit(BAD_USAGE) from None
    report = {"ok": True, "faults": [], **summary(loaded)}
    if json:
        say_json(report)
        return
    for name, value in report.items():
        if name not in ("ok", "faults", "not_judged"):
            typer.echo(f"{name}: {value}")
    for tag in summary(loaded)["not_judged"]:
        typer.echo(
            f"note: {tag} is of a class that must be judged by a limit and has none: its installation shows not-judged"
        )
    typer.echo("ok")


def summary(loaded: Loaded) -> dict[str, object]:
    """What the configuration amounts to."""
    site = loaded.site
    judged = {tag for rule in site.rules if rule.enabled for tag in rule.tags}
    return {
        "site": f"{site.county}/{site.id}/{site.gateway}",
        "config_hash": site.config_hash,
        "installations": len(site.installations),
        "tags": len(site.tags),
        "rules": len(site.rules),
        "rules_disabled": sum(not r.enabled for r in site.rules),
        "sources": {p.name: f"{p.kind}, {len(p.bound)} tags" for p in loaded.sources},
        "outputs": {o.name: o.kind for o in loaded.outputs} or {"local": "embedded broker"},
        "not_judged": [t.id for t in site.tags if t.limit_required and t.id not in judged],
    }


def _fault(fault: object) -> dict[str, object]:
    names = ("file", "line", "path", "value", "allowed", "hint")
    return {name: getattr(fault, name) for name in names}
