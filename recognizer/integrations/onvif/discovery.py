"""Search the local network for ONVIF devices: a WS-Discovery probe by multicast (ONVIF Core, chapter 7)."""

from __future__ import annotations

import re
import socket
import struct
import sys
import time
import uuid
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, suppress
from dataclasses import dataclass
from selectors import EVENT_READ, DefaultSelector
from urllib.parse import unquote, urlsplit

from recognizer.capture.ip_address import ip_address
from recognizer.integrations.onvif import xml

GROUP, PORT = "239.255.255.250", 3702
"""WS-Discovery, 2.4."""
_TYPES = (
    f'<d:Types xmlns:n="{xml.NETWORK}">n:NetworkVideoTransmitter</d:Types>',
    f'<d:Types xmlns:n="{xml.DEVICE}">n:Device</d:Types>',
)
"""Cameras of ONVIF 1 answer to the first, ONVIF 2 asks for the second too."""
_REPEAT_S = 0.2
"""SOAP-over-UDP 1.1, appendix I: a multicast is sent twice, 50 to 250 ms apart."""
_LARGEST = 65536
_MOST_DEVICES = 1000
_SCOPE = re.compile(r"onvif://www\.onvif\.org/(name|hardware)/(\S+)")
_SIOCGIFADDR = 0x8915


@dataclass(frozen=True, slots=True)
class FoundDevice:
    """A device that answered."""

    address: str
    """Of its device service: http(s)://."""
    host: str
    """From which the answer came."""
    name: str
    """As it calls itself; empty where it does not."""


def discover(
    *, wait_s: float = 3.0, interfaces: Sequence[str] | None = None, group: str = GROUP, port: int = PORT
) -> list[FoundDevice]:
    """Ask all devices of the local network to answer.

    A device whose service is said to be on another host than the answer came from is not listed: whoever answers could
    send us, and a password's digest, anywhere.

    Args:
        wait_s: how long answers are awaited; devices wait up to 0.5 s.
        interfaces: IPv4 addresses of this machine to search from; ``None``: all.
        group: multicast address, or the address of one device.
        port: to send to.

    Returns:
        Each device once, by its host.
    """
    found: dict[str, FoundDevice] = {}
    with ExitStack() as opened, DefaultSelector() as selector:
        messages = {str(uuid.uuid4()): types for types in _TYPES}
        sockets = list(_sockets(local_addresses() if interfaces is None else interfaces))
        for each in sockets:
            opened.enter_context(each)
            selector.register(each, EVENT_READ)
        began = time.monotonic()
        due = [began, began + _REPEAT_S]
        while (now := time.monotonic()) < began + wait_s and len(found) < _MOST_DEVICES:
            if due and now >= due[0]:
                due.pop(0)
                for each in sockets:
                    for identity, types in messages.items():
                        with suppress(OSError):  # an interface without a route
                            each.sendto(_probe(identity, types), (group, port))
            until = min([began + wait_s, *due])
            for key, _ in selector.select(max(0.0, until - time.monotonic())):
                with suppress(OSError):  # an ICMP answer to what was sent
                    datagram, sender = key.fileobj.recvfrom(_LARGEST)  # type: ignore[union-attr]
                    for device in matches(datagram, sender[0], messages):
                        found.setdefault(device.address, device)
    return sorted(found.values(), key=lambda device: (device.host, device.address))


def matches(datagram: bytes, sender: str, identities: Sequence[str] | dict[str, str]) -> Iterator[FoundDevice]:
    """Read the devices of an answer; none of one that is not well formed, or answers somebody else.

    Args:
        datagram: as it came.
        sender: IP address that it came from.
        identities: of our probes.
    """
    root = xml.parse(datagram)
    if xml.text(root, f"{{{xml.ADDRESSING}}}RelatesTo").removeprefix("urn:").removeprefix("uuid:") not in identities:
        return
    for match in xml.every(root, f"{{{xml.DISCOVERY}}}ProbeMatch"):
        scopes = dict(_SCOPE.findall(xml.text(match, f"{{{xml.DISCOVERY}}}Scopes", longest=_LARGEST)))
        name = unquote(scopes.get("name") or scopes.get("hardware") or "")
        for address in xml.text(match, f"{{{xml.DISCOVERY}}}XAddrs", longest=_LARGEST).split():
            if _is_at(address, sender):
                yield FoundDevice(address, sender, "".join(filter(str.isprintable, name))[:100])
                break


def local_addresses() -> list[str]:
    """Return the IPv4 addresses of this machine's interfaces; one that stands for the default where none is known."""
    found = []
    if sys.platform == "linux":
        import fcntl

        with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as asked:
            for _, name in socket.if_nameindex():
                with suppress(OSError):  # an interface without an address
                    answer = fcntl.ioctl(asked, _SIOCGIFADDR, struct.pack("256s", name.encode()[:15]))
                    found.append(socket.inet_ntoa(answer[20:24]))
    return found or ["0.0.0.0"]  # noqa: S104 - the default interface


def _sockets(interfaces: Sequence[str]) -> Iterator[socket.socket]:
    for address in interfaces:
        made = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        try:
            made.setsockopt(socket.IPPROTO_IP, socket.IP_MULTICAST_IF, socket.inet_aton(address))
            made.setsockopt(socket.IPPROTO_IP, socket.IP_MULTICAST_TTL, 1)
            made.bind((address, 0))
        except OSError:  # the interface went away
            made.close()
            continue
        yield made


def _probe(identity: str, types: str) -> bytes:
    return (
        f'<?xml version="1.0" encoding="utf-8"?><s:Envelope xmlns:s="{xml.SOAP}" xmlns:a="{xml.ADDRESSING}" '
        f'xmlns:d="{xml.DISCOVERY}"><s:Header><a:MessageID>uuid:{identity}</a:MessageID>'
        "<a:To>urn:schemas-xmlsoap-org:ws:2005:04:discovery</a:To>"
        f"<a:Action>{xml.DISCOVERY}/Probe</a:Action></s:Header>"
        f"<s:Body><d:Probe>{types}</d:Probe></s:Body></s:Envelope>"
    ).encode()


def _is_at(address: str, host: str) -> bool:
    try:
        parts = urlsplit(address)
        return parts.scheme in ("http", "https") and ip_address(parts.hostname or "") == ip_address(host)
    except ValueError:
        return False
