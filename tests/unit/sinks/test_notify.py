"""Messages to people: what they say, how they are gathered, how a modem takes them."""

from __future__ import annotations

import random
from typing import Any, NoReturn

import orjson
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from gateway.model.errors import Misconfigured, Reject, Retry
from gateway.model.events import EventKind
from gateway.model.levels import Level
from gateway.sinks.notify.config import Settings
from gateway.sinks.notify.encode import Notice, subject, text
from gateway.sinks.notify.modem import Modem
from gateway.sinks.notify.pdu import address, parts, submits
from gateway.sinks.notify.pool import Pool
from gateway.sinks.notify.robots import cut, signature
from gateway.sinks.notify.rooms import Room
from gateway.sinks.notify.sink import NotifySink
from gateway.sinks.notify.ways import LoginRefused
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


@pytest.mark.parametrize("by", ["sms", "wecom", "dingtalk", "smtp"])
def test_of_a_flood_no_message_is_longer_than_its_way_takes_and_the_highest_go_first(by: str) -> None:
    """A thousand kinds at once, as after an outage: as one SMS they were more than 255 parts, and none was told."""
    config = {"sms": {"device": "d"}, "smtp": {"host": "h", "sender": "s"}}.get(by, {"url_env": "U"})
    pool = NotifySink("n", Settings(kind="notify", by=by, language="both", **config), _no_way)._pool
    levels = list(Level)
    for seq in range(1000):
        pool.put(notice(seq, f"LT-{seq}", levels[seq % 4]), ["a"])
    told, now, seen = list[int](), 0.0, list[Level]()
    while due := pool.due(now).get("a"):
        said = text(SITE, due, "both")
        if by == "sms":
            assert len(submits("10086", said, 1)) <= 255
            assert len(said) < 2_000
        elif by != "smtp":
            assert len(cut(said)) <= 8
        told += [n.seq for n in due]
        seen += [max(n.level for n in due)]
        pool.sent("a", due, now)
        now += 60.0
    assert sorted(told) == list(range(1000))
    assert seen == sorted(seen, reverse=True)


def test_what_repeats_keeps_nothing_new_from_being_told() -> None:
    pool = Pool(60.0, 0.0, 1.0)
    pool.put(notice(1, level=Level.RED), ["a"])
    pool.sent("a", pool.due(0.0)["a"], 0.0)
    pool.put(notice(2, level=Level.RED), ["a"])
    pool.put(notice(3, "LT-2", Level.BLUE), ["a"])
    assert [n.seq for n in pool.due(5.0)["a"]] == [3]
    pool.sent("a", pool.due(5.0)["a"], 5.0)
    assert [n.seq for n in pool.due(65.0)["a"]] == [2]


@pytest.mark.parametrize("by", ["wecom", "dingtalk"])
def test_a_robot_is_asked_less_than_twenty_times_a_minute_whatever_the_settings_say(by: str) -> None:
    pool = NotifySink("n", Settings(kind="notify", by=by, url_env="U", every=0), _no_way)._pool
    sent, now = list[float](), 0.0
    for seq in range(400):
        pool.put(notice(seq, f"LT-{seq}"), ["(group)"])
        for receiver, notices in pool.due(now).items():
            pool.sent(receiver, notices, now)
            sent.append(now)
        now += 0.5
    assert all(sum(at <= each < at + 60 for each in sent) < 20 for at in sent)
    assert len(sent) > 50


def _no_way() -> NoReturn:
    raise NotImplementedError


@pytest.mark.parametrize(
    "url", ["https://h/send?key=SECRET x", "https://h/send?key=SECRET\u200b", "https://h/\x01"]
)
def test_an_address_with_what_no_address_has_is_refused_without_its_key(url: str) -> None:
    with pytest.raises(Misconfigured, match="character") as refused:
        Room(Settings(kind="notify", by="wecom", url_env="U"), url, None)
    assert "SECRET" not in str(refused.value)


@pytest.mark.parametrize(
    ("by", "code", "kind"),
    [
        ("wecom", 45009, Retry), ("wecom", 45033, Retry), ("wecom", 93000, LoginRefused), ("wecom", 40058, Reject),
        ("dingtalk", 130101, Retry), ("dingtalk", 410100, Retry), ("dingtalk", 310000, LoginRefused),
        ("dingtalk", 400013, LoginRefused), ("dingtalk", 400106, LoginRefused), ("dingtalk", 430102, Reject),
    ],
)  # fmt: skip
def test_a_robot_that_answers_200_has_taken_it_only_with_errcode_0(by: str, code: int, kind: type) -> None:
    room = Room(Settings(kind="notify", by=by, url_env="U"), "https://h/send", None)
    with pytest.raises(kind) as said:
        room._judge(orjson.dumps({"errcode": code, "errmsg": "no"}))
    assert type(said.value) is kind
    room._judge(b'{"errcode":0,"errmsg":"ok"}')
    for other in (b"", b"<html>", b"{}", b'{"errcode":null}', b"[]"):
        with pytest.raises(Retry, match="not its own"):
            room._judge(other)


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

    def reset_input_buffer(self) -> None: ...

    def write(self, _: bytes) -> None: ...

    def read(self, _: int) -> bytes:
        return self._pieces.pop(0) if self._pieces else b""


@pytest.mark.parametrize("stat", range(11))
def test_in_which_states_a_modem_can_send(stat: int) -> None:
    """3GPP TS 27.007, 7.2: home and roaming; on LTE also "SMS only" and "CSFB not preferred"."""
    ok = b"\r\nOK\r\n"
    modem = Modem("dev", 115200, None, 5.0)
    modem._port = Port(ok, b"+CPIN: READY\r\n" + ok, ok, f'+CREG: 2,{stat},"1A2B","0C3D",7\r\n'.encode() + ok)  # type: ignore[assignment]
    if stat in {1, 5, 6, 7, 9, 10}:
        modem._begin()
    else:
        with pytest.raises(Retry, match="in no network"):
            modem._begin()


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
