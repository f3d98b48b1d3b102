"""Cameras on this machine: they send a clip again and again, as MJPEG over HTTP or as H.264 over RTSP."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import cv2
import numpy as np

from recognizer.types import U8
from tests.soak.camera import Camera
from tests.soak.clips import camera_clip

RATE = 10.0
"""Pictures a second; half that of a usual camera, for busy machines."""


@contextmanager
def camera(clip: Path) -> Iterator[str]:
    """Run a camera; yields its address."""
    pictures = _pictures(clip)
    stopped = threading.Event()

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            self.send_response(200)
            self.send_header("Content-Type", "multipart/x-mixed-replace; boundary=frame")
            self.end_headers()
            number = 0
            while not stopped.wait(1 / RATE):
                jpeg = pictures[number % len(pictures)]
                number += 1
                head = f"--frame\r\nContent-Type: image/jpeg\r\nContent-Length: {len(jpeg)}\r\n\r\n"
                try:
                    self.wfile.write(head.encode() + jpeg + b"\r\n")
                except OSError:
                    return

        def log_message(self, format: str, *args: Any) -> None:
            return

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    server.daemon_threads = True
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.server_address[1]}/video.mjpeg"
    finally:
        stopped.set()
        server.shutdown()
        server.server_close()
        thread.join()


class RtspCamera(Camera):
    """An RTSP camera that can be killed and started again.

    Args:
        clip: what it shows.
        folder: for its stream.
    """

    def __init__(self, clip: Path, folder: Path) -> None:
        super().__init__(camera_clip(folder / "entrance.h264", gop=int(RATE), frames=_images(clip)))
        self._program += ["--fps", str(RATE)]


def _pictures(clip: Path) -> list[bytes]:
    return [cv2.imencode(".jpg", image)[1].tobytes() for image in _images(clip)]


def _images(clip: Path) -> list[U8]:
    """Read every second picture of a clip."""
    capture = cv2.VideoCapture(str(clip))
    images = []
    while True:
        good, image = capture.read()
        if not good:
            break
        images.append(np.asarray(image, np.uint8))
    capture.release()
    return images[::2]
