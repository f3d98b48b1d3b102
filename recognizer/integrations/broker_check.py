"""Connect to an MQTT broker once, to see whether it takes us."""

from __future__ import annotations

import json
import ssl
import threading
import uuid
from typing import Any

import paho.mqtt.client as mqtt
from paho.mqtt.enums import CallbackAPIVersion

from recognizer.clock import now
from recognizer.errors import ConfigError
from recognizer.integrations.delivering import NotDeliveredError
from recognizer.integrations.mqtt_connection import Broker

_PATIENCE_S = 5.0


def check_broker(broker: Broker, *, topic: str | None = None) -> None:
    """Connect and disconnect; a run under the same name is not disturbed.

    Args:
        broker: to connect to.
        topic: publish a test message there, with QoS 1; ``None``: publish nothing.

    Raises:
        ConfigError: the certificates cannot be used.
        NotDeliveredError: the broker cannot be reached, refuses us, or does not take the message.
    """
    place, answered, problems = f"{broker.host}:{broker.port}", threading.Event(), list[str]()
    protocol = mqtt.MQTTv5 if broker.version == 5 else mqtt.MQTTv311
    client = mqtt.Client(CallbackAPIVersion.VERSION2, client_id=f"recognizer-{uuid.uuid4().hex[:8]}", protocol=protocol)
    client.connect_timeout = _PATIENCE_S
    if broker.user is not None:
        client.username_pw_set(broker.user, broker.password)
    try:
        if broker.tls:
            client.tls_set(ca_certs=str(broker.ca_file) if broker.ca_file else None)
    except (OSError, ssl.SSLError) as error:
        raise ConfigError(f"mqtt.ca_file: {broker.ca_file} holds no certificates ({error}).") from error

    def connected(client: mqtt.Client, data: Any, flags: Any, reason: Any, properties: Any) -> None:
        if reason.is_failure:
            problems.append(f"the broker {place} refused the connection ({str(reason).lower()})")
        answered.set()

    client.on_connect = connected
    try:
        client.connect(broker.host, broker.port)
    except (OSError, ValueError) as error:
        words = getattr(error, "strerror", None) or str(error) or type(error).__name__
        raise NotDeliveredError(f"the broker {place} cannot be reached ({words.lower()})") from None
    client.loop_start()
    try:
        if not answered.wait(_PATIENCE_S):
            raise NotDeliveredError(f"the broker {place} took the connection and does not answer; is TLS set right?")
        if problems:
            raise NotDeliveredError(problems[0])
        if topic is not None:
            _publish_test(client, topic, place)
    finally:
        client.disconnect()
        client.loop_stop()


def _publish_test(client: mqtt.Client, topic: str, place: str) -> None:
    body = json.dumps({"kind": "test", "time": now().isoformat(timespec="milliseconds")})
    try:
        message = client.publish(topic, body, qos=1)
        message.wait_for_publish(_PATIENCE_S)
    except (RuntimeError, ValueError) as error:
        raise NotDeliveredError(f"the broker {place} did not take the message ({error})") from None
    if not message.is_published():
        raise NotDeliveredError(f"the broker {place} did not take the message")
