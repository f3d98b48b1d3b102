"""The labelled picture in a window. OpenCV's window functions are called in this file only, from one thread only."""

from __future__ import annotations

import functools
import os
import queue
import subprocess
import sys
import threading
from collections.abc import Callable
from types import TracebackType
from typing import Self

import cv2
from loguru import logger

from recognizer.errors import OutputError
from recognizer.types import U8, FrameResult

_ESCAPE = 27
_POLL_MS = 15
_FIRST_SIZE_PX = (1280, 720)
_PROBE = "import cv2; cv2.namedWindow('probe'); cv2.waitKey(1); cv2.destroyAllWindows()"
_HINT = "pass --headless to run without a window"


class Window:
    """Shows the newest result; q, Escape or the close button end it.

    A thread of its own keeps it answering while no frame comes, and never holds up whoever gives it frames: what comes
    while one is being shown replaces what waits. One window is open at a time.

    Args:
        render: Makes the (H, W, 3) uint8 BGR picture of a result.
        title: What the window is called.
        on_key: Is told every other key, as a character, on the window's thread.
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
        self._over = threading.Event()
        self._over.set()
        self.failed: str | None = None
        """Why the window went away, when no one closed it."""

    @property
    def closed(self) -> bool:
        """True once somebody closed the window: whoever runs the loop should end it."""
        return self._closed.is_set()

    def __enter__(self) -> Self:
        """Make sure that there is a display, and start the window's thread.

        Raises:
            OutputError: No display, or an OpenCV without windows.
        """
        require_display()
        self._leaving, self.failed = False, None
        self._closed.clear()
        self._over.clear()
        _window_thread().put(self._show)
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """Close the window."""
        with self._condition:
            self._leaving = True
            self._condition.notify()
        self._over.wait(timeout=5)

    def emit(self, result: FrameResult) -> None:
        """Hand over a result to be shown, unless it is closing and was; does not wait until it is."""
        if self.closed or self.failed is not None or result.closing:
            return
        image = self._render(result)
        with self._condition:
            self._waiting = image
            self._condition.notify()

    def _show(self) -> None:
        try:
            self._loop()
        except cv2.error as error:
            self.failed = str(error.err or error)
            logger.error("window: cannot be shown ({}); recognition goes on without it", self.failed)
        finally:
            self._over.set()

    def _loop(self) -> None:
        opened = False
        while True:
            with self._condition:
                if not opened:
                    self._condition.wait_for(lambda: self._leaving or self._waiting is not None)
                if self._leaving:
                    break
                image, self._waiting = self._waiting, None
            if image is not None:
                if not opened:
                    self._open(image.shape[1], image.shape[0])
                    opened = True
                cv2.imshow(self._title, image)
            if self._asked_to_close(cv2.waitKey(_POLL_MS)):
                self._closed.set()
                break
        if opened:
            cv2.destroyAllWindows()
            cv2.waitKey(1)  # lets the window system take it away

    def _open(self, width: int, height: int) -> None:
        cv2.namedWindow(self._title, cv2.WINDOW_NORMAL | cv2.WINDOW_KEEPRATIO | cv2.WINDOW_GUI_NORMAL)
        scale = min(1.0, _FIRST_SIZE_PX[0] / width, _FIRST_SIZE_PX[1] / height)
        cv2.resizeWindow(self._title, max(1, round(width * scale)), max(1, round(height * scale)))

    def _asked_to_close(self, key: int) -> bool:
        if key in (_ESCAPE, ord("q"), ord("Q")):
            return True
        if 0 < key < 0x110000 and self._on_key is not None:
            self._on_key(chr(key))
        return cv2.getWindowProperty(self._title, cv2.WND_PROP_VISIBLE) < 1


@functools.lru_cache(maxsize=1)
def _window_thread() -> queue.SimpleQueue[Callable[[], None]]:
    """Jobs for the one thread that ever calls window functions: Qt hangs when a second thread takes over from it."""
    jobs: queue.SimpleQueue[Callable[[], None]] = queue.SimpleQueue()

    def work() -> None:
        while True:
            jobs.get()()

    threading.Thread(target=work, name="window", daemon=True).start()
    return jobs


def require_display() -> None:
    """Make sure that a window can be opened.

    OpenCV's Qt does not raise when there is no display, it ends the process; so another process tries first.

    Raises:
        OutputError: There is none, or this OpenCV has no windows.
    """
    if not sys.platform.startswith("linux"):
        return
    if not os.environ.get("DISPLAY") and not os.environ.get("WAYLAND_DISPLAY"):
        raise OutputError(f"wanted a window, there is no display (DISPLAY is not set); {_HINT}.")
    try:
        probe = subprocess.run(  # noqa: S603 - our own interpreter, a constant program
            [sys.executable, "-c", _PROBE], capture_output=True, text=True, timeout=20, check=False
        )
    except (OSError, subprocess.TimeoutExpired):
        raise OutputError(f"wanted a window, the display does not answer; {_HINT}.") from None
    if probe.returncode:
        which = os.environ.get("DISPLAY") or os.environ.get("WAYLAND_DISPLAY")
        why = "this OpenCV has no windows" if "not implemented" in probe.stderr else f"display {which} cannot be used"
        raise OutputError(f"wanted a window, {why}; {_HINT}.")
