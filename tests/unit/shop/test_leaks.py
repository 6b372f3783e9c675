"""The leak check sees what it should see and lets honest tests pass."""

from __future__ import annotations

import asyncio
import socket
import subprocess
import sys
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from tests import leaks, ports


@contextmanager
def a_socket() -> Iterator[None]:
    with socket.socket() as it:
        it.bind((ports.HOST, 0))
        yield


@contextmanager
def a_thread() -> Iterator[None]:
    stop = threading.Event()
    it = threading.Thread(target=stop.wait, name="forgotten")
    it.start()
    yield
    stop.set()
    it.join()


@contextmanager
def a_child() -> Iterator[None]:
    command = [sys.executable, "-c", "input()"]
    with subprocess.Popen(command, stdin=subprocess.PIPE) as it:
        yield
        it.communicate(b"\n")


@pytest.mark.parametrize(
    ("make", "word"), [(a_socket, "socket"), (a_thread, "forgotten"), (a_child, "child")]
)
def test_what_is_left_is_named(make: Callable[[], Iterator[None]], word: str) -> None:
    before = leaks.belongings()
    with make():  # type: ignore[attr-defined]
        found = leaks.left_over(before, grace_s=0.0)
    assert [each for each in found if word in each]
    assert leaks.left_over(before) == []


async def test_a_task_is_named() -> None:
    sleeper = asyncio.create_task(asyncio.sleep(60), name="sleeper")
    assert any("sleeper" in each for each in await leaks.tasks_left_over(grace_s=0.0))
    sleeper.cancel()
    assert not [each for each in await leaks.tasks_left_over() if "sleeper" in each]


PLANTED = {
    "task": "async def test_it():\n    asyncio.get_running_loop().kept = asyncio.create_task(asyncio.sleep(60))\n",
    "thread": "def test_it():\n    threading.Thread(target=time.sleep, args=(60,), daemon=True).start()\n",
    "socket": "def test_it():\n    kept.append(socket.create_server(('127.0.0.1', 0)))\n",
}


@pytest.mark.parametrize("what", PLANTED)
def test_the_fixture_fails_a_leaking_test(
    pytester: pytest.Pytester, monkeypatch: pytest.MonkeyPatch, what: str
) -> None:
    monkeypatch.setenv("PYTHONPATH", str(Path(__file__).parents[3]))
    pytester.makeini("[pytest]\nasyncio_mode = auto\nasyncio_default_fixture_loop_scope = function\n")
    pytester.makeconftest("from tests.conftest import *\nfrom tests.conftest import watched_loop\n")
    pytester.makepyfile(f"import asyncio, socket, threading, time\nkept = []\n{PLANTED[what]}")
    result = pytester.runpytest_subprocess("-p", "no:cacheprovider")
    result.assert_outcomes(passed=1, errors=1)
    result.stdout.fnmatch_lines([f"*left behind: {what}*"])


def test_ports_are_given_once() -> None:
    given = [ports.free_port() for _ in range(50)]
    assert len(set(given)) == 50
    with socket.create_server((ports.HOST, given[0])):
        pass
