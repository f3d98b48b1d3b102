"""Where events are sent: MQTT and webhooks of the settings, described without secrets, tried, added and removed."""

from __future__ import annotations

import base64
import hashlib
import secrets
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal
from urllib.parse import urlsplit

from ruamel.yaml.comments import CommentedMap, CommentedSeq

from recognizer.app.camera_addresses import checked_address
from recognizer.app.config import Settings
from recognizer.app.integration_sections import Webhook
from recognizer.app.integrations import broker_of, send_test_message
from recognizer.app.kept_secret import keep_secret
from recognizer.app.notify import send_test
from recognizer.app.settings_file import SettingsFile
from recognizer.capture.names import display_name
from recognizer.errors import ConfigError, RecognizerError, UsageError

Kind = Literal["mqtt", "webhook", "notify"]
MQTT = "mqtt"
NOTIFY = "notify-"
"""Before the name of a target of ``notify.targets``, in its id."""
_SECRET_BYTES = 32


class NoSuchTargetError(UsageError):
    """There is no target with this id."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Target:
    """Something that gets events."""

    id: str
    kind: Kind
    address: str
    """Scheme, host and port; of a broker also the topic; of a target of Apprise its name."""
    has_secret: bool
    kinds: tuple[str, ...] = ()
    """Events that it gets; empty: all."""
    private_hosts: tuple[str, ...] = ()
    """Hosts of the local network that it may reach."""


def describe_targets(settings: Settings) -> list[Target]:
    """Describe what gets events, without secrets."""
    found = []
    if settings.mqtt.host is not None:
        mqtt = settings.mqtt
        address = f"{'mqtts' if mqtt.tls else 'mqtt'}://{mqtt.host}:{mqtt.port}/recognizer/{mqtt.node}"
        found.append(
            Target(id=MQTT, kind="mqtt", address=address, has_secret=bool(mqtt.password_env or mqtt.password_file))
        )
    for webhook in settings.webhooks:
        found.append(
            Target(
                id=webhook_id(webhook),
                kind="webhook",
                address=_shown(webhook.address.get_secret_value()),
                has_secret=bool(webhook.secret_env or webhook.secret_file),
                kinds=webhook.kinds,
                private_hosts=webhook.private_hosts,
            )
        )
    for target in settings.notify.targets:
        found.append(Target(id=f"{NOTIFY}{target.name}", kind="notify", address=target.name, has_secret=True))
    return found


def webhook_id(webhook: Webhook) -> str:
    """Return what names a webhook wherever it stands in the list; its address may hold a secret."""
    return f"webhook-{hashlib.sha256(webhook.address.get_secret_value().encode()).hexdigest()[:12]}"


def try_target(settings: Settings, target_id: str) -> str | None:
    """Send a test message to a target, once.

    Returns:
        Why it did not arrive, without secrets; ``None`` where it did.

    Raises:
        NoSuchTargetError: if there is none of this id.
    """
    if target_id == MQTT and settings.mqtt.host is not None:
        return _try_mqtt(settings)
    name = target_id.removeprefix(NOTIFY)
    if target_id != name and any(target.name == name for target in settings.notify.targets):
        try:
            send_test(settings, name)
        except RecognizerError as error:
            return str(error)
        return None
    for webhook in settings.webhooks:
        if webhook_id(webhook) == target_id:
            try:
                send_test_message(webhook)
            except RecognizerError as error:
                return str(error)
            return None
    raise NoSuchTargetError("There is no such target in the settings file.")


class WebhookSettings:
    """Adds webhooks to a settings file and removes them.

    Args:
        file: the settings file.
        folder: of files with one secret each, for their owner only.
    """

    def __init__(self, file: SettingsFile, folder: Path) -> None:
        self._file = file
        self._folder = folder

    def add(self, address: str, *, kinds: Sequence[str] = (), allow_private: bool = False) -> tuple[Settings, str, str]:
        """Add a webhook with a new secret.

        Args:
            address: http(s)://.
            kinds: events to send; none: all.
            allow_private: its host may be one of the local network.

        Returns:
            The settings, the webhook's id, and the secret with which the receiver checks signatures.

        Raises:
            UsageError: if the address is none that may be set over the network, or is there already.
            ConfigError: if a value is not valid or the file cannot be written.
        """
        address = checked_address(address)
        if not address.lower().startswith(("http://", "https://")):
            raise UsageError("address: wanted one that begins with https:// or http://.")
        made = f"whsec_{base64.b64encode(secrets.token_bytes(_SECRET_BYTES)).decode()}"
        path = keep_secret(self._folder, made, what="secret")
        section = CommentedMap({"address": address, "secret_file": str(path)})
        if kinds:
            section["kinds"] = _flow(list(kinds))
        if allow_private:
            section["private_hosts"] = _flow([urlsplit(address).hostname or ""])

        def edit(values: Any) -> None:
            if any(each.address.get_secret_value() == address for each in self._file.read().webhooks):
                raise UsageError("There is a webhook with this address already.")
            if not values.get("webhooks"):
                values["webhooks"] = CommentedSeq()
            values["webhooks"].append(section)

        try:
            changed = self._file.change(edit)
        except BaseException:
            path.unlink(missing_ok=True)
            raise
        return changed, webhook_id(changed.webhooks[-1]), made

    def remove(self, target_id: str) -> Settings:
        """Remove a webhook, and its secret if that was made here.

        Raises:
            NoSuchTargetError: if there is none of this id.
            UsageError: if it is no webhook.
            ConfigError: if the file cannot be written.
        """
        kept: list[Path] = []

        def edit(values: Any) -> None:
            webhooks = self._file.read().webhooks
            ids = [webhook_id(each) for each in webhooks]
            if target_id not in ids:
                if target_id == MQTT:
                    raise UsageError("The broker is set in the settings file (mqtt); only webhooks are removed here.")
                raise NoSuchTargetError("There is no such target in the settings file.")
            row = ids.index(target_id)
            files = (webhooks[row].secret_file, webhooks[row].old_secret_file)
            kept.extend(file for file in files if file is not None and file.parent == self._folder.absolute())
            del values["webhooks"][row]
            if not values["webhooks"]:
                del values["webhooks"]

        changed = self._file.change(edit)
        for file in kept:
            file.unlink(missing_ok=True)
        return changed


def _try_mqtt(settings: Settings) -> str | None:
    try:
        broker = broker_of(settings.mqtt)  # says which package is missing
        from recognizer.integrations.broker_check import check_broker
        from recognizer.integrations.delivering import NotDeliveredError
    except ConfigError as error:
        return str(error)
    try:
        check_broker(broker, topic=f"recognizer/{settings.mqtt.node}/test")
    except (ConfigError, NotDeliveredError) as error:
        return str(error)
    return None


def _shown(address: str) -> str:
    """Scheme, host and port: user, password, query and path may be secrets, as those of chat services are."""
    scheme, mark, rest = display_name(address).partition("://")
    host, _, path = rest.partition("/")
    return f"{scheme}{mark}{host.partition('?')[0].partition('#')[0]}{'/...' if path else ''}"


def _flow(values: list[str]) -> CommentedSeq:
    made = CommentedSeq(values)
    made.fa.set_flow_style()
    return made
