"""A child of the service notices that its parent has gone, however that ended."""

from __future__ import annotations

import os
import signal
import threading
import time

_LEAVE_S = 5.0
"""A child that does not end on SIGTERM by then is ended."""


def end_with_parent(descriptor: int = 0) -> None:
    """End this process by SIGTERM when the pipe from its parent closes.

    Args:
        descriptor: reading end; the parent alone holds the other one, and writes nothing.
    """
    threading.Thread(target=_watch, args=(descriptor,), name="parent", daemon=True).start()


def _watch(descriptor: int) -> None:
    while True:
        try:
            if not os.read(descriptor, 64):
                break
        except OSError:
            break
    os.kill(os.getpid(), signal.SIGTERM)
    time.sleep(_LEAVE_S)
    os._exit(1)
