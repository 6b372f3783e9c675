"""Devices, gateways and subscribers that end with their test."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import ExitStack
from pathlib import Path

import pytest

from tests.e2e.device import Device
from tests.helpers.gateway import Gateway

GatewayFactory = Callable[[Path], Gateway]


@pytest.fixture
def device() -> Iterator[Device]:
    """A scripted Modbus device."""
    with Device() as made:
        yield made


@pytest.fixture
def gateway_of() -> Iterator[GatewayFactory]:
    """``gateway_of(config)``: not started yet; killed at the end where the test did not stop it."""
    with ExitStack() as stack:
        yield lambda config: stack.enter_context(Gateway(config))
