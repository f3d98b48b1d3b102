"""The addresses of a camera that are given over the network: what they may be, and whom the password goes to."""

from __future__ import annotations

import socket
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlsplit

from recognizer.capture.address import split_credentials, with_credentials, with_credentials_of
from recognizer.capture.ip_address import IPAddress, ip_address, is_never_a_host
from recognizer.capture.names import display_name
from recognizer.errors import UsageError

SCHEMES = ("rtsp", "rtsps", "http", "https")
"""Nobody may name a file or a device over the network."""
_LONGEST_ADDRESS = 1000
_STREAMS = ("rtsp://", "rtsps://")
"""What both addresses of a camera with two streams begin with."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Addresses:
    """Where a camera is after a change."""

    location: str
    detect_location: str | None
    password: str | None
    """One to keep from now on; it stands in neither address."""
    keeps_password: bool
    """Whether one that is kept apart goes on counting."""


def changed_addresses(location: str, second: str | None, options: Mapping[str, Any], *, has_kept: bool) -> Addresses:
    """Return the addresses of a camera after a change. One user and one password count for both.

    Args:
        location: its address; empty of a new camera.
        second: ``detect_location``, where it has one.
        options: ``address``, ``detect_address``, ``user``, ``password``, each if it is given. An address as
            ``display_name`` shows it stays. An empty ``detect_address`` takes it away, and so does another ``address``
            without one.
        has_kept: whether a password is kept apart from the addresses.

    Raises:
        UsageError: if an address may not be set, a password has no user, the two are not both of RTSP, or the password
            that is kept would be sent to another host.
    """
    address, detect = options.get("address"), options.get("detect_address")
    is_new = address is not None and address != display_name(location)
    is_second_new = bool(detect) and detect != display_name(second or "")
    if is_second_new:
        second = checked_address(str(detect), what="detect_address")
    elif detect == "" or (detect is None and is_new):
        second = None
    old_password = split_credentials(location)[1]
    place = checked_address(str(address)) if is_new else location
    if second and not all(each.lower().startswith(_STREAMS) for each in (place, second)):
        raise UsageError("detect_address: wanted rtsp:// or rtsps://, and so of address: two streams of one camera.")
    user, password = _given(options, place if is_new else None, second if is_second_new else None)
    if is_second_new and not (is_new or password) and (has_kept or old_password) and _host(place) != _host(second):
        raise UsageError(
            "detect_address: it is on another host than address, and one user and password count for both; "
            "enter them once more."
        )
    keeps_password = not (is_new or password)
    if user and not is_new:
        password = password or old_password or ""
    if is_new or user or password:
        user = user or split_credentials(place)[0]
        place = with_credentials(place, user)
        second = with_credentials(second, user) if second else None
    elif is_second_new and second:
        second = with_credentials_of(second, place)
    if password and not user:
        raise UsageError("A password needs the name of its user, too.")
    return Addresses(location=place, detect_location=second, password=password or None, keeps_password=keeps_password)


def _given(options: Mapping[str, Any], *addresses: str | None) -> tuple[str, str]:
    """User and password that were given: by themselves, or in one of the new addresses."""
    user, password = str(options.get("user") or ""), str(options.get("password") or "")
    for address in addresses:
        if address is not None:
            own_user, own_password, _ = split_credentials(address)
            user, password = user or own_user, password or own_password or ""
    return user, password


def _host(address: str | None) -> str:
    """Scheme, host and port of an address of RTSP; whoever it differs for gets no password of the other."""
    bare = split_credentials(address or "")[2]
    return "/".join(bare.split("/")[:3]).lower().removesuffix(":554")


def checked_address(address: str, *, what: str = "address") -> str:
    """Return an address that may be set over the network; looks up its host, so call it on a thread.

    Args:
        address: as it was given.
        what: what messages call it.

    Raises:
        UsageError: if it is no rtsp(s) or http(s) address, holds a variable, or is link-local, as the metadata services
            of clouds are.
    """
    address = address.strip()
    scheme = address.partition("://")[0].lower()
    if scheme not in SCHEMES or "://" not in address:
        raise UsageError(f"{what}: wanted one that begins with {', '.join(f'{each}://' for each in SCHEMES)}.")
    if len(address) > _LONGEST_ADDRESS or not address.isprintable() or " " in address:
        raise UsageError(f"{what}: wanted at most {_LONGEST_ADDRESS} printable characters without spaces.")
    if "${" in address:
        raise UsageError(f"{what}: variables are replaced in the settings file only; write the address out.")
    try:
        parts = urlsplit(split_credentials(address)[2])
        host, port = parts.hostname, parts.port
    except ValueError:
        host, port = None, None
    if not host:
        raise UsageError(f"{what}: wanted rtsp://HOST/PATH, got one without a host.")
    if any(map(is_never_a_host, _addresses(host, port))):
        raise UsageError(f"{what}: link-local and multicast addresses are refused.")
    return address


def _addresses(host: str, port: int | None) -> list[IPAddress]:
    try:
        found = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)
    except (OSError, UnicodeError):  # it may be there later
        return []
    return [ip_address(str(entry[4][0])) for entry in found]
