"""What the broker keeps of people, and of those who were removed."""

from __future__ import annotations

import json
import time
from pathlib import Path

import pytest

from recognizer.integrations.rules.types import Alert, Change, Item, Observation
from recognizer.types import EventKind
from tests.integrations.conftest import Mosquitto
from tests.integrations.mqtt_client import Listener, kept, people, place, seen, sink
from tests.integrations.rules.scripted import NOON, rule
from tests.results import event, identity, make_result
from tests.rig import wait_for

ADA = "recognizer/den/person/Ada"
FACE = "recognizer/den/entrance/face"
DISCOVERY = "homeassistant/device/recognizer_den_people/config"


def announced(listener: Listener) -> set[str] | None:
    newest = listener.newest(DISCOVERY)
    return set(json.loads(newest)["cmps"]) if newest else None


def test_a_person_who_is_removed_leaves_nothing_at_the_broker(
    mosquitto: Mosquitto, listener: Listener, tmp_path: Path
) -> None:
    enrolled = ["Ada", "Bob"]
    with sink(mosquitto, tmp_path / "box", people=lambda: list(enrolled)) as output:
        output.emit(seen("Ada"))
        wait_for(lambda: place(listener, "Ada") == "entrance", "where Ada is")
        wait_for(lambda: announced(listener) == {"Ada", "Bob"}, "both are announced")
        enrolled.remove("Ada")
        output.gallery_changed(frozenset(enrolled))
        output.emit(seen("Ada"))  # a frame that was recognised before
        wait_for(lambda: listener.newest(ADA) == b"", "her topic is emptied")
        wait_for(lambda: announced(listener) == {"Bob"}, "she is announced no more")
        removals = [json.loads(text)["cmps"].get("Ada") for topic, text, _ in listener.messages if topic == DISCOVERY]
        assert {"p": "binary_sensor"} in removals  # so that Home Assistant removes her sensor
        output.emit(seen(None, kind=EventKind.CHANGED))
        wait_for(lambda: people(listener) == {"names": [], "unknown": 1}, "she is there no more")
    retained = kept(mosquitto)
    assert ADA not in retained
    assert not any(b"Ada" in payload for payload in retained.values())


def test_a_person_who_was_removed_between_two_runs_leaves_nothing_either(
    mosquitto: Mosquitto, listener: Listener, tmp_path: Path
) -> None:
    with sink(mosquitto, tmp_path / "box") as output:
        output.emit(seen("Ada"))
        wait_for(lambda: place(listener, "Ada") == "entrance", "where Ada is")
    with sink(mosquitto, tmp_path / "box", people=lambda: ["Zoë"]):
        wait_for(lambda: listener.newest(ADA) == b"", "her topic is emptied")
        wait_for(lambda: announced(listener) == {"Zo_-c6a126"}, "only Zoë is announced")
    assert not any(b"Ada" in payload for payload in kept(mosquitto).values() if b"names" not in payload)


@pytest.mark.long
def test_the_picture_of_a_removed_person_does_not_stay_either(
    mosquitto: Mosquitto, listener: Listener, tmp_path: Path
) -> None:
    enrolled = ["Ada", "Bob"]
    with sink(mosquitto, tmp_path / "box", faces=True, people=lambda: list(enrolled)) as output:
        output.emit(seen("Ada"))
        wait_for(lambda: listener.newest(FACE), "her face")
        enrolled.remove("Ada")
        output.gallery_changed(frozenset(enrolled))
        wait_for(lambda: listener.newest(FACE) == b"", "it is emptied")
        output.emit(seen("Ada"))  # a frame that was recognised before
        output.emit(seen("Bob"))
        wait_for(lambda: listener.newest(FACE), "Bob's face")
    assert len([payload for topic, payload, _ in listener.messages if topic == FACE and payload]) == 2
    with sink(mosquitto, tmp_path / "box", faces=True, people=lambda: ["Ada"]):
        wait_for(lambda: FACE not in kept(mosquitto), "Bob was removed between two runs")


