"""The sinks for other systems, from settings."""

from __future__ import annotations

import os
import threading
from collections.abc import Callable, Iterator, Mapping, Sequence
from collections.abc import Set as AbstractSet
from pathlib import Path
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

from recognizer import __version__
from recognizer.app.config import Settings
from recognizer.app.disk_use import folder_bytes
from recognizer.app.integration_sections import Mqtt, Webhook
from recognizer.capture.address import complete_address, secret_line
from recognizer.clock import WallClock
from recognizer.errors import ConfigError, SourceError
from recognizer.protocols import Sink

if TYPE_CHECKING:
    from recognizer.integrations.delivering import DeliveryThread
    from recognizer.integrations.mqtt import Broker, MqttSink
    from recognizer.integrations.prometheus import MetricsSink
    from recognizer.integrations.webhook import WebhookSink

_MISSING = "needs a package that is not installed: pip install -r requirements-integrations.txt"


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
) -> Iterator[Sink]:
    """Build the sinks that the settings name: MQTT, webhooks, metrics.

    Args:
        settings: of the run.
        sources: names of all sources.
        live: names of the live ones.
        people: returns the names of the enrolled people.
        dropped: dropped frames of each source, kept up to date by the run.
        model: fingerprint of the embedding model.
        engine: name of the graph engine.
        stop: set when the run should stop.

    Raises:
        ConfigError: a secret, an address or certificates cannot be used, or a package is missing.
    """
    deliveries: list[DeliveryThread] = []
    if settings.mqtt.host is not None:
        mqtt = _mqtt(settings, sources, live=live, people=people, stop=stop)
        deliveries.append(mqtt.deliveries)
        yield mqtt
    for webhook in settings.webhooks:
        sink = webhook_sink(settings, webhook, live=live, stop=stop)
        deliveries.append(sink.deliveries)
        yield sink
    if settings.metrics.port is not None:
        yield _metrics(settings, live, people, dropped, model, engine, deliveries)


def webhook_sink(settings: Settings, webhook: Webhook, *, live: AbstractSet[str], stop: threading.Event) -> WebhookSink:
    """Make the sink of one webhook.

    Raises:
        ConfigError: its secret or address cannot be used, or a package is missing.
    """
    try:
        from recognizer.integrations.webhook import WebhookSink
    except ModuleNotFoundError as error:
        raise ConfigError(f"webhooks: {_MISSING} ({error.name}).") from error
    return WebhookSink(
        webhook_address(webhook),
        secrets=webhook_secrets(webhook),
        kinds=webhook.kinds,
        private_hosts=webhook.private_hosts,
        folder=settings.integrations.place(settings.gallery.folder),
        times=WallClock(live=live),
        stop=stop,
    )


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


def secret(variable: str | None, file: Path | None, *, key: str) -> str | None:
    """Read a secret from a variable or from the first line of a file; ``None`` where neither is named.

    Raises:
        ConfigError: the variable is not set, or the file cannot be read.
    """
    if variable is not None:
        value = os.environ.get(variable)
        if not value:
            raise ConfigError(f"{key}_env: the environment variable {variable} is not set.")
        return value
    if file is None:
        return None
    try:
        return secret_line(file, holds="secret")
    except SourceError as error:
        raise ConfigError(f"{key}_file: {error}") from None


def broker_of(wanted: Mqtt) -> Broker:
    """Return how to reach the broker of the settings.

    Raises:
        ConfigError: its password cannot be read, or a package is missing.
    """
    try:
        from recognizer.integrations.mqtt import Broker
    except ModuleNotFoundError as error:
        raise ConfigError(f"mqtt: {_MISSING} ({error.name}).") from error
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
) -> MqttSink:
    try:
        from recognizer.integrations.home_assistant import Topics
        from recognizer.integrations.mqtt import MqttSink
    except ModuleNotFoundError as error:
        raise ConfigError(f"mqtt: {_MISSING} ({error.name}).") from error
    wanted, broker = settings.mqtt, broker_of(settings.mqtt)
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
) -> MetricsSink:
    try:
        from recognizer.integrations.prometheus import MetricsSink
    except ModuleNotFoundError as error:
        raise ConfigError(f"metrics: {_MISSING} ({error.name}).") from error
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
    )
