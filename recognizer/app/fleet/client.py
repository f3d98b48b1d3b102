"""Speak to the service of a fleet: join, pull signed changes, push tracks."""

from __future__ import annotations

import base64
import secrets
import ssl
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any
from urllib.parse import urlsplit

import httpx
from pydantic import ValidationError

from recognizer.app.fleet import signing
from recognizer.app.fleet.documents import FleetGallery, FleetJoined, FleetPushed
from recognizer.app.fleet.membership import Membership
from recognizer.capture.ip_address import ip_address
from recognizer.errors import FleetAwayError, FleetError, UsageError

TIMEOUT_S = 30.0
"""Of a request; the service begins to answer within ten."""
LARGEST = 256 * 2**20
"""Bytes of an answer: a page of the gallery has 3 MB."""


def service_address(text: str, *, plain_http: bool) -> str:
    """Return the address of a service without a path.

    Args:
        text: http(s)://HOST:PORT.
        plain_http: let vectors and the token travel unencrypted, as within a VPN.

    Raises:
        UsageError: if it is no such address, or is not encrypted.
    """
    parts = urlsplit(text)
    if parts.scheme not in ("http", "https") or not parts.hostname or parts.username or parts.query:
        raise UsageError("The address of a service is https://HOST:PORT.")
    if parts.scheme == "http" and not plain_http and not _is_here(parts.hostname):
        raise UsageError(
            "Vectors of people would travel unencrypted: give the service serve.tls_certificate or a proxy with TLS, "
            "and join https://...; or, within a VPN, set fleet.plain_http."
        )
    return f"{parts.scheme}://{parts.netloc}"


def _is_here(host: str) -> bool:
    try:
        return host == "localhost" or ip_address(host).is_loopback
    except ValueError:
        return False


class FleetClient:
    """A connection to the service.

    Args:
        address: see ``service_address``.
        membership: of this box; ``None`` before it has joined.
    """

    def __init__(self, address: str, membership: Membership | None = None) -> None:
        headers = {"accept-encoding": "identity"}  # what is small must not become large here
        if membership is not None:
            headers["authorization"] = f"Bearer {membership.token}"
        self._membership = membership
        self._client = httpx.Client(
            base_url=address,
            headers=headers,
            timeout=TIMEOUT_S,
            trust_env=False,
            verify=ssl.create_default_context(),  # the system's authorities, and SSL_CERT_FILE's
        )
        self._address = address

    def close(self) -> None:
        """Close the connection."""
        self._client.close()

    def join(self, code: str) -> Membership:
        """Exchange a code for a token, and learn the service's key.

        Raises:
            FleetError: if the code is not valid, or the service is not the one that made it.
            FleetAwayError: if it does not answer.
        """
        secret, _, expected = code.strip().rpartition(".")
        if not secret:
            raise UsageError("The code is not complete; 'fleet code NAME' on the service prints it.")
        nonce = secrets.token_urlsafe(24)
        answer = self._answer("POST", "/v1/fleet/join", json={"code": secret, "nonce": nonce})
        with _understood():
            joined = FleetJoined.model_validate_json(answer.content)
            key = base64.b64decode(joined.key, validate=True)
        if not secrets.compare_digest(signing.fingerprint(key), expected):
            raise FleetError("This is not the service that made the code: its key is another one. Nothing was kept.")
        signing.verify(key, nonce, answer.content, answer.headers.get(signing.HEADER, ""))
        return Membership(self._address, joined.box, joined.token, joined.key)

    def changes(self, since: str | None) -> Iterator[FleetGallery]:
        """Yield the changes of the gallery since a revision, in parts; each is checked.

        Raises:
            FleetError: if this box was revoked, or the answer is not the service's.
            FleetAwayError: if it does not answer.
        """
        if self._membership is None:
            raise ValueError("FleetClient: wanted a membership.")
        key, more, is_full = base64.b64decode(self._membership.key), True, None
        while more:
            nonce = secrets.token_urlsafe(24)
            params = {"nonce": nonce} | ({} if since is None else {"since": since})
            answer = self._answer("GET", "/v1/fleet/gallery", params=params)
            signing.verify(key, nonce, answer.content, answer.headers.get(signing.HEADER, ""))
            with _understood():
                part = FleetGallery.model_validate_json(answer.content)
            if is_full is not None and (part.full != is_full or _epoch(part.cursor) != _epoch(since)):
                raise FleetAwayError("The service's record of changes began anew; all people are pulled again.")
            is_full = part.full
            yield part
            since, more = part.cursor, part.more

    def push(self, lines: bytes) -> FleetPushed:
        """Push tracks, JSON lines; they are kept by the service when this returns.

        Raises:
            FleetError: if this box was revoked, or the service keeps no history.
            FleetAwayError: if it does not answer.
        """
        files = {"tracks": ("tracks.jsonl", lines, "application/x-ndjson")}
        answer = self._answer("POST", "/v1/fleet/tracks", files=files)
        with _understood():
            return FleetPushed.model_validate_json(answer.content)

    def _answer(self, method: str, path: str, **arguments: Any) -> httpx.Response:
        try:
            with self._client.stream(method, path, **arguments) as coming:
                signature = {signing.HEADER: coming.headers.get(signing.HEADER, "")}
                answer = httpx.Response(coming.status_code, headers=signature, content=self._read(coming))
        except httpx.HTTPError as error:
            words = str(error) or type(error).__name__
            raise FleetAwayError(f"The service {self._address} does not answer ({words}).") from None
        if answer.is_success:
            return answer
        message = _message(answer)
        if answer.status_code in (408, 429) or answer.status_code >= 500:
            raise FleetAwayError(f"The service {self._address} is busy or not well ({message})")
        if answer.status_code == 401 and self._membership is not None:
            raise FleetError(
                f"The service {self._address} knows this box ({self._membership.box}) no more: it was revoked. The "
                "people pulled so far are still recognised; 'fleet leave' deletes them."
            )
        raise FleetError(f"The service {self._address} refuses: {message}")

    def _read(self, answer: httpx.Response) -> bytes:
        """Read a body as it comes: a box does not run out of memory, whatever answers there."""
        body = bytearray()
        for part in answer.iter_raw():
            body += part
            if len(body) > LARGEST:
                raise FleetError(f"The service {self._address} sent more than {LARGEST} bytes; nothing of it is used.")
        return bytes(body)


def _epoch(cursor: str | None) -> str:
    return (cursor or "").partition(".")[0]


@contextmanager
def _understood() -> Iterator[None]:
    try:
        yield
    except (ValidationError, ValueError):
        message = "The answer of the service cannot be read; are both programs of the same version?"
        raise FleetError(message) from None


def _message(answer: httpx.Response) -> str:
    try:
        return str(answer.json()["error"]["message"])
    except (ValueError, KeyError, TypeError):
        return f"HTTP {answer.status_code}"
