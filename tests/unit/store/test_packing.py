"""Every batch comes back bit for bit; damage is noticed."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp

from gateway.model.batch import Batch
from gateway.store.packing import Packer
from tests.unit.store import make


@st.composite
def batches(draw: st.DrawFn) -> Batch:
    rows = draw(st.integers(0, 40))
    columns = [draw(hnp.arrays(d, rows)) for d in ("<i4", "<i8", "<i8", "<f8", "<u1")]
    return Batch(draw(st.sampled_from(["", "0123abcd"])), *columns)


@given(batches())
def test_round_trip_is_exact(batch: Batch) -> None:
    again = Packer().unpack(Packer().pack(batch))
    assert again.to_bytes() == batch.to_bytes()


def test_a_second_of_a_thousand_tags_is_small() -> None:
    batch = make.batch(1000)
    assert len(Packer().pack(batch)) < 8 * len(batch)


@pytest.mark.parametrize("at", [0, 10, 20, 60, -1])
def test_a_flipped_byte_is_noticed(at: int) -> None:
    packed = bytearray(Packer().pack(make.batch(100)))
    packed[at] ^= 0x41
    try:
        again = Packer().unpack(bytes(packed))
    except ValueError:
        return
    assert at in (1, 2, 3, 4, 5, 6, 7, 8), "only the table id is not covered by the checksum"
    assert not np.array_equal(again.value, [])


@pytest.mark.parametrize("cut", [0, 5, 13, 40])
def test_a_cut_chunk_is_noticed(cut: int) -> None:
    with pytest.raises(ValueError, match=r"damaged|not of this"):
        Packer().unpack(Packer().pack(make.batch(100))[:cut])


SPANS = [(7, 100), (8, 1), (9, 0), (4000, 17)]


def test_spans_come_back_and_damage_is_noticed() -> None:
    packed = Packer().pack_spans(SPANS, 7)
    assert Packer().unpack_spans(packed, 7).tolist() == [list(each) for each in SPANS]
    with pytest.raises(ValueError, match="damaged"):
        Packer().unpack_spans(packed[:-1] + b"\x00", 7)


def test_stores_of_one_process_pack_at_once() -> None:
    """A drill beside the live engine: each has a packer, and none leans on another's state."""

    def many(first: int) -> bool:
        packer, spans = Packer(), [(first + k, k % 7) for k in range(200)]
        return all(
            packer.unpack_spans(packer.pack_spans(spans, first), first).tolist() == [list(s) for s in spans]
            for _ in range(300)
        )

    with ThreadPoolExecutor(4) as pool:
        assert all(pool.map(many, range(8)))
