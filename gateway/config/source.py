"""YAML with its line numbers: the plain data, and for every path the line it was written on."""

from collections.abc import Hashable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import yaml

from gateway.model.errors import Fault, Misconfigured

Key = tuple[str | int, ...]


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


def dotted(path: Key) -> str:
    """``("rules", 0, "tag")`` -> ``rules[0].tag``."""
    out = ""
    for part in path:
        out += f"[{part}]" if isinstance(part, int) else f".{part}" if out else str(part)
    return out


def shown(value: object) -> str:
    """A value as a message shows it, never longer than a line."""
    text = repr(value)
    return text if len(text) <= 80 else text[:77] + "..."


def read_yaml(path: Path) -> Document:
    """Parse one YAML file.

    Raises:
        Misconfigured: not there, not UTF-8, not YAML, a key twice.
    """
    name = str(path)
    try:
        root = yaml.compose(path.read_text(encoding="utf-8-sig"), Loader=yaml.SafeLoader)
    except OSError as error:
        fault = Fault(name, None, "(file)", error.strerror or str(error), "a readable file", "check the path")
        raise Misconfigured([fault]) from error
    except UnicodeDecodeError as error:
        raise Misconfigured(
            [Fault(name, None, "(file)", str(error), "UTF-8 text", "save it as UTF-8")]
        ) from error
    except yaml.YAMLError as error:
        mark = getattr(error, "problem_mark", None)
        line = mark.line + 1 if mark else None
        what = str(getattr(error, "problem", None) or error)
        raise Misconfigured(
            [Fault(name, line, "(file)", what, "YAML", "look at quotes and indents")]
        ) from error
    document = Document(name, None)
    faults: list[Fault] = []
    document.data = _build(root, (), document, faults) if root is not None else {}
    if faults:
        raise Misconfigured(faults)
    return document


def _build(node: yaml.Node, path: Key, document: Document, faults: list[Fault]) -> Any:
    document.lines[path] = node.start_mark.line + 1
    if isinstance(node, yaml.SequenceNode):
        return [_build(child, (*path, i), document, faults) for i, child in enumerate(node.value)]
    if not isinstance(node, yaml.MappingNode):
        return _scalar(node)
    out: dict[Hashable, Any] = {}
    for key_node, child in node.value:
        key = str(key_node.value)
        if key in out:
            line = key_node.start_mark.line + 1
            faults.append(Fault(document.file, line, dotted((*path, key)), "written twice", "each key once"))
        out[key] = _build(child, (*path, key), document, faults)
        document.lines[(*path, key)] = key_node.start_mark.line + 1
    return out


def _scalar(node: yaml.Node) -> Any:
    loader = yaml.SafeLoader("")
    try:
        return loader.construct_object(node, deep=True)
    finally:
        loader.dispose()
