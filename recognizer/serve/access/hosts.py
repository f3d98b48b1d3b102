"""Answer only to the service's own names, and only to its own pages.

A page of anybody's may send a form to ``http://127.0.0.1:8000`` (CSRF), or make its own name mean 127.0.0.1 (DNS
rebinding). The first sends an ``Origin`` that is not ours, the second a ``Host`` that is not ours.
"""

from __future__ import annotations

import ipaddress
import socket
from collections.abc import Iterable
from urllib.parse import urlsplit

from starlette.datastructures import Headers

_LOCAL_NAMES = frozenset({"localhost", "127.0.0.1", "::1"})
_DEFAULT_PORTS = {"http": 80, "https": 443}


def is_loopback(host: str) -> bool:
    """Whether only this machine reaches an address to listen on."""
    if host == "localhost":
        return True
    try:
        return ipaddress.ip_address(host.strip("[]")).is_loopback
    except ValueError:
        return False


class AllowedHosts:
    """The names under which the service answers.

    Args:
        bind: the address that it listens on.
        names: more names, such as that of a reverse proxy.
    """

    def __init__(self, bind: str, names: Iterable[str] = ()) -> None:
        self._names = _LOCAL_NAMES | {name.lower().strip("[]") for name in names}
        self._any_address = not is_loopback(bind)
        if self._any_address:
            self._names |= {bind.lower(), socket.gethostname().lower(), socket.getfqdn().lower()}

    def refusal(self, headers: Headers) -> tuple[str, str] | None:
        """Return code and message for a request that is not to be answered; ``None`` for all others."""
        hosts = headers.getlist("host")
        name = _name(hosts[0]) if len(hosts) == 1 else None
        if name is None or not self._is_ours(name):
            return "host_not_allowed", (
                "This service does not answer under the name in the Host header; add it to serve.allowed_hosts."
            )
        origin, site = headers.get("origin"), headers.get("sec-fetch-site")
        if origin is not None and not _same(origin, hosts[0]):
            return "origin_not_allowed", "Pages of other origins may not use this service."
        if site in {"cross-site", "same-site"} and headers.get("sec-fetch-mode") != "navigate":
            return "origin_not_allowed", "Pages of other origins may not use this service."
        return None

    def is_local(self, headers: Headers) -> bool:
        """Whether a request was sent to a name of this machine only, so not through a reverse proxy."""
        return not self._any_address and _name(headers.get("host", "")) in _LOCAL_NAMES

    def _is_ours(self, name: str) -> bool:
        if name in self._names:
            return True
        if not self._any_address:
            return False
        try:
            ipaddress.ip_address(name)  # rebinding needs a name; an address cannot be rebound
        except ValueError:
            return False
        return True


def _name(host: str) -> str | None:
    """The name or address in a Host header, without port and brackets; ``None`` where it is malformed."""
    try:
        parts = urlsplit(f"//{host}")
        parts.port  # noqa: B018 - raises for what is no port
    except ValueError:
        return None
    if parts.username is not None or parts.path or parts.query or parts.fragment:
        return None
    return parts.hostname


def _same(origin: str, host: str) -> bool:
    """Whether an origin is that of the host; a proxy may speak TLS for us, so the scheme does not count."""
    try:
        one = urlsplit(origin)
        other = urlsplit(f"{one.scheme}://{host}")
        default = _DEFAULT_PORTS.get(one.scheme)
        return default is not None and (one.hostname, one.port or default) == (other.hostname, other.port or default)
    except ValueError:
        return False
