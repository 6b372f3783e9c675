"""The API against its own description, by schemathesis: in this process, a few requests each, always the same ones."""

from __future__ import annotations

from functools import cache
from typing import Any

import pytest
import schemathesis
from hypothesis import HealthCheck, Phase, given, settings
from schemathesis.checks import CheckFunction
from schemathesis.generation import GenerationMode
from schemathesis.specs.openapi.checks import positive_data_acceptance

from gateway.console import reference
from gateway.console.people.book import Book, Token, digest
from gateway.console.people.roles import MATRIX, V1, Role
from tests.helpers.console import TOKEN, app_of
from tests.helpers.plant import FakePlant

HOST = "testserver"
pytestmark = pytest.mark.leaks_ok(
    "schemathesis keeps one event loop in a thread as long as the process lives"
)
ENDLESS = f"{V1}/stream"
TWICE = f"{V1}/exercise/commands/"
"""the plant's own acts, by the same handlers"""
POSITIVE, NEGATIVE = GenerationMode.POSITIVE, GenerationMode.NEGATIVE
ACROSS = {"start", "end", "tags", "until", "time", "password", "new"}
"""rules over several fields (end after start), and what is known only here, that a description cannot say"""
FEW = settings(
    max_examples=5,
    deadline=None,
    database=None,
    derandomize=True,
    phases=[Phase.generate],
    suppress_health_check=list(HealthCheck),
)


def asked() -> list[tuple[str, str, GenerationMode]]:
    """Every endpoint as described; and wrongly, where a body or a query can be wrong."""
    found = []
    for path, methods in reference.schema()["paths"].items():
        for method, operation in methods.items():
            if path == ENDLESS or path.startswith(TWICE):
                continue
            wrong = "requestBody" in operation or any(
                p["in"] == "query" for p in operation.get("parameters", ())
            )
            found += [(method.upper(), path, mode) for mode in (POSITIVE, NEGATIVE)[: 1 + wrong]]
    return found


def bearer(role: Role) -> str:
    return f"the token of the {role.value}"


@cache
def console() -> tuple[FakePlant, Any]:
    """One console for all: nothing that is asked of it may harm it."""
    plant, book = FakePlant(), Book(None)
    for role in (Role.ENGINEER, Role.ADMINISTRATOR):
        made = Token(role.value, role.value, role, digest(bearer(role)), 1 << 40, 0, "test")
        book.tokens[made.id] = made
    app = app_of(plant, book, hosts=(HOST,))
    return plant, schemathesis.openapi.from_asgi(f"{V1}/openapi.json", app)


def who(method: str, path: str) -> str:
    """The secret of somebody who may."""
    may = MATRIX[method, path]
    return next((bearer(r) for r in (Role.ENGINEER, Role.ADMINISTRATOR) if r in may), TOKEN)


def meant(case: Any, plant: FakePlant) -> Any:
    """The same request, about an alarm and a tag that are there: else nothing but refusals would be seen."""
    if isinstance(case.body, dict):
        alarm = next(iter(plant.alarms))
        for seen in case.body.get("ids", ()):
            seen["id"] = alarm
        case.body |= {k: v for k, v in (("tag", "LT-101"), ("alarm", alarm)) if k in case.body}
    return case


def names(operation: Any) -> set[str]:
    """Of all parameters and of the fields of its body."""
    raw = operation.definition.raw
    found = {p["name"] for p in raw.get("parameters", ())}
    for media in raw.get("requestBody", {}).get("content", {}).values():
        shape = media["schema"].get("$ref", "").rpartition("/")[2]
        found |= (
            operation.schema.raw_schema["components"]["schemas"].get(shape, {}).get("properties", {}).keys()
        )
    return found


@pytest.mark.parametrize(("method", "path", "mode"), asked(), ids=str)
def test_what_is_described_is_what_is_answered(method: str, path: str, mode: GenerationMode) -> None:
    """Status, media type and shape as described; what the description forbids is refused; nothing is a 500."""
    plant, schema = console()
    operation = schema[path][method]
    not_here: list[CheckFunction] = [positive_data_acceptance] if names(operation) & ACROSS else []

    @FEW
    @given(case=operation.as_strategy(generation_mode=mode))
    def ask(case: Any) -> None:
        headers = {"Authorization": f"Bearer {who(method, path)}"}
        (meant(case, plant) if mode is POSITIVE else case).call_and_validate(
            headers=headers, excluded_checks=not_here
        )

    ask()
