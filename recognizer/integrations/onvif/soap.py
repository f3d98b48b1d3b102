"""Call an ONVIF service: SOAP 1.2 over HTTP, with a WS-UsernameToken digest, or HTTP digest where required."""

from __future__ import annotations

import base64
import datetime as dt
import hashlib
import secrets
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

import httpx

from recognizer.errors import SourceError
from recognizer.integrations.onvif import xml

if TYPE_CHECKING:
    from xml.etree.ElementTree import Element

TIMEOUT_S = 5.0
_LARGEST_ANSWER = 2**20
_UNAUTHORISED = 401
_REFUSING = frozenset({_UNAUTHORISED, 403})
_REFUSALS = ("NotAuthorized", "FailedAuthentication", "InvalidSecurity", "OperationProhibited")
"""Parts of the subcodes with which devices refuse (ONVIF Core, 5.12; WS-Security 1.1, 12)."""


class RefusedError(SourceError):
    """The device wants a user and a password, or others."""


@dataclass(frozen=True, slots=True)
class Credentials:
    """A user of a device."""

    user: str
    password: str = field(repr=False)


class SoapClient:
    """Calls services of one device; use it by ``with``.

    Args:
        host: what messages call the device.
        credentials: ``None``: calls are sent without.
        offset: the device's clock less ours: it refuses tokens that are not of its own time.
    """

    def __init__(
        self, host: str, credentials: Credentials | None = None, *, offset: dt.timedelta = dt.timedelta()
    ) -> None:
        self._host, self._credentials, self.offset = host, credentials, offset
        # cameras sign their certificates themselves; the password is sent as a digest only
        self._client = httpx.Client(timeout=TIMEOUT_S, follow_redirects=False, trust_env=False, verify=False)  # noqa: S501

    def __enter__(self) -> SoapClient:
        """Open."""
        return self

    def __exit__(self, *_: object) -> None:
        """Close."""
        self._client.close()

    def call(self, address: str, body: str, *, anonymous: bool = False) -> Element:
        """Call an operation and return the body of its answer.

        Args:
            address: of the service.
            body: the operation's element.
            anonymous: send no credentials.

        Raises:
            RefusedError: the device wants credentials, or others.
            SourceError: it does not answer, or not as ONVIF asks.
        """
        known = None if anonymous else self._credentials
        header = "" if known is None else security_header(known, dt.datetime.now(dt.UTC) + self.offset)
        envelope = (
            f'<?xml version="1.0" encoding="utf-8"?><s:Envelope xmlns:s="{xml.SOAP}"><s:Header>{header}</s:Header>'
            f"<s:Body>{body}</s:Body></s:Envelope>"
        )
        status, content = self._post(address, envelope, None)
        if status == _UNAUTHORISED and known is not None:
            status, content = self._post(address, envelope, httpx.DigestAuth(known.user, known.password))
        root = xml.parse(content)
        answer = root.find(f"{{{xml.SOAP}}}Body") if root is not None else None
        fault = answer.find(f"{{{xml.SOAP}}}Fault") if answer is not None else None
        reason = xml.text(fault, f"{{{xml.SOAP}}}Text")
        codes = " ".join(each.text or "" for each in xml.every(fault, f"{{{xml.SOAP}}}Value"))
        if status in _REFUSING or any(refusal in codes for refusal in _REFUSALS):
            raise RefusedError(f"{self._host}: the device refuses {self._whom(known)}")
        if fault is not None:
            raise SourceError(
                f"{self._host}: the device answered with an error ({reason or codes or 'no reason given'})"
            )
        if answer is None:
            raise SourceError(f"{self._host}: the answer is not ONVIF's (HTTP status {status})")
        return answer

    def _post(self, address: str, envelope: str, auth: httpx.Auth | None) -> tuple[int, bytes]:
        headers = {"content-type": "application/soap+xml; charset=utf-8"}
        try:
            with self._client.stream(
                "POST", address, content=envelope.encode(), headers=headers, auth=auth
            ) as response:
                content = b""
                for piece in response.iter_bytes(65536):
                    content += piece
                    if len(content) > _LARGEST_ANSWER:
                        raise SourceError(f"{self._host}: the answer is larger than {_LARGEST_ANSWER >> 20} MB")
                return response.status_code, content
        except (httpx.HTTPError, httpx.InvalidURL) as error:
            raise SourceError(f"{self._host}: the device does not answer ({type(error).__name__})") from None

    def _whom(self, known: Credentials | None) -> str:
        return "requests without a user and a password" if known is None else f"the user {known.user} or the password"


def security_header(credentials: Credentials, created: dt.datetime) -> str:
    """Return a UsernameToken: the password as Base64(SHA-1(nonce + created + password)).

    After WS-Security UsernameToken Profile 1.0, 3.1, as ONVIF Core, 5.9.4, requires it.
    """
    nonce, stamp = (
        secrets.token_bytes(16),
        created.strftime("%Y-%m-%dT%H:%M:%S.") + f"{created.microsecond // 1000:03d}Z",
    )
    # the standard names SHA-1
    digest = base64.b64encode(hashlib.sha1(nonce + stamp.encode() + credentials.password.encode()).digest())  # noqa: S324
    return (
        f'<w:Security s:mustUnderstand="1" xmlns:w="{xml.SECURITY}" xmlns:u="{xml.UTILITY}"><w:UsernameToken>'
        f"<w:Username>{xml.escape(credentials.user)}</w:Username>"
        f'<w:Password Type="{xml.DIGEST}">{digest.decode()}</w:Password>'
        f'<w:Nonce EncodingType="{xml.BASE64}">{base64.b64encode(nonce).decode()}</w:Nonce>'
        f"<u:Created>{stamp}</u:Created></w:UsernameToken></w:Security>"
    )
