"""Send events to a web address as https://www.standardwebhooks.com describes."""

from __future__ import annotations

import base64
import hashlib
import hmac
import socket
import threading
import time
from collections.abc import Sequence
from pathlib import Path
from types import TracebackType
from urllib.parse import unquote_to_bytes, urlsplit

import httpx

from recognizer.capture.ip_address import ip_address, is_never_a_host
from recognizer.clock import WallClock
from recognizer.errors import ConfigError
from recognizer.integrations.delivering import DeliveryThread, NotDeliveredError
from recognizer.integrations.event_sink import EventSink, Record
from recognizer.integrations.outbox import Delivery
from recognizer.integrations.rules.types import Alert

WAITS_S = (10.0, 60.0, 300.0, 1800.0, 7200.0)
TIMEOUT_S = 5.0
PREFIX = "whsec_"
_GONE = 410
_SECRET_BYTES = (24, 64)


def secret_bytes(secret: str) -> bytes:
    """Decode a secret: ``whsec_`` and base64 of 24 to 64 bytes.

    Raises:
        ConfigError: it is none; the message does not show it.
    """
    try:
        decoded = base64.b64decode(secret.strip().removeprefix(PREFIX), validate=True)
    except ValueError:
        decoded = b""
    if not _SECRET_BYTES[0] <= len(decoded) <= _SECRET_BYTES[1]:
        raise ConfigError(
            "A webhook's secret is not valid: wanted whsec_ and the base64 of 24 to 64 random bytes. "
            "'python main.py webhook secret' makes one."
        )
    return decoded


def signature(secrets: Sequence[bytes], identity: str, timestamp: int, body: bytes) -> str:
    """Sign a message with each secret: two of them while they are being exchanged."""
    message = f"{identity}.{timestamp}.".encode() + body
    made = (base64.b64encode(hmac.new(secret, message, hashlib.sha256).digest()).decode() for secret in secrets)
    return " ".join(f"v1,{each}" for each in made)


def allowed_place(address: str, *, private_hosts: Sequence[str]) -> str:
    """Resolve the host of an address, and refuse places that a webhook must not reach.

    Args:
        address: http(s)://.
        private_hosts: names that may resolve to an address of the local network.

    Returns:
        The IP address to connect to.

    Raises:
        NotDeliveredError: it is refused, or its name cannot be resolved.
    """
    parts = urlsplit(address)
    host = parts.hostname or ""
    try:
        found = [str(entry[4][0]) for entry in socket.getaddrinfo(host, parts.port or 443, type=socket.SOCK_STREAM)]
    except (OSError, UnicodeError) as error:  # UnicodeError: of a label longer than 63 characters
        raise NotDeliveredError(f"the name {host} cannot be resolved") from error
    for each in found:
        place = ip_address(each)
        if is_never_a_host(place):
            raise NotDeliveredError(f"{host} is {place}, which is no place for a webhook", again=False)
        if not place.is_global and host not in private_hosts:
            raise NotDeliveredError(
                f"{host} is {place}, of the local network: the webhook's private_hosts must name it to allow that",
                again=False,
            )
    return found[0]


class WebhookSink(EventSink):
    """Posts events to one address.

    Args:
        address: http(s)://; never logged with its credentials or query.
        secrets: that sign; the new one first.
        kinds: of events to send; empty: all.
        private_hosts: see ``allowed_place``.
        folder: where events wait.
        times: gives times of day, and which sources are cameras.
        stop: set when the run should stop.
        name: in figures and messages; of the host by default.
        waits_s: seconds between attempts.
    """

    def __init__(
        self,
        address: str,
        *,
        secrets: Sequence[bytes],
        kinds: Sequence[str] = (),
        private_hosts: Sequence[str] = (),
        folder: Path,
        times: WallClock,
        stop: threading.Event,
        name: str | None = None,
        waits_s: Sequence[float] = WAITS_S,
    ) -> None:
        self._address, self._secrets, self._kinds = address, tuple(secrets), frozenset(kinds)
        self._private_hosts = tuple(private_hosts)
        self._disabled = False
        self._client = new_client()
        file = f"webhook-{hashlib.sha256(address.encode()).hexdigest()[:12]}.sqlite3"
        name = name or f"webhook {urlsplit(address).hostname}"
        super().__init__(DeliveryThread(name, folder / file, self._send, waits_s=waits_s, stop=stop), times=times)

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """Deliver what can be delivered at once."""
        super().__exit__(kind, error, trace)
        self._client.close()

    def alert(self, alert: Alert) -> None:
        """Queue what a rule reports."""
        if (message := self.message("", alert.record())) is not None:
            self.deliveries.put(*message)

    def message(self, source: str, record: Record) -> tuple[str, Record] | None:
        """Return the event as a message of the standard."""
        kind = str(record["kind"])
        if self._disabled or (self._kinds and kind not in self._kinds):
            return None
        return kind, {"type": f"recognizer.{kind}", "timestamp": record["time"], "data": record}

    def _send(self, delivery: Delivery) -> None:
        if self._disabled:
            raise NotDeliveredError("the receiver said that this webhook is gone (410)", again=False)
        try:
            post(
                self._client,
                self._address,
                identity=delivery.identity,
                body=delivery.body,
                secrets=self._secrets,
                private_hosts=self._private_hosts,
            )
        except GoneError:
            self._disabled = True
            raise


class GoneError(NotDeliveredError):
    """The receiver answered 410: it wants no more messages."""


def new_client() -> httpx.Client:
    """Make a client that neither follows redirects nor reads proxies from the environment."""
    return httpx.Client(timeout=TIMEOUT_S, follow_redirects=False, trust_env=False)


def post(
    client: httpx.Client,
    address: str,
    *,
    identity: str,
    body: bytes,
    secrets: Sequence[bytes],
    private_hosts: Sequence[str],
) -> None:
    """Post one signed message.

    The name is resolved once, and the address found is the one connected to: a name that changes its address between
    check and connection reaches nothing else.

    Raises:
        GoneError: the receiver answered 410.
        NotDeliveredError: it did not answer with 2xx, or must not be reached.
    """
    place = allowed_place(address, private_hosts=private_hosts)
    url = httpx.URL(address)
    timestamp = int(time.time())
    headers = {
        "host": url.netloc.decode("ascii"),
        "content-type": "application/json",
        "webhook-id": identity,
        "webhook-timestamp": str(timestamp),
        "webhook-signature": signature(secrets, identity, timestamp, body),
    }
    if url.userinfo:
        headers["authorization"] = "Basic " + base64.b64encode(unquote_to_bytes(url.userinfo)).decode("ascii")
    try:
        answer = client.post(
            url.copy_with(host=place, userinfo=b""),
            content=body,
            headers=headers,
            extensions={"sni_hostname": url.host},
        )
    except httpx.HTTPError as error:
        raise NotDeliveredError(f"{url.host} does not answer ({type(error).__name__})") from error
    if answer.status_code == _GONE:
        raise GoneError(f"{url.host} said that this webhook is gone (410): nothing more is sent to it", again=False)
    if not answer.is_success:
        raise NotDeliveredError(f"{url.host} answered {answer.status_code}, wanted 2xx")
