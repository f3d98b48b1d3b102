"""Messages over a socket pair."""

from __future__ import annotations

import pickle
import threading
from contextlib import suppress
from multiprocessing.connection import Connection
from typing import Any


class Link:
    """One end of a socket pair; any thread may send, one receives.

    Args:
        descriptor: of the socket; closed with the link.
    """

    def __init__(self, descriptor: int) -> None:
        self._connection: Connection[Any, Any] = Connection(descriptor)
        self._sending = threading.Lock()

    def send(self, message: object) -> bool:
        """Send a message, waiting while the other end reads nothing; False: the other end has gone."""
        data = pickle.dumps(message, protocol=pickle.HIGHEST_PROTOCOL)
        try:
            with self._sending:
                self._connection.send_bytes(data)
        except OSError:
            return False
        return True

    def receive(self) -> Any:
        """Wait for the next message; ``None``: the other end has gone."""
        try:
            return pickle.loads(self._connection.recv_bytes())  # noqa: S301 - of this program's own processes
        except (EOFError, OSError):
            return None

    def close(self) -> None:
        """Close this end."""
        with suppress(OSError):
            self._connection.close()