@pytest.mark.long
def test_pictures_do_not_stay_where_they_are_off_again(mosquitto: Mosquitto, tmp_path: Path) -> None:
    with sink(mosquitto, tmp_path / "box", faces=True) as output:
        wait_for(lambda: output.connection.connected, "connected")
        output.emit(seen("Ada"))
    assert kept(mosquitto)[FACE].startswith(b"\xff\xd8")
    with sink(mosquitto, tmp_path / "box"):
        wait_for(lambda: FACE not in kept(mosquitto), "it is emptied")


def test_nobody_is_where_a_killed_run_left_them(mosquitto: Mosquitto, listener: Listener, tmp_path: Path) -> None:
    listener.client.publish(ADA, '{"source": "entrance"}', qos=1, retain=True)
    wait_for(lambda: place(listener, "Ada") == "entrance", "a run before was killed")
    with sink(mosquitto, tmp_path / "box", people=lambda: ["Ada", "Bob"]) as output:
        wait_for(lambda: place(listener, "Ada") is None, "she is nowhere until she is seen")
        wait_for(lambda: place(listener, "Bob") is None, "so is who was never seen")
        output.emit(seen("Ada"))
        wait_for(lambda: place(listener, "Ada") == "entrance", "she is seen")


def test_a_person_who_is_enrolled_while_running_is_announced(
    mosquitto: Mosquitto, listener: Listener, tmp_path: Path
) -> None:
    enrolled = ["Ada"]
    with sink(mosquitto, tmp_path / "box", people=lambda: list(enrolled)) as output:
        wait_for(lambda: announced(listener) == {"Ada"}, "Ada is announced")
        enrolled.append("Bob")
        output.gallery_changed(frozenset(enrolled))
        wait_for(lambda: announced(listener) == {"Ada", "Bob"}, "Bob, too")
        wait_for(lambda: place(listener, "Bob") is None, "and that he is nowhere")
        enrolled.clear()
        output.gallery_changed(frozenset())
        wait_for(lambda: listener.newest(DISCOVERY) == b"", "the device is removed with the last person")


def test_json_is_made_only_when_somebody_comes_or_goes(
    mosquitto: Mosquitto, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with sink(mosquitto, tmp_path / "box") as output:
        updates: list[str] = []
        monkeypatch.setattr(output, "_set_people", updates.append)
        for number in range(20):
            output.emit(make_result(time.monotonic(), index=number, source="entrance", identities=[identity(1, "Ada")]))
        assert updates == ["entrance"]
        output.on_end("entrance", (event(EventKind.LOST, time.monotonic(), source="entrance"),))
        assert updates == ["entrance"] * 2


def test_the_picture_of_a_face_is_off_by_default(mosquitto: Mosquitto, listener: Listener, tmp_path: Path) -> None:
    with sink(mosquitto, tmp_path / "box") as output:
        output.emit(seen("Ada"))
        wait_for(lambda: place(listener, "Ada") == "entrance", "where Ada is")
    assert not any(topic.endswith("/face") or b"\xff\xd8" in payload for topic, payload, _ in listener.messages)


def test_alerts_come_as_events_of_the_box(mosquitto: Mosquitto, listener: Listener, tmp_path: Path) -> None:
    item = Item(Observation(Change.ENTERS, NOON, "entrance"), "Somebody unknown is at entrance, 12:00")
    with sink(mosquitto, tmp_path / "box") as output:
        output.alert(Alert(rule(name="night"), NOON, (item,)))
        wait_for(lambda: listener.events("recognizer/den/alert"), "the alert")
    [message] = listener.events("recognizer/den/alert")
    assert (message["event_type"], message["rule"], message["text"]) == ("seen", "night", item.text)
    assert not any(retained for topic, _, retained in listener.messages if topic == "recognizer/den/alert")
