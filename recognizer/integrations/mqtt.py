"""Publish who is there over MQTT, with Home Assistant's discovery, and take commands.

Events are kept in a file until the broker has them, in order. States (status, people, persons) are retained by the
broker; only their newest value is sent, again after each connection. They have QoS 0, as the client would send those
of QoS 1 that the broker did not acknowledge after the newest ones.
"""

from __future__ import annotations

import json
import threading
from collections.abc import Callable, Collection, Sequence
from pathlib import Path
from types import TracebackType
from typing import Any, Self

import cv2

from recognizer.clock import WallClock
from recognizer.integrations.alerts import face_picture
from recognizer.integrations.delivering import DeliveryThread
from recognizer.integrations.event_sink import EventSink, Record
from recognizer.integrations.home_assistant import (
    RESERVED,
    Topics,
    box_discovery,
    camera_discovery,
    camera_topic,
    identifier,
    people_discovery,
    source_identifier,
)
from recognizer.integrations.mqtt_commands import Commands, Controls
from recognizer.integrations.mqtt_connection import Broker, MqttConnection
from recognizer.integrations.presence import Presence
from recognizer.integrations.rules.types import Alert
from recognizer.types import Event, EventKind, FrameResult, PictureNeed, SourceChange, SourceState

WAITS_S = (1.0, 2.0, 5.0, 10.0)
_NOWHERE = json.dumps({"source": None})
_STATUS = {SourceState.LIVE: "live", SourceState.STALLED: "stalled", SourceState.PAUSED: "paused"}


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
        controls: what clients of the broker may request.
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
        controls: Controls | None = None,
        stop: threading.Event,
    ) -> None:
        self._topics, self._sources, self._people = topics, tuple(sources), people
        self._version, self._discovery, self._faces = version, discovery, faces
        self._presence = Presence()
        self._where: dict[str, str | None] = {}
        self._begun: set[str] = set()
        self._pictured: dict[str, str | None] = {}
        """Whose face was published last, by source."""
        self._picturing = threading.Lock()
        self._announced: frozenset[str] = frozenset()
        """Identifiers of the people that Home Assistant, or the broker, knows."""
        self._announcing = threading.Lock()
        self.connection = MqttConnection(
            broker,
            client_id=f"recognizer-{topics.node}",
            status_topic=topics.status,
            on_connected=self._on_connected,
        )
        self._controls = controls or Controls()
        self._commands = Commands(self._controls, self.connection, topics, self._sources)
        if discovery is not None:
            self.connection.subscribe(f"{discovery}/status", self._on_home_assistant)
        self.connection.subscribe(topics.of_person("+"), self._on_person)
        self.connection.subscribe(topics.of_source("+", "status"), self._on_source)
        if not faces:
            self.connection.subscribe(topics.of_source("+", "face"), self._on_face)
        file = folder / f"mqtt-{topics.node}.sqlite3"
        super().__init__(DeliveryThread("mqtt", file, self.connection.deliver, waits_s=WAITS_S, stop=stop), times=times)

    def __enter__(self) -> Self:
        """Connect in the background.

        Raises:
            OutputError: events cannot be kept in the folder.
        """
        for source in self._sources:
            self._set_status(source, "lost")
            self._set_people(source)
        self._set_nowhere(self._people())  # a run that was killed left them where they were
        super().__enter__()
        self._commands.start()
        self.connection.open()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """Deliver what can be delivered, say ``offline``, and disconnect."""
        super().__exit__(kind, error, trace)
        for source in self._sources:
            self._set_status(source, "lost")
        self._commands.stop()
        self.connection.close()

    def emit(self, result: FrameResult) -> None:
        """Queue the frame's events, and publish what changed."""
        super().emit(result)
        source = result.frame.source
        if source not in self._begun:
            self._begun.add(source)
            self._set_status(source, "live")
        if self._faces and result.frame.has_picture:
            for event in result.events:
                if event.kind is EventKind.RECOGNISED and event.name in self._people():
                    face = _face(result, event)
                    with self._picturing:
                        if event.name in self._people():  # removed meanwhile
                            self._pictured[source] = event.name
                            self.connection.set(self._topics.of(source, "face"), face)
        if self._presence.take(result):
            self._update(source)

    def on_end(self, source: str, events: tuple[Event, ...]) -> None:
        """Queue the lost events of a source's tracks, and publish that nobody is there."""
        super().on_end(source, events)
        if self._presence.end(source, events):
            self._update(source)

    def on_source_state(self, change: SourceChange) -> None:
        """Publish the state of a camera."""
        super().on_source_state(change)
        self._set_status(change.source, _STATUS.get(change.state, "lost"))

    def message(self, source: str, record: Record) -> tuple[str, Record]:
        """Return the event with the ``event_type`` that Home Assistant's event entities ask for."""
        return self._topics.of(source, "event"), {"event_type": record["kind"], **record}

    def alert(self, alert: Alert) -> None:
        """Queue what a rule reports."""
        self.deliveries.put(self._topics.alert, {"event_type": alert.rule.what.value, **alert.record()})

    def gallery_changed(self, people: frozenset[str]) -> None:
        """Announce new people; what the broker keeps of removed ones is emptied."""
        super().gallery_changed(people)
        known = {identifier(name) for name in people}
        for name in [name for name in self._where if name not in people]:
            self._where.pop(name, None)
            self.connection.set(self._topics.person(name), b"")
        for each in self._announced - known:
            self.connection.set(self._topics.of_person(each), b"")
        with self._picturing:
            for source in [source for source, name in self._pictured.items() if name not in people]:
                self._empty_face(source)
        self._set_nowhere(people)
        self._announce_people()

    def _update(self, source: str) -> None:
        self._set_people(source)
        enrolled = set(self._people())
        places = {name: place for name, place in self._presence.places() if name in enrolled}
        gone = [name for name, where in list(self._where.items()) if where and name not in places]
        for name in [*places, *(name for name in gone if name in enrolled)]:
            place = places.get(name)
            where = place.source if place else None
            if self._where.get(name) != where:
                self._where[name] = where
                value: dict[str, Any] = {"source": where}
                if place is not None and where is not None:
                    value["at"] = self._times.moment(where, place.at).isoformat(timespec="seconds")
                    value["similarity"] = round(place.similarity, 4)
                self.connection.set(self._topics.person(name), json.dumps(value, ensure_ascii=False))

    def _set_nowhere(self, names: Collection[str]) -> None:
        """Publish that people are in no picture, of whom nothing was published yet."""
        for name in names:
            if name not in self._where:
                self._where[name] = None
                self.connection.set(self._topics.person(name), _NOWHERE)

    def _empty_face(self, source: str) -> None:
        self._pictured.pop(source, None)
        self.connection.set(self._topics.of(source, "face"), b"")

    def _set_people(self, source: str) -> None:
        people = self._presence.people(source)
        value = {"names": list(people.names), "unknown": people.unknown}
        self.connection.set(self._topics.of(source, "people"), json.dumps(value, ensure_ascii=False))

    def _set_status(self, source: str, status: str) -> None:
        self.connection.set(self._topics.of(source, "status"), status)
        if self._controls.pause is not None:
            self.connection.set(self._topics.of(source, "pause"), "ON" if status == "paused" else "OFF")

    def picture_need(self, source: str) -> PictureNeed:
        """Pictures are needed for those of recognised faces only."""
        return PictureNeed.SAMPLES if self._faces else PictureNeed.NONE

    def _on_connected(self) -> None:
        self._announce()
        self.deliveries.retry_now()

    def _on_home_assistant(self, topic: str, message: bytes, kept: bool) -> None:
        """Announce the devices again: Home Assistant was restarted."""
        if message == b"online" and not kept:
            self._announce()

    def _on_person(self, topic: str, message: bytes, kept: bool) -> None:
        """Empty what the broker has kept of people who were removed while no run was connected."""
        known = {identifier(name) for name in self._people()}
        name = topic.rpartition("/")[2]
        if kept and message and name not in known:
            self.connection.set(topic, b"")
            for source in [source for source in self._sources if source not in self._pictured]:
                self._empty_face(source)  # it may be theirs
            self._announced |= {name}
            self._announce_people()

    def _on_face(self, topic: str, message: bytes, kept: bool) -> None:
        """Empty the picture of a run that published faces; this one does not."""
        if kept and message and topic.split("/")[-2] not in RESERVED:
            self.connection.set(topic, b"")

    def _on_source(self, topic: str, message: bytes, kept: bool) -> None:
        """Empty what the broker has kept of sources that an earlier run had, and remove their devices."""
        source = topic.split("/")[-2]
        if not kept or not message or source in RESERVED or source in map(source_identifier, self._sources):
            return
        for what in ("status", "people", "face", "pause"):
            self.connection.set(self._topics.of_source(source, what), b"")
        if self._discovery is not None:
            self.connection.publish(camera_topic(self._topics, source, self._discovery), "", retain=True)

    def _announce(self) -> None:
        if self._discovery is None:
            return
        names = {"version": self._version, "discovery": self._discovery}
        devices = [box_discovery(self._topics, reload=self._controls.reload is not None, **names)]
        for source in self._sources:
            device = camera_discovery(
                self._topics,
                source,
                faces=self._faces,
                pause=self._controls.pause is not None,
                snapshot=self._controls.snapshot is not None,
                **names,
            )
            devices.append(device)
        for topic, payload in devices:
            self.connection.publish(topic, json.dumps(payload, ensure_ascii=False), retain=True)
        self._announce_people()

    def _announce_people(self) -> None:
        with self._announcing:
            people = self._people()
            now = frozenset(identifier(name) for name in people)
            if self._discovery is not None:
                gone = sorted(self._announced - now)
                names = {"version": self._version, "discovery": self._discovery}
                topic, payload = people_discovery(self._topics, people, removed=gone, **names)
                if gone and payload:  # said once, as the broker must not keep the names of those who were removed
                    self.connection.publish(topic, json.dumps(payload, ensure_ascii=False))
                    topic, payload = people_discovery(self._topics, people, **names)
                text = json.dumps(payload, ensure_ascii=False) if people else ""
                self.connection.publish(topic, text, retain=True)
            self._announced = now


def _face(result: FrameResult, event: Event) -> bytes:
    """The picture of an event's face, JPEG."""
    crop = face_picture(result.frame.image, event.box)
    return b"" if crop is None else bytes(cv2.imencode(".jpg", crop)[1])
