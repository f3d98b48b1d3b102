"""Import OpenVINO without its telemetry, and keep one core of it.

``import openvino`` sends a usage event to Google Analytics wherever the package ``openvino_telemetry`` is installed, as
it is with ``pip install openvino``: it keeps a client id in ``~/intel``, and forks this process, threads and all, to
send. Without that package OpenVINO falls back on a stub of its own.
"""

from __future__ import annotations

import functools
import importlib
import sys
import threading
from typing import Any

_TELEMETRY = "openvino_telemetry"
_CONVERTER = "openvino.tools.ovc"
"""Converts other frameworks' models; importing it takes a third of OpenVINO's time, and OpenVINO does without it."""
_MAKING = threading.Lock()
COMPILING = threading.RLock()
"""Held by whoever reads or compiles a graph. OpenVINO sets the process's locale to "C" for that time and then back: two
threads at once leave it at "C", so that Python takes all text of other programs for ASCII, and read freed memory."""


def import_openvino() -> Any:
    """Return the module ``openvino``.

    Raises:
        ImportError: if it is not installed.
    """
    sys.modules.setdefault(_TELEMETRY, None)  # type: ignore[arg-type]  # None: an import of it fails
    if "openvino" in sys.modules:
        return sys.modules["openvino"]
    had = sys.modules.setdefault(_CONVERTER, None)  # type: ignore[arg-type]
    try:
        return importlib.import_module("openvino")
    finally:
        if had is None:
            del sys.modules[_CONVERTER]


def shared_core() -> Any:
    """Return the one ``openvino.Core`` of this process, which is never released; any thread may ask for it.

    Where two are released in the order in which they were made, the process is left with a signal stack that is not
    mapped any more (OpenVINO 2026.4.1), and the next signal ends it with SIGSEGV.

    Raises:
        ImportError: if OpenVINO is not installed.
    """
    with _MAKING:  # functools.cache alone lets two threads make one each
        return _core()


@functools.cache
def _core() -> Any:
    return import_openvino().Core()
