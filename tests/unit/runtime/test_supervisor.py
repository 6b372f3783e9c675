"""The supervisor: what a unit raises decides what happens to it."""

import asyncio

import pytest

from gateway.model.errors import Misconfigured, Retry
from gateway.runtime import supervisor
from gateway.runtime.supervisor import backoff, supervise


class Unit:
    """Raises the given errors one after another, then ends."""

    def __init__(self, *errors: Exception) -> None:
        self.errors = list(errors)
        self.runs = 0

    async def __call__(self) -> None:
        self.runs += 1
        if self.errors:
            raise self.errors.pop(0)


@pytest.fixture
def told(monkeypatch: pytest.MonkeyPatch) -> list[tuple[str, bool, str]]:
    monkeypatch.setattr(supervisor, "backoff", lambda attempt: 0.001)
    return []


async def run(unit: Unit, told: list[tuple[str, bool, str]]) -> None:
    await supervise("u", unit, lambda what, *, active, detail="": told.append((what, active, detail)))


async def test_retry_runs_again_and_one_failure_troubles_nobody(told: list[tuple[str, bool, str]]) -> None:
    unit = Unit(Retry("away"))
    await run(unit, told)
    assert (unit.runs, told) == (2, [])


async def test_every_failure_in_a_row_but_the_first_is_told(told: list[tuple[str, bool, str]]) -> None:
    unit = Unit(*(Retry("away") for _ in range(4)))
    await run(unit, told)
    assert (unit.runs, told[0], len(told)) == (5, ("u", True, "Retry: away"), 3)


async def test_a_bug_restarts_the_unit_alone(
    told: list[tuple[str, bool, str]], monkeypatch: pytest.MonkeyPatch
) -> None:
    waits: list[float] = []
    real = asyncio.sleep

    async def sleep(seconds: float) -> None:
        waits.append(seconds)
        await real(0)

    monkeypatch.setattr(supervisor.asyncio, "sleep", sleep)
    unit = Unit(ZeroDivisionError("bug"), Misconfigured("port is taken"))
    await run(unit, told)
    assert unit.runs == 3
    assert waits[-1] == supervisor.PERSON_S, "only a person can help: not retried every second"
    assert told[0][2] == "Misconfigured: port is taken"


async def test_cancellation_passes(told: list[tuple[str, bool, str]]) -> None:
    async def forever() -> None:
        await asyncio.Event().wait()

    task = asyncio.create_task(supervise("u", forever, lambda *a, **k: None))
    await asyncio.sleep(0)
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task


@pytest.mark.parametrize("attempt", [0, 1, 5, 50])
def test_backoff_is_full_jitter_under_a_cap(attempt: int) -> None:
    assert backoff(attempt, rng=lambda: 0.0) == 0.05
    assert backoff(attempt, rng=lambda: 1.0) == min(
        supervisor.CAP_S, supervisor.FIRST_S * 2 ** min(attempt, 10)
    )


async def test_a_cancellation_from_within_is_a_bug_and_not_the_end(told: list[tuple[str, bool, str]]) -> None:
    """A library that lets the cancellation of a task of its own out would otherwise end the unit without a word."""
    runs = 0

    async def unit() -> None:
        nonlocal runs
        runs += 1
        if runs < 3:
            raise asyncio.CancelledError

    waits = supervisor._wait_for  # the shortest wait after a bug is a second
    supervisor._wait_for = lambda error, attempt: 0.001
    try:
        await supervise("u", unit, lambda what, *, active, detail="": told.append((what, active, detail)))
    finally:
        supervisor._wait_for = waits
    assert runs == 3
    assert told == [("u", True, "RuntimeError: cancelled from within")]


async def test_a_unit_that_is_cancelled_ends() -> None:
    task = asyncio.create_task(supervise("u", asyncio.Event().wait, lambda what, *, active, detail="": None))
    await asyncio.sleep(0)
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task


async def test_what_waits_for_a_person_is_told_at_once(
    told: list[tuple[str, bool, str]], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(supervisor, "PERSON_S", 0.001)
    await run(Unit(Misconfigured("no such password")), told)
    assert told == [("u", True, "Misconfigured: no such password")]


async def test_a_unit_made_of_many_is_run_again_when_one_of_them_fails(
    told: list[tuple[str, bool, str]],
) -> None:
    """The task group cancels its parent to leave, and CPython 3.11 does not take that back: it is not our stop."""
    runs = 0

    async def member() -> None:
        raise Retry("gone", after=0.0)

    async def unit() -> None:
        nonlocal runs
        runs += 1
        if runs < 4:
            async with asyncio.TaskGroup() as group:
                group.create_task(member())

    async with asyncio.timeout(20):
        await supervise("unit", unit, lambda what, *, active, detail="": None)
    assert runs == 4


async def test_a_unit_whose_member_fails_as_it_is_stopped_is_stopped() -> None:
    """A task group then tells of the failure alone, and the cancellation would be lost."""

    async def member() -> None:
        try:
            await asyncio.Event().wait()
        finally:
            raise Retry("the connection is gone, too")

    async def unit() -> None:
        async with asyncio.TaskGroup() as group:
            group.create_task(member())

    task = asyncio.create_task(supervise("unit", unit, lambda what, *, active, detail="": None))
    await asyncio.sleep(0.01)
    task.cancel()
    done, _ = await asyncio.wait((task,), timeout=20)
    assert done, "it went on for ever"
    assert task.cancelled()


async def test_a_unit_that_takes_its_time_to_stop_is_waited_for() -> None:
    ended = asyncio.Event()

    async def unit() -> None:
        try:
            await asyncio.Event().wait()
        finally:
            await asyncio.sleep(0.05)
            ended.set()

    task = asyncio.create_task(supervise("unit", unit, lambda what, *, active, detail="": None))
    await asyncio.sleep(0.01)
    task.cancel()
    await asyncio.sleep(0.01)
    task.cancel()
    await asyncio.wait((task,), timeout=20)
    assert ended.is_set()
    assert task.cancelled()
