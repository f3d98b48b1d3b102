from __future__ import annotations

import gc
import json
import threading
import time
from pathlib import Path
from typing import Any

import pytest

from recognizer.clock import WallClock
from recognizer.errors import ConfigError
from recognizer.integrations.home_assistant import Topics
from recognizer.integrations.mqtt import MqttSink
from recognizer.integrations.mqtt_connection import Broker
from recognizer.types import EventKind, SourceChange, SourceState
from tests.integrations.conftest import Mosquitto, write_certificate
from tests.integrations.mqtt_client import Listener, people, place, seen, sink
from tests.ports import free_port
from tests.results import event
from tests.rig import wait_for


@pytest.mark.parametrize("version", [5, 4])
def test_events_and_states_reach_the_broker(
    mosquitto: Mosquitto, listener: Listener, tmp_path: Path, version: int
) -> None:
    with sink(mosquitto, tmp_path / "box", version=version, faces=True) as output:
        wait_for(lambda: listener.newest("recognizer/den/status") == b"online", "online")
        output.emit(seen("Ada"))
        wait_for(lambda: listener.events("recognizer/den/entrance/event"), "the event")
        wait_for(lambda: people(listener) == {"names": ["Ada"], "unknown": 0}, "who is there")
        wait_for(lambda: place(listener, "Ada") == "entrance", "where Ada is")
        assert place(listener, "Zo_-c6a126") is None
        wait_for(lambda: listener.newest("recognizer/den/entrance/face"), "her face")
        assert listener.newest("recognizer/den/entrance/face").startswith(b"\xff\xd8")
        wait_for(lambda: listener.newest("recognizer/den/entrance/status") == b"live", "live")
        output.on_source_state(SourceChange("entrance", SourceState.LOST, time.monotonic(), "gone", "source_lost"))
        wait_for(lambda: listener.newest("recognizer/den/entrance/status") == b"lost", "lost")
        output.emit(seen("Ada", kind=EventKind.LOST))
        wait_for(lambda: people(listener) == {"names": [], "unknown": 0}, "nobody is there")
        wait_for(lambda: json.loads(listener.newest("recognizer/den/person/Ada")) == {"source": None}, "Ada is nowhere")
    wait_for(lambda: listener.newest("recognizer/den/status") == b"offline", "offline")
    kinds = [each["event_type"] for each in listener.events("recognizer/den/entrance/event")]
    assert kinds == ["recognised", "source_lost", "lost"]
    assert all(not retained for topic, _, retained in listener.messages if topic.endswith("/event"))


def test_a_guess_below_the_threshold_enters_no_state(mosquitto: Mosquitto, listener: Listener, tmp_path: Path) -> None:
    with sink(mosquitto, tmp_path / "box") as output:
        output.emit(seen(None, kind=EventKind.APPEARED))
        wait_for(lambda: people(listener) == {"names": [], "unknown": 1}, "a stranger")
    assert not any(b"Ada" in payload for topic, payload, _ in listener.messages if "/person/" in topic)


def test_a_run_that_is_killed_is_offline(mosquitto: Mosquitto, listener: Listener, tmp_path: Path) -> None:
    output = sink(mosquitto, tmp_path / "box")
    with output:
        wait_for(lambda: listener.newest("recognizer/den/status") == b"online", "online")
        network: Any = output.connection.client.socket()
        network.shutdown(2)  # as when the process dies: no farewell
        wait_for(lambda: listener.newest("recognizer/den/status") == b"offline", "the last will")


@pytest.mark.long
def test_a_broker_that_is_killed_gets_all_events_in_order_when_it_is_back(mosquitto: Mosquitto, tmp_path: Path) -> None:
    with sink(mosquitto, tmp_path / "box") as output:
        wait_for(lambda: output.connection.connected, "connected")
        output.emit(seen("Ada"))
        wait_for(lambda: output.deliveries.delivered == 1, "the first event")
        mosquitto.stop(kill=True)
        wait_for(lambda: not output.connection.connected, "the loss is noticed")
        for number in range(20):
            output.emit(seen(f"Person {number}"))
        wait_for(lambda: output.deliveries.waiting == 20, "they wait")
        mosquitto.start()
        listener = Listener(mosquitto)
        wait_for(lambda: output.deliveries.delivered == 21, "all are delivered")
        wait_for(lambda: people(listener) is not None, "states are sent again")
        names = [each["name"] for each in listener.events("recognizer/den/entrance/event")]
        assert names == [f"Person {number}" for number in range(20)][-len(names) :]
        listener.close()
    assert output.failed is None


