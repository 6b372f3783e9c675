"""A small MQTT broker that misbehaves on request: pure packets, sessions and fault pipe, and a thin asyncio rim."""

from simulators.broker.server import BrokerServer

__all__ = ["BrokerServer"]
