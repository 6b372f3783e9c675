"""What the code says to people, read out of its source: every sentence, with ``{}`` where something is put in."""

import ast
import re
from collections.abc import Iterator
from functools import cache
from pathlib import Path

ROOT = Path(__file__).parents[2]
WORDS: dict[str, tuple[int | str, ...]] = {
    "Refused": (0,), "Retry": (0,), "Reject": (0,), "HTTPException": (1, "detail"), "problem": (2,),
    "Gap": (5, "why"), "gap": (4, "why"), "trouble": ("detail",), "troubles": ("detail",), "_troubles": ("detail",),
    "SystemFault": (3,), "LinkChange": (3,), "link": ("reason",), "_link": ("why",), "_say": ("why",),
    "fault": (-1, -2, "allowed", "hint"), "_fault": (-1, -2), "Fault": (-1, -2, -3, "allowed", "hint"), "at": (1, 2),
    "wrong": (1, 2, 3), "Wrong": (1, 2), "_refuse": (0, 1), "refuse": (0, 1),
}  # fmt: skip
"""call -> the arguments that are sentences"""
KEYS = {"why", "reason"}
"""of an event's details"""
VALUE_ERRORS = re.compile(r"gateway/(config/|sources/|sinks/.*config|wires/(durations|tls))")
"""where a ValueError is a fault of the configuration, whose words pydantic hands on"""
SENTENCE = re.compile(r"[a-z]{2}")
DEEP = 5


class Reader(ast.NodeVisitor):
    """The sentences of one file, as far as names can be followed inside it."""

    def __init__(self, path: Path) -> None:
        self.found: list[str] = []
        self._tree = ast.parse(path.read_text())
        self._inside: list[ast.AST] = []
        self._values = str(VALUE_ERRORS.match(str(path.relative_to(ROOT))) or "")
        self._functions = {n.name: n for n in ast.walk(self._tree) if isinstance(n, ast.FunctionDef)}
        self.visit(self._tree)

    def visit_FunctionDef(self, node: ast.FunctionDef) -> None:  # ast's own name
        self._inside.append(node)
        self.generic_visit(node)
        self._inside.pop()

    def visit_AsyncFunctionDef(self, node: ast.AsyncFunctionDef) -> None:
        self._inside.append(node)
        self.generic_visit(node)
        self._inside.pop()

    def visit_Call(self, node: ast.Call) -> None:
        wanted = ((0,) if self._values else ()) if _name(node) == "ValueError" else WORDS.get(_name(node), ())
        for which in wanted:
            if isinstance(which, str):
                self._take(next((k.value for k in node.keywords if k.arg == which), None))
            elif -len(node.args) <= which < len(node.args) and (which >= 0 or len(node.args) + which > 0):
                self._take(node.args[which])
        self.generic_visit(node)

    def visit_Dict(self, node: ast.Dict) -> None:
        for key, value in zip(node.keys, node.values, strict=True):
            if isinstance(key, ast.Constant) and key.value in KEYS:
                self._take(value)
        self.generic_visit(node)

    def _take(self, node: ast.expr | None) -> None:
        for text in self._texts(node, DEEP):
            literal = text.replace("{}", "")
            if " " in literal.strip(" :;.,()") and SENTENCE.search(literal):
                self.found.append(text)

    def _texts(self, node: ast.expr | None, deep: int) -> Iterator[str]:
        if node is None or not deep:
            return
        if isinstance(node, ast.Constant) and isinstance(node.value, str):
            yield node.value
        elif isinstance(node, ast.JoinedStr):
            yield "".join(str(v.value) if isinstance(v, ast.Constant) else "{}" for v in node.values)
        else:
            for part in self._parts(node):
                yield from self._texts(part, deep - 1)

    def _parts(self, node: ast.expr) -> Iterator[ast.expr]:
        if isinstance(node, ast.IfExp):
            yield from (node.body, node.orelse)
        elif isinstance(node, ast.BoolOp):
            yield from node.values
        elif isinstance(node, ast.Name):
            yield from self._assigned(node.id)
        elif isinstance(node, ast.Call) and _name(node) == "join":
            yield from (a.elt for a in node.args if isinstance(a, ast.GeneratorExp | ast.ListComp))
        elif isinstance(node, ast.Call) and _name(node) in self._functions:
            yield from _returned(self._functions[_name(node)])

    def _assigned(self, name: str) -> Iterator[ast.expr]:
        scopes: list[ast.AST] = [*self._inside[-1:], *(n for n in self._tree.body if not hasattr(n, "body"))]
        for node in (n for scope in scopes for n in ast.walk(scope)):
            if isinstance(node, ast.AnnAssign) and node.value and _is(node.target, name):
                yield node.value
            elif isinstance(node, ast.Assign):
                for target in node.targets:
                    if _is(target, name):
                        yield node.value
                    elif isinstance(target, ast.Tuple) and isinstance(node.value, ast.Tuple):
                        pairs = zip(target.elts, node.value.elts, strict=False)
                        yield from (value for each, value in pairs if _is(each, name))


def _is(node: ast.expr, name: str) -> bool:
    return isinstance(node, ast.Name) and node.id == name


def _name(node: ast.Call) -> str:
    return str(getattr(node.func, "id", getattr(node.func, "attr", "")))


def _returned(function: ast.FunctionDef) -> Iterator[ast.expr]:
    yield from (n.value for n in ast.walk(function) if isinstance(n, ast.Return) and n.value is not None)


def sentences(under: str, but: tuple[str, ...] = ()) -> dict[str, str]:
    """Sentence -> the file that says it first."""
    found: dict[str, str] = {}
    for path in sorted((ROOT / under).rglob("*.py")):
        place = str(path.relative_to(ROOT))
        if not place.startswith(but):
            for text in _read(path):
                found.setdefault(text, place)
    return found


@cache
def _read(path: Path) -> tuple[str, ...]:
    return tuple(Reader(path).found)


def literals(path: Path) -> set[str]:
    """Every text of several words in a file, its documentation aside: of one that says nothing else."""
    tree = ast.parse(path.read_text())
    parts = {id(v) for n in ast.walk(tree) if isinstance(n, ast.JoinedStr) for v in n.values}
    parts |= {id(n.value) for n in ast.walk(tree) if isinstance(n, ast.Expr)}
    found = set()
    for node in ast.walk(tree):
        if isinstance(node, ast.JoinedStr):
            found.add("".join(str(v.value) if isinstance(v, ast.Constant) else "{}" for v in node.values))
        elif isinstance(node, ast.Constant) and isinstance(node.value, str) and id(node) not in parts:
            found.add(node.value)
    return {text for text in found if len(re.findall(r"[a-z]{2,}", text)) > 2 and " " in text}
