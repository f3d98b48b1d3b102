"""Publish who is there over MQTT, with Home Assistant's discovery.

Events are kept in a file until the broker has them, in order. States (status, people, persons) are retained by the
broker; only their newest value is sent, again after each connection. They have QoS 0, as the client would send those
of QoS 1 that the broker did not acknowledge after the newest ones.
"""

from __future__ import annotations

import json
import ssl
import threading
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path
from types import TracebackType
from typing import Any, Self

import cv2
import paho.mqtt.client as mqtt
from loguru import logger
from paho.mqtt.enums import CallbackAPIVersion

from recognizer.clock import WallClock
from recognizer.errors import ConfigError
from recognizer.integrations.delivering import DeliveryThread, NotDeliveredError
from recognizer.integrations.event_sink import EventSink
from recognizer.integrations.home_assistant import Topics, camera_discovery, people_discovery
from recognizer.integrations.outbox import Delivery
from recognizer.integrations.presence import Presence, SourcePeople
from recognizer.types import Event, EventKind, FrameResult, PictureNeed, SourceChange, SourceState

WAITS_S = (1.0, 2.0, 5.0, 10.0)
_ACKNOWLEDGED_S = 5.0
_KEEP_ALIVE_S = 30
_CLOSE_S = 0.5
_FACE_MARGIN = 0.3
"""Share of the box's sides around the published picture of a face."""
_STATUS = {SourceState.LIVE: "live", SourceState.STALLED: "stalled"}


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


