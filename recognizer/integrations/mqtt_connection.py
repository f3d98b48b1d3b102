"""The connection to an MQTT broker: retained states, acknowledged messages, subscriptions, reconnecting."""

from __future__ import annotations

import ssl
import threading
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import paho.mqtt.client as mqtt
from loguru import logger
from paho.mqtt.enums import CallbackAPIVersion

from recognizer.errors import ConfigError
from recognizer.integrations.delivering import NotDeliveredError
from recognizer.integrations.outbox import Delivery

_ACKNOWLEDGED_S = 5.0
_KEEP_ALIVE_S = 30
_CLOSE_S = 0.3
Handler = Callable[[str, bytes, bool], None]
"""Takes topic, message, and whether the broker had kept it; called on the client's thread, so it returns at once."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Broker:
    """How to reach the broker."""

    host: str
    port: int = 1883
    user: str | None = None
    password: str | None = field(default=None, repr=False)
    tls: bool = False
    ca_file: Path | None = None
    """Certificates that vouch for the broker's; the system's by default."""
    version: int = 5
    """Of the protocol: 5, or 4 for MQTT 3.1.1."""


class MqttConnection:
    """Publishes states and messages; states are sent again after each connection.

    Args:
        broker: where to.
        client_id: each client of a broker has its own.
        status_topic: says ``online`` and, also when this process dies, ``offline``.
        on_connected: called on the client's thread after each connection, when the states have been sent.

    Raises:
        ConfigError: the certificates cannot be used.
    """

    def __init__(
        self, broker: Broker, *, client_id: str, status_topic: str, on_connected: Callable[[], None] = lambda: None
    ) -> None:
        self.connected = False
        self.problem: str | None = f"no connection to the broker {broker.host}:{broker.port} yet"
        """Why it is not connected; ``None`` while it is."""
        self._broker, self._status_topic, self._on_connected = broker, status_topic, on_connected
        self._lock = threading.Lock()
        self._states: dict[str, str | bytes] = {}
        """The newest value of each retained topic; empty ones are to be removed from the broker."""
        self._handlers: dict[str, Handler] = {}
        self._sent: tuple[str, mqtt.MQTTMessageInfo] | None = None
        self.client = self._make_client(client_id)

    def open(self) -> None:
        """Connect in the background."""
        self.client.connect_async(self._broker.host, self._broker.port, _KEEP_ALIVE_S)
        self.client.loop_start()

    def close(self) -> None:
        """Say ``offline``, and disconnect."""
        if self.connected:
            with suppress(RuntimeError, ValueError):  # the connection is lost at this moment
                self.client.publish(self._status_topic, "offline", qos=1, retain=True).wait_for_publish(_CLOSE_S)
            self.client.disconnect()
        ending = threading.Thread(target=self.client.loop_stop, name="mqtt ends", daemon=True)
        ending.start()
        ending.join(_CLOSE_S)  # its thread may be connecting to a broker that does not answer

    def subscribe(self, topics: str, handler: Handler) -> None:
        """Give the messages of some topics to a handler, from the next connection on; before ``open``."""
        self._handlers[topics] = handler

    def set(self, topic: str, value: str | bytes) -> None:
        """Publish a state if it is new; an empty value removes the topic from the broker."""
        with self._lock:
            if self._states.get(topic) == value:
                return
            self._states[topic] = value
            if self.connected:
                self._publish_state(topic)

    def publish(self, topic: str, value: str | bytes, *, retain: bool = False) -> None:
        """Publish once, if connected."""
        if self.connected:
            self.client.publish(topic, value, qos=1, retain=retain)

    def deliver(self, delivery: Delivery) -> None:
        """Send one event and wait until the broker has it.

        Raises:
            NotDeliveredError: it does not.
        """
        if not self.connected:
            raise NotDeliveredError(self.problem or "no connection to the broker")
        if self._sent is None or self._sent[0] != delivery.identity:  # else it waits in the client, for the connection
            self._sent = delivery.identity, self.client.publish(delivery.topic, delivery.body, qos=1)
        message = self._sent[1]
        try:
            message.wait_for_publish(_ACKNOWLEDGED_S)
        except (RuntimeError, ValueError) as error:
            self._sent = None
            raise NotDeliveredError(f"the broker did not take an event ({error})") from error
        if not message.is_published():
            raise NotDeliveredError("the broker does not answer")

    def _publish_state(self, topic: str) -> None:
        value = self._states[topic]
        self.client.publish(topic, value, qos=0, retain=True)
        if not value:
            del self._states[topic]

    def _make_client(self, client_id: str) -> mqtt.Client:
        broker = self._broker
        protocol = mqtt.MQTTv5 if broker.version == 5 else mqtt.MQTTv311
        client = mqtt.Client(CallbackAPIVersion.VERSION2, client_id=client_id, protocol=protocol)
        if broker.user is not None:
            client.username_pw_set(broker.user, broker.password)
        if broker.tls:
            try:
                client.tls_set(ca_certs=str(broker.ca_file) if broker.ca_file else None)
            except (OSError, ssl.SSLError) as error:
                raise ConfigError(f"mqtt.ca_file: {broker.ca_file} holds no certificates ({error}).") from error
        client.will_set(self._status_topic, "offline", qos=1, retain=True)
        client.reconnect_delay_set(1, 30)
        client.max_queued_messages_set(1000)
        client.on_connect = self._on_connect
        client.on_disconnect = self._on_disconnect
        client.on_connect_fail = self._on_connect_fail
        client.on_message = self._on_message
        return client

    def _on_connect(self, client: mqtt.Client, data: Any, flags: Any, reason: Any, properties: Any) -> None:
        place = f"{self._broker.host}:{self._broker.port}"
        if reason.is_failure:
            self._report(f"the broker {place} refused the connection ({str(reason).lower()})")
            return
        self.problem = None
        logger.info("mqtt: connected to {}", place)
        with self._lock:
            self.connected = True
            client.publish(self._status_topic, "online", qos=1, retain=True)
            for topic in list(self._states):
                self._publish_state(topic)
        for topics in self._handlers:
            client.subscribe(topics, qos=1)
        self._on_connected()

    def _on_disconnect(self, client: mqtt.Client, data: Any, flags: Any, reason: Any, properties: Any) -> None:
        with self._lock:
            was_connected, self.connected = self.connected, False
        if was_connected and reason.is_failure:
            self._report(f"the connection to the broker was lost ({str(reason).lower()})")

    def _on_connect_fail(self, client: mqtt.Client, data: Any) -> None:
        self._report(f"the broker {self._broker.host}:{self._broker.port} cannot be reached")

    def _on_message(self, client: mqtt.Client, data: Any, message: mqtt.MQTTMessage) -> None:
        for topics, handler in self._handlers.items():
            if mqtt.topic_matches_sub(topics, message.topic):
                handler(message.topic, bytes(message.payload), message.retain)

    def _report(self, problem: str) -> None:
        if self.problem != problem:
            logger.error("mqtt: {}; recognition goes on, events wait", problem)
        self.problem = problem
