"""Commands that come over MQTT."""

from __future__ import annotations

import json
import threading
import time
from pathlib import Path

from recognizer.integrations.mqtt_commands import Controls
from recognizer.types import SourceChange, SourceState
from tests.integrations.conftest import Mosquitto
from tests.integrations.mqtt_client import Listener, sink
from tests.rig import wait_for

CAMERA = "recognizer/den/entrance"
ANNOUNCED = "homeassistant/device/recognizer_den/config"
"""Sent after the subscriptions."""


def state(name: SourceState) -> SourceChange:
    return SourceChange("entrance", name, time.monotonic())


def test_commands_reach_the_run(mosquitto: Mosquitto, listener: Listener, tmp_path: Path) -> None:
    reloads: list[bool] = []
    pauses: list[tuple[str, bool]] = []
    controls = Controls(
        reload=lambda: reloads.append(True),
        pause=lambda source, paused: pauses.append((source, paused)),
        snapshot=lambda source: b"\xff\xd8 of " + source.encode(),
    )
    with sink(mosquitto, tmp_path / "box", controls=controls) as output:
        wait_for(lambda: listener.newest(ANNOUNCED), "subscribed")
        wait_for(lambda: listener.newest(f"{CAMERA}/pause") == b"OFF", "not paused")
        listener.client.publish("recognizer/den/command/reload_gallery", "x")
        wait_for(lambda: reloads == [True], "the gallery is loaded")
        for word in ("on", "OFF", "sideways"):
            listener.client.publish(f"{CAMERA}/pause/set", word)
        wait_for(lambda: pauses == [("entrance", True), ("entrance", False)], "paused and resumed")
        output.on_source_state(state(SourceState.PAUSED))
        wait_for(lambda: listener.newest(f"{CAMERA}/pause") == b"ON", "the switch is on")
        assert listener.newest(f"{CAMERA}/status") == b"paused"
        output.on_source_state(state(SourceState.LIVE))
        wait_for(lambda: listener.newest(f"{CAMERA}/pause") == b"OFF", "the switch is off")
        listener.client.publish(f"{CAMERA}/snapshot/get", "")
        wait_for(lambda: listener.newest(f"{CAMERA}/snapshot"), "a picture")
        assert listener.newest(f"{CAMERA}/snapshot") == b"\xff\xd8 of entrance"
        cmps = json.loads(listener.newest("homeassistant/device/recognizer_den_entrance/config"))["cmps"]
        assert {"pause", "take_snapshot", "snapshot"} <= set(cmps)
        box = json.loads(listener.newest("homeassistant/device/recognizer_den/config"))["cmps"]
        assert box["reload_gallery"]["command_topic"] == "recognizer/den/command/reload_gallery"
    assert not any(retained for topic, _, retained in listener.messages if topic.endswith("/snapshot"))


def test_no_command_is_taken_by_default(mosquitto: Mosquitto, listener: Listener, tmp_path: Path) -> None:
    with sink(mosquitto, tmp_path / "box") as output:
        wait_for(lambda: listener.newest(ANNOUNCED), "subscribed")
        assert [*output.connection._handlers] == [
            "homeassistant/status",
            "recognizer/den/person/+",
            "recognizer/den/+/status",
            "recognizer/den/+/face",
        ]
    text = b"".join(payload for topic, payload, _ in listener.messages if topic.startswith("homeassistant"))
    assert b"command_topic" not in text


def test_a_retained_command_is_not_given_at_each_connection(
    mosquitto: Mosquitto, listener: Listener, tmp_path: Path
) -> None:
    pauses: list[bool] = []
    listener.client.publish(f"{CAMERA}/pause/set", "ON", qos=1, retain=True)
    wait_for(lambda: listener.newest(f"{CAMERA}/pause/set"), "the broker has it")
    controls = Controls(pause=lambda source, paused: pauses.append(paused))
    with sink(mosquitto, tmp_path / "box", controls=controls):
        wait_for(lambda: listener.newest(ANNOUNCED), "subscribed")
        listener.client.publish(f"{CAMERA}/pause/set", "OFF", qos=1)
        wait_for(lambda: pauses, "a command that is given now")
    assert pauses == [False]


def test_many_commands_do_not_pile_up(mosquitto: Mosquitto, tmp_path: Path) -> None:
    release, taken = threading.Event(), []

    def snapshot(source: str) -> bytes | None:
        taken.append(source)
        release.wait(30)
        return None

    with sink(mosquitto, tmp_path / "box", controls=Controls(snapshot=snapshot)) as output:
        handle = output.connection._handlers[f"{CAMERA}/snapshot/get"]
        for _ in range(100):
            handle("snapshot/get", b"", False)
        wait_for(lambda: taken, "the first one is run")
        release.set()
    assert 1 <= len(taken) <= 1 + 16
