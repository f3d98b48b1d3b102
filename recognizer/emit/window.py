"""The labelled picture in a window, which a process of its own shows (`recognizer.emit.viewer`).

So whatever the window system does, it cannot hold up or end recognition; and Qt keeps away from PyAV, whose wheel
brings a libxcb of its own, under the same names, that hangs OpenCV's windows when it is loaded first.
"""

from __future__ import annotations

import contextlib
import os
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from types import TracebackType
from typing import IO, Self

import numpy as np
from loguru import logger

from recognizer.children import clean_environment, python_command
from recognizer.emit import viewer
from recognizer.errors import OutputError
from recognizer.types import U8, Event, FrameResult

_START_S = 20.0
"""So long may the display take to answer."""
_LEAVE_S = 1.0
_HINT = "pass --headless to run without a window"


class Window:
    """Shows the newest result; q, Escape or the close button end it.

    ``emit`` never blocks: a new frame replaces the one that waits. The window's
    process ends with the one that started it, however that ends.

    Args:
        render: draws the (H, W, 3) uint8 BGR picture of a result.
        title: What the window is called.
        on_key: Called with every other key, a character, on a thread of the window's.
    """

    def __init__(
        self,
        *,
        render: Callable[[FrameResult], U8],
        title: str = "recognizer",
        on_key: Callable[[str], None] | None = None,
    ) -> None:
        self._render = render
        self._title = title
        self._on_key = on_key
        self._condition = threading.Condition()
        self._waiting: U8 | None = None
        self._leaving = False
        self._closed = threading.Event()
        self._process: subprocess.Popen[bytes] | None = None
        self._threads: tuple[threading.Thread, ...] = ()
        self.failed: str | None = None
        """Why the window went away, when no one closed it."""
        self.lost = 0

    @property
    def closed(self) -> bool:
        """Whether somebody closed the window; the run then ends."""
        return self._closed.is_set()

    def __enter__(self) -> Self:
        """Open the window.

        Raises:
            OutputError: No display, or an OpenCV without windows.
        """
        _require_a_display_is_named()
        self._waiting, self._leaving, self.failed = None, False, None
        self._closed.clear()
        process = self._process = _start(self._title)
        self._threads = (
            threading.Thread(target=self._send, args=(process,), name="window", daemon=True),
            threading.Thread(target=self._listen, args=(process,), name="window keys", daemon=True),
        )
        for thread in self._threads:
            thread.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """Close the window."""
        with self._condition:
            self._leaving = True
            self._condition.notify()
        if self._process is not None:
            _end(self._process)
        for thread in self._threads:
            thread.join(_LEAVE_S)

    def emit(self, result: FrameResult) -> None:
        """Hand over a result to be shown; does not wait until it is."""
        if self.closed or self.failed is not None:
            return
        image = self._render(result)
        with self._condition:
            self._waiting = image
            self._condition.notify()

    def on_end(self, source: str, events: tuple[Event, ...]) -> None:
        """Keep showing the source's last picture."""

    def _send(self, process: subprocess.Popen[bytes]) -> None:
        """Write the newest picture whenever the last one is through; closing the pipe tells the process to leave."""
        pipe = _open(process.stdin)
        with contextlib.suppress(OSError), pipe:  # it went away; the listening thread reports it
            while True:
                with self._condition:
                    self._condition.wait_for(lambda: self._leaving or self._waiting is not None)
                    image, self._waiting = self._waiting, None
                if self._leaving or image is None:
                    break
                pipe.write(viewer.HEADER.pack(*image.shape[:2]))
                rest = np.ascontiguousarray(image).data.cast("B")
                while len(rest):
                    rest = rest[pipe.write(rest) :]

    def _listen(self, process: subprocess.Popen[bytes]) -> None:
        why = ""
        with _open(process.stdout):
            for word, rest in _lines(process):
                if word == viewer.CLOSED:
                    self._closed.set()
                elif word == viewer.KEY and self._on_key is not None:
                    self._on_key(chr(int(rest)))
                elif word != viewer.KEY:
                    why = f": {rest}" if word == viewer.FAILED else f": {word} {rest}"
        status = process.wait()
        if not self.closed and not self._leaving:
            self.failed = f"its process ended with status {status}{why}"
            logger.error("window: cannot be shown ({}); recognition goes on without it", self.failed)


def require_display() -> None:
    """Make sure that a window can be opened, by opening one.

    Raises:
        OutputError: There is no display, or this OpenCV has no windows.
    """
    _require_a_display_is_named()
    if sys.platform.startswith("linux"):
        with _start("probe") as process:
            process.kill()


def _require_a_display_is_named() -> None:
    if sys.platform.startswith("linux") and not (os.environ.get("DISPLAY") or os.environ.get("WAYLAND_DISPLAY")):
        raise OutputError(f"wanted a window, there is no display (DISPLAY is not set); {_HINT}.")


def _start(title: str) -> subprocess.Popen[bytes]:
    """Start the window's process, and wait until its window is there.

    OpenCV's Qt does not raise when the display cannot be used: it ends its process.

    Raises:
        OutputError: The window did not come; nothing is left of its process.
    """
    process = subprocess.Popen(  # noqa: S603 - our own interpreter, our own file
        python_command(str(Path(viewer.__file__)), title),
        env=clean_environment(),
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        bufsize=0,
        start_new_session=True,  # Ctrl-C at a terminal goes to all of a group, also while a Python is starting
    )
    began = time.monotonic()
    too_late = threading.Timer(_START_S, process.kill)
    too_late.start()
    answer, why = "", ""
    try:
        heard = (line for line in _lines(process) if line[0] in (viewer.READY, viewer.FAILED))
        answer, why = next(heard, ("", ""))
    finally:
        too_late.cancel()
        if answer != viewer.READY:
            with process:
                process.kill()
    if answer != viewer.READY:
        in_time = time.monotonic() - began < _START_S
        raise OutputError(f"wanted a window, {_reason(why, in_time=in_time)}; {_HINT}.")
    return process


def _reason(why: str, *, in_time: bool) -> str:
    if not in_time:
        return "the display does not answer"
    if "not implemented" in why:
        return "this OpenCV has no windows"
    which = os.environ.get("DISPLAY") or os.environ.get("WAYLAND_DISPLAY")
    return f"display {which} cannot be used" if which else "the display cannot be used"


def _lines(process: subprocess.Popen[bytes]) -> Iterator[tuple[str, str]]:
    """First word and rest of each line that the process writes; Qt's own messages are among them."""
    for line in _open(process.stdout):
        word, _, rest = line.decode(errors="replace").strip().partition(" ")
        yield word, rest


def _open(pipe: IO[bytes] | None) -> IO[bytes]:
    if pipe is None:
        raise ValueError("the process was started without this pipe")
    return pipe


def _end(process: subprocess.Popen[bytes]) -> None:
    """Wait up to 1 s for the process, whose input is closed, then kill it."""
    try:
        process.wait(_LEAVE_S)
    except subprocess.TimeoutExpired:
        process.kill()
        process.wait()
