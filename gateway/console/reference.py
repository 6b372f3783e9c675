"""The table of endpoints in docs/http.md, from the API itself: ``python -m gateway.console.reference --write``."""

import sys
from pathlib import Path
from typing import Any, Final, cast

from gateway.console.app import Beside, create_app
from gateway.console.people.book import Book
from gateway.console.people.roles import MATRIX, V1, Role

PAGE: Final = Path(__file__).parents[2] / "docs" / "http.md"
MARKS: Final = ("<!-- endpoints -->\n", "<!-- end of endpoints -->\n")
FILES: Final = {
    "GET /": "the console",
    f"GET {V1}/openapi.json": "this API as OpenAPI, with every field",
}
"""rows that the API does not describe itself"""
LETTERS: Final = {
    Role.REGULATOR: "R", Role.VIEWER: "V", Role.OPERATOR: "O", Role.ENGINEER: "E", Role.ADMINISTRATOR: "A",
    Role.AUDITOR: "U", Role.TERMINAL: "T",
}  # fmt: skip


class _Nothing:
    """Stands for every port: the API is described, not used."""

    def __getattr__(self, _: str) -> None:
        return None


def schema() -> dict[str, Any]:
    """The whole API as OpenAPI, made without a plant."""
    nothing = cast("Any", _Nothing())
    app = create_app(
        nothing, nothing, nothing, nothing, token="x" * 16, book=Book(None),
        beside=Beside(exercise=nothing, changes=nothing, proposals=nothing),
    )  # fmt: skip
    return app.openapi()


def table() -> str:
    """Rows in the order of the table of rights."""
    paths = schema()["paths"]
    lines = ["| method | path | who | does |", "|---|---|---|---|"]
    for (method, path), may in MATRIX.items():
        key = f"{method} {path}"
        words = FILES.get(key) or _first(paths[path][method.lower()]["description"])
        who = "all" if Role.NOBODY in may else "".join(x for role, x in LETTERS.items() if role in may)
        lines.append(f"| {method} | `{path}` | {who} | {words} |")
    return "\n".join(lines) + "\n"


def _first(description: str) -> str:
    sentence = description.partition("\n\n")[0].replace("\n", " ").rstrip(".")
    return sentence[:1].lower() + sentence[1:]


def page(text: str) -> str:
    """The page with its table made anew."""
    head, _, rest = text.partition(MARKS[0])
    return head + MARKS[0] + table() + MARKS[1] + rest.partition(MARKS[1])[2]


def main() -> None:
    if "--write" in sys.argv:
        PAGE.write_text(page(PAGE.read_text(encoding="utf-8")), encoding="utf-8")
    else:
        sys.stdout.write(table())


if __name__ == "__main__":
    main()
