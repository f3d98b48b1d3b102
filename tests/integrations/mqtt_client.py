"""What the tests of MQTT share: a client that hears everything, and a sink."""

from __future__ import annotations

import json
import threading
import time
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import paho.mqtt.client as mqtt
from paho.mqtt.enums import CallbackAPIVersion

from recognizer.clock import WallClock
from recognizer.integrations.home_assistant import Topics
from recognizer.integrations.mqtt import MqttSink
from recognizer.integrations.mqtt_commands import Controls
from recognizer.integrations.mqtt_connection import Broker
from recognizer.types import EventKind
from tests.integrations.conftest import Mosquitto
from tests.results import event, identity, make_result
from tests.rig import wait_for


class Listener:
    """A client that hears all that the broker says."""

    def __init__(self, broker: Mosquitto) -> None:
        self.messages: list[tuple[str, bytes, bool]] = []
        self.client = mqtt.Client(CallbackAPIVersion.VERSION2)
        self.client.username_pw_set("box", "secret")
        if broker.certificate:
            self.client.tls_set(str(broker.certificate))
        self.client.reconnect_delay_set(1, 1)
        self.client.on_connect = lambda client, *_: client.subscribe("#", qos=1)
        self.client.on_message = lambda _, __, it: self.messages.append((it.topic, bytes(it.payload), it.retain))
        self.client.connect("127.0.0.1", broker.port)
        self.client.loop_start()
        wait_for(self.client.is_connected, "the listener is connected")

    def newest(self, topic: str) -> Any:
        heard = [payload for where, payload, _ in self.messages if where == topic]
        return heard[-1] if heard else None

    def events(self, topic: str) -> list[dict[str, Any]]:
        return [json.loads(payload) for where, payload, _ in self.messages if where == topic]

    def close(self) -> None:
        self.client.loop_stop()
        self.client.disconnect()


def sink(
    broker: Mosquitto,
    folder: Path,
    *,
    says: str = "secret",
    version: int = 5,
    faces: bool = False,
    people: Callable[[], Sequence[str]] = lambda: ["Ada", "Zoë"],
    controls: Controls | None = None,
    sources: Sequence[str] = ("entrance",),
) -> MqttSink:
    return MqttSink(
        Broker(
            host="127.0.0.1",
            port=broker.port,
            user="box",
            password=says,
            tls=broker.certificate is not None,
            ca_file=broker.certificate,
            version=version,
        ),
        topics=Topics("den"),
        folder=folder,
        sources=sources,
        times=WallClock(live=set(sources)),
        people=people,
        controls=controls,
        version="0.2",
        faces=faces,
        stop=threading.Event(),
    )


def seen(name: str | None, *, kind: EventKind = EventKind.RECOGNISED) -> Any:
    at = time.monotonic()
    return make_result(
        at,
        source="entrance",
        identities=[identity(1, name)] if kind is not EventKind.LOST else [],
        events=[event(kind, at, name=name, source="entrance")],
    )


def people(listener: Listener) -> Any:
    newest = listener.newest("recognizer/den/entrance/people")
    return newest and json.loads(newest)


def place(listener: Listener, person: str) -> Any:
    """The source at which a person is, by identifier; ``""`` where nothing is said of them."""
    newest = listener.newest(f"recognizer/den/person/{person}")
    return json.loads(newest)["source"] if newest else ""


def kept(broker: Mosquitto) -> dict[str, bytes]:
    """What a client that comes now gets."""
    late = Listener(broker)
    late.client.publish("end", "x", qos=1)
    wait_for(lambda: late.newest("end"), "all that is retained has come")
    late.close()
    return {topic: payload for topic, payload, retained in late.messages if retained}
