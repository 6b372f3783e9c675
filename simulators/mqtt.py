"""The MQTT rim: a paho client in its own thread that the player's messages are handed to."""

from dataclasses import dataclass

import paho.mqtt.client as paho
from paho.mqtt.enums import CallbackAPIVersion

from simulators.outbox import Message

MOST_WAITING = 1000  # while the broker is away; older ones go first, as in a small field device


@dataclass(frozen=True)
class Broker:
    """Where to publish, and as whom."""

    host: str
    port: int
    user: str = ""
    password: str = ""


class MqttRim:
    """Publishes at QoS 1 and reconnects by itself, unless told to stay away."""

    def __init__(self, broker: Broker, client_id: str) -> None:
        self._broker = broker
        self._client = paho.Client(CallbackAPIVersion.VERSION2, client_id=client_id, protocol=paho.MQTTv311)
        self._client.max_queued_messages_set(MOST_WAITING)
        self._client.reconnect_delay_set(min_delay=1, max_delay=2)
        if broker.user:
            self._client.username_pw_set(broker.user, broker.password)
        self._client.on_publish = self._taken
        self._away = False
        self.published = 0
        self.refused = 0
        self._settled = 0  # counted in paho's thread, the others in ours

    def open(self) -> None:
        """Begin to connect; the broker may appear later."""
        self._client.connect_async(self._broker.host, self._broker.port, keepalive=30)
        self._client.loop_start()

    def publish(self, message: Message) -> None:
        """Hand one message to the client; counted as refused when its queue is full."""
        code = self._client.publish(message.topic, message.payload, qos=message.qos, retain=message.retain).rc
        kept = code in (paho.MQTT_ERR_SUCCESS, paho.MQTT_ERR_NO_CONN)
        self.published += kept
        self.refused += not kept

    def _taken(self, *_: object) -> None:
        """Called in the client's thread when the broker has taken a message (QoS 1), or it has left (QoS 0)."""
        self._settled += 1

    @property
    def waiting(self) -> int:
        """Messages that the broker has not taken; none is waited for while we are to stay away."""
        return 0 if self._away else max(0, self.published - self._settled)

    @property
    def idle(self) -> bool:
        """Whether the broker has taken all that was published."""
        return not self.waiting

    def follow(self, *, away: bool) -> None:
        """Leave the broker, or come back, as the ``mqtt-drop`` fault comes and goes."""
        if away and not self._away:
            self.close()
        elif self._away and not away:
            self.open()
        self._away = away

    @property
    def connected(self) -> bool:
        """Whether the broker has accepted us."""
        return self._client.is_connected()

    def close(self) -> None:
        """Disconnect and end the thread; what waits to be sent goes when it is opened again."""
        self._client.disconnect()
        self._client.loop_stop()
        # paho would leave the two sockets that wake its thread to the collector; its public reinitialise() closes them
        # too, but forgets what waits to be sent.
        self._client._reset_sockets(sockpair_only=True)  # noqa: SLF001
