"""``delivery``: rows of outputs, each fault at its place."""

from __future__ import annotations

from pathlib import Path

import pytest

from gateway.config.ways import ways_of
from gateway.model.times import seconds
from gateway.model.ways import Ways
from tests.unit.config.writing import SITE, faults, good

OUTPUTS = """\
  spare: {kind: mqtt, host: spare}
  sms: {kind: notify, by: sms, device: /dev/ttyUSB0, tells: alarms, to: ["10086"]}
"""


def with_delivery(text: str) -> str:
    head, people = SITE.split("people:")
    return f"{head}{OUTPUTS}people:{people}delivery: {text}\n"


def test_a_row_of_ways(tmp_path: Path) -> None:
    loaded = good(tmp_path, with_delivery("{county: {within: 30s, then: [spare, sms]}}"))
    assert ways_of(loaded.file.delivery) == (Ways("county", seconds(30), ("spare", "sms")),)


@pytest.mark.parametrize(
    ("text", "path", "words"),
    [
        ("{county: {then: [sparse]}}", "delivery.county.then[0]", "one of the outputs: county, spare, sms"),
        ("{cuonty: {then: [spare]}}", "delivery.cuonty", "one of the outputs"),
        ("{county: {then: [county]}}", "delivery.county.then[0]", "each output in one place"),
        ("{county: {then: [spare, spare]}}", "delivery.county.then[1]", "each output in one place"),
        (
            "{county: {then: [spare]}, spare: {then: [sms]}}",
            "delivery.county.then[0]",
            "each output in one place",
        ),
        ("{county: {then: []}}", "delivery.county.then", "at least 1"),
        ("{county: {within: 1s, then: [spare]}}", "delivery.county.within", "or more"),
    ],
)
def test_what_cannot_be_a_row_is_a_fault_at_its_place(
    tmp_path: Path, text: str, path: str, words: str
) -> None:
    found = faults(tmp_path, with_delivery(text))
    assert [(f.path, words in f.allowed) for f in found] == [(path, True)], found
