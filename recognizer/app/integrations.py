"""The sinks for other systems, from settings."""

from __future__ import annotations

import json
import threading
import uuid
from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from collections.abc import Set as AbstractSet
from pathlib import Path
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

from recognizer import __version__
from recognizer.app.config import Settings
from recognizer.app.disk_use import folder_bytes
from recognizer.app.integration_sections import Mqtt, Webhook
from recognizer.app.notify import MISSING, MQTT, WEBHOOKS, alert_sink, notify_sinks
from recognizer.app.secret import secret
from recognizer.capture.address import complete_address
from recognizer.clock import WallClock, now
from recognizer.emit.health import Health
from recognizer.errors import ConfigError, OutputError, SourceError
from recognizer.integrations.event_sink import EndTogether
from recognizer.protocols import Sink

if TYPE_CHECKING:
    from recognizer.app.live_control import LiveControl
    from recognizer.integrations.alerts import Receiver
    from recognizer.integrations.delivering import DeliveryThread
    from recognizer.integrations.mqtt import MqttSink
    from recognizer.integrations.mqtt_connection import Broker
    from recognizer.integrations.prometheus import MetricsSink
    from recognizer.integrations.webhook import WebhookSink


def make_integrations(
    settings: Settings,
    sources: Sequence[str],
    *,
    live: AbstractSet[str],
    people: Callable[[], Sequence[str]],
    dropped: Mapping[str, int],
    model: str,
    engine: str,
    stop: threading.Event,
    control: LiveControl | None = None,
    health: Health | None = None,
) -> Iterator[Sink]:
    """Build the sinks that the settings name: MQTT, webhooks, notifications, rules, metrics; to be closed in reverse.

    Args:
        settings: of the run.
        sources: names of all sources.
        live: names of the live ones.
        people: returns the names of the enrolled people.
        dropped: dropped frames of each source, kept up to date by the run.
        model: fingerprint of the embedding model.
        engine: name of the graph engine.
        stop: set when the run should stop.
        control: lets clients of the broker steer the run.
        health: describes the run.

    Raises:
        ConfigError: a secret, an address or certificates cannot be used, or a package is missing.
    """
    deliveries: list[DeliveryThread] = []
    receivers: dict[str, list[Receiver]] = {}
    if settings.mqtt.host is not None:
        mqtt = _mqtt(settings, sources, live=live, people=people, stop=stop, control=control)
        deliveries.append(mqtt.deliveries)
        receivers[MQTT] = [mqtt.alert]
        yield mqtt
    for webhook, name in zip(settings.webhooks, webhook_names(settings.webhooks), strict=True):
        sink = webhook_sink(settings, webhook, live=live, stop=stop, name=name)
        deliveries.append(sink.deliveries)
        receivers.setdefault(WEBHOOKS, []).append(sink.alert)
        yield sink
    for name, target in notify_sinks(settings, stop=stop):
        deliveries.append(target.deliveries)
        receivers[name] = [target.alert]
        yield target
    for each in deliveries:
        each.gallery_changed(frozenset(people()))
    if len(deliveries) > 1:
        yield EndTogether(deliveries)
    if settings.notify.rules:
        yield alert_sink(settings, sources, live=live, people=people(), receivers=receivers)
    if settings.metrics.port is not None:
        yield _metrics(settings, live, people, dropped, model, engine, deliveries, health)


def webhook_names(webhooks: Sequence[Webhook]) -> list[str]:
    """Name webhooks by their hosts, in figures and messages: the second of a host is ``webhook HOST 2``.

    Raises:
        ConfigError: two have the same address, which would deliver to it twice from one file.
    """
    addresses = [webhook_address(each) for each in webhooks]
    hosts, names = Counter[str | None](), list[str]()
    for row, host in enumerate(urlsplit(each).hostname for each in addresses):
        if addresses[row] in addresses[:row]:
            raise ConfigError(f"webhooks: two have the same address, on {host}: name it once, with all its kinds.")
        hosts[host] += 1
        names.append(f"webhook {host}" + (f" {hosts[host]}" if hosts[host] > 1 else ""))
    return names


def webhook_sink(
    settings: Settings, webhook: Webhook, *, live: AbstractSet[str], stop: threading.Event, name: str | None = None
) -> WebhookSink:
    """Make the sink of one webhook, with its name in figures and messages (``webhook_names``).

    Raises:
        ConfigError: its secret or address cannot be used, or a package is missing.
    """
    try:
        from recognizer.integrations.webhook import WebhookSink
    except ModuleNotFoundError as error:
        raise ConfigError(f"webhooks: {MISSING} ({error.name}).") from error
    return WebhookSink(
        webhook_address(webhook),
        secrets=webhook_secrets(webhook),
        kinds=webhook.kinds,
        private_hosts=webhook.private_hosts,
        folder=settings.integrations.place(settings.gallery.folder),
        times=WallClock(live=live),
        stop=stop,
        name=name,
    )


