"""Home Assistant's MQTT discovery: one retained message a camera, and one for all people.

Keys are those of https://www.home-assistant.io/integrations/mqtt/#device-discovery-payload, in their short form.
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from recognizer.types import EventKind

_ALLOWED = re.compile(r"[^A-Za-z0-9_-]+")
EVENT_TYPES = (*(kind.value for kind in EventKind), "source_lost", "source_back")
STATE_LENGTH = 255
"""Home Assistant refuses longer states."""


def identifier(name: str) -> str:
    """Return an identifier of the characters that Home Assistant allows; different names have different ones.

    >>> identifier("entrance"), identifier("Zoë")
    ('entrance', 'Zo_-c6a126')
    """
    plain = _ALLOWED.sub("_", name)
    return plain if plain == name and name else f"{plain}-{hashlib.sha256(name.encode()).hexdigest()[:6]}"


@dataclass(frozen=True, slots=True)
class Topics:
    """The topics of one installation; see ``docs/integrations.md``."""

    node: str
    """Name of this box."""
    prefix: str = "recognizer"

    @property
    def status(self) -> str:
        """``online`` or ``offline``, retained."""
        return f"{self.prefix}/{self.node}/status"

    def of(self, source: str, what: str) -> str:
        """Topic of a source: its ``status``, ``event``, ``people`` or ``face``."""
        return f"{self.prefix}/{self.node}/{identifier(source)}/{what}"

    def person(self, name: str) -> str:
        """Where a person is, retained."""
        return f"{self.prefix}/{self.node}/person/{identifier(name)}"


def camera_discovery(
    topics: Topics, source: str, *, version: str, faces: bool, discovery: str = "homeassistant"
) -> tuple[str, dict[str, Any]]:
    """Describe a camera as a device: the event entity, who is there, a stranger, the last face.

    Args:
        topics: of the installation.
        source: display name.
        version: of this program.
        faces: pictures of faces are published.
        discovery: prefix of the topic.

    Returns:
        Topic and payload.
    """
    device = f"recognizer_{topics.node}_{identifier(source)}"
    people = topics.of(source, "people")
    components: dict[str, dict[str, Any]] = {
        "event": {
            "p": "event",
            "name": "Face",
            "unique_id": f"{device}_event",
            "state_topic": topics.of(source, "event"),
            "event_types": list(EVENT_TYPES),
        },
        "who": {
            "p": "sensor",
            "name": "Who",
            "unique_id": f"{device}_who",
            "icon": "mdi:account",
            "state_topic": people,
            "value_template": f"{{{{ ((value_json.names | join(', ')) or 'nobody')[:{STATE_LENGTH}] }}}}",
            "json_attributes_topic": people,
        },
        "stranger": {
            "p": "binary_sensor",
            "name": "Stranger",
            "unique_id": f"{device}_stranger",
            "device_class": "occupancy",
            "state_topic": people,
            "value_template": "{{ 'ON' if value_json.unknown > 0 else 'OFF' }}",
        },
    }
    if faces:
        components["face"] = {
            "p": "image",
            "name": "Last face",
            "unique_id": f"{device}_face",
            "content_type": "image/jpeg",
            "image_topic": topics.of(source, "face"),
        }
    payload = {
        "dev": {"ids": [device], "name": source, "mf": "recognizer", "mdl": "face recognition", "sw": version},
        "o": {"name": "recognizer", "sw": version},
        "availability": [
            {"topic": topics.status},
            {"topic": topics.of(source, "status"), "payload_available": "live", "payload_not_available": "lost"},
        ],
        "availability_mode": "all",
        "cmps": components,
    }
    return f"{discovery}/device/{device}/config", payload


def people_discovery(
    topics: Topics, names: Sequence[str], *, version: str, discovery: str = "homeassistant"
) -> tuple[str, dict[str, Any]]:
    """Describe the enrolled people as one device with a presence sensor for each.

    Returns:
        Topic and payload.
    """
    device = f"recognizer_{topics.node}_people"
    components = {
        identifier(name): {
            "p": "binary_sensor",
            "name": name,
            "unique_id": f"{device}_{identifier(name)}",
            "device_class": "occupancy",
            "state_topic": topics.person(name),
            "value_template": "{{ 'ON' if value_json.source else 'OFF' }}",
            "json_attributes_topic": topics.person(name),
        }
        for name in names
    }
    payload = {
        "dev": {"ids": [device], "name": f"People ({topics.node})", "mf": "recognizer", "mdl": "face recognition"},
        "o": {"name": "recognizer", "sw": version},
        "availability": [{"topic": topics.status}],
        "cmps": components,
    }
    return f"{discovery}/device/{device}/config", payload
