"""Scenario files: YAML with places, every fault at once."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final, TypeVar

from gateway.config.source import Document, Key, read_yaml
from gateway.history.scenario.lines import Do, End, Expected, read_do, read_end, read_expected
from gateway.history.scenario.trace import Point, trace
from gateway.history.scenario.words import Wrong, span
from gateway.model.errors import Fault, Misconfigured
from gateway.model.times import NS, parse_iso

KEYS: Final[Mapping[str, type | tuple[type, ...]]] = {
    "scenario": str, "config": str, "about": str, "start": str, "every": (str, int), "for": (str, int), "raw": bool,
    "traces": dict, "do": list, "expect": list, "ignore": list, "end": list,
}  # fmt: skip
NEEDED: Final = ("scenario", "config", "traces", "expect")
START: Final = parse_iso("2026-01-01T00:00:00Z")
T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class Scenario:
    """One scenario, times in ns after ``start``."""

    path: Path
    name: str
    config: Path
    start: int
    length: int
    """at least so long; 0: until the last reading, deed or expectation"""
    raw: bool
    traces: Mapping[str, tuple[Point, ...]]
    trace_lines: Mapping[str, int]
    do: tuple[Do, ...]
    expect: tuple[Expected, ...]
    ignore: tuple[str, ...]
    end: tuple[End, ...]


def read_scenario(path: Path) -> Scenario:
    """A scenario file.

    Raises:
        Misconfigured: with every fault, each with its line.
    """
    document = read_yaml(path)
    reader = _Reader(document)
    scenario = reader.scenario(path)
    if reader.faults:
        raise Misconfigured(sorted(reader.faults, key=lambda f: f.line or 0))
    return scenario


def find(paths: Sequence[Path]) -> list[Path]:
    """Scenario files among paths; of folders all YAML files below that begin like a scenario.

    Raises:
        Misconfigured: a path that is neither, or no scenario at all.
    """
    found: list[Path] = []
    for path in paths:
        if path.is_dir():
            found += [p for p in sorted(path.rglob("*.yaml")) if _is_scenario(p)]
        elif path.is_file():
            found.append(path)
        else:
            raise Misconfigured(
                [Fault(str(path), None, "FILE", "not there", "scenario files or folders of them")]
            )
    if not found:
        raise Misconfigured(
            [Fault(str(paths[0]), None, "FILE", "no scenario in it", "YAML that has scenario:")]
        )
    return found


def _is_scenario(path: Path) -> bool:
    lines = path.read_text(encoding="utf-8", errors="replace").splitlines()
    return any(line.startswith("scenario:") for line in lines)


class _Reader:
    def __init__(self, document: Document) -> None:
        self._document = document
        self.faults: list[Fault] = []
        self._data: dict[str, Any] = document.data if isinstance(document.data, dict) else {}

    def scenario(self, path: Path) -> Scenario:
        self._keys()
        every = self._one("every", NS)
        return Scenario(
            path=path, name=str(self._get("scenario", "")), config=path.parent / str(self._get("config", "")),
            start=self._start(), length=self._one("for", 0), raw=bool(self._get("raw", default=False)),
            traces=self._traces(max(every, 1)),
            trace_lines={str(k): self._document.line(("traces", k)) or 1 for k in self._get("traces", {})},
            do=tuple(sorted(self._lines("do", read_do), key=lambda d: d.at)),
            expect=tuple(self._lines("expect", read_expected)),
            ignore=tuple(str(r) for r in self._get("ignore", [])), end=tuple(self._lines("end", read_end)),
        )  # fmt: skip

    def _keys(self) -> None:
        for key in self._data:
            if key not in KEYS:
                self.faults.append(self._document.fault((key,), key, ", ".join(KEYS)))
        for key in NEEDED:
            if key not in self._data:
                self.faults.append(self._document.fault((), f"no {key}", ", ".join(NEEDED)))
        for key, kinds in KEYS.items():
            if key in self._data and not isinstance(self._data[key], kinds):
                kind = kinds if isinstance(kinds, type) else kinds[0]
                word = {str: "text", list: "a list of lines", dict: "NAME: TRACE", bool: "true or false"}[
                    kind
                ]
                self.faults.append(self._document.fault((key,), self._data[key], word))

    def _get(self, key: str, default: Any) -> Any:
        value = self._data.get(key)
        return value if isinstance(value, KEYS[key]) else default

    def _start(self) -> int:
        return (
            self._try(("start",), str(self._data["start"]), parse_iso, START)
            if "start" in self._data
            else START
        )

    def _one(self, key: str, default: int) -> int:
        if key not in self._data:
            return default
        value = self._data[key]
        text = f"{value}s" if isinstance(value, int) else str(value)
        return self._try((key,), text, span, default)

    def _traces(self, every: int) -> dict[str, tuple[Point, ...]]:
        out: dict[str, tuple[Point, ...]] = {}
        for name, text in self._get("traces", {}).items():
            line = str(text)
            out[str(name)] = tuple(self._try(("traces", name), line, lambda t: trace(t, every), []))
        return out

    def _lines(self, key: str, read: Callable[[str, int], T]) -> Iterator[T]:
        for i, text in enumerate(self._get(key, [])):
            place: Key = (key, i)
            number = self._document.line(place) or 1
            item = self._try(place, str(text), lambda t, n=number: read(t, n), None)  # type: ignore[misc]
            if item is not None:
                yield item

    def _try(self, place: Key, text: str, read: Callable[[str], T], default: T) -> T:
        try:
            return read(text)
        except Wrong as wrong:
            hint = f"column {wrong.at + 1} of: {text}" if wrong.at else ""
            self.faults.append(self._document.fault(place, wrong.value, wrong.allowed, hint))
        except ValueError as error:
            self.faults.append(self._document.fault(place, text, str(error)))
        return default
