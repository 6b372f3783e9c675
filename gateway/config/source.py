"""YAML with its line numbers: the plain data, and for every path the line it was written on.

Stricter than YAML 1.1 where that has surprised people: numbers are plain decimals (``010`` is not 8, ``1:30`` not 90),
a key stands once, nothing is an alias of something else, dates are text.
"""

import math
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final

import yaml

from gateway.config.files import read_file, wrong
from gateway.model.errors import Fault, Misconfigured

Key = tuple[str | int, ...]

_TAG: Final = "tag:yaml.org,2002:"
_INT: Final = re.compile(r"[-+]?(0|[1-9][0-9]*)")
_FLOAT: Final = re.compile(r"[-+]?([0-9]+(\.[0-9]*)?|\.[0-9]+)([eE][-+]?[0-9]+)?")
_EXPONENT: Final = re.compile(r"[-+]?[0-9]+[eE][-+]?[0-9]+")
_UNPRINTABLE: Final = re.compile("[\x00-\x08\x0b-\x1f\x7f-\x9f\ud800-\udfff]")
_LARGEST_INT: Final = (1 << 63) - 1
_TRUTH: Final[Mapping[str, bool]] = {
    "true": True,
    "yes": True,
    "on": True,
    "false": False,
    "no": False,
    "off": False,
}
_TEXT_TAGS: Final = frozenset({"str", "timestamp", "value", "merge"})
DECIMAL: Final = "a plain decimal number, e.g. 16, 0.5, -3.2"


@dataclass(slots=True)
class Document:
    """A YAML file as data with places."""

    file: str
    data: Any
    lines: dict[Key, int] = field(default_factory=dict)

    def line(self, path: Key) -> int | None:
        """Line of ``path`` or of its nearest written parent."""
        for stop in range(len(path), -1, -1):
            if path[:stop] in self.lines:
                return self.lines[path[:stop]]
        return None

    def fault(self, path: Key, value: object, allowed: str, hint: str = "") -> Fault:
        """A fault at ``path``."""
        return Fault(self.file, self.line(path), dotted(path) or "(file)", shown(value), allowed, hint)

    def place(self, path: Key) -> str:
        """``file:line`` of ``path``."""
        return f"{self.file}:{self.line(path) or 1}"


def dotted(path: Key) -> str:
    """``("rules", 0, "tag")`` -> ``rules[0].tag``."""
    out = ""
    for part in path:
        word = part if isinstance(part, int) or part.isprintable() else repr(part)
        out += f"[{word}]" if isinstance(part, int) else f".{word}" if out else str(word)
    return out


class _Missing(str):
    """The word, told from a setting that says so by what it is."""

    __slots__ = ()


MISSING: Final = _Missing("missing")
"""The value of a key that is not there."""


def shown(value: object) -> str:
    """A value as a message shows it, never longer than a line; of keys only their names (values may be secret)."""
    if value is MISSING:
        return str(MISSING)
    text = ", ".join(map(str, value)) if isinstance(value, dict) else repr(value)
    if isinstance(value, list) and any(isinstance(entry, dict | list) for entry in value):
        text = f"{len(value)} entries"
    return text if len(text) <= 80 else text[:77] + "..."


def printable(text: str) -> bool:
    """No control characters (but line ends and tabs), no lone surrogates: text that every output can carry."""
    return _UNPRINTABLE.search(text) is None


def read_yaml(path: Path, *, quick: bool = False) -> Document:
    """Parse one YAML file; ``quick``: by libyaml where it is there, and what that refuses by PyYAML, for its words.

    Raises:
        Misconfigured: not there, not UTF-8, not YAML, a key twice, an alias, a number not written plainly.
    """
    text = _decoded(path)
    try:
        root = _composed(text, quick=quick)
        reader = _Builder(Document(str(path), {}))
        if root is not None:
            reader.document.data = reader.build(root, ())
    except yaml.YAMLError as error:
        raise Misconfigured([_not_yaml(path, text, error)]) from error
    except RecursionError as error:
        raise Misconfigured([wrong(path, "nested too deeply", "a few levels of lists and keys")]) from error
    if reader.faults:
        raise Misconfigured(reader.faults)
    return reader.document


def _composed(text: str, *, quick: bool) -> yaml.Node | None:
    fast: Any = getattr(yaml, "CSafeLoader", None) if quick else None
    if fast is not None:
        try:
            found: yaml.Node | None = yaml.compose(text, Loader=fast)
        except yaml.YAMLError:
            fast = None
        else:
            return found
    plain: yaml.Node | None = yaml.compose(text, Loader=yaml.SafeLoader)
    return plain


