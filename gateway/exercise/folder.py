"""Where drills leave what they are remembered by: ``<state>/exercises/<id>/``.

``exercise.json`` says what it is and whether it runs, ``scenario.yaml`` is what was played, ``plant.db`` its journal,
``report.json`` its report. Of very old drills the report alone stays.
"""

import json
import re
import shutil
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any, Final

ABOUT: Final = "exercise.json"
SCENARIO: Final = "scenario.yaml"
REPORT: Final = "report.json"
RUNNING: Final = "running"
ENDED: Final = "ended"
_BULK: Final = ("spool.db", "spool.db-wal", "spool.db-shm", "reserve")
_ID: Final = re.compile(r"[A-Za-z0-9_-]{1,64}")


class Drills:
    """The folder of all drills of one gateway."""

    def __init__(self, state: Path) -> None:
        self.root = state / "exercises"

    def make(self, ident: str, about: Mapping[str, Any], scenario: str) -> Path:
        """A folder for a drill that begins."""
        folder = self.root / ident
        folder.mkdir(parents=True)
        (folder / SCENARIO).write_text(scenario, encoding="utf-8")
        self.write(folder / ABOUT, {**about, "id": ident, "state": RUNNING})
        return folder

    def end(self, folder: Path, report: Mapping[str, Any]) -> None:
        """It is over: report and state, in this order; its readings go."""
        self.write(folder / REPORT, report)
        self.write(folder / ABOUT, {**self.about(folder), "state": ENDED})
        for name in _BULK:
            (folder / name).unlink(missing_ok=True)

    def left(self) -> list[Path]:
        """Drills that were never ended: the gateway stopped under them."""
        return [f for f in self._folders() if self.about(f).get("state") == RUNNING]

    def newest(self) -> dict[str, Any] | None:
        """The report of the newest drill that has one."""
        found = [r for f in reversed(list(self._folders())) if (r := self.report(f.name))]
        return found[0] if found else None

    def report(self, ident: str) -> dict[str, Any] | None:
        """The report of one drill; None where there is none."""
        path = self.root / ident / REPORT
        if not _ID.fullmatch(ident) or not path.is_file():
            return None
        found: dict[str, Any] = json.loads(path.read_text(encoding="utf-8"))
        return found

    def tidy(self, keep: int) -> None:
        """Of all but the newest ``keep`` only what people read stays."""
        for folder in list(self._folders())[:-keep]:
            for path in folder.iterdir():
                if path.name not in (ABOUT, SCENARIO, REPORT):
                    shutil.rmtree(path) if path.is_dir() else path.unlink()

    @staticmethod
    def about(folder: Path) -> dict[str, Any]:
        """What the drill is; empty where it cannot be read."""
        try:
            found: dict[str, Any] = json.loads((folder / ABOUT).read_text(encoding="utf-8"))
        except (OSError, ValueError):
            return {}
        return found

    @staticmethod
    def write(path: Path, content: Mapping[str, Any]) -> None:
        """Whole or not at all."""
        new = path.with_suffix(".new")
        new.write_text(json.dumps(content, ensure_ascii=False, indent=1), encoding="utf-8")
        new.replace(path)

    def _folders(self) -> Iterator[Path]:
        """Oldest first: ids begin with the time."""
        if self.root.is_dir():
            yield from sorted(p for p in self.root.iterdir() if p.is_dir())
