"""What the learned kinds learn: on long series, where the contract tests' short streams do not come."""

import math

import numpy as np
import pytest

from detectors import layout as lo
from detectors.bank import Bank
from detectors.kinds.learned import Departure, Novelty
from tests.unit.detectors.kinds_learned import TWINS, surprise
from tests.unit.detectors.streams import START
from tests.unit.detectors.test_contract import plain
from tests.unit.detectors.twin import World

MINUTE = 60_000_000_000


def rows_of(values: np.ndarray) -> np.ndarray:
    rows = np.zeros(len(values), lo.ROW)
    rows["source"] = rows["received"] = START + np.arange(len(values)) * MINUTE
    rows["value"], rows["flags"] = values, lo.JUDGED
    return rows


def raised(rule: Departure | Novelty, values: np.ndarray) -> list[int]:
    """Places of the readings at which it was raised."""
    edges = Bank(1, [rule]).feed(rows_of(values), len(values), START)
    return ((edges["time"][edges["after"] == lo.IS_ACTIVE] - START) // MINUTE).tolist()


def spiky(seed: int, count: int) -> np.ndarray:
    noise = np.random.default_rng(seed).normal(0, 1, count)
    noise[50::40] += 8.0
    return noise


@pytest.mark.parametrize(
    "rule", [Novelty(tag=0, largest=5, learn=20, hold=3, fast=2, slow=9, reference=5, trigger=4.5, reset=4.0)]
)
def test_excursions_are_remembered_as_the_twin_remembers_them(rule: Novelty) -> None:
    rows = rows_of(spiky(3, 400))
    bank, world = Bank(1, [rule]), World(TWINS, 1, [rule], [0])
    found, wanted = bank.feed(rows, len(rows), START), world.feed(rows, START)
    assert [e[3] for e in plain(found)] == [e.time for e in wanted]
    assert len(found) >= 4


def test_the_twin_knows_a_tail_by_heart() -> None:
    """Excesses of 1, 2, 3 have mean 2 and less spread than an exponential tail, which is then what is fitted."""
    assert surprise([0.0, -1.0, 1.0, 2.0, 3.0], 3, 5.0) == pytest.approx(
        5.0 / 2.0 / math.log(10) + math.log10(5 / 3)
    )
    assert surprise([0.0, 1.0, 2.0, 3.0], 3, 0.0) == 0.0


def test_what_comes_often_is_no_news() -> None:
    """The same spikes for ever: 75 in 3000 readings, of which hardly any is raised after a while."""
    found = raised(Novelty(tag=0), spiky(5, 6000))
    assert len([i for i in found if i < 1500]) >= 1
    assert len([i for i in found if i >= 3000]) <= 3


def test_a_step_is_news_on_any_scale() -> None:
    for scale in (1e-6, 1.0, 1e6):
        values = np.random.default_rng(1).normal(0, 1, 1000)
        values[800:] += 12.0
        assert raised(Novelty(tag=0), scale * values)[-1] in range(800, 805)


def test_what_never_moved_and_moves_is_news() -> None:
    values = np.full(600, 45.0)
    assert raised(Novelty(tag=0), values) == []
    values[500:] = 45.1
    assert raised(Novelty(tag=0), values) == [500]


def test_a_departure_is_raised_once_and_becomes_the_normal() -> None:
    values = np.random.default_rng(2).normal(7.0, 0.1, 3000)
    values[2000:] += 1.0
    rule = Departure(tag=0, trigger=6.0, reset=3.0, floor=0.01, memory=60, noise=1000, learn=500)
    edges = Bank(1, [rule]).feed(rows_of(values), 3000, START)
    places = ((edges["time"] - START) // MINUTE).tolist()
    assert edges["after"].tolist() == [lo.IS_NORMAL, lo.IS_ACTIVE, lo.IS_NORMAL]
    assert places[0] == 500
    assert places[1] == 2000
    assert places[2] < 2100


def test_an_excursion_does_not_teach_its_own_noise() -> None:
    """Winsorised: an hour far out leaves the noise as it was, within a factor of two."""
    rule = Departure(tag=0, trigger=6.0, reset=3.0, floor=0.01, memory=600, noise=2000, learn=500)
    values = np.random.default_rng(4).normal(0.0, 0.1, 2000)
    values[1500:1560] += 100.0
    bank = Bank(1, [rule])
    bank.feed(rows_of(values), 2000, START)
    assert 0.1 < math.sqrt(bank.families["learned"]._memory["learned"]["slow"][0]) < 0.2


@pytest.mark.parametrize(
    ("make", "says"),
    [
        (lambda: Departure(tag=0, trigger=1.0, reset=2.0, floor=1.0), "reset <= trigger"),
        (lambda: Departure(tag=0, trigger=1.0, reset=1.0, floor=0.0), "more than 0"),
        (lambda: Departure(tag=0, trigger=1.0, reset=1.0, floor=1.0, memory=0), "1 or more"),
        (lambda: Departure(tag=0, trigger=1.0, reset=1.0, floor=1.0, side="up"), "high, low, both"),
        (lambda: Novelty(tag=0, trigger=-1.0), "reset <= trigger"),
        (lambda: Novelty(tag=0, fast=300), "fast < slow"),
        (lambda: Novelty(tag=0, largest=17), "2..16"),
        (lambda: Novelty(tag=0, learn=16), "above it"),
    ],
)
def test_settings_that_cannot_be_are_refused(make: "object", says: str) -> None:
    with pytest.raises(ValueError, match=says):
        make()  # type: ignore[operator]
