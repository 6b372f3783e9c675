"""The shape of what the county publishes, as pydantic models; see :mod:`gateway.sinks.mqtt.shapes`."""

from typing import Literal

from pydantic import Field

from gateway.sinks.mqtt.shapes import Hash
from gateway.sinks.mqtt.shapes import _Headed as Headed
from gateway.sinks.mqtt.shapes import _Model as Shape


class RefusedRecord(Shape):
    """A record that the county will not store."""

    seq: int = Field(ge=1)
    reason: str


class Receipt(Headed):
    """Retained on ``receipts``, from the county to the gateway. Everything up to ``contiguous`` is stored there.

    ``contiguous`` 0 with 64 zeros: the county knows nothing of this epoch yet. The hash is that of the event at
    ``contiguous``; a gateway that has another hash there, or a lower head, does not believe the receipt.
    """

    schema_: Literal["fengsui.receipt/1"] = Field(alias="schema")
    contiguous: int = Field(ge=0)
    hash: Hash
    missing: list[tuple[int, int]] = Field([], description="first and last seq of each range that is missing")
    refused: list[RefusedRecord] = Field([], description="records that were not stored, and why")