class MqttSink(EventSink):
    """Publishes events and states of a run.

    Args:
        broker: where to.
        topics: names of the topics.
        folder: where events wait for the broker.
        sources: display names of all sources.
        times: gives times of day, and which sources are cameras.
        people: returns the names of the enrolled people.
        version: of this program.
        discovery: prefix of Home Assistant's discovery topics; ``None``: no discovery.
        faces: also publish a picture of each recognised face.
        stop: set when the run should stop.

    Raises:
        ConfigError: the certificates cannot be used.
    """

    def __init__(
        self,
        broker: Broker,
        *,
        topics: Topics,
        folder: Path,
        sources: Sequence[str],
        times: WallClock,
        people: Callable[[], Sequence[str]],
        version: str,
        discovery: str | None = "homeassistant",
        faces: bool = False,
        stop: threading.Event,
    ) -> None:
        self._broker, self._topics, self._sources = broker, topics, tuple(sources)
        self._people, self._version, self._discovery, self._faces = people, version, discovery, faces
        self._presence = Presence()
        self._lock = threading.Lock()
        self._states: dict[str, str | bytes] = {}
        """The newest value of each retained topic."""
        self._connected = False
        self._sent: tuple[str, mqtt.MQTTMessageInfo] | None = None
        self._problem: str | None = f"no connection to the broker {broker.host}:{broker.port} yet"
        self._where: dict[str, str | None] = {}
        self._begun: set[str] = set()
        self._client = self._make_client()
        file = folder / f"mqtt-{topics.node}.sqlite3"
        super().__init__(DeliveryThread("mqtt", file, self._publish, waits_s=WAITS_S, stop=stop), times=times)

    def __enter__(self) -> Self:
        """Connect in the background.

        Raises:
            OutputError: events cannot be kept in the folder.
        """
        for source in self._sources:
            self._set(self._topics.of(source, "status"), "lost")
            self._set_people(source, SourcePeople())
        super().__enter__()
        self._client.connect_async(self._broker.host, self._broker.port, _KEEP_ALIVE_S)
        self._client.loop_start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """Deliver what can be delivered, say ``offline``, and disconnect."""
        super().__exit__(kind, error, trace)
        for source in self._sources:
            self._set(self._topics.of(source, "status"), "lost")
        if self._connected:
            with suppress(RuntimeError, ValueError):  # the connection is lost at this moment
                self._client.publish(self._topics.status, "offline", qos=1, retain=True).wait_for_publish(_CLOSE_S)
            self._client.disconnect()
        ending = threading.Thread(target=self._client.loop_stop, name="mqtt ends", daemon=True)
        ending.start()
        ending.join(_CLOSE_S)  # its thread may be connecting to a broker that does not answer

    def emit(self, result: FrameResult) -> None:
        """Queue the frame's events, and publish what changed."""
        super().emit(result)
        source = result.frame.source
        if source not in self._begun:
            self._begun.add(source)
            self._set(self._topics.of(source, "status"), "live")
        self._presence.take(result)
        if self._faces and result.frame.has_picture:
            for event in result.events:
                if event.kind is EventKind.RECOGNISED:
                    self._set(self._topics.of(source, "face"), _face(result, event))
        self._update(source)

    def on_end(self, source: str, events: tuple[Event, ...]) -> None:
        """Queue the lost events of a source's tracks, and publish that nobody is there."""
        super().on_end(source, events)
        self._presence.end(source, events)
        self._update(source)

    def on_source_state(self, change: SourceChange) -> None:
        """Publish the state of a camera."""
        super().on_source_state(change)
        self._set(self._topics.of(change.source, "status"), _STATUS.get(change.state, "lost"))

    def message(self, source: str, record: Mapping[str, Any]) -> tuple[str, Mapping[str, Any]]:
        """Return the event with the ``event_type`` that Home Assistant's event entities ask for."""
        return self._topics.of(source, "event"), {"event_type": record["kind"], **record}

    def _update(self, source: str) -> None:
        self._set_people(source, self._presence.people(source))
        places = dict(self._presence.places())
        for name in [*places, *(name for name, where in self._where.items() if where and name not in places)]:
            place = places.get(name)
            where = place.source if place else None
            if self._where.get(name) != where:
                self._where[name] = where
                value: dict[str, Any] = {"source": where}
                if place is not None and where is not None:
                    value["at"] = self._times.moment(where, place.at).isoformat(timespec="seconds")
                    value["similarity"] = round(place.similarity, 4)
                self._set(self._topics.person(name), json.dumps(value, ensure_ascii=False))

    def _set_people(self, source: str, people: SourcePeople) -> None:
        value = {"names": list(people.names), "unknown": people.unknown}
        self._set(self._topics.of(source, "people"), json.dumps(value, ensure_ascii=False))

    def _set(self, topic: str, value: str | bytes) -> None:
        """Publish a state if it is new."""
        with self._lock:
            if self._states.get(topic) == value:
                return
            self._states[topic] = value
            if self._connected:
                self._client.publish(topic, value, qos=0, retain=True)

    def _publish(self, delivery: Delivery) -> None:
        """Send one event and wait until the broker has it."""
        if not self._connected:
            raise NotDeliveredError(self._problem or "no connection to the broker")
        if self._sent is None or self._sent[0] != delivery.identity:  # else it waits in the client, for the connection
            self._sent = delivery.identity, self._client.publish(delivery.topic, delivery.body, qos=1)
        message = self._sent[1]
        try:
            message.wait_for_publish(_ACKNOWLEDGED_S)
        except (RuntimeError, ValueError) as error:
            self._sent = None
            raise NotDeliveredError(f"the broker did not take an event ({error})") from error
        if not message.is_published():
            raise NotDeliveredError("the broker does not answer")

    def _make_client(self) -> mqtt.Client:
        broker = self._broker
        protocol = mqtt.MQTTv5 if broker.version == 5 else mqtt.MQTTv311
        client = mqtt.Client(
            CallbackAPIVersion.VERSION2, client_id=f"recognizer-{self._topics.node}", protocol=protocol
        )
        if broker.user is not None:
            client.username_pw_set(broker.user, broker.password)
        if broker.tls:
            try:
                client.tls_set(ca_certs=str(broker.ca_file) if broker.ca_file else None)
            except (OSError, ssl.SSLError) as error:
                raise ConfigError(f"mqtt.ca_file: {broker.ca_file} holds no certificates ({error}).") from error
        client.will_set(self._topics.status, "offline", qos=1, retain=True)
        client.reconnect_delay_set(1, 30)
        client.max_queued_messages_set(1000)
        client.on_connect = self._on_connect
        client.on_disconnect = self._on_disconnect
        client.on_connect_fail = self._on_connect_fail
        client.on_message = self._on_message
        return client

    def picture_need(self, source: str) -> PictureNeed:
        """Pictures are needed for those of recognised faces only."""
        return PictureNeed.SAMPLES if self._faces else PictureNeed.NONE

    def _on_connect(self, client: mqtt.Client, data: Any, flags: Any, reason: Any, properties: Any) -> None:
        place = f"{self._broker.host}:{self._broker.port}"
        if reason.is_failure:
            self._report(f"the broker {place} refused the connection ({str(reason).lower()})")
            return
        self._problem = None
        logger.info("mqtt: connected to {}", place)
        with self._lock:
            self._connected = True
            client.publish(self._topics.status, "online", qos=1, retain=True)
            for topic, value in self._states.items():
                client.publish(topic, value, qos=0, retain=True)
        if self._discovery is not None:
            client.subscribe(f"{self._discovery}/status")
            self._announce(client)
        self.deliveries.retry_now()

    def _on_disconnect(self, client: mqtt.Client, data: Any, flags: Any, reason: Any, properties: Any) -> None:
        with self._lock:
            was_connected, self._connected = self._connected, False
        if was_connected and reason.is_failure:
            self._report(f"the connection to the broker was lost ({str(reason).lower()})")

    def _on_connect_fail(self, client: mqtt.Client, data: Any) -> None:
        self._report(f"the broker {self._broker.host}:{self._broker.port} cannot be reached")

    def _on_message(self, client: mqtt.Client, data: Any, message: mqtt.MQTTMessage) -> None:
        """Announce the devices again: Home Assistant was restarted."""
        if message.payload == b"online":
            self._announce(client)

    def _announce(self, client: mqtt.Client) -> None:
        discovery = self._discovery or ""
        devices = [
            camera_discovery(self._topics, source, version=self._version, faces=self._faces, discovery=discovery)
            for source in self._sources
        ]
        devices.append(people_discovery(self._topics, self._people(), version=self._version, discovery=discovery))
        for topic, payload in devices:
            client.publish(topic, json.dumps(payload, ensure_ascii=False), qos=1, retain=True)

    def _report(self, problem: str) -> None:
        if self._problem != problem:
            logger.error("mqtt: {}; recognition goes on, events wait", problem)
        self._problem = problem


def _face(result: FrameResult, event: Event) -> bytes:
    """The picture of an event's face, JPEG."""
    x1, y1, x2, y2 = event.box
    across, down = _FACE_MARGIN * (x2 - x1), _FACE_MARGIN * (y2 - y1)
    image = result.frame.image
    top, left = max(int(y1 - down), 0), max(int(x1 - across), 0)
    crop = image[top : max(int(y2 + down), top + 1), left : max(int(x2 + across), left + 1)]
    if crop.size == 0:
        return b""
    return bytes(cv2.imencode(".jpg", crop)[1])
