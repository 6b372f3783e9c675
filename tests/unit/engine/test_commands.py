"""Any command with any words is done or refused: it never breaks judging, and what is refused changes nothing."""

import random

import pytest

from gateway.engine import Engine
from gateway.model.commands import Act, Actor, Command, Seen
from gateway.model.inputs import Acted, Numbered, Started
from tests.unit.engine.plant import ANNA, T0, S, numbered, readings, site

WORDS = (
    "tag", "value", "time", "start", "end", "hash", "proposal", "watch", "acknowledge", "installations", "tags",
    "installation", "to", "reference", "assignee", "cause", "measure", "rule", "step", "result", "calibration",
)  # fmt: skip
ODD = (
    "",
    "x",
    "-1",
    "nan",
    "inf",
    "1e400",
    "2023-11-14T22:13:21Z",
    "L",
    "A",
    "L.H",
    "department",
    "passed",
    "0" * 64,
)
SECONDS = (None, ANNA, Actor("bert", "Bert"))


def odd(act: Act, draw: random.Random, open_: list[str]) -> Command:
    def some(of: tuple[str, ...] | list[str], most: int) -> list[str]:
        return [draw.choice(of) for _ in range(draw.randint(0, most))]

    return Command(
        act,
        ANNA,
        tuple(Seen(ident, draw.randint(0, 2)) for ident in some([*open_, "0" * 32], 2)),
        draw.choice(["", "why"]),
        rules=tuple(some(["L.HH", "none", "L.FAULT", "L.OFF"], 2)),
        until=draw.choice([0, T0 + 100 * S, 1 << 62]),
        permit=draw.choice(["", "P-1"]),
        second=draw.choice(SECONDS),
        words=tuple((name, draw.choice(ODD)) for name in draw.sample(WORDS, draw.randint(0, 6))),
    )


@pytest.mark.parametrize("act", Act)
def test_any_words_are_done_or_refused(act: Act) -> None:
    draw, plant = random.Random(act.value), site()
    engine = Engine(plant, "e1")
    engine.step(numbered([Started(T0, 0, "1"), readings(plant, ("L", 1, 17.0))]))
    for number in range(3, 43):
        before = engine.snapshot().parts["book"]
        command = odd(act, draw, [o.id for o in engine.book.open()])
        step = engine.step([Numbered(number, Acted(T0 + 2 * S, command))])
        if step.refused:
            assert not step.events, command
            assert engine.snapshot().parts["book"] == before, command
        else:
            assert step.events, command
