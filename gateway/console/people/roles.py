"""Roles, and the one table that says who may use which endpoint. What is not in it is nobody's."""

import re
from collections.abc import Iterable
from enum import StrEnum
from typing import Final


class Role(StrEnum):
    """What a person, a panel or a token may do."""

    REGULATOR = "regulator"
    """sees status, levels and open alarms; no tag, no engineering"""
    VIEWER = "viewer"
    OPERATOR = "operator"
    ENGINEER = "engineer"
    """what an operator may, and limits, loops, configuration"""
    ADMINISTRATOR = "administrator"
    """accounts, panels and tokens; no act on the plant"""
    AUDITOR = "auditor"
    """reads everything that was done; does nothing. Never the same account as an administrator"""
    TERMINAL = "terminal"
    """whoever can read the state folder: the machine's own command line"""
    NOBODY = "nobody"
    """not signed in"""


PEOPLE: Final = (
    Role.REGULATOR,
    Role.VIEWER,
    Role.OPERATOR,
    Role.ENGINEER,
    Role.ADMINISTRATOR,
    Role.AUDITOR,
)
"""roles an account or a token can have"""
_LETTER: Final = {
    "R": Role.REGULATOR, "V": Role.VIEWER, "O": Role.OPERATOR, "E": Role.ENGINEER, "A": Role.ADMINISTRATOR,
    "U": Role.AUDITOR, "T": Role.TERMINAL, "N": Role.NOBODY,
}  # fmt: skip
V1: Final = "/api/v1"

# R regulator, V viewer, O operator, E engineer, A administrator, U auditor, T terminal, N nobody (not signed in)
_TABLE: Final = {
    "GET /": "RVOEAUTN",
    "GET /healthz": "RVOEAUTN",
    "GET /readyz": "RVOEAUTN",
    "GET /metrics": "RVOEAUTN",
    "GET /openapi.json": "RVOEAUTN",
    "GET /session": "RVOEAUTN",
    "POST /session": "RVOEAUTN",
    "DELETE /session": "RVOEAUTN",
    "POST /session/here": "RVOEAU",
    "POST /session/password": "RVOEAU",
    "POST /session/second": "RVOEAU",
    "POST /session/second/confirm": "RVOEAU",
    "POST /setup": "RVOEAUTN",
    "POST /setup/code": "T",
    "GET /accounts": "AU",
    "POST /accounts": "A",
    "PATCH /accounts/{account}": "A",
    "GET /panels": "AU",
    "POST /panels": "A",
    "DELETE /panels/{panel}": "A",
    "GET /tokens": "AU",
    "POST /tokens": "A",
    "DELETE /tokens/{token}": "A",
    "GET /status": "RVOEAUT",
    "GET /levels": "RVOEAUT",
    "GET /alarms": "RVOEAUT",
    "GET /stream": "RVOEAUT",
    "GET /rules": "VOEAUT",
    "GET /rules/explain/{tag}": "VOEAUT",
    "POST /rules/try": "ET",
    "GET /rules/settings/{rule}": "VOEAUT",
    "GET /changes": "VOEAUT",
    "GET /raw": "VOEAUT",
    "GET /kpi": "RVOEAUT",
    "POST /engineering/check": "ET",
    "POST /engineering/what-if": "ET",
    "POST /engineering/annotate": "ET",
    "POST /engineering/probe": "ET",
    "GET /layout": "RVOEAUT",
    "GET /plan": "RVOEAUT",
    "GET /dead-letters": "VOEAUT",
    "GET /links": "VOEAUT",
    "GET /tags": "VOEAUT",
    "GET /tags/{tag}/history": "VOEAUT",
    "GET /tags/{tag}/forecast": "VOEAUT",
    "GET /trends": "VOEAUT",
    "GET /trends/export.csv": "VOEAUT",
    "GET /events": "VOEAUT",
    "GET /loops": "VOEAUT",
    "GET /cards": "RVOEAUT",
    "GET /deliveries": "RVOEAUT",
    "GET /events/search": "VOEAUT",
    "GET /events/export.csv": "VOEAUT",
    "POST /commands/acknowledge": "OET",
    "POST /commands/reset": "OET",
    "POST /commands/shelve": "OET",
    "POST /commands/unshelve": "OET",
    "POST /commands/remove": "OET",
    "POST /commands/return": "OET",
    "POST /commands/assign": "OET",
    "POST /commands/handle": "OET",
    "POST /commands/submit": "OET",
    "POST /commands/send-back": "OET",
    "POST /commands/settle": "OET",
    "POST /commands/dismiss": "OET",
    "POST /commands/reopen": "OET",
    "POST /commands/report": "OET",
    "POST /commands/watch": "OET",
    "POST /commands/watch-end": "OET",
    "POST /commands/enter": "OET",
    "POST /commands/card-step": "OET",
    "POST /commands/loop-tested": "OET",
    "POST /commands/false-data": "ET",
    "POST /commands/reload": "ET",
    "POST /commands/retry": "ET",
    "POST /commands/stage": "ET",
    "POST /commands/approve": "ET",
    "POST /commands/propose": "ET",
    "POST /commands/agree": "ET",
    "POST /commands/decline": "ET",
    "GET /configs": "VOEAUT",
    "GET /exercise": "VOEAUT",
    "GET /exercise/alarms": "VOEAUT",
    "GET /exercise/events": "VOEAUT",
    "GET /exercise/report": "VOEAUT",
    "POST /exercise/start": "ET",
    "POST /exercise/stop": "OET",
    "POST /exercise/commands/acknowledge": "OET",
    "POST /exercise/commands/reset": "OET",
    "POST /exercise/commands/shelve": "OET",
    "POST /exercise/commands/unshelve": "OET",
    "POST /exercise/commands/remove": "OET",
    "POST /exercise/commands/return": "OET",
    "POST /exercise/commands/assign": "OET",
    "POST /exercise/commands/handle": "OET",
    "POST /exercise/commands/submit": "OET",
    "POST /exercise/commands/send-back": "OET",
    "POST /exercise/commands/settle": "OET",
    "POST /exercise/commands/dismiss": "OET",
    "POST /exercise/commands/reopen": "OET",
    "POST /exercise/commands/report": "OET",
    "POST /push/{source}": "RVOEAUTN",  # each source asks for its own token
}
OUTSIDE: Final = ("GET /", "GET /healthz", "GET /readyz", "GET /metrics")
"""rows that are not under ``/api/v1``"""
PARTS: Final = {
    "changes": ("configs", "commands/stage", "commands/approve"),
    "proposals": (
        "changes", "rules/try", "rules/settings/", "commands/propose", "commands/agree", "commands/decline",
    ),
    "exercise": ("exercise",),
}  # fmt: skip
"""what only the console of a gateway that runs has, and how the paths of it begin"""


