"""Notify systemd of start, liveness and stop (sd_notify(3)); without systemd nothing is sent."""

from __future__ import annotations

import os
import socket
import time
from collections.abc import Callable, Mapping
from types import TracebackType
from typing import Self

from loguru import logger


class Supervisor:
    """Send notifications to the service manager's socket.

    The watchdog is fed from the loop that recognises: when that hangs, no message goes out and the service is
    restarted.

    Args:
        environment: Where ``NOTIFY_SOCKET`` and ``WATCHDOG_USEC`` stand.
        clock: Monotonic, s.
    """

    def __init__(
        self, environment: Mapping[str, str] = os.environ, clock: Callable[[], float] = time.monotonic
    ) -> None:
        address = environment.get("NOTIFY_SOCKET", "")
        self._address = "\0" + address[1:] if address.startswith("@") else address
        period = environment.get("WATCHDOG_USEC", "")
        self._feed_every_s = int(period) / 1e6 / 3 if period.isdecimal() else None
        self._clock = clock
        self._fed_at = -float("inf")

    def __enter__(self) -> Self:
        """Ready: the models are loaded and the cameras are being opened."""
        self.notify("READY=1")
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """Stopping."""
        self.notify("STOPPING=1")

    def feed(self) -> None:
        """Feed the watchdog; calls more often than needed send nothing."""
        now = self._clock()
        if self._feed_every_s is not None and now - self._fed_at >= self._feed_every_s:
            self._fed_at = now
            self.notify("WATCHDOG=1")

    def notify(self, message: str) -> None:
        """Send a message; nothing happens where nobody listens."""
        if not self._address:
            return
        try:
            with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM | socket.SOCK_CLOEXEC) as connection:
                connection.settimeout(0.2)
                connection.sendto(message.encode(), self._address)
        except OSError as error:
            logger.debug("systemd does not listen: {}", error.strerror)
