"""Our discovery messages against what Home Assistant's documentation says of device discovery."""

from __future__ import annotations

import json
import os
import re
import subprocess
from typing import Any

import jinja2
import pytest

from recognizer.integrations.home_assistant import (
    EVENT_TYPES,
    Topics,
    box_discovery,
    camera_discovery,
    identifier,
    people_discovery,
    source_identifier,
)
from tests.conftest import ROOT

ALLOWED = re.compile(r"[A-Za-z0-9_-]+")
DEVICE = {"ids", "name", "mf", "mdl", "sw"}
"""Of https://www.home-assistant.io/integrations/mqtt/: abbreviations of a device's keys."""
COMPONENT: dict[str, dict[str, type]] = {
    "event": {"state_topic": str, "event_types": list, "icon": str},
    "sensor": {"state_topic": str, "value_template": str, "json_attributes_topic": str, "icon": str},
    "binary_sensor": {"state_topic": str, "value_template": str, "device_class": str, "json_attributes_topic": str},
    "image": {"image_topic": str, "content_type": str},
    "switch": {"state_topic": str, "command_topic": str, "icon": str},
    "button": {"command_topic": str, "icon": str},
}
REQUIRED = {
    "event": {"state_topic", "event_types"},
    "sensor": {"state_topic"},
    "binary_sensor": {"state_topic"},
    "image": {"image_topic"},
    "switch": {"command_topic"},
    "button": {"command_topic"},
}


def check(topic: str, payload: dict[str, Any]) -> None:
    kind, device, ending = topic.removeprefix("homeassistant/").split("/")
    assert (kind, ending) == ("device", "config")
    assert ALLOWED.fullmatch(device)
    assert set(payload) <= {"dev", "o", "availability", "availability_mode", "cmps"}
    assert set(payload["dev"]) <= DEVICE
    assert payload["o"]["name"]
    for each in payload["availability"]:
        assert set(each) <= {"topic", "payload_available", "payload_not_available", "value_template"}
    ids = []
    for key, component in payload["cmps"].items():
        assert ALLOWED.fullmatch(key)
        platform = component["p"]
        if set(component) == {"p"}:  # to be removed
            continue
        ids.append(component["unique_id"])
        assert ALLOWED.fullmatch(component["unique_id"])
        assert REQUIRED[platform] <= set(component)
        for name, value in component.items():
            if name not in {"p", "name", "unique_id"}:
                assert isinstance(value, COMPONENT[platform][name]), (platform, name)
    assert len(set(ids)) == len(ids)


@pytest.mark.parametrize("source", ["entrance", "Küche/1 +#", "<script>", "rtsp://camera/stream", "x" * 100])
def test_a_camera_is_a_valid_device(source: str) -> None:
    topic, payload = camera_discovery(Topics("den"), source, version="0.2", faces=True, pause=True, snapshot=True)
    check(topic, payload)
    topics = [component.get("state_topic", "") for component in payload["cmps"].values()]
    assert not any(re.search(r"[+#]", each) for each in topics)


def test_what_is_off_is_removed_where_an_earlier_run_announced_it() -> None:
    topic, payload = camera_discovery(Topics("den"), "yard", version="0.2")
    check(topic, payload)
    removed = {key: component for key, component in payload["cmps"].items() if set(component) == {"p"}}
    assert removed == {
        "face": {"p": "image"},
        "pause": {"p": "switch"},
        "take_snapshot": {"p": "button"},
        "snapshot": {"p": "image"},
    }
    assert box_discovery(Topics("den"), version="0.2")[1]["cmps"]["reload_gallery"] == {"p": "button"}


@pytest.mark.parametrize(
    ("status", "available"), [("live", "live"), ("stalled", "live"), ("paused", "live"), ("lost", "lost")]
)
def test_a_camera_is_available_unless_it_is_lost(status: str, available: str) -> None:
    """Home Assistant may start while a camera is paused: the switch that goes on with it must be there."""
    _, payload = camera_discovery(Topics("den"), "yard", version="0.2", pause=True)
    entry = payload["availability"][1]
    assert jinja2.Template(entry["value_template"]).render(value=status) == available
    assert (entry["payload_available"], entry["payload_not_available"]) == ("live", "lost")


def test_people_are_sensors_of_one_device() -> None:
    topic, payload = people_discovery(Topics("den"), ["Ada", "Zoë", "Zo_"], version="0.2")
    check(topic, payload)
    assert [component["name"] for component in payload["cmps"].values()] == ["Ada", "Zoë", "Zo_"]


def test_identifiers_differ_where_names_do() -> None:
    names = ["Ada", "Zoë", "Zo_", "Zo ", "", "a/b", "a_b", "محمد", "张伟"]
    assert len({identifier(name) for name in names}) == len(names)
    assert identifier("Zoë") == identifier("Zoë")


def test_all_events_that_are_sent_are_announced() -> None:
    assert set(EVENT_TYPES) == {"appeared", "recognised", "changed", "lost", "source_lost", "source_back"}


def test_a_source_may_be_named_like_one_of_our_topics() -> None:
    topics = Topics("den")
    names = ["person", "people", "command", "alert", "status", "entrance"]
    assert len({source_identifier(name) for name in names}) == len(names)
    assert topics.of("person", "status") != topics.person("status")
    cameras = {camera_discovery(topics, name, version="0.2")[0] for name in names}
    boxes = {people_discovery(topics, [], version="0.2")[0], box_discovery(topics, version="0.2")[0]}
    assert not cameras & boxes


def test_the_machine_is_a_device() -> None:
    check(*box_discovery(Topics("den"), version="0.2", reload=True))


def test_home_assistant_itself_reads_our_messages() -> None:
    """Where RECOGNIZER_HOME_ASSISTANT names a Python that has it; see ``home_assistant_schemas``."""
    python = os.environ.get("RECOGNIZER_HOME_ASSISTANT")
    if not python:
        pytest.skip("RECOGNIZER_HOME_ASSISTANT names no Python with Home Assistant")
    topics, version = Topics("den"), "0.2"
    payloads = [
        camera_discovery(topics, "Küche/1", version=version, faces=True, pause=True, snapshot=True),
        camera_discovery(topics, "yard", version=version),
        people_discovery(topics, ["Ada", "Zoë"], version=version),
        people_discovery(topics, ["Ada"], version=version, removed=["Zo_-c6a126"]),
        box_discovery(topics, version=version, reload=True),
        box_discovery(topics, version=version),
    ]
    done = subprocess.run(
        [python, str(ROOT / "tests/integrations/home_assistant_schemas.py")],
        input=json.dumps([payload for _, payload in payloads]),
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    assert done.stdout.count("Home Assistant") == len(payloads)
    assert "Zo_-c6a126: binary_sensor, removed" in done.stdout
