"""The explicit registry of plugins: kind -> its config module. Nothing registers itself by being imported."""

from collections.abc import Mapping, Sequence
from types import MappingProxyType
from typing import Any, Final, Protocol

from pydantic import BaseModel

from gateway.model.site import Link, Tag
from gateway.sinks.file import config as file_out
from gateway.sinks.influxdb import config as influxdb
from gateway.sinks.mqtt import config as mqtt_out
from gateway.sinks.notify import config as notify
from gateway.sinks.webhook import config as webhook
from gateway.sources.filedrop import config as filedrop
from gateway.sources.httppush import config as httppush
from gateway.sources.manual import config as manual
from gateway.sources.modbus import config as modbus
from gateway.sources.modbus import config_serial, config_serial_tcp, config_tls
from gateway.sources.mqtt import config as mqtt_in
from gateway.sources.replay import config as replay


class SourceConfig(Protocol):
    """What a source plugin's ``config.py`` offers."""

    Settings: type[BaseModel]

    def bind(self, settings: Any, address: str, tag: Tag) -> Any:
        """A tag's address cell as a binding; ValueError says what is allowed."""
        ...

    # A plugin may also have ``mark(tag, binding) -> Tag`` and ``refers(binding)``: ids of other tags (see manual), and
    # ``ONE_READER = True``: what arrives under a name is one tag's.

    def links(
        self, name: str, settings: Any, bindings: Mapping[str, Any]
    ) -> tuple[tuple[Link, ...], Mapping[str, tuple[str, ...]]]:
        """Links of this source, and the link ids each tag depends on."""
        ...


class SinkConfig(Protocol):
    """What an output plugin's ``config.py`` offers."""

    Settings: type[BaseModel]


SOURCES: Final[Mapping[str, Any]] = MappingProxyType(
    {
        "modbus-tcp": modbus,
        "modbus-tls": config_tls,
        "modbus-serial": config_serial,
        "modbus-serial-tcp": config_serial_tcp,
        "mqtt": mqtt_in,
        "file-drop": filedrop,
        "http-push": httppush,
        "manual": manual,
        "replay": replay,
    }
)
SINKS: Final[Mapping[str, Any]] = MappingProxyType(
    {"mqtt": mqtt_out, "influxdb": influxdb, "webhook": webhook, "notify": notify, "file": file_out}
)


def kinds(registry: Mapping[str, Any]) -> Sequence[str]:
    """Kinds of a registry, for messages."""
    return sorted(registry)
