"""CBOR (RFC 8949) as the documents that paths walk through."""

from typing import Final

import cbor2

from gateway.sources.mqtt.paths import Malformed

DEEPEST: Final = 64


def loads(payload: bytes) -> object:
    """The first document of the payload.

    Raises:
        Malformed: broken, nested deeper than 64, or holding what cannot be made.
    """
    try:
        return cbor2.loads(payload, max_depth=DEEPEST)
    except Exception as error:
        raise Malformed(f"not CBOR: {error}") from error