def test_events_of_a_run_without_broker_are_sent_by_the_next_run(mosquitto: Mosquitto, tmp_path: Path) -> None:
    mosquitto.stop()
    with sink(mosquitto, tmp_path / "box") as output:
        output.emit(seen("Ada"))
        output.deliveries._stop.set()
    assert output.deliveries.waiting == 1
    mosquitto.start()
    listener = Listener(mosquitto)
    with sink(mosquitto, tmp_path / "box"):
        wait_for(lambda: listener.events("recognizer/den/entrance/event"), "the event of the run before")
    listener.close()


@pytest.mark.long
@pytest.mark.filterwarnings("ignore:.*unclosed <ssl.SSLSocket", "ignore::pytest.PytestUnraisableExceptionWarning")
def test_tls_and_a_certificate_that_nobody_vouches_for(tls_mosquitto: Mosquitto, tmp_path: Path) -> None:
    with sink(tls_mosquitto, tmp_path / "box") as output:
        wait_for(lambda: output.connection.connected, "connected")
    (tmp_path / "other").mkdir()
    tls_mosquitto.certificate = write_certificate(tmp_path / "other")  # paho forgets to close the refused connection
    with sink(tls_mosquitto, tmp_path / "other") as output:
        wait_for(lambda: "cannot be reached" in (output.connection.problem or ""), "it is refused")
        output.deliveries._stop.set()
    wait_for(lambda: not any("paho" in each.name for each in threading.enumerate()), "its thread has ended")
    gc.collect()


def test_certificates_that_are_none_are_a_wrong_setting(tls_mosquitto: Mosquitto, tmp_path: Path) -> None:
    tls_mosquitto.certificate = tmp_path / "missing.pem"
    with pytest.raises(ConfigError, match=r"mqtt\.ca_file"):
        sink(tls_mosquitto, tmp_path)


def test_a_wrong_password_is_said_and_never_shown(mosquitto: Mosquitto, tmp_path: Path) -> None:
    with sink(mosquitto, tmp_path / "box", says="wrong-one") as output:
        wait_for(lambda: "refused" in (output.connection.problem or ""), "it is refused")
        assert "wrong-one" not in str(output.connection.problem) + repr(output.connection._broker)
        output.deliveries._stop.set()


def test_home_assistant_gets_its_devices_again_after_a_restart(
    mosquitto: Mosquitto, listener: Listener, tmp_path: Path
) -> None:
    topic = "homeassistant/device/recognizer_den_entrance/config"
    with sink(mosquitto, tmp_path / "box"):
        wait_for(lambda: listener.newest(topic), "discovery")
        wait_for(lambda: listener.newest("homeassistant/device/recognizer_den_people/config"), "people")
        before = len(listener.events(topic))
        listener.client.publish("homeassistant/status", "online")
        wait_for(lambda: len(listener.events(topic)) > before, "discovery again")


@pytest.mark.long
def test_a_state_that_the_broker_did_not_acknowledge_does_not_come_after_a_newer_one(
    mosquitto: Mosquitto, tmp_path: Path
) -> None:
    with sink(mosquitto, tmp_path / "box") as output:
        wait_for(lambda: output.connection.connected, "connected")
        mosquitto.freeze()
        output.on_source_state(SourceChange("entrance", SourceState.LIVE, time.monotonic(), ""))
        mosquitto.stop(kill=True)
        wait_for(lambda: not output.connection.connected, "the connection is lost")
        output.on_source_state(SourceChange("entrance", SourceState.LOST, time.monotonic(), "gone"))
        mosquitto.start()
        output.on_end("entrance", (event(EventKind.LOST, time.monotonic(), source="entrance"),))
        wait_for(lambda: output.deliveries.delivered == 1, "what was sent before has arrived")
        late = Listener(mosquitto)
        wait_for(lambda: late.newest("recognizer/den/entrance/status"), "the state that the broker kept")
        assert [payload for topic, payload, _ in late.messages if topic == "recognizer/den/entrance/status"] == [
            b"lost"
        ]
        late.close()


def test_a_broker_that_does_not_answer_does_not_hold_up_the_end(tmp_path: Path) -> None:
    release, ended = threading.Event(), threading.Event()

    def connecting() -> None:
        release.wait(20)
        ended.set()

    output = MqttSink(
        Broker(host="127.0.0.1", port=free_port()),
        topics=Topics("den"),
        folder=tmp_path,
        sources=[],
        times=WallClock(live=set()),
        people=list,
        version="0.2",
        stop=threading.Event(),
    )
    with output:
        stop: Any = output.connection.client.loop_stop
        output.connection.client.loop_stop = connecting  # type: ignore[method-assign, assignment]
    assert not ended.is_set()
    release.set()
    stop()
