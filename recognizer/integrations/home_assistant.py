"""Home Assistant's MQTT discovery: one retained message a camera, and one for all people.

Keys are those of https://www.home-assistant.io/integrations/mqtt/#device-discovery-payload, in their short form.
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from recognizer.integrations.rules.types import What
from recognizer.types import EventKind

_ALLOWED = re.compile(r"[^A-Za-z0-9_-]+")
EVENT_TYPES = (*(kind.value for kind in EventKind), "source_lost", "source_back")
ALERT_TYPES = tuple(what.value for what in What)
RESERVED = frozenset({"person", "people", "command", "alert", "status"})
"""Parts of our own topics and devices; a source of such a name gets an identifier of its own."""
STATE_LENGTH = 255
"""Home Assistant refuses longer states."""


def identifier(name: str, *, reserved: frozenset[str] = frozenset()) -> str:
    """Return an identifier of the characters that Home Assistant allows; different names have different ones.

    >>> identifier("entrance"), identifier("Zoë")
    ('entrance', 'Zo_-c6a126')
    """
    plain = _ALLOWED.sub("_", name)
    return (
        plain
        if plain == name and name and name not in reserved
        else f"{plain}-{hashlib.sha256(name.encode()).hexdigest()[:6]}"
    )


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

    @property
    def alert(self) -> str:
        """What the rules report."""
        return f"{self.prefix}/{self.node}/alert"

    @property
    def reload_command(self) -> str:
        """A message on it reloads the gallery."""
        return f"{self.prefix}/{self.node}/command/reload_gallery"

    def of(self, source: str, what: str) -> str:
        """Topic of a source: its ``status``, ``event``, ``people``, ``face``, ``pause`` or ``snapshot``."""
        return self.of_source(source_identifier(source), what)

    def of_source(self, identity: str, what: str) -> str:
        """The same for a source's ``source_identifier``."""
        return f"{self.prefix}/{self.node}/{identity}/{what}"

    def person(self, name: str) -> str:
        """Where a person is, retained."""
        return self.of_person(identifier(name))

    def of_person(self, identity: str) -> str:
        """The same for a person's ``identifier``."""
        return f"{self.prefix}/{self.node}/person/{identity}"


def source_identifier(source: str) -> str:
    """Return the identifier of a source.

    >>> source_identifier("entrance"), source_identifier("people")
    ('entrance', 'people-c90226')
    """
    return identifier(source, reserved=RESERVED)


def camera_topic(topics: Topics, identity: str, discovery: str) -> str:
    """Topic of the discovery message of a source, by its ``source_identifier``; an empty message removes the device."""
    return f"{discovery}/device/recognizer_{topics.node}_{identity}/config"


def camera_discovery(
    topics: Topics,
    source: str,
    *,
    version: str,
    faces: bool = False,
    pause: bool = False,
    snapshot: bool = False,
    discovery: str = "homeassistant",
) -> tuple[str, dict[str, Any]]:
    """Describe a camera as a device: the event entity, who is there, a stranger, the last face, and commands.

    Args:
        topics: of the installation.
        source: display name.
        version: of this program.
        faces: pictures of faces are published.
        pause: the camera can be paused.
        snapshot: its picture can be requested.
        discovery: prefix of the topic.

    Returns:
        Topic and payload.
    """
    device = f"recognizer_{topics.node}_{source_identifier(source)}"
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
        "face": {
            "p": "image",
            "name": "Last face",
            "unique_id": f"{device}_face",
            "content_type": "image/jpeg",
            "image_topic": topics.of(source, "face"),
        },
        "pause": {
            "p": "switch",
            "name": "Paused",
            "unique_id": f"{device}_pause",
            "icon": "mdi:pause-circle",
            "state_topic": topics.of(source, "pause"),
            "command_topic": topics.of(source, "pause/set"),
        },
        "take_snapshot": {
            "p": "button",
            "name": "Take a snapshot",
            "unique_id": f"{device}_take_snapshot",
            "icon": "mdi:camera",
            "command_topic": topics.of(source, "snapshot/get"),
        },
        "snapshot": {
            "p": "image",
            "name": "Snapshot",
            "unique_id": f"{device}_snapshot",
            "content_type": "image/jpeg",
            "image_topic": topics.of(source, "snapshot"),
        },
    }
    _remove(components, face=not faces, pause=not pause, take_snapshot=not snapshot, snapshot=not snapshot)
    payload = _device(device, source, version) | {
        "availability": [
            {"topic": topics.status},
            {
                "topic": topics.of(source, "status"),
                "value_template": "{{ 'lost' if value == 'lost' else 'live' }}",  # a paused one can go on
                "payload_available": "live",
                "payload_not_available": "lost",
            },
        ],
        "availability_mode": "all",
        "cmps": components,
    }
    return camera_topic(topics, source_identifier(source), discovery), payload


def box_discovery(
    topics: Topics, *, version: str, reload: bool = False, discovery: str = "homeassistant"
) -> tuple[str, dict[str, Any]]:
    """Describe this machine as a device: what its rules report, and the command to reload the gallery.

    Returns:
        Topic and payload.
    """
    device = f"recognizer_{topics.node}"
    components: dict[str, dict[str, Any]] = {
        "alert": {
            "p": "event",
            "name": "Alert",
            "unique_id": f"{device}_alert",
            "icon": "mdi:bell",
            "state_topic": topics.alert,
            "event_types": list(ALERT_TYPES),
        },
        "reload_gallery": {
            "p": "button",
            "name": "Reload the gallery",
            "unique_id": f"{device}_reload_gallery",
            "icon": "mdi:reload",
            "command_topic": topics.reload_command,
        },
    }
    _remove(components, reload_gallery=not reload)
    payload = _device(device, f"Recognizer ({topics.node})", version) | {
        "availability": [{"topic": topics.status}],
        "cmps": components,
    }
    return f"{discovery}/device/{device}/config", payload


def people_discovery(
    topics: Topics,
    names: Sequence[str],
    *,
    version: str,
    removed: Sequence[str] = (),
    discovery: str = "homeassistant",
) -> tuple[str, dict[str, Any]]:
    """Describe the enrolled people as one device with a presence sensor for each.

    Args:
        topics: of the installation.
        names: of all people.
        version: of this program.
        removed: identifiers of people whose sensors Home Assistant must remove.
        discovery: prefix of the topic.

    Returns:
        Topic and payload.
    """
    device = f"recognizer_{topics.node}_people"
    components: dict[str, dict[str, Any]] = {each: {"p": "binary_sensor"} for each in removed}
    for name in names:
        components[identifier(name)] = {
            "p": "binary_sensor",
            "name": name,
            "unique_id": f"{device}_{identifier(name)}",
            "device_class": "occupancy",
            "state_topic": topics.person(name),
            "value_template": "{{ 'ON' if value_json.source else 'OFF' }}",
            "json_attributes_topic": topics.person(name),
        }
    payload = _device(device, f"People ({topics.node})", version) | {
        "availability": [{"topic": topics.status}],
        "cmps": components,
    }
    return f"{discovery}/device/{device}/config", payload


def _remove(components: dict[str, dict[str, Any]], **is_off: bool) -> None:
    """Leave of components that are off what makes Home Assistant remove those that an earlier run announced."""
    components |= {key: {"p": components[key]["p"]} for key, off in is_off.items() if off}


def _device(identity: str, name: str, version: str) -> dict[str, Any]:
    return {
        "dev": {"ids": [identity], "name": name, "mf": "recognizer", "mdl": "face recognition", "sw": version},
        "o": {"name": "recognizer", "sw": version},
    }
