"""Where the server of an http(s) camera sends us, checked before anybody connects to it.

FFmpeg would follow by itself: from a camera on the internet into the local network, or to the metadata service of a
cloud. It follows nothing by itself (``max_redirects``), and opens what was checked here.
"""

from __future__ import annotations

import base64
import errno
import http.client
import socket
import ssl
from collections.abc import Callable, Sequence
from typing import TypeVar
from urllib.parse import SplitResult, unquote, urljoin, urlsplit

from recognizer.capture.connection import CameraError, FailureKind
from recognizer.capture.ip_address import IPAddress, ip_address, is_never_a_host

MOST_HOPS = 8
"""As many as FFmpeg follows."""
_MOVED = frozenset({301, 302, 303, 307, 308})
_SCHEMES = ("http", "https")
Opened = TypeVar("Opened")
Resolve = Callable[[str, int], Sequence[IPAddress]]


def addresses_of(host: str, port: int) -> list[IPAddress]:
    """Look up the addresses of a host.

    Raises:
        OSError: if it has none.
    """
    return [ip_address(str(entry[4][0])) for entry in socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)]


def following(address: str, attempt: Callable[[str], Opened], *, timeout_s: float) -> Opened:
    """Open an address; where that fails as a redirect does, open what it leads to. Without one, nothing is asked twice.

    Args:
        address: http(s)://.
        attempt: opens an address and follows nothing.
        timeout_s: longest wait for each answer.

    Raises:
        CameraError: as ``next_place``, or there are more than ``MOST_HOPS``.
        OSError: as ``attempt``.
    """
    for _ in range(MOST_HOPS):
        try:
            return attempt(address)
        except OSError as error:
            if error.errno != errno.EIO:  # what FFmpeg makes of a redirect, among others
                raise
            moved = next_place(address, timeout_s=timeout_s)
            if moved is None:
                raise
            address = moved
    raise CameraError(f"its server redirects more than {MOST_HOPS} times", FailureKind.WRONG_PLACE)


def next_place(address: str, *, timeout_s: float, resolve: Resolve = addresses_of) -> str | None:
    """Ask where the server of an address sends us.

    A redirect never leads to a link-local or multicast address, nor from a public host into the local network.

    Args:
        address: http(s)://, perhaps with credentials; those go along to the same host only.
        timeout_s: longest wait for the server.
        resolve: looks up a host.

    Returns:
        The new address; ``None`` where the server does not send us elsewhere.

    Raises:
        CameraError: it sends us where we do not go; the message holds no address.
        OSError: it cannot be asked.
    """
    here = urlsplit(address)
    location = _location(here, timeout_s)
    if location is None:
        return None
    place = urljoin(address, location)
    there = urlsplit(place)
    if there.scheme.lower() not in _SCHEMES or not there.hostname:
        raise _refused("to something that is no http(s) address")
    if (here.hostname, _port(here)) == (there.hostname, _port(there)):
        if there.scheme == here.scheme and there.username is None and "@" in here.netloc:
            place = there._replace(netloc=f"{here.netloc.rpartition('@')[0]}@{there.netloc}").geturl()
        return place
    found = resolve(there.hostname, _port(there))
    if any(map(is_never_a_host, found)):
        raise _refused("to a link-local or multicast address")
    if not all(each.is_global for each in found) and all(
        each.is_global for each in resolve(here.hostname or "", _port(here))
    ):
        raise _refused("from the internet into the local network")
    return place


def _location(here: SplitResult, timeout_s: float) -> str | None:
    """Return what the server answers in ``Location``, if it is a redirect."""
    path = (here.path or "/") + (f"?{here.query}" if here.query else "")
    headers = {}
    if here.username is not None:
        given = f"{unquote(here.username)}:{unquote(here.password or '')}".encode()
        headers["authorization"] = "Basic " + base64.b64encode(given).decode("ascii")
    host, port = here.hostname or "", _port(here)
    connection: http.client.HTTPConnection
    if here.scheme == "https":
        context = ssl.create_default_context()
        context.check_hostname, context.verify_mode = False, ssl.CERT_NONE  # as for streams: cameras sign their own
        connection = http.client.HTTPSConnection(host, port, timeout=timeout_s, context=context)
    else:
        connection = http.client.HTTPConnection(host, port, timeout=timeout_s)
    try:
        connection.request("GET", path, headers=headers)
        answer = connection.getresponse()
        return answer.getheader("location") if answer.status in _MOVED else None
    except (http.client.HTTPException, ValueError) as error:
        raise OSError(type(error).__name__) from None
    finally:
        connection.close()


def _port(parts: SplitResult) -> int:
    return parts.port or (443 if parts.scheme == "https" else 80)


def _refused(where: str) -> CameraError:
    return CameraError(f"its server redirects {where}, which is refused", FailureKind.WRONG_PLACE)
