"""Let a thread give way to the one that recognises."""

from __future__ import annotations

import os
import sys
import threading
from contextlib import suppress

HELPER_NICENESS = 5
"""How much more readily a helping thread gives way than the caller's, which all sources wait for: with four cameras on
two cores a fifth of the frames is dropped for newer ones, otherwise a third."""


def give_way() -> None:
    """Put this thread behind the others of the process; Linux alone counts niceness by thread."""
    if sys.platform == "linux":
        with suppress(OSError):
            mine = os.getpriority(os.PRIO_PROCESS, 0)
            os.setpriority(os.PRIO_PROCESS, threading.get_native_id(), mine + HELPER_NICENESS)
