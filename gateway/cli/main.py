"""Command tree, exit codes and the one place where errors become messages.

Exit codes: 0 done, 1 the thing asked about is not so, 2 bad usage or configuration.
"""

import errno
import io
import os
import sys
from pathlib import Path
from typing import Annotated, Final, Literal

INTERRUPTED: Final = 130

try:
    import typer

    from gateway import __version__
    from gateway.cli import (
        access,
        alarms,
        backtest,
        backup,
        cases,
        changes,
        check,
        county,
        demo,
        exercise,
        export,
        hands,
        init,
        journal,
        kpi,
        letters,
        probe,
        replay,
        rollback,
        run,
        scenario,
        simulate,
        spoken,
        tune,
        watch,
    )
    from gateway.config.files import wrong
    from gateway.model.errors import FengsuiError, Misconfigured
except KeyboardInterrupt:  # Ctrl-C in the second that the imports take: no traceback
    sys.exit(INTERRUPTED)

Language = Literal["zh", "en"]
NOT_SO: Final = 1
BAD_USAGE: Final = 2

app = typer.Typer(
    name="fengsui",
    help="Fengsui 烽燧: edge gateway and early warning for major hazard installations.",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
)
app.command("demo")(demo.demo)
app.command("init")(init.init)
app.command("check")(check.check)
app.command("run")(run.run)
app.command("reload")(run.reload)
app.command("county")(county.county)
app.command("access")(access.access)
app.command("diff")(run.diff)
app.command("stage")(changes.stage)
app.command("approve")(changes.approve)
app.command("propose")(changes.propose)
app.command("agree")(changes.agree)
app.command("simulate", context_settings={"allow_extra_args": True, "ignore_unknown_options": True})(
    simulate.simulate
)
app.command("replay")(replay.replay)
app.command("backtest")(backtest.backtest)
app.command("tune")(tune.tune)
app.command("kpi")(kpi.kpi)
app.command("export")(export.export)
app.command("backup")(backup.backup)
app.command("restore")(backup.restore)
app.command("rollback")(rollback.rollback)
app.command("scenario")(scenario.scenario)
app.command("scan")(probe.scan)
app.command("enter")(hands.enter)
app.command("loop-tested")(hands.loop_tested)
app.command("false-data")(hands.false_data)
alarms.app.command("show")(cases.show)
alarms.app.command("report")(cases.report)
alarms.app.command("reports")(cases.reports)
app.add_typer(alarms.app, name="alarms", help="List and acknowledge alarms of a running gateway.")
app.add_typer(
    exercise.app, name="exercise", help="Drills beside the running plant: start, watch, act, end, report."
)
app.add_typer(watch.app, name="watch", help="Periods of heightened watch: begin and end.")
app.add_typer(letters.app, name="dead-letters", help="What outputs refused, in their words; and once more.")
app.add_typer(journal.app, name="journal", help="Look at the journal, and prove it whole.")


@app.callback(invoke_without_command=True)
def root(
    *,
    version: bool = typer.Option(False, "--version", help="Show the version."),
    lang: Annotated[
        Language | None, typer.Option("--lang", help="of messages; default: as the terminal's locale")
    ] = None,
) -> None:
    """Fengsui 烽燧."""
    if lang is not None:
        os.environ[spoken.VARIABLE] = lang  # for what this command starts, too
    if version:
        typer.echo(f"fengsui {__version__}")
        raise typer.Exit


def main() -> None:
    """Entry point."""
    if isinstance(sys.stdout, io.TextIOWrapper):  # as stderr does: a terminal without 烽 shows its number
        sys.stdout.reconfigure(errors="backslashreplace")
    try:
        app()
    except (FengsuiError, OSError) as error:
        told = failed(error)
        if told is None:
            raise
        code, said = told
        print(said, file=sys.stderr)
        if isinstance(error, OSError):
            _let_go()
        sys.exit(code)


def failed(error: BaseException) -> tuple[int, str] | None:
    """Exit code and words for people; None: a bug, whose traceback somebody has to see."""
    if isinstance(error, Misconfigured):
        return BAD_USAGE, spoken.error(error)
    if isinstance(error, FengsuiError):
        return NOT_SO, spoken.error(error)
    if isinstance(error, OSError) and (error.filename is not None or error.errno == errno.ENOSPC):
        place = Path(str(error.filename or "standard output"))
        said = error.strerror or str(error)
        return BAD_USAGE, spoken.fault(
            wrong(place, said, "a place that is there, with the rights and the room for it")
        )
    return None


def _let_go() -> None:
    """What standard output would not take is not tried again at the interpreter's end."""
    with Path(os.devnull).open("wb") as nowhere:
        os.dup2(nowhere.fileno(), sys.stdout.fileno())
