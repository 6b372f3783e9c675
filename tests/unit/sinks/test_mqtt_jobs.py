"""The jobs of one connection: what comes out when one fails, on every Python that is supported."""

from __future__ import annotations

import ast
import asyncio
from pathlib import Path

import pytest

from gateway.model.errors import Retry
from gateway.sinks.mqtt.jobs import together

GATEWAY = Path(__file__).parents[3] / "gateway"


async def ends(error: Exception) -> None:
    raise error


async def stays() -> None:
    await asyncio.Event().wait()


async def test_a_failure_of_ours_comes_out_bare() -> None:
    with pytest.raises(Retry, match="gone") as found:
        await together(one=ends(Retry("gone")), other=stays())
    assert type(found.value) is Retry


async def test_what_is_not_ours_is_not_hidden_by_what_is() -> None:
    with pytest.raises(ExceptionGroup) as found:
        await together(one=ends(Retry("gone")), other=ends(ValueError("a bug")))
    assert sorted(type(each).__name__ for each in found.value.exceptions) == ["Retry", "ValueError"]


def test_nothing_is_raised_in_a_clause_that_wraps_it() -> None:
    """Before Python 3.11.4 (Debian 12 has 3.11.2) what is raised in ``except*`` comes out in a group of its own."""
    wrapping = [
        f"{path}:{node.lineno}"
        for path in GATEWAY.rglob("*.py")
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8")))
        if isinstance(node, ast.TryStar)
    ]
    assert wrapping == []
