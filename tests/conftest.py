"""Fixtures for all tests: leak check, free ports, real servers."""

from __future__ import annotations

import inspect
import os
from collections.abc import AsyncIterator, Callable, Iterator
from pathlib import Path
from typing import TypeVar

import pytest

from tests import leaks, ports, servers

pytest_plugins = ["pytester"]

os.environ["FENGSUI_LANG"] = (
    "en"  # also of the processes that tests start, whatever the developer's terminal speaks
)

MosquittoFactory = Callable[..., servers.Mosquitto]
AnyServer = TypeVar("AnyServer", bound=servers.Server)


@pytest.fixture(autouse=True)
def nothing_left_behind(request: pytest.FixtureRequest) -> Iterator[None]:
    """Fails a test that leaves a thread, a socket or a child process; see the marker ``leaks_ok``."""
    if request.node.get_closest_marker("leaks_ok"):
        yield
        return
    before = leaks.belongings()
    yield
    if found := leaks.left_over(before):
        pytest.fail("left behind: " + "; ".join(found))


@pytest.fixture(autouse=True)
def no_task_left_behind(request: pytest.FixtureRequest, nothing_left_behind: None) -> None:
    """The same for tasks of the event loop: looked at inside the loop, after the test's own fixtures are gone."""
    if inspect.iscoroutinefunction(getattr(request, "function", None)):
        request.getfixturevalue("watched_loop")


@pytest.fixture
async def watched_loop(request: pytest.FixtureRequest) -> AsyncIterator[None]:
    yield
    if not request.node.get_closest_marker("leaks_ok") and (found := await leaks.tasks_left_over()):
        pytest.fail("left behind: " + "; ".join(found))


@pytest.fixture
def free_port() -> Callable[[], int]:
    """Call it for a TCP port on loopback that nobody uses and nobody else will be given."""
    return ports.free_port


@pytest.fixture
def mosquitto(tmp_path: Path) -> Iterator[MosquittoFactory]:
    """``mosquitto(persistence=True, users={"gw": "secret"}, acl=...)`` starts a broker; see `servers.Mosquitto`."""
    binary = _need(servers.Mosquitto.binary(), "mosquitto")
    started: list[servers.Mosquitto] = []

    def make(**options: object) -> servers.Mosquitto:
        folder = tmp_path / f"mosquitto-{len(started)}"
        broker = servers.Mosquitto(binary, folder, servers.MosquittoOptions(**options))  # type: ignore[arg-type]
        started.append(broker)
        broker.start()
        return broker

    yield make
    for each in started:
        each.stop()


@pytest.fixture
def influxd(tmp_path: Path) -> Iterator[servers.Influxd]:
    """InfluxDB 1.x with an empty database folder and no login."""
    yield from _running(servers.Influxd(_need(servers.Influxd.binary(), "influxd"), tmp_path / "influxd"))


@pytest.fixture
def influxd_auth(tmp_path: Path) -> Iterator[servers.Influxd]:
    """The same asking for a login; its administrator is ``servers.Influxd.ADMIN``."""
    binary = _need(servers.Influxd.binary(), "influxd")
    yield from _running(servers.Influxd(binary, tmp_path / "influxd", auth=True))


@pytest.fixture
def victoriametrics(tmp_path: Path) -> Iterator[servers.VictoriaMetrics]:
    binary = _need(servers.VictoriaMetrics.binary(), "victoria-metrics")
    yield from _running(servers.VictoriaMetrics(binary, tmp_path / "victoria"))


def _need(binary: str | None, name: str) -> str:
    if binary is None:
        pytest.skip(f"{name} is not installed; `make servers` installs it on Debian")
    return binary


def _running(server: AnyServer) -> Iterator[AnyServer]:
    server.start()
    yield server
    server.stop()
