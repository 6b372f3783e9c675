"""How many readings of a flood were stored a second, from the harness's record of POSTs."""

from __future__ import annotations

import json
import struct
from pathlib import Path

import pytest

from benchmarks._stored import readings_per_s
from benchmarks.mqtt_in import short

READING = b"reading,tag=d0-t0 value=1.5,quality=0i 1"
POSTS = [
    (100.0, [READING] * 50),  # before the flood
    (106.0, [READING] * 300 + [b"tag_info,tag=d0-t0 value=1 1"]),
    (108.0, [b"plant,dev=d000,tag=t00 value=44.5 1"] * 100),
    (113.0, [b'alarm_event,tag=d0-t0 seq=7i,value=3,kind="instrument" 1'] * 500),
    (120.0, [b"reading,tag=d0-t0 quality=131i 1"] * 1000),
]


def run(folder: Path, span: float | None) -> Path:
    """A run as the harness leaves it: 20 s of flood, by the last POST of any kind."""
    (folder / "results").mkdir()
    (folder / "results" / "x-S3max.json").write_text(json.dumps({"flood_span_s": span}))
    (folder / "x-S3max-1").mkdir()
    with (folder / "x-S3max-1" / "sink.log").open("wb") as log:
        for at, lines in POSTS:
            body, path = b"\n".join(lines), b"/write"
            log.write(struct.pack("<dBII", at, 0, len(path), len(body)) + path + body)
    return folder


def test_until_the_last_reading_with_a_value_and_not_the_last_post(tmp_path: Path) -> None:
    assert readings_per_s(run(tmp_path, span=16.0)) == pytest.approx(400 / 4)


def test_another_scenario_has_no_such_figure(tmp_path: Path) -> None:
    assert readings_per_s(run(tmp_path, span=None)) is None


def test_fewer_stored_than_node_red_is_short() -> None:
    whole = {"fengsui": 100, "nodered": 50, "stored_per_s": {"fengsui": 9, "nodered": 10}}
    assert short({"whole": whole}) == ["whole: 9 stored a second, at least Node-RED's 10 wanted"]
    assert short({"whole": whole | {"stored_per_s": {"fengsui": 11, "nodered": 10}}}) == []
