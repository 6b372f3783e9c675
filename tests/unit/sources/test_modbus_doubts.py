"""Late answers on a line without transaction ids: never taken for another's, whatever comes in which order."""

from __future__ import annotations

from collections import deque

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gateway.sources.modbus.ascii import AsciiFrames
from gateway.sources.modbus.doubts import Doubts, Verdict, shape_of
from gateway.sources.modbus.frames import Frame, Garbled, Question, question
from gateway.sources.modbus.plan import Area
from gateway.sources.modbus.rtu import RtuFrames, crc

TEN = question(1, Area.HOLDING, 100, 10)
OTHER_TEN = question(1, Area.HOLDING, 500, 10)
FIVE = question(1, Area.HOLDING, 700, 5)


def reply(asked: Question) -> Frame:
    """A right answer; its data say which question it is to."""
    mark = asked.address.to_bytes(2) * 125
    return Frame(0, asked.unit, bytes([asked.function, asked.size]) + mark[: asked.size])


def refusal(asked: Question) -> Frame:
    return Frame(0, asked.unit, bytes([asked.function | 0x80, 2]))


def test_a_question_that_looks_like_an_unanswered_one_is_not_asked() -> None:
    doubts = Doubts()
    assert not doubts.forbids(TEN)
    doubts.unanswered(OTHER_TEN)
    assert doubts
    assert doubts.forbids(TEN)
    assert not doubts.forbids(FIVE)
    probe = doubts.probe(TEN)
    assert (probe.unit, probe.function) == (1, 3)
    assert probe.size != TEN.size
    assert doubts.sort(probe, reply(OTHER_TEN)) is Verdict.LATE
    assert doubts.sort(probe, reply(probe)) is Verdict.ANSWER
    assert not doubts.forbids(TEN)


def test_an_answer_to_a_later_question_ends_the_doubt() -> None:
    doubts = Doubts()
    doubts.unanswered(OTHER_TEN)
    assert doubts.sort(FIVE, reply(FIVE)) is Verdict.ANSWER
    assert not doubts


def test_a_refusal_is_the_oldest_ones_when_it_may_be() -> None:
    doubts = Doubts()
    doubts.unanswered(OTHER_TEN)
    assert doubts.sort(FIVE, refusal(FIVE)) is Verdict.LATE
    assert doubts.sort(FIVE, refusal(FIVE)) is Verdict.ANSWER


def test_probes_of_a_dead_unit_do_not_fill_the_memory() -> None:
    doubts = Doubts()
    doubts.unanswered(TEN)
    shapes = set()
    for _ in range(1000):
        probe = doubts.probe(TEN)
        shapes.add(shape_of(probe))
        doubts.unanswered(probe)
    assert len(shapes) == 1


def test_what_answers_nothing_is_garbled() -> None:
    doubts = Doubts()
    for pdu in (
        b"\x03",
        b"\x03\x02ab",
        b"\x04\x14" + bytes(20),
        b"\x83\x02\x02",
        b"\x03\x14" + bytes(19),
        b"\x84\x02",
    ):
        assert doubts.sort(TEN, Frame(0, 1, pdu)) is Verdict.GARBLED


questions = st.builds(
    lambda area, address, count: question(1, area, address, count),
    st.sampled_from(Area),
    st.integers(0, 60_000),
    st.sampled_from([1, 1, 2, 5, 10, 16]),
)


@given(
    st.lists(
        st.tuples(questions, st.sampled_from(["answer", "refuse", "lose"]), st.integers(0, 4)), max_size=40
    )
)
def test_with_a_slave_that_answers_in_order_every_answer_taken_is_its_own(
    course: list[tuple[Question, str, int]],
) -> None:
    """``lag`` answers are still on their way when the next question is asked: it is late, and the asker gave up."""
    doubts, line, told = Doubts(), deque[tuple[Question, Frame]](), 0
    for wanted, fate, lag in course:
        for asked in (doubts.probe(wanted), wanted) if doubts.forbids(wanted) else (wanted,):
            if doubts.forbids(asked) and asked is wanted:
                continue
            if fate != "lose":
                line.append((asked, reply(asked) if fate == "answer" else refusal(asked)))
            answered = False
            while line and len(line) > lag and not answered:
                of, frame = line.popleft()
                verdict = doubts.sort(asked, frame)
                if verdict is Verdict.ANSWER:
                    answered = True
                    if asked is wanted:
                        told += 1
                        assert of is asked, "somebody else's answer was taken"
            if not answered:
                doubts.unanswered(asked)


def test_crc_of_the_standard_and_of_any_burst() -> None:
    assert crc(bytes.fromhex("0207")).hex() == "4112"  # MODBUS over Serial Line V1.02, 6.2.2
    whole = RtuFrames.request(TEN)
    for bit in range(8 * len(whole) - 16):
        for burst in (0x8001, 0xFFFF, 0x0001, 0xA5C3):
            broken = (int.from_bytes(whole) ^ burst << bit).to_bytes(len(whole))
            assert crc(broken[:-2]) != broken[-2:]


@pytest.mark.parametrize("frames", [RtuFrames, AsciiFrames])
@given(data=st.data())
def test_frames_are_found_however_the_bytes_come(
    frames: type[RtuFrames | AsciiFrames], data: st.DataObject
) -> None:
    asked = data.draw(st.lists(questions, min_size=1, max_size=4))
    sent = b""
    for each in asked:
        pdu = reply(each).pdu
        if frames is RtuFrames:
            sent += bytes([1]) + pdu + crc(bytes([1]) + pdu)
        else:
            body = bytes([1]) + pdu
            sent += b":" + (body + bytes([-sum(body) & 255])).hex().upper().encode() + b"\r\n"
    cuts = sorted(data.draw(st.lists(st.integers(0, len(sent)), max_size=6)))
    cutter, found = frames(), []
    for start, end in zip([0, *cuts], [*cuts, len(sent)], strict=True):
        found += cutter.feed(sent[start:end])
    assert [f.pdu for f in found] == [reply(each).pdu for each in asked]
    assert cutter.empty


@pytest.mark.parametrize("frames", [RtuFrames, AsciiFrames])
@given(st.lists(st.binary(max_size=300), max_size=5))
def test_any_bytes_give_frames_or_garbled(frames: type[RtuFrames | AsciiFrames], pieces: list[bytes]) -> None:
    cutter = frames()
    for piece in pieces:
        try:
            for frame in cutter.feed(piece):
                assert len(frame.pdu) >= 2
        except Garbled:
            assert cutter.empty
