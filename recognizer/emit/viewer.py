"""The process that owns the window: pictures come in, keys go out. OpenCV's window functions are called here only.

    standard input    for each picture its height and width (two little-endian uint32), then its BGR bytes; its end,
                      as when the parent dies, ends this process
    standard output   a line each: @ready (the window is there), @key CODEPOINT, @closed (by somebody), @failed WHY

It is run by its path and imports nothing of ours: a second Python with all of it would take seconds and memory.
"""

from __future__ import annotations

import contextlib
import ctypes
import signal
import struct
import sys
import threading

import numpy as np
from numpy.typing import NDArray

HEADER = struct.Struct("<II")
READY, KEY, CLOSED, FAILED = "@ready", "@key", "@closed", "@failed"
"""What a line begins with; what Qt writes between them does not."""

_ESCAPE = 27
_POLL_MS = 15
_WINDOW_SIZE_PX = (1280, 720)


class _Pictures:
    """The newest picture of standard input, read on a thread of its own so that the window always answers."""

    def __init__(self) -> None:
        self._input = open(0, "rb", buffering=0, closefd=False)  # noqa: SIM115 - open as long as the process lives
        self._lock = threading.Lock()
        self._newest: NDArray[np.uint8] | None = None
        self.over = threading.Event()
        threading.Thread(target=self._read, name="pictures", daemon=True).start()

    def take(self) -> NDArray[np.uint8] | None:
        """The newest picture, (H, W, 3) BGR, if there is one that was not taken."""
        with self._lock:
            taken, self._newest = self._newest, None
        return taken

    def _read(self) -> None:
        header = bytearray(HEADER.size)
        while self._fill(memoryview(header)):
            picture = np.empty((*HEADER.unpack(header), 3), np.uint8)
            if not self._fill(picture.data.cast("B")):
                break
            with self._lock:
                self._newest = picture
        self.over.set()

    def _fill(self, room: memoryview) -> bool:
        """False when the input ended before the room was full."""
        while len(room):
            count = self._input.readinto(room)
            if not count:
                return False
            room = room[count:]
        return True


def main(title: str) -> None:
    """Show pictures until standard input ends or somebody closes the window."""
    for number in (signal.SIGINT, signal.SIGTERM):  # both may go to a whole group; the parent decides what they mean
        signal.signal(number, signal.SIG_IGN)
    _take_the_fitting_library()
    import cv2

    try:
        cv2.setNumThreads(1)
        cv2.namedWindow(title, cv2.WINDOW_NORMAL | cv2.WINDOW_KEEPRATIO | cv2.WINDOW_GUI_NORMAL)
        cv2.waitKey(1)
        _say(READY)
        if _show(title):
            _say(CLOSED)
        cv2.destroyAllWindows()
        cv2.waitKey(1)  # lets the window system take it away
    except cv2.error as error:
        _say(f"{FAILED} {' '.join(str(error.err or error).split())}")


def _show(title: str) -> bool:
    """True when somebody closed the window."""
    import cv2

    pictures = _Pictures()
    shown = (0, 0)
    while not pictures.over.is_set():
        picture = pictures.take()
        if picture is not None:
            largest = max(shown[0], picture.shape[1]), max(shown[1], picture.shape[0])
            if largest != shown:  # the first, or a larger one: of several cameras, or of one that changed its size
                cv2.resizeWindow(title, *_window_size(*largest))
                shown = largest
            cv2.imshow(title, picture)
        key = cv2.waitKey(_POLL_MS)
        if key in (_ESCAPE, ord("q"), ord("Q")):
            return True
        try:
            if cv2.getWindowProperty(title, cv2.WND_PROP_VISIBLE) < 1:
                return True
        except cv2.error:  # with Qt there is nothing left to ask once the last window was closed
            return True
        if 0 < key < 0x110000:
            _say(f"{KEY} {key}")
    return False


def _window_size(width: int, height: int) -> tuple[int, int]:
    scale = min(1.0, _WINDOW_SIZE_PX[0] / width, _WINDOW_SIZE_PX[1] / height)
    return max(1, round(width * scale)), max(1, round(height * scale))


def _take_the_fitting_library() -> None:
    """Load the system's libX11-xcb before Qt loads the one in OpenCV's wheel, which does not fit a libX11 since 1.8.

    The wheel's (opencv-python 5.0.0.93) says "Qt reads the events" eight bytes too early in the structure of the
    system's libX11, which goes on swallowing events. When it swallows the one that says that the window is there, Qt
    never paints it: 4 of 40 to 32 of 120 windows on a bare X server, 0 of 110 with the system's library.
    """
    if sys.platform.startswith("linux"):
        with contextlib.suppress(OSError):
            ctypes.CDLL("libX11-xcb.so.1", mode=ctypes.RTLD_GLOBAL)


def _say(line: str) -> None:
    sys.stdout.write(line + "\n")
    sys.stdout.flush()


if __name__ == "__main__":
    main(sys.argv[1])
