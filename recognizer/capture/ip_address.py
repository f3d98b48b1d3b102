"""What an IP address means: one of IPv4 may be written as one of IPv6."""

from __future__ import annotations

import ipaddress

IPAddress = ipaddress.IPv4Address | ipaddress.IPv6Address
_EMBEDDED = tuple(map(ipaddress.IPv6Network, ("::ffff:0:0/96", "64:ff9b::/96")))
"""The address of IPv4 is in their last 32 bits: RFC 4291, 2.5.5.2, and RFC 6052, 2.1."""


def is_never_a_host(ip: IPAddress) -> bool:
    """Whether nothing there is a camera or a receiver: multicast, or link-local as the metadata services of clouds."""
    return ip.is_link_local or ip.is_multicast or ip.is_unspecified


def ip_address(text: str) -> IPAddress:
    """Read an address, with or without a zone (``fe80::1%eth0``); one that stands for an address of IPv4 becomes that.

    Raises:
        ValueError: if it is none.

    >>> str(ip_address("::ffff:169.254.169.254"))
    '169.254.169.254'
    """
    ip = ipaddress.ip_address(text.partition("%")[0])
    if isinstance(ip, ipaddress.IPv6Address) and any(ip in network for network in _EMBEDDED):
        return ipaddress.IPv4Address(ip.packed[-4:])
    return ip
