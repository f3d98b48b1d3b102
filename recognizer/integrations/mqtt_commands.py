"""Commands that clients of the broker may give, each only if the settings allow it.

recognizer/NODE/command/reload_gallery    any message
recognizer/NODE/SOURCE/pause/set          ON or OFF; the state is recognizer/NODE/SOURCE/pause
recognizer/NODE/SOURCE/snapshot/get       any message; the picture comes as recognizer/NODE/SOURCE/snapshot
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from queue import Full, Queue

from loguru import logger

from recognizer.errors import RecognizerError
from recognizer.integrations.home_assistant import Topics
from recognizer.integrations.mqtt_connection import MqttConnection

_WAITING = 16
"""Commands that wait; further ones are refused, as one client could send any number."""


@dataclass(frozen=True, slots=True)
class Controls:
    """What may be requested; ``None``: not that."""

    reload: Callable[[], None] | None = None
    """Loads the gallery anew."""
    pause: Callable[[str, bool], None] | None = None
    """Pauses a source, or goes on with it."""
    snapshot: Callable[[str], bytes | None] | None = None
    """Returns the labelled picture of a source, JPEG; ``None`` while there is none. It may take a second."""


class Commands:
    """Subscribes to the allowed commands and runs them, one after the other, on a thread of its own.

    Args:
        controls: what may be requested.
        connection: the broker's; subscribed to here.
        topics: names of the topics.
        sources: display names of all sources.
    """

    def __init__(self, controls: Controls, connection: MqttConnection, topics: Topics, sources: Sequence[str]) -> None:
        self._connection = connection
        self._waiting: Queue[Callable[[], None] | None] = Queue(_WAITING)
        self._thread = threading.Thread(target=self._run, name="mqtt commands", daemon=True)
        self._any = False
        if (reload := controls.reload) is not None:
            self._on(topics.reload_command, lambda message: reload())
        for source in sources:
            if (pause := controls.pause) is not None:
                self._on(topics.of(source, "pause/set"), _pausing(pause, source))
            if (snapshot := controls.snapshot) is not None:
                self._on(topics.of(source, "snapshot/get"), self._publishing(snapshot, source, topics))

    def start(self) -> None:
        """Begin, if any command is allowed."""
        if self._any:
            self._thread.start()

    def stop(self) -> None:
        """End after the command that runs."""
        if self._any:
            while not self._waiting.empty():
                self._waiting.get()
            self._waiting.put(None)
            self._thread.join(0.3)

    def _on(self, topic: str, command: Callable[[bytes], None]) -> None:
        def handle(topic: str, message: bytes, kept: bool) -> None:
            if kept:
                logger.warning("mqtt: a retained message on {} is ignored: a command is given once", topic)
                return
            try:
                self._waiting.put_nowait(lambda: command(message))
            except Full:
                logger.warning("mqtt: too many commands; one on {} is ignored", topic)

        self._any = True
        self._connection.subscribe(topic, handle)

    def _publishing(
        self, snapshot: Callable[[str], bytes | None], source: str, topics: Topics
    ) -> Callable[[bytes], None]:
        def publish(message: bytes) -> None:
            picture = snapshot(source)
            if picture is None:
                logger.warning("mqtt: there is no picture of {} now", source)
            else:
                self._connection.publish(topics.of(source, "snapshot"), picture)

        return publish

    def _run(self) -> None:
        while (command := self._waiting.get()) is not None:
            try:
                command()
            except RecognizerError as error:
                logger.warning("mqtt: a command failed: {}", error)
            except Exception as error:  # a fault in here must not end all commands
                logger.opt(exception=error).error("mqtt: this is a bug")


def _pausing(pause: Callable[[str, bool], None], source: str) -> Callable[[bytes], None]:
    def set_state(message: bytes) -> None:
        word = message[:10].strip().upper()
        if word in (b"ON", b"OFF"):
            pause(source, word == b"ON")
        else:
            logger.warning("mqtt: {}: wanted ON or OFF to pause, got another message", source)

    return set_state
