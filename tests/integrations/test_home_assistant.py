"""Our discovery messages against what Home Assistant's documentation says of device discovery."""

from __future__ import annotations

import re
from typing import Any

import pytest

from recognizer.integrations.home_assistant import EVENT_TYPES, Topics, camera_discovery, identifier, people_discovery

ALLOWED = re.compile(r"[A-Za-z0-9_-]+")
DEVICE = {"ids", "name", "mf", "mdl", "sw"}
"""Of https://www.home-assistant.io/integrations/mqtt/: abbreviations of a device's keys."""
COMPONENT: dict[str, dict[str, type]] = {
    "event": {"state_topic": str, "event_types": list},
    "sensor": {"state_topic": str, "value_template": str, "json_attributes_topic": str, "icon": str},
    "binary_sensor": {"state_topic": str, "value_template": str, "device_class": str, "json_attributes_topic": str},
    "image": {"image_topic": str, "content_type": str},
}
REQUIRED = {
    "event": {"state_topic", "event_types"},
    "sensor": {"state_topic"},
    "binary_sensor": {"state_topic"},
    "image": {"image_topic"},
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
        ids.append(component["unique_id"])
        assert ALLOWED.fullmatch(component["unique_id"])
        assert REQUIRED[platform] <= set(component)
        for name, value in component.items():
            if name not in {"p", "name", "unique_id"}:
                assert isinstance(value, COMPONENT[platform][name]), (platform, name)
    assert len(set(ids)) == len(ids)


@pytest.mark.parametrize("source", ["entrance", "Küche/1 +#", "<script>", "rtsp://camera/stream", "x" * 100])
def test_a_camera_is_a_valid_device(source: str) -> None:
    topic, payload = camera_discovery(Topics("den"), source, version="0.2", faces=True)
    check(topic, payload)
    topics = [component.get("state_topic", "") for component in payload["cmps"].values()]
    assert not any(re.search(r"[+#]", each) for each in topics)


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
