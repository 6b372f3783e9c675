"""The command line's tools as processes beside the running gateway, for the console's engineering and report pages.

They only read. One at a time, at the lowest priority and with an end: the plant is watched meanwhile.
"""

import asyncio
import json
import os
import shutil
import sys
import tempfile
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any, Final

from gateway.app.beside import Raw, seen
from gateway.app.proposals import trial
from gateway.config.load import Loaded
from gateway.config.overrides import write_overrides
from gateway.model.errors import Refused, Retry
from gateway.model.times import NS, iso

ENTRY: Final = "from gateway.cli import main; main()"
COLUMNS: Final = "time=source,tag=tag,value=value,quality=quality,received=received"
"""of an export"""
LONGEST_S: Final = 600.0
STOP_S: Final = 5.0
MOST_BYTES: Final = 50 << 20
"""of a report"""
NICE: Final = 15
PROBE_RATE: Final = 5
"""requests a second of a probe"""
PROBE_MOST: Final = 300
"""... and in all, for each source"""
DAY_NS: Final = 86_400 * NS


class Tools:
    """Tools over one configuration; ``now`` gives UTC ns, ``raw`` what the running poll read last of a tag."""

    def __init__(self, loaded: Loaded, now: Any, raw: Raw = lambda _tag: None) -> None:
        self._loaded, self._now, self._raw = loaded, now, raw
        self._turn = asyncio.Lock()

    async def kpi(self, start: int, end: int, installation: str) -> Mapping[str, Any]:
        """``fengsui kpi``."""
        words = ["kpi", str(self._loaded.path), "--from", iso(start), "--to", iso(end)]
        return await self._run(*words, *(["--installation", installation] if installation else []))

    async def explain(self, tag: str) -> Mapping[str, Any]:
        """``fengsui check --explain``."""
        return await self._run("check", str(self._loaded.path), "--explain", tag)

    async def check(self, name: str, data: bytes) -> Mapping[str, Any]:
        """``fengsui check`` with another tag list; its report has ``ok`` and ``faults``."""
        async with self._changed(name, data) as config:
            return _at_home(await self._run("check", str(config)), config.parent)

    async def annotated(self, name: str, data: bytes) -> bytes:
        """``fengsui check --annotate``: the list as a workbook, each fault beside its row and its cell in colour."""
        async with self._changed(name, data) as config:
            folder = config.parent.parent / "annotated"
            await self._run("check", str(config), "--annotate", str(folder))
            made = folder / f"{Path(name).stem}.faults.xlsx"
            if not made.is_file():
                raise Refused(f"{name} has no fault, or cannot be read at all: check it")
            return await asyncio.to_thread(made.read_bytes)

    async def probe(self, name: str, data: bytes, source: str) -> Mapping[str, Any]:
        """``fengsui check --probe`` beside the running poll; with another tag list, or as it runs where ``name`` is
        empty. Of a list with faults the faults.
        """
        async with self._changed(name, data) if name else self._copy() as config:
            beside = config.parent.parent / "beside.json"
            await asyncio.to_thread(beside.write_bytes, await seen(self._loaded, self._raw))
            words = ["--beside", str(beside), "--rate", str(PROBE_RATE), "--most", str(PROBE_MOST)]
            words += ["--source", source] if source else []
            return _at_home(await self._run("check", str(config), "--probe", *words), config.parent)

    async def what_if(self, name: str, data: bytes, days: float) -> Mapping[str, Any]:
        """``fengsui backtest --other`` over the last days of the archive: today's rules against the changed ones."""
        async with self._changed(name, data) as config:
            checked = _at_home(await self._run("check", str(config)), config.parent)
            if not checked.get("ok"):
                return checked
            return await self._compared(config, days)

    async def try_rule(self, rule: str, wanted: Mapping[str, float | None], days: float) -> Mapping[str, Any]:
        """The same with other numbers of one rule, over the archive of its own tags."""
        content = await trial(self._loaded, rule, wanted, iso(self._now()))
        tags = self._loaded.site.rules[self._loaded.site.rule_index[rule]].tags
        async with self._copy() as config:
            await asyncio.to_thread(write_overrides, self._overrides(config), content)
            return await self._compared(config, days, "--tags", ",".join(tags))

    def _overrides(self, config: Path) -> Path:
        """The copy's own; one that lies elsewhere is the plant's, which a trial does not touch."""
        name = self._loaded.file.changes.overrides
        target = (config.parent / name).resolve()
        if not target.is_relative_to(config.parent.resolve()):
            raise Refused(f"the overrides {name} lie outside the site's folder: no trial can be made")
        return target

    async def _compared(self, config: Path, days: float, *which: str) -> Mapping[str, Any]:
        """Today's rules against those of ``config``, over what the archive has of the last days."""
        recording = config.parent / "recording.parquet"
        since = iso(self._now() - round(days * DAY_NS))
        await self._run("export", str(self._loaded.path), str(recording), "--from", since, *which)
        words = ("backtest", str(self._loaded.path), str(recording), "--other", str(config))
        return await self._run(*words, "--layout", "long", "--columns", COLUMNS)

    @asynccontextmanager
    async def _changed(self, name: str, data: bytes) -> AsyncIterator[Path]:
        """The site's folder as it would be with this list; gone afterwards."""
        lists = [Path(each).name for each in self._loaded.file.tags]
        same = [each for each in lists if Path(each).stem == Path(name).stem]
        if not same:
            raise Refused(f"no tag list {name}; the site file has {', '.join(lists)}")
        async with self._copy() as config:
            await asyncio.to_thread(_put_in, config, same[0], name, data)
            yield config

    @asynccontextmanager
    async def _copy(self) -> AsyncIterator[Path]:
        """The site's folder once more; gone afterwards."""
        folder = await asyncio.to_thread(self._copied)
        try:
            yield folder / "site" / self._loaded.path.name
        finally:
            await asyncio.to_thread(shutil.rmtree, folder, True)

    def _copied(self) -> Path:
        folder, state = Path(tempfile.mkdtemp(prefix="fengsui-tool-")), self._loaded.state.resolve()

        def leave(directory: str, names: list[str]) -> list[str]:
            return [n for n in names if n.startswith(".") or (Path(directory) / n).resolve() == state]

        shutil.copytree(self._loaded.path.parent, folder / "site", ignore=leave)
        return folder

    async def _run(self, *words: str) -> dict[str, Any]:
        """The report of one tool.

        Raises:
            Refused: it says why not.
            Retry: another runs.
        """
        if self._turn.locked():
            raise Retry("another check or report is running", after=5)
        async with self._turn:
            command = [sys.executable, "-c", ENTRY, *words, "--json"]
            process = await asyncio.create_subprocess_exec(
                *command, stdin=asyncio.subprocess.DEVNULL, stdout=asyncio.subprocess.PIPE,
                stderr=asyncio.subprocess.PIPE, preexec_fn=_gently if sys.platform != "win32" else None,
            )  # fmt: skip
            try:
                async with asyncio.timeout(LONGEST_S):
                    out, err = await process.communicate()
            except TimeoutError as error:
                raise Refused(f"{words[0]} took longer than {LONGEST_S:g} s") from error
            finally:
                await _ended(process)
        return _report(out, err)


def _gently() -> None:
    os.nice(NICE)


async def _ended(process: asyncio.subprocess.Process) -> None:
    if process.returncode is None:
        process.kill()
        async with asyncio.timeout(STOP_S):
            await process.wait()


def _report(out: bytes, err: bytes) -> dict[str, Any]:
    if len(out) > MOST_BYTES:
        raise Refused("the report is too long")
    try:
        found = json.loads(out)
    except ValueError as error:
        said = err.decode(errors="replace").strip().splitlines()
        raise Refused(said[-1] if said else "no report") from error
    return found if isinstance(found, dict) else {"report": found}


def _put_in(config: Path, old: str, name: str, data: bytes) -> None:
    (config.parent / name).write_bytes(data)
    if name != old:
        config.write_text(config.read_text(encoding="utf-8").replace(old, name), encoding="utf-8")


def _at_home(report: dict[str, Any], folder: Path) -> dict[str, Any]:
    """Faults name files as they are called at home, not where the copy was."""
    for fault in report.get("faults", ()):
        fault["file"] = str(fault.get("file", "")).replace(f"{folder}{os.sep}", "")
    return report
