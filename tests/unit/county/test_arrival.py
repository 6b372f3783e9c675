"""One site's gateway says what it likes: what is no event or status is refused, and the county goes on."""

from __future__ import annotations

import hashlib
import json
from pathlib import Path
from typing import Any

import pytest

from gateway.county.arrival import Place, arrival, heard
from gateway.county.vault import Vault
from gateway.sinks.mqtt.receipts import SCHEMA, body, parse
from gateway.store.canonical import ZERO, canonical

PLACE = Place("s", "g")
EVENT: dict[str, Any] = {
    "county": "341524", "site": "s", "gateway": "g", "seq": 1, "recorded": "2026-11-22T00:00:00.000000000Z",
    "epoch": "e", "event": "raised", "n": 1, "id": "i", "level": "red", "rule": "r", "detail": {"note": "first"},
}  # fmt: skip
STATUS: dict[str, Any] = {
    "gateway": "g", "state": "online", "epoch": "e", "head": {"seq": 1, "hash": "0" * 64}, "expected_every_s": 60,
    "time": "2026-11-22T00:00:00Z",
}  # fmt: skip
RECEIPT: dict[str, Any] = {
    "schema": SCHEMA, "gateway": "g", "epoch": "e", "contiguous": 1, "hash": "0" * 64, "missing": [[2, 3]],
    "refused": [{"seq": 2, "reason": "no"}],
}  # fmt: skip
ODD = [
    None, [], {}, "x", "\ud800", -1, 1.5, True, 1e22, 1e300, 2**53 - 1, 2**53, 2**64, "1" * 400, float("inf"),
    float("nan"), [[]], {"a": 1}, "9999-12-31T23:59:59Z", "0001-01-01T00:00:00Z",
]  # fmt: skip


def hashed(fields: dict[str, Any]) -> bytes:
    """As a site with a key of its own would: the hash fits, where there is one."""
    try:
        digest = hashlib.sha256(ZERO.encode() + canonical(fields)).hexdigest()
    except (ValueError, TypeError):
        digest = ZERO
    return json.dumps({**fields, "prev_hash": ZERO, "hash": digest}).encode()


@pytest.fixture
def vault(tmp_path: Path) -> Any:
    made = Vault(tmp_path)
    yield made
    made.close()


@pytest.mark.parametrize("key", EVENT)
def test_an_event_with_any_odd_field_is_refused_or_stored(vault: Vault, key: str) -> None:
    for odd in ODD:
        try:
            came = arrival(PLACE, "341524", hashed({**EVENT, key: odd}))
        except ValueError:
            continue
        vault.take([came], [], [], 1)
        vault.receipt(PLACE)


@pytest.mark.parametrize("key", [*STATUS, "seq", "hash"])
def test_a_status_with_any_odd_field_is_refused_or_noted(vault: Vault, key: str) -> None:
    for odd in ODD:
        fields = (
            {**STATUS, "head": {**STATUS["head"], key: odd}} if key not in STATUS else {**STATUS, key: odd}
        )
        try:
            said = heard(PLACE, json.dumps(fields).encode())
        except ValueError:
            continue
        vault.take([], [said], [], 1)
        body(vault.receipt(PLACE), county="341524", site="s", time=1)


def test_what_is_whole_is_taken(vault: Vault) -> None:
    vault.take([arrival(PLACE, "341524", hashed(EVENT))], [heard(PLACE, json.dumps(STATUS).encode())], [], 1)
    assert vault.receipt(PLACE).contiguous == 1


@pytest.mark.parametrize("key", [*RECEIPT, "seq", "range"])
def test_a_receipt_with_any_odd_field_is_refused_or_read(key: str) -> None:
    for odd in ODD:
        fields = {**RECEIPT, key: odd}
        if key == "seq":
            fields = {**RECEIPT, "refused": [{"seq": odd, "reason": odd}]}
        if key == "range":
            fields = {**RECEIPT, "missing": [[1, odd], [odd, 1]]}
        try:
            found = parse(json.dumps(fields).encode())
        except ValueError:
            continue
        assert 0 <= found.contiguous < 1 << 53
