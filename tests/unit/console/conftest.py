from __future__ import annotations

from collections.abc import AsyncIterator
from pathlib import Path

import httpx
import pytest
from fastapi import FastAPI

from tests.helpers.console import app_of
from tests.helpers.plant import FakePlant
from tests.unit.console.house import House


@pytest.fixture
def plant() -> FakePlant:
    return FakePlant()


@pytest.fixture
def app(plant: FakePlant) -> FastAPI:
    return app_of(plant)


@pytest.fixture
async def client(app: FastAPI) -> AsyncIterator[httpx.AsyncClient]:
    transport = httpx.ASGITransport(app=app)
    async with httpx.AsyncClient(transport=transport, base_url="http://127.0.0.1:8080") as found:
        yield found


@pytest.fixture
def house(tmp_path: Path) -> House:
    return House(tmp_path)


@pytest.fixture
async def web(house: House) -> AsyncIterator[httpx.AsyncClient]:
    async with house.client() as found:
        yield found
