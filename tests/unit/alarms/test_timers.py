"""Deadlines by key, against a plain dictionary."""

from hypothesis import given
from hypothesis import strategies as st

from gateway.alarms.timers import Timers
from gateway.model.times import NEVER

KEYS = st.sampled_from(["a", "b", "c"])
STEPS = st.lists(
    st.one_of(
        st.tuples(st.just("set"), KEYS, st.integers(0, 20) | st.just(NEVER)),
        st.tuples(st.just("drop"), KEYS, st.just(0)),
        st.tuples(st.just("take"), st.just(""), st.integers(0, 20)),
    )
)


@given(STEPS)
def test_like_a_dictionary(steps: list[tuple[str, str, int]]) -> None:
    timers: Timers[str] = Timers()
    naive: dict[str, int] = {}
    for what, key, at in steps:
        if what == "set":
            timers.set(key, at)
            naive.pop(key, None)
            naive.update({key: at} if at < NEVER else {})
        elif what == "drop":
            timers.drop(key)
            naive.pop(key, None)
        else:
            due = sorted((t, k) for k, t in naive.items() if t <= at)
            assert timers.take(at) == due
            naive = {k: t for k, t in naive.items() if t > at}
        assert dict(timers.items()) == naive
        assert timers.earliest() == min(naive.values(), default=NEVER)
        assert all((k in timers) == (k in naive) for k in "abc")


def test_what_no_longer_holds_does_not_pile_up() -> None:
    timers: Timers[str] = Timers({"far": 10**6})
    for at in range(10_000):
        timers.set("chatter", 10**7 + at)
    assert len(timers._heap) < 100
    assert timers.take(10**6) == [(10**6, "far")]
