"""Check what a run talks to: the broker, webhooks, the history's database, and the ports to listen on."""

from __future__ import annotations

import http.client
import socket
import ssl
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path
from urllib.parse import urlsplit

from recognizer.app import build, integrations, notify
from recognizer.app.config import Settings
from recognizer.app.integration_sections import Webhook
from recognizer.app.notify_sections import NotifyTarget
from recognizer.capture.names import display_name
from recognizer.counting import counted
from recognizer.doctor.finding import Finding, State

_PATIENCE_S = 3.0
_HISTORY_FILE_GB = 1.0
"""A larger file of SQLite is opened, and not read in full."""
_PRIVILEGED = 1024


def check_history(settings: Settings) -> Iterator[Finding]:
    """Open the history, where the settings keep one; SQLite's file is read through.

    Raises:
        ConfigError: if its address cannot be used.
        HistoryError: if it cannot be opened or read.
    """
    if not settings.history.enabled:
        yield Finding("database", "history", State.OFF, "the settings keep no history")
        return
    from recognizer.app.history import read_history  # SQLAlchemy takes .2 s to import

    place = settings.history_place
    if isinstance(place, Path) and not settings.has_history:
        yield Finding("database", "history", State.OK, f"it will be made in {place}")
        return
    with closing(read_history(settings)) as history, history.reading() as connection:
        if history.file is not None and history.file.stat().st_size < _HISTORY_FILE_GB * 1e9:
            verdict = str(connection.exec_driver_sql("PRAGMA quick_check(1)").scalar())
            if verdict != "ok":
                remedy = "python main.py history backups; history restore takes back one of them."
                yield Finding("database", history.place, State.BROKEN, f"the file is damaged ({verdict})", remedy)
                return
        yield Finding("database", history.place, State.OK, "it can be read")


def check_mqtt(settings: Settings) -> Iterator[Finding]:
    """Connect to the broker with the settings' user and certificates.

    Raises:
        ConfigError: if a password or certificates cannot be read, or a package is missing.
    """
    if settings.mqtt.host is None:
        yield Finding("broker", "mqtt", State.OFF, "the settings name no MQTT broker")
        return
    broker = integrations.broker_of(settings.mqtt)
    from recognizer.integrations.broker_check import check_broker
    from recognizer.integrations.delivering import NotDeliveredError

    place = f"{broker.host}:{broker.port}"
    try:
        check_broker(broker)
    except NotDeliveredError as error:
        remedy = "Start the broker, or correct mqtt: host, port, user, password_file and tls."
        yield Finding("broker", place, State.BROKEN, str(error), remedy)
    else:
        yield Finding("broker", place, State.OK, "it takes the connection")


def check_addresses(settings: Settings) -> Iterator[Finding]:
    """Refuse two webhooks of one address, as a run does; nothing is said where there are none.

    Raises:
        ConfigError: if there are.
    """
    integrations.webhook_names(settings.webhooks)
    yield from ()


def check_webhook(webhook: Webhook) -> Iterator[Finding]:
    """Read a webhook's secrets, and connect to its host; nothing is sent.

    Raises:
        ConfigError: if an address or a secret cannot be used, or a package is missing.
    """
    address = integrations.webhook_address(webhook)
    integrations.webhook_secrets(webhook)
    from recognizer.integrations.delivering import NotDeliveredError
    from recognizer.integrations.webhook import allowed_place

    parts = urlsplit(address)
    name = f"{parts.hostname}:{parts.port or (443 if parts.scheme == 'https' else 80)}"
    try:
        place = allowed_place(address, private_hosts=webhook.private_hosts)
        with socket.create_connection((place, int(name.rpartition(":")[2])), timeout=_PATIENCE_S):
            pass
    except NotDeliveredError as error:
        yield Finding("webhook", name, State.BROKEN, str(error), "Correct its address or private_hosts.")
    except OSError as error:
        words = (error.strerror or str(error)).lower()
        yield Finding(
            "webhook", name, State.BROKEN, f"it cannot be reached ({words})", "Start the receiver; events wait."
        )
    else:
        yield Finding("webhook", name, State.OK, "it can be reached; 'webhook test' sends a message")


