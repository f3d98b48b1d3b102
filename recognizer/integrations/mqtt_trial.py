"""Publish one test message to a broker, to see that it takes it."""

from __future__ import annotations

import json
import threading
from pathlib import Path
from typing import Any
from uuid import uuid4

import paho.mqtt.client as mqtt
from paho.mqtt.enums import CallbackAPIVersion

from recognizer.clock import now

TIMEOUT_S = 5.0


def publish_test(
    host: str,
    port: int,
    *,
    topic: str,
    user: str | None,
    password: str | None,
    tls: bool,
    ca_file: Path | None,
    version: int,
    timeout_s: float = TIMEOUT_S,
) -> str | None:
    """Connect by another name than a run does, publish once with QoS 1, and disconnect.

    Returns:
        Why the broker did not take it, without user and password; ``None`` where it did.
    """
    protocol = mqtt.MQTTv5 if version == 5 else mqtt.MQTTv311
    client = mqtt.Client(CallbackAPIVersion.VERSION2, f"recognizer-test-{uuid4().hex[:8]}", protocol=protocol)
    client.connect_timeout = timeout_s
    if user is not None:
        client.username_pw_set(user, password)
    answered, refused = threading.Event(), list[str]()

    def on_connect(client: Any, data: Any, flags: Any, reason: Any, properties: Any) -> None:
        if reason.is_failure:
            refused.append(str(reason))
        answered.set()

    client.on_connect = on_connect
    where = f"the broker {host}:{port}"
    try:
        if tls:
            client.tls_set(None if ca_file is None else str(ca_file))
        client.connect(host, port)
    except (OSError, ValueError) as error:
        return f"{where} cannot be reached ({type(error).__name__})"
    client.loop_start()
    try:
        if not answered.wait(timeout_s):
            return f"{where} does not answer"
        if refused:
            return f"{where} refuses the connection ({refused[0]})"
        body = json.dumps({"kind": "test", "time": now().isoformat(timespec="milliseconds")})
        message = client.publish(topic, body, qos=1)
        message.wait_for_publish(timeout_s)
        return None if message.is_published() else f"{where} did not take the message"
    except (RuntimeError, ValueError) as error:
        return f"{where} did not take the message ({error})"
    finally:
        client.disconnect()
        client.loop_stop()
