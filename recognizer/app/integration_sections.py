"""The sections of the settings for other systems, with every default, range and unit."""

from __future__ import annotations

import re
import socket
from pathlib import Path
from typing import Annotated, Literal

from pydantic import Field, SecretStr, field_validator

from recognizer.app.sections import Section
from recognizer.app.setting_types import UserPath

Port = Annotated[int, Field(ge=1, le=65535)]
Variable = Annotated[str, Field(min_length=1, max_length=200)]
Host = Annotated[str, Field(min_length=1, max_length=253)]


class Mqtt(Section):
    """The MQTT broker; see ``recognizer.integrations.mqtt``."""

    host: Host | None = None
    """Name or address of the broker; without it nothing is published."""
    port: Port = 1883
    user: Annotated[str, Field(min_length=1, max_length=200)] | None = None
    password_env: Variable | None = None
    """Environment variable with the user's password."""
    password_file: UserPath | None = None
    """File whose first line is that password."""
    tls: bool = False
    ca_file: UserPath | None = None
    """Certificates that vouch for the broker's; the system's by default."""
    protocol: Literal["5", "3.1.1"] = "5"
    node: Annotated[str, Field(pattern=r"^[A-Za-z0-9_-]{1,64}$")] = Field(
        default_factory=lambda: re.sub(r"[^A-Za-z0-9_-]", "_", socket.gethostname())[:64] or "box"
    )
    """Name of this machine in topics; the host's name by default."""
    discovery: Annotated[str, Field(pattern=r"^[A-Za-z0-9_/-]{1,64}$")] | None = "homeassistant"
    """Prefix of Home Assistant's discovery topics; ``null``: no discovery."""
    faces: bool = False
    """Also publish a picture of each recognised face, retained by the broker."""
    commands: tuple[Literal["reload_gallery", "pause", "snapshot"], ...] = ()
    """What clients of the broker may request: reload the gallery, pause a camera, publish its labelled picture."""


class Webhook(Section):
    """An address that gets events; see ``recognizer.integrations.webhook``."""

    address: SecretStr
    """http(s)://. ``${NAME}`` is a variable of the environment."""
    secret_env: Variable | None = None
    """Environment variable with the secret that signs: ``whsec_...``."""
    secret_file: UserPath | None = None
    """File whose first line is that secret."""
    old_secret_env: Variable | None = None
    """The earlier secret, which signs too while receivers exchange it."""
    old_secret_file: UserPath | None = None
    kinds: tuple[Literal["appeared", "recognised", "changed", "lost", "source_lost", "source_back", "alert"], ...] = ()
    """Events to send; none named: all. ``alert``: what the rules of ``notify`` send to ``webhooks``."""
    private_hosts: tuple[Host, ...] = ()
    """Hosts of the local network that may be reached."""

    @field_validator("address")
    @classmethod
    def _is_an_address(cls, address: SecretStr) -> SecretStr:
        if not re.match(r"(?i)https?://[^/]", address.get_secret_value()):
            raise ValueError("wanted http://HOST/PATH or https://HOST/PATH")
        return address


class Metrics(Section):
    """Figures for Prometheus; see ``recognizer.integrations.prometheus``."""

    port: Port | None = None
    """Port of ``/metrics``; without it nothing listens."""
    host: Host = "127.0.0.1"
    """Address to listen on. Whoever reaches it reads the figures; they name no person."""


class Health(Section):
    """Lets ``python main.py health`` see that a run is well; see ``docs/health.md``."""

    file: UserPath | None = None
    """File that is written every second; put it into memory, such as /run or /dev/shm."""


class Integrations(Section):
    """What all of them share."""

    folder: UserPath | None = None
    """Folder for events that wait for their receiver; ``integrations`` beside the gallery's folder by default."""

    def place(self, gallery: Path) -> Path:
        """Return the folder, for a gallery's folder."""
        return self.folder or gallery.absolute().parent / "integrations"
