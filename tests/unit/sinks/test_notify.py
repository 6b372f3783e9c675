"""Messages to people: what they say, how they are gathered, how a modem takes them."""

from __future__ import annotations

import random
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from gateway.model.errors import Reject, Retry
from gateway.model.events import EventKind
from gateway.model.levels import Level
from gateway.sinks.notify.encode import Notice, subject, text
from gateway.sinks.notify.modem import Modem
from gateway.sinks.notify.pdu import address, parts, submits
from gateway.sinks.notify.pool import Pool
from gateway.sinks.notify.robots import cut, signature
from tests.helpers.lane import event, site
from tests.helpers.people_wires import read_pdu

SITE = site()


def notice(seq: int, tag: str = "LT-1", level: Level = Level.RED, **more: Any) -> Notice:
    kind = EventKind.ESCALATED if more.get("step") else EventKind.NOTIFIED
    made = event(kind, tag, level=level, guidance="停泵，关闭进料阀")
    return Notice(seq, made._replace(id="", n=0, detail={"step": more.get("step", 0), "people": ["p1"]}))


def test_a_message_says_level_place_tag_value_limit_time_and_what_to_do() -> None:
    said = text(SITE, [notice(1)], "zh")
    for word in ("红色报警", "储罐区", "LT-1", "甲醇 储罐", "8.5 m", "限值 8 m", "停泵，关闭进料阀"):
        assert word in said
    assert "第1次升级：无人确认" in text(SITE, [notice(1, step=1)], "zh")
    said = text(SITE, [notice(1, step=2)], "en")
    for word in ("Demo plant", "RED alarm", "8.5 m", "limit 8 m", "escalation 2: nobody has acknowledged"):
        assert word in said
    assert text(SITE, [notice(1)], "both").count("LT-1.HH") == 2
    assert subject(SITE, [notice(1), notice(2, "LT-2")], "zh").endswith("等2条")


def test_many_are_one_message_with_each_kind_in_it_the_highest_first() -> None:
    told = [notice(n, f"LT-{n % 3}", Level.YELLOW if n % 3 else Level.RED) for n in range(30)]
    said = text(SITE, told, "zh").splitlines()
    assert said[0].endswith("30条报警通知")
    assert len(said) == 4
    assert said[1].startswith("红色")
    assert all(line.endswith("（10次）") for line in said[1:])


def test_the_first_goes_at_once_and_what_repeats_is_gathered() -> None:
    pool = Pool(60.0)
    pool.put(notice(1), ["a", "b"])
    assert set(pool.due(0.0)) == {"a", "b"}
    pool.sent("a", pool.due(0.0)["a"], 0.0)
    assert pool.lowest() == 1, "b has not been told yet"
    pool.sent("b", pool.due(0.0)["b"], 0.0)
    assert pool.lowest() is None
    pool.put(notice(2), ["a"])
    assert not pool.due(59.0)
    assert [n.seq for n in pool.due(60.0)["a"]] == [2]
    pool.put(notice(3, "LT-2"), ["a"])
    assert not pool.due(4.9)
    assert [n.seq for n in pool.due(5.0)["a"]] == [2, 3], "something new does not wait for what repeats"


def test_what_was_told_is_not_told_again_when_the_lane_hands_it_out_again() -> None:
    pool = Pool(0.0)
    pool.put(notice(1), ["a", "b"])
    pool.sent("a", pool.due(0.0)["a"], 0.0)
    pool.put(notice(1), ["a", "b"])
    assert set(pool.due(1.0)) == {"b"}
    pool.settled(1)
    assert not pool._done


@settings(deadline=None)
@given(st.integers(0, 1 << 32))
def test_of_any_flood_every_first_of_a_kind_is_told(seed: int) -> None:
    rng, pool, told, given_, now = random.Random(seed), Pool(60.0), set(), set(), 0.0
    for seq in range(200):
        each = notice(seq, f"LT-{rng.randrange(40)}")
        given_.add(each.seq)
        pool.put(each, ["a"])
        now += rng.choice((0.0, 0.1, 1.0, 30.0))
        for receiver, notices in pool.due(now).items():
            told |= {n.seq for n in notices}
            pool.sent(receiver, notices, now)
    for receiver, notices in pool.due(now + 61.0).items():
        told |= {n.seq for n in notices}
        pool.sent(receiver, notices, now)
    assert told == given_


@given(st.text(st.characters(exclude_categories=("Cs",)), max_size=400))
def test_a_text_of_any_length_comes_back_whole_from_its_parts(said: str) -> None:
    read = [read_pdu(pdu) for _, pdu in submits("+8613800138000", said, 7)]
    assert "".join(t for _, t, _ in read) == said
    assert {n for n, _, _ in read} == {"+8613800138000"}
    if len(read) > 1:
        assert [h for _, _, h in read] == [bytes((5, 0, 3, 7, len(read), n + 1)) for n in range(len(read))]
    assert all(len(pdu) == 2 * (length + 1) for length, pdu in submits("+8613800138000", said, 7))


def test_a_known_pdu() -> None:
    """Octet by octet after 3GPP TS 23.040, 9.2.2.2."""
    (made,) = submits("10086", "中", 1)
    assert made == (13, "00" + "1100" + "05810180F6" + "0008A7" + "02" + "4E2D")


@pytest.mark.parametrize("number", ["", "12", "+", "0x10", "one", "1" * 21])
def test_what_is_no_number_is_refused(number: str) -> None:
    with pytest.raises(ValueError, match="not a telephone number"):
        address(number)


def test_too_long_a_text_is_refused() -> None:
    with pytest.raises(ValueError, match="parts"):
        parts("x" * 67 * 256)


@given(
    st.lists(
        st.text(st.characters(exclude_categories=("Cs",), exclude_characters="\n"), max_size=90), max_size=20
    )
)
def test_robots_get_everything_in_pieces_they_take(found: list[str]) -> None:
    pieces = cut("\n".join(found), 100)
    assert all(len(p.encode()) <= 100 for p in pieces)
    assert "".join(pieces).replace("\n", "") == "".join(found)


def test_the_signature_of_a_message() -> None:
    """Computed apart, with the two lines of the robot's documentation."""
    assert signature("SECkey", 1_577_262_236_757) == (
        "timestamp=1577262236757&sign=rcA80jHmZlGchKlyTzArKbDyhGRZnTMFe9ph7V424mA%3D"
    )


class Port:
    """What a modem says, in the pieces it comes in."""

    def __init__(self, *pieces: bytes) -> None:
        self._pieces = list(pieces)

    def write(self, _: bytes) -> None: ...

    def read(self, _: int) -> bytes:
        return self._pieces.pop(0) if self._pieces else b""


@pytest.mark.parametrize(
    ("pieces", "kind"),
    [
        ((b"\r\n+CMS ERROR: 1", b"7\r\n"), Retry),
        ((b"\r\n+CMS ERROR: 1", b"\r\n"), Reject),
        ((b"\r\n+CMS ERR", b"OR: 38\r", b"\n"), Retry),
        ((b"\r\nERROR\r\n",), Retry),
    ],
)
def test_a_cause_is_read_to_its_end(pieces: tuple[bytes, ...], kind: type[Exception]) -> None:
    """17, the network, passes; 1, a number nobody has, does not."""
    modem = Modem("dev", 115200, None, 5.0)
    modem._port = Port(*pieces)  # type: ignore[assignment]
    with pytest.raises(kind):
        modem._ask("AT")
