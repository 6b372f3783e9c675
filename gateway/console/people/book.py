"""What is kept of people: accounts, panels, tokens and sessions, in one private file of the state folder.

Secrets are kept as hashes: Argon2id for passwords, SHA-256 for what this program made itself (256 random bits). The
second factor's secret has to be kept as it is. The file is replaced whole, so a crash leaves the old or the new one.
"""

import hashlib
import os
import secrets
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any, Final, TypeVar

import orjson

from gateway.console.people.roles import Role
from gateway.model.errors import Fault, Misconfigured

FILE: Final = "access.json"
VERSION: Final = 1
T = TypeVar("T")


@dataclass(slots=True)
class Account:
    """A person who may sign in. Accounts are never deleted, so that a name in the journal stays somebody's."""

    id: str
    name: str
    role: Role
    password: str
    person: str = ""
    """id of the same person in the configuration"""
    second: str = ""
    """secret of the second factor; empty: none"""
    second_used: int = 0
    must_change: bool = False
    disabled: bool = False
    made: int = 0


@dataclass(slots=True)
class Panel:
    """A screen of the control room: it always sees."""

    id: str
    name: str
    secret: str
    made: int = 0
    by: str = ""


@dataclass(slots=True)
class Token:
    """A program that uses the API."""

    id: str
    name: str
    role: Role
    secret: str
    until: int
    made: int = 0
    by: str = ""


@dataclass(slots=True)
class Session:
    """One sign-in. ``until``: s since 1970, when acting ends at the latest."""

    secret: str
    account: str
    workstation: str
    until: int
    csrf: str
    idle: float = field(default=0.0)
    """s since 1970 of the last act or movement; begins anew with the process"""


@dataclass(slots=True)
class Book:
    """All of it, by id (sessions by the hash of their secret)."""

    path: Path | None
    accounts: dict[str, Account] = field(default_factory=dict)
    panels: dict[str, Panel] = field(default_factory=dict)
    tokens: dict[str, Token] = field(default_factory=dict)
    sessions: dict[str, Session] = field(default_factory=dict)

    @property
    def founded(self) -> bool:
        """There is an administrator who can sign in."""
        return any(a.role is Role.ADMINISTRATOR and not a.disabled for a in self.accounts.values())

    def save(self) -> None:
        """Write the file anew."""
        if self.path is None:
            return
        parts = {
            name: [asdict(x) for x in getattr(self, name).values()]
            for name in ("accounts", "panels", "tokens", "sessions")
        }
        aside = self.path.with_suffix(".new")
        descriptor = os.open(aside, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
        with os.fdopen(descriptor, "wb") as file:
            file.write(orjson.dumps({"version": VERSION, **parts}, option=orjson.OPT_INDENT_2))
            file.flush()
            os.fsync(file.fileno())
        aside.replace(self.path)


def open_book(path: Path) -> Book:
    """What is kept at ``path``; an empty book when there is no file.

    Raises:
        Misconfigured: the file cannot be read; nobody is let in by accident, and nothing is overwritten.
    """
    if not path.exists():
        return Book(path)
    try:
        found = orjson.loads(path.read_bytes())
        if found["version"] != VERSION:
            raise ValueError(f"version {found['version']}")
        return Book(
            path,
            {x["id"]: Account(**_role(x)) for x in found["accounts"]},
            {x["id"]: Panel(**x) for x in found["panels"]},
            {x["id"]: Token(**_role(x)) for x in found["tokens"]},
            {x["secret"]: Session(**x) for x in found["sessions"]},
        )
    except (OSError, ValueError, KeyError, TypeError) as error:
        hint = "restore it from a backup, or move it away: the next start makes a new administrator"
        raise Misconfigured([Fault(str(path), None, "", str(error), f"version {VERSION}", hint)]) from error


def _role(fields: dict[str, Any]) -> dict[str, Any]:
    return {**fields, "role": Role(fields["role"])}


def new_secret() -> str:
    """256 random bits."""
    return secrets.token_urlsafe(32)


def digest(secret: str) -> str:
    """What is kept of it."""
    return hashlib.sha256(secret.encode()).hexdigest()
