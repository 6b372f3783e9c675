"""A console with an account of every role, for the tests of signing in."""

from __future__ import annotations

from pathlib import Path

import httpx

from gateway.console.app import DoorRules
from gateway.console.people.book import Account, Book
from gateway.console.people.door import HEADER
from gateway.console.people.passwords import _HASHER
from gateway.console.people.roles import PEOPLE
from tests.helpers.console import app_of
from tests.helpers.plant import FakePlant

PASSWORD = "correct horse 7"
WEAK = ("short", "1234567890", "aaaaaaaaaaaa", "administrator", "my li password", "x" * 201)
HASH = _HASHER.hash(PASSWORD)
BASE = "http://127.0.0.1:8080"


class House:
    """A console with an account of every role, at a time of the test's own."""

    def __init__(self, folder: Path) -> None:
        self.plant = FakePlant()
        self.now = 1_800_000_000.0
        self.book = Book(folder / "access.json")
        for role in PEOPLE:
            self.book.accounts[role.value] = Account(role.value, role.value.title(), role, HASH)
        self.app = app_of(self.plant, self.book, DoorRules(act_idle_s=600, act_longest_s=3600))
        self.access = self.app.state.access
        self.access.door.now = lambda: self.now

    def client(self, address: str = "127.0.0.1") -> httpx.AsyncClient:
        return httpx.AsyncClient(transport=httpx.ASGITransport(self.app, client=(address, 1)), base_url=BASE)

    def told(self) -> list[tuple[str, str, str]]:
        """(who, role, what) of every access event."""
        found = [c for c in self.plant.commands if c.act.value == "access"]
        return [(c.actor.id, c.actor.role, dict(c.words)["what"]) for c in found]


async def enter(web: httpx.AsyncClient, user: str, password: str = PASSWORD, **more: str) -> httpx.Response:
    """Sign in; the client repeats the session's word from then on."""
    answer = await web.post("/api/v1/session", json={"user": user, "password": password, **more})
    if answer.status_code == 200:
        web.headers[HEADER] = answer.json()["word"]
    return answer