def _decoded(path: Path) -> str:
    try:
        return read_file(path).decode("utf-8-sig")
    except UnicodeDecodeError as error:
        hint = "save it as UTF-8 (in Notepad: Save as, Encoding UTF-8)"
        raise Misconfigured([wrong(path, f"byte {error.start} is not UTF-8", "UTF-8 text", hint)]) from error


def _not_yaml(path: Path, text: str, error: yaml.YAMLError) -> Fault:
    mark = getattr(error, "problem_mark", None) or getattr(error, "context_mark", None)
    line = mark.line + 1 if mark else None
    lines = text.splitlines()
    written = " ".join(lines[max(line - 2, 0) : line]) if line else ""
    what = str(getattr(error, "problem", None) or " ".join(str(error).split()))
    return wrong(path, what, "YAML", _syntax_hint(written), line)


def _syntax_hint(written: str) -> str:
    if "\t" in written:
        return "indent with spaces, never with tabs"
    for wide, plain in (
        ("：", "a colon and a space"),
        ("，", "a comma"),
        ("“", "plain quotes"),
        ("”", "plain quotes"),
    ):
        if wide in written:
            return f"the line has a full-width {wide} ; write {plain}"
    return "look at quotes, colons and indents here and on the line before"


@dataclass(slots=True)
class _Builder:
    """Nodes to data; what is wrong is collected."""

    document: Document
    faults: list[Fault] = field(default_factory=list)
    _seen: set[int] = field(default_factory=set)

    def build(self, node: yaml.Node, path: Key) -> Any:
        if id(node) in self._seen:
            hint = "copy what it points to"
            self.faults.append(
                self.document.fault(path, "alias", "every value written where it stands", hint)
            )
            return None
        self._seen.add(id(node))
        self.document.lines.setdefault(path, node.start_mark.line + 1)
        if isinstance(node, yaml.ScalarNode):
            return self._scalar(node, path)
        if node.tag not in (f"{_TAG}map", f"{_TAG}seq"):
            self._fault(node, path, node.tag, "lists and keys without YAML tags")
            return None
        if isinstance(node, yaml.SequenceNode):
            return [self.build(child, (*path, i)) for i, child in enumerate(node.value)]
        return self._mapping(node, path)

    def _mapping(self, node: yaml.Node, path: Key) -> dict[str, Any]:
        out: dict[str, Any] = {}
        for key_node, child in node.value:
            key = key_node.value
            if not isinstance(key, str) or not printable(key) or key_node.tag == f"{_TAG}merge":
                hint = "write the settings out; `<<` does not merge" if key == "<<" else ""
                self._fault(key_node, path, shown(key), "a word as key", hint)
                continue
            if key in out:
                self._fault(key_node, (*path, key), "written twice", "each key once")
            self.document.lines[(*path, key)] = key_node.start_mark.line + 1
            out[key] = self.build(child, (*path, key))
        return out

    def _scalar(self, node: yaml.ScalarNode, path: Key) -> Any:
        kind, text = node.tag.removeprefix(_TAG), node.value
        if kind in _TEXT_TAGS:
            return self._text(node, path)
        if kind == "null":
            return None
        if kind == "bool" and text.lower() in _TRUTH:
            return _TRUTH[text.lower()]
        value = _number(kind, text)
        if value is None:
            hint = "put quotes around it if it is a name" if kind in ("int", "float") else ""
            self._fault(
                node, path, text[:60], DECIMAL if kind in ("int", "float") else "text or a number", hint
            )
        return value

    def _text(self, node: yaml.ScalarNode, path: Key) -> str | float:
        if not printable(node.value):
            self._fault(node, path, shown(node.value), "printable text")
        if node.style is None and _EXPONENT.fullmatch(node.value):
            return float(node.value) if math.isfinite(float(node.value)) else str(node.value)
        return str(node.value)

    def _fault(self, node: yaml.Node, path: Key, value: str, allowed: str, hint: str = "") -> None:
        line = node.start_mark.line + 1
        self.faults.append(Fault(self.document.file, line, dotted(path) or "(file)", value, allowed, hint))


def _number(kind: str, text: str) -> int | float | None:
    """A number written plainly and finite; None otherwise."""
    if kind == "int" and _INT.fullmatch(text) and len(text) < 20:
        return int(text) if abs(int(text)) <= _LARGEST_INT else None
    if kind == "float" and _FLOAT.fullmatch(text):
        return float(text) if math.isfinite(float(text)) else None
    return None