def _rows() -> dict[tuple[str, str], frozenset[Role]]:
    rows = {}
    for row, letters in _TABLE.items():
        method, path = row.split(" ")
        rows[method, path if row in OUTSIDE else V1 + path] = frozenset(_LETTER[x] for x in letters)
    return rows


MATRIX: Final = _rows()
"""(method, path as in the API) -> roles"""


_PATTERNS: Final = [
    (method, re.compile(re.sub(r"\{\w+\}", "[^/]+", path)), may)
    for (method, path), may in MATRIX.items()
    if "{" in path
]


def allowed(method: str, path: str) -> frozenset[Role]:
    """Who may send this request (its real path, decoded); nobody where the table has no row. HEAD counts as GET."""
    method = "GET" if method == "HEAD" else method
    found = MATRIX.get((method, path))
    if found is not None:
        return found
    return next((may for m, row, may in _PATTERNS if m == method and row.fullmatch(path)), frozenset())


def granted(method: str, path: str, roles: Iterable[Role]) -> Role | None:
    """The role under which the request is allowed; None: it is not."""
    may = allowed(method, path)
    return next((role for role in roles if role in may), None)


def rights(roles: Iterable[Role], lacks: Iterable[str] = ()) -> list[str]:
    """What these roles may change, as ``METHOD /path``, for a page that hides what would be refused.

    Args:
        lacks: names of :data:`PARTS` that this console does not have; nothing of them is offered.
    """
    held, away = frozenset(roles), tuple(f"{V1}/{path}" for part in lacks for path in PARTS[part])
    found = ((method, path) for (method, path), may in MATRIX.items() if method != "GET" and held & may)
    return [f"{method} {path}" for method, path in found if not path.startswith(away)]
