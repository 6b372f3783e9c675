"""A recording on the wire again: what is read, what the registers hold, what is published."""

import json
import math
from pathlib import Path

import pyarrow as pa
import pytest
from pyarrow import parquet

from simulators.encode import from_registers
from simulators.errors import BadData
from simulators.replay.deck import Deck
from simulators.replay.recording import Reading, read
from simulators.replay.wiring import Wiring, load_wiring

FLOAT, LOOP, COUNT = range(3)
INPUT = 4


def table(folder: Path, text: str, name: str = "data.csv") -> Path:
    path = folder / name
    path.write_text(text, encoding="utf-8-sig")
    return path


def wiring(folder: Path, **more: object) -> Wiring:
    registers = {
        "F": {"range": [0, 10], "modbus": {"device": "plc", "unit": 1, "function": 4, "address": 0, "type": "float32"}},
        "L": {"range": [0, 10], "signal": "4-20mA", "current": {"at4": 4000, "at20": 20000},
              "modbus": {"device": "plc", "unit": 1, "function": 4, "address": 2, "type": "uint16"}},
        "C": {"range": [0, 10], "hold_s": 60,
              "modbus": {"device": "plc", "unit": 1, "function": 4, "address": 3, "type": "int16", "scale": 0.1}},
    }  # fmt: skip
    path = folder / "wiring.yaml"
    path.write_text(json.dumps({"devices": {"plc": {}}, "registers": registers, **more}), encoding="utf-8")
    return load_wiring(path)


def test_a_wide_table_has_a_column_for_each_tag_and_an_empty_cell_is_no_reading(tmp_path: Path) -> None:
    found = read(table(tmp_path, "time,A,B\n2026-01-01T00:00:00Z,1.5,\n2026-01-01T00:00:01Z,Bad,7\n"))
    assert [(r.at, r.tag) for r in found] == [(1767225600, "A"), (1767225601, "A"), (1767225601, "B")]
    assert (found[0].value, found[2].value) == (1.5, 7.0)
    assert math.isnan(found[1].value), "what is no number is a bad reading, not none"


def test_a_long_table_is_what_export_writes(tmp_path: Path) -> None:
    text = (
        "tag,time_utc8,value,unit,quality,quality_word,source,received,input\n"
        "A,2026-01-01 08:00:02.000,2.0,m,0,good,2026-01-01T00:00:02.000000000Z,x,1\n"
        "A,2026-01-01 08:00:01.000,,m,130,bad,2026-01-01T00:00:01.000000000Z,x,1\n"
    )
    first, second = read(table(tmp_path, text))
    assert (first.at, second) == (1767225601, Reading(1767225602, "A", 2.0)), "by source time"
    assert math.isnan(first.value)


def test_times_without_a_zone_are_those_of_their_column(tmp_path: Path) -> None:
    china = read(table(tmp_path, "time_utc8,A\n2026-01-01 08:00:00,1\n"))
    plain = read(table(tmp_path, "time,A\n2026-01-01 00:00:00,1\n"))
    numbers = read(table(tmp_path, "time,A\n1767225600000,1\n"), unit="ms")
    assert {r[0].at for r in (china, plain, numbers)} == {1767225600.0}


def test_parquet_reads_as_csv_does(tmp_path: Path) -> None:
    path = tmp_path / "data.parquet"
    columns = {"time": pa.array([1767225600 * 10**9], pa.timestamp("ns", "UTC")), "A": [1.5]}
    parquet.write_table(pa.table(columns), path)
    assert read(path) == [Reading(1767225600.0, "A", 1.5)]


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("when,A\n1,2\n", "no column of the time"),
        ("time,A\nsoon,2\n", r"data\.csv:2: time: 'soon' is not a time"),
        ("time,A\n", "no column of the time|no readings"),
    ],
)
def test_what_cannot_be_played_is_said_with_its_line(tmp_path: Path, text: str, words: str) -> None:
    with pytest.raises(BadData, match=words):
        read(table(tmp_path, text))


