"""What the county says it has stored, and whether that can be believed. Pure.

A receipt is believed when it is of this gateway and this epoch, not above the journal's head, and names the hash that
the journal has at that number. Anything else is a fault: a restored backup here or there, a replaced machine, somebody
else's receipt, or a forged one. ``contiguous`` 0 says that the county knows nothing of this epoch yet.
"""

import json
from dataclasses import dataclass
from typing import Any, Final

from gateway.model.ports import Present
from gateway.model.times import iso

SCHEMA: Final = "fengsui.receipt/1"
ZERO: Final = "0" * 64
LISTED: Final = 100
"""Missing ranges and refusals in one receipt, at most; the next one has the rest."""
LARGEST: Final = (1 << 53) - 1
"""of what every JSON reader keeps exactly (RFC 8259, 6)"""


@dataclass(frozen=True, slots=True)
class Refusal:
    """A record the county will not store."""

    seq: int
    reason: str


@dataclass(frozen=True, slots=True)
class Receipt:
    """``contiguous``: the highest seq below which all is stored, with its hash; ``missing``: ranges above it."""

    gateway: str
    epoch: str
    contiguous: int
    hash: str
    missing: tuple[tuple[int, int], ...] = ()
    refused: tuple[Refusal, ...] = ()


def parse(payload: bytes) -> Receipt:
    """A receipt from its bytes; more than ``LISTED`` ranges are cut.

    Raises:
        ValueError: not a receipt; says what is wrong.
    """
    try:
        raw: Any = json.loads(payload)
        if raw["schema"] != SCHEMA:
            raise ValueError(f"schema {raw['schema']!r}, allowed: {SCHEMA}")
        missing = tuple((whole(a), whole(b)) for a, b in raw.get("missing", ())[:LISTED])
        refused = tuple(Refusal(whole(r["seq"]), str(r["reason"])) for r in raw.get("refused", ())[:LISTED])
        who, contiguous = (str(raw["gateway"]), str(raw["epoch"])), whole(raw["contiguous"])
        found = Receipt(*who, contiguous, str(raw["hash"]), missing, refused)
    except (KeyError, TypeError, AttributeError, ValueError, RecursionError) as error:
        raise ValueError(f"not a receipt: {error!r}") from error
    if any(not 0 < a <= b for a, b in found.missing):
        raise ValueError("not a receipt: a range that ends before it begins")
    return found


def whole(value: object) -> int:
    """A number that counts something: what JSON and every store can carry.

    Raises:
        ValueError: it is not.
    """
    if not isinstance(value, int) or isinstance(value, bool) or not 0 <= value <= LARGEST:
        raise ValueError(f"{str(value)[:40]!r} is no number from 0 to {LARGEST}")
    return value


def body(receipt: Receipt, *, county: str, site: str, time: int) -> bytes:
    """The bytes to publish; ``time`` ns."""
    told: dict[str, Any] = {
        "schema": SCHEMA,
        "gateway": receipt.gateway,
        "epoch": receipt.epoch,
        "time": iso(time),
        "county": county,
        "site": site,
        "contiguous": receipt.contiguous,
        "hash": receipt.hash,
        "missing": [list(each) for each in receipt.missing[:LISTED]],
        "refused": [{"seq": r.seq, "reason": r.reason} for r in receipt.refused[:LISTED]],
    }
    return json.dumps(told, ensure_ascii=False, separators=(",", ":")).encode()


def objection(receipt: Receipt, present: Present, here: str) -> str:
    """Why a receipt is not believed; empty when it is. ``here``: the hash our journal has at ``contiguous``."""
    if receipt.gateway != present.site.gateway:
        return f"of gateway {receipt.gateway!r}"
    if receipt.epoch != present.epoch:
        return f"of epoch {receipt.epoch}, ours is {present.epoch}"
    head = present.head_seq
    if receipt.contiguous > head:
        return f"of seq {receipt.contiguous}, above our head {head}: was this gateway restored from a backup?"
    if receipt.contiguous and receipt.hash != here:
        return f"seq {receipt.contiguous} with hash {receipt.hash[:12]}..., ours is {here[:12]}...: not our journal"
    return ""