def send_test_message(webhook: Webhook) -> str:
    """Send a test message to a webhook, once; returns its id.

    Raises:
        ConfigError: its secret or address cannot be used, or a package is missing.
        OutputError: the receiver did not take it.
    """
    try:
        from recognizer.integrations.delivering import NotDeliveredError
        from recognizer.integrations.webhook import new_client, post
    except ModuleNotFoundError as error:
        raise ConfigError(f"webhooks: {MISSING} ({error.name}).") from error
    identity, moment = str(uuid.uuid4()), now().isoformat(timespec="milliseconds")
    body = {"id": identity, "type": "recognizer.test", "timestamp": moment, "data": {"kind": "test", "time": moment}}
    with new_client() as client:
        try:
            post(
                client,
                webhook_address(webhook),
                identity=identity,
                body=json.dumps(body).encode(),
                secrets=webhook_secrets(webhook),
                private_hosts=webhook.private_hosts,
            )
        except NotDeliveredError as error:
            raise OutputError(f"The test message did not arrive: {error}.") from None
    return identity


def webhook_address(webhook: Webhook) -> str:
    """Return the address with its variables replaced.

    Raises:
        ConfigError: a variable is not set, or host or port are none.
    """
    try:
        address = complete_address(webhook.address.get_secret_value())
        parts = urlsplit(address)
        if parts.hostname and parts.port != 0:
            return address
    except SourceError as error:
        raise ConfigError(f"webhooks: {error}") from None
    except ValueError:
        pass
    raise ConfigError("webhooks: wanted an address as https://HOST:PORT/PATH, got one whose host or port is none.")


def webhook_secrets(webhook: Webhook) -> list[bytes]:
    """Return the secrets that sign, the new one first.

    Raises:
        ConfigError: there is none, or it cannot be used.
    """
    from recognizer.integrations.webhook import secret_bytes

    new = secret(webhook.secret_env, webhook.secret_file, key="webhooks.secret")
    if new is None:
        raise ConfigError(
            "webhooks: wanted secret_env or secret_file for each: by it the receiver recognises our messages."
        )
    old = secret(webhook.old_secret_env, webhook.old_secret_file, key="webhooks.old_secret")
    return [secret_bytes(each) for each in (new, old) if each is not None]


def broker_of(wanted: Mqtt) -> Broker:
    """Return how to reach the broker of the settings.

    Raises:
        ConfigError: its password cannot be read, or a package is missing.
    """
    try:
        from recognizer.integrations.mqtt_connection import Broker
    except ModuleNotFoundError as error:
        raise ConfigError(f"mqtt: {MISSING} ({error.name}).") from error
    return Broker(
        host=wanted.host or "",
        port=wanted.port,
        user=wanted.user,
        password=secret(wanted.password_env, wanted.password_file, key="mqtt.password"),
        tls=wanted.tls,
        ca_file=wanted.ca_file,
        version=5 if wanted.protocol == "5" else 4,
    )


def _mqtt(
    settings: Settings,
    sources: Sequence[str],
    *,
    live: AbstractSet[str],
    people: Callable[[], Sequence[str]],
    stop: threading.Event,
    control: LiveControl | None,
) -> MqttSink:
    try:
        from recognizer.integrations.home_assistant import Topics
        from recognizer.integrations.mqtt import MqttSink
        from recognizer.integrations.mqtt_commands import Controls
    except ModuleNotFoundError as error:
        raise ConfigError(f"mqtt: {MISSING} ({error.name}).") from error
    wanted, broker = settings.mqtt, broker_of(settings.mqtt)
    controls = Controls()
    if control is not None:
        allowed = wanted.commands
        controls = Controls(
            reload=control.reload_now if "reload_gallery" in allowed else None,
            pause=control.set_paused if "pause" in allowed else None,
            snapshot=control.snapshot if "snapshot" in allowed else None,
        )
    return MqttSink(
        broker,
        topics=Topics(wanted.node),
        folder=settings.integrations.place(settings.gallery.folder),
        sources=sources,
        times=WallClock(live=live),
        people=people,
        version=__version__,
        discovery=wanted.discovery,
        faces=wanted.faces,
        controls=controls,
        stop=stop,
    )


def _metrics(
    settings: Settings,
    live: AbstractSet[str],
    people: Callable[[], Sequence[str]],
    dropped: Mapping[str, int],
    model: str,
    engine: str,
    deliveries: Sequence[DeliveryThread],
    health: Health | None,
) -> MetricsSink:
    try:
        from recognizer.integrations.prometheus import MetricsSink
    except ModuleNotFoundError as error:
        raise ConfigError(f"metrics: {MISSING} ({error.name}).") from error
    place = settings.history_place if settings.history.enabled else None
    return MetricsSink(
        settings.metrics.host,
        settings.metrics.port or 0,
        version=__version__,
        model=model,
        engine=engine,
        times=WallClock(live=live),
        dropped=dropped,
        people=lambda: len(people()),
        store_bytes=(lambda: folder_bytes(place)) if isinstance(place, Path) else None,
        deliveries=deliveries,
        health=None if health is None else health.report,
    )