def test_registers_hold_the_latest_reading(tmp_path: Path) -> None:
    deck = Deck(
        [Reading(0, "F", 2.5), Reading(0, "L", 5.0), Reading(0, "C", 4.0), Reading(5, "F", 3.5)],
        wiring(tmp_path),
    )
    deck.advance(1)
    image = deck.image("plc", 1)
    assert image is not None
    cells = image[INPUT].cells
    assert from_registers([cells[0], cells[1]], "float32") == 2.5
    assert (cells[2], cells[3]) == (12000, 40), "12 mA is the middle; 4.0 in tenths"
    deck.advance(9)
    later = deck.image("plc", 1)
    assert later is not None
    assert from_registers([later[INPUT].cells[0], later[INPUT].cells[1]], "float32") == 3.5
    assert deck.image("plc", 2) is None


def test_a_bad_reading_and_none_are_said_as_the_kind_can(tmp_path: Path) -> None:
    deck = Deck([Reading(0, "F", math.nan), Reading(0, "L", math.nan)], wiring(tmp_path))
    deck.advance(1)
    image = deck.image("plc", 1)
    assert image is not None
    assert math.isnan(from_registers([image[INPUT].cells[0], image[INPUT].cells[1]], "float32"))
    assert image[INPUT].cells[2] == 3500, "a failure current"
    assert image[INPUT].broken == {3: 4}, "no reading yet: server device failure"


def test_a_register_shows_a_reading_no_longer_than_it_may_be_held(tmp_path: Path) -> None:
    deck = Deck([Reading(0, "C", 4.0), Reading(100, "F", 1.0)], wiring(tmp_path))
    for at, broken in ((60, {}), (61, {3: 4})):
        deck.advance(at)
        image = deck.image("plc", 1)
        assert image is not None
        assert image[INPUT].broken == broken


def test_readings_of_one_topic_and_time_are_one_message(tmp_path: Path) -> None:
    tags = {
        "A": {"topic": "x/y", "path": "data.a"},
        "B": {"topic": "x/y", "path": "data.b"},
        "P": {"topic": "x/p"},
    }
    made = wiring(tmp_path, mqtt={"b": {"host": "h", "port": 1, "time": "ts", "tags": tags}})
    readings = [
        Reading(10, "A", 1.5),
        Reading(10, "B", math.nan),
        Reading(11, "A", 2.0),
        Reading(11, "P", 7.0),
    ]
    deck = Deck(readings, made)
    said = deck.messages(deck.advance(20), made.publishers[0], lambda at: at + 100)
    assert [(m.topic, m.payload) for m in said] == [
        ("x/y", b'{"ts": 110000, "data": {"a": 1.5, "b": null}}'),
        ("x/y", b'{"ts": 111000, "data": {"a": 2.0}}'),
        ("x/p", b"7.0"),
    ]
    assert (deck.played, deck.bad, deck.over) == (4, 1, True)


def test_one_template_serves_every_tag(tmp_path: Path) -> None:
    made = wiring(
        tmp_path, mqtt={"b": {"host": "h", "port": 1, "time": "t", "time_unit": "iso", "every": "s/{tag}"}}
    )
    deck = Deck([Reading(1767225600, "A-1", 1.0)], made)
    (message,) = deck.messages(deck.advance(1767225600), made.publishers[0], lambda at: at)
    assert (message.topic, message.payload) == ("s/A-1", b'{"t": "2026-01-01T00:00:00Z", "v": 1.0}')


@pytest.mark.parametrize(
    ("more", "words"),
    [
        ({"tgas": {}}, "unknown tgas; allowed: devices, registers, mqtt"),
        ({"devices": {}}, "registers of unknown devices: plc"),
        ({"mqtt": {"b": {"host": "h", "port": 1, "time_unit": "min"}}}, "allowed: s, ms, us, ns, iso"),
    ],
)
def test_a_wrong_wiring_is_refused_with_its_place(
    tmp_path: Path, more: dict[str, object], words: str
) -> None:
    with pytest.raises(BadData, match=words):
        wiring(tmp_path, **more)
