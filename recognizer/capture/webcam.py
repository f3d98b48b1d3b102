"""A camera of this machine, read through OpenCV."""

from __future__ import annotations

import os
import sys
import threading
import time
from pathlib import Path

import cv2
import numpy as np

from recognizer.capture.connection import CameraError
from recognizer.capture.live import TimedFrames

_SILENCE_S = 2
"""V4L2 gives up on a camera that sends nothing for so long; OpenCV's own limit is 10."""
_COMPRESSED_FROM_PX = 1280
"""Width from which USB is too slow for raw pictures at full rate; Motion JPEG is requested then."""


class Webcam:
    """Opens and reads a camera; a new OpenCV object each time.

    Args:
        device: Its number, or its path such as ``/dev/video0``.
        width: Wanted, px; the camera gives what it can.
        height: Wanted, px.
        rate: Wanted frames a second.
    """

    def __init__(
        self, device: int | str, *, width: int | None = None, height: int | None = None, rate: float | None = None
    ) -> None:
        self._device = device
        self._wanted = {
            cv2.CAP_PROP_FRAME_WIDTH: width,
            cv2.CAP_PROP_FRAME_HEIGHT: height,
            cv2.CAP_PROP_FPS: rate,
        }

    def frames(self, stop: threading.Event) -> TimedFrames:
        """Open, read until the camera gives no more or ``stop`` is set, release.

        Raises:
            CameraError: There is no such camera, or it is in use.
        """
        os.environ.setdefault("OPENCV_VIDEOIO_V4L_SELECT_TIMEOUT", str(_SILENCE_S))
        camera = cv2.VideoCapture(self._device, cv2.CAP_V4L2 if sys.platform.startswith("linux") else cv2.CAP_ANY)
        try:
            if not camera.isOpened():
                raise CameraError(_why_closed(self._device))
            self._configure(camera)
            while not stop.is_set():
                there, image = camera.read()
                arrived = time.monotonic()
                if not there or image is None:
                    raise CameraError("the camera sends no more pictures")
                yield arrived, np.ascontiguousarray(image, np.uint8)
        finally:
            camera.release()

    def _configure(self, camera: cv2.VideoCapture) -> None:
        if (self._wanted[cv2.CAP_PROP_FRAME_WIDTH] or 0) >= _COMPRESSED_FROM_PX:
            camera.set(cv2.CAP_PROP_FOURCC, cv2.VideoWriter.fourcc(*"MJPG"))
        for what, value in self._wanted.items():
            if value is not None:
                camera.set(what, float(value))


def _why_closed(device: int | str, *, folder: Path = Path("/dev")) -> str:
    """In words, why a camera cannot be opened, and what to do where that is not another number."""
    path = folder / f"video{device}" if isinstance(device, int) else Path(device)
    if not sys.platform.startswith("linux") or not path.exists():
        return "there is no such camera, or another program uses it"
    if not os.access(path, os.R_OK | os.W_OK):
        return (
            f"this user may not open {path}; add the user to the group that owns it (sudo usermod -aG video $USER, "
            "then log in again), in a container pass the device and --group-add video"
        )
    return f"{path} is there, but another program uses it or it gives no pictures"