def check_rules(settings: Settings) -> Iterator[Finding]:
    """Check that rules send to what there is, and name cameras that there are.

    Raises:
        ConfigError: if a rule sends to a broker or to webhooks that are not set.
    """
    rules = settings.notify.rules
    if not rules:
        yield Finding("notify", "rules", State.OFF, "the settings have no rules")
        return
    notify.require_receivers(settings)
    known = set(build.source_names(settings))
    wrong = [f"{rule.name!r} names {where!r}" for rule in rules for where in rule.where if where not in known]
    if wrong:
        message = f"no such camera: {', '.join(wrong)}"
        yield Finding("notify", "rules", State.WARNING, message, f"Cameras are called {', '.join(sorted(known))}.")
    else:
        yield Finding("notify", "rules", State.OK, counted(len(rules), "rule"))


def check_target(target: NotifyTarget) -> Iterator[Finding]:
    """Read the address of a target of notifications; nothing is sent.

    Raises:
        ConfigError: if it cannot be read, or Apprise does not know it, or a package is missing.
    """
    notify.services_of(target)
    message = f"its address is one of Apprise's; 'notify test {target.name}' sends a message"
    yield Finding("notify", target.name, State.OK, message)


def check_ports(settings: Settings) -> Iterator[Finding]:
    """Check that the ports of the service and of the figures are free, or are our own already."""
    if "serve" in settings.model_fields_set:
        secure = settings.serve.tls_certificate is not None
        yield _port("serve", settings.serve.host, settings.serve.port, "/healthz", b'"ok"', secure=secure)
    else:
        yield Finding("port", "serve", State.OFF, "the settings have no section 'serve'")
    if settings.metrics.port is not None:
        yield _port("metrics", settings.metrics.host, settings.metrics.port, "/metrics", b"recognizer_", secure=False)
    else:
        yield Finding("port", "metrics", State.OFF, "the settings name no port for Prometheus")


def _port(what: str, host: str, port: int, path: str, sign: bytes, *, secure: bool) -> Finding:
    try:
        family = socket.AF_INET6 if ":" in host else socket.AF_INET
        with socket.socket(family, socket.SOCK_STREAM) as probe:
            probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            probe.bind((host, port))
    except PermissionError:
        remedy = f"Choose {what}.port of {_PRIVILEGED} or more, or give the service CAP_NET_BIND_SERVICE."
        return Finding("port", what, State.BROKEN, f"this user may not listen on port {port}", remedy)
    except OSError as error:
        if _answers(host, port, path, sign, secure=secure):
            return Finding("port", what, State.OK, f"{host}:{port} is in use by a run or service of this program")
        words = (error.strerror or str(error)).lower()
        remedy = f"Stop the other program, or choose another {what}.host and {what}.port."
        return Finding("port", what, State.BROKEN, f"{display_name(host)}:{port} cannot be had ({words})", remedy)
    return Finding("port", what, State.OK, f"{host}:{port} is free")


def _answers(host: str, port: int, path: str, sign: bytes, *, secure: bool) -> bool:
    """Whether what listens there is ours, by a word of its answer."""
    host = {"0.0.0.0": "127.0.0.1", "::": "::1"}.get(host, host)  # noqa: S104 - compared, not bound
    connection: http.client.HTTPConnection
    if secure:
        context = ssl.create_default_context()
        context.check_hostname, context.verify_mode = False, ssl.CERT_NONE  # it may be signed by itself
        connection = http.client.HTTPSConnection(host, port, timeout=_PATIENCE_S, context=context)
    else:
        connection = http.client.HTTPConnection(host, port, timeout=_PATIENCE_S)
    try:
        connection.request("GET", path)
        return sign in connection.getresponse().read(65536)
    except (OSError, http.client.HTTPException):
        return False
    finally:
        connection.close()
