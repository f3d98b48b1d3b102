"""Pictures of an MJPEG camera carry no times: they are as old as their arrival, at any rate."""

from __future__ import annotations

import http.server
import threading
import time
from collections.abc import Iterator
from contextlib import closing
from itertools import islice
from typing import Any

import cv2
import numpy as np
import pytest

from recognizer.capture.network import NetworkStream

PICTURES = 12
RATE = 10.0
"""Pictures a second: fewer than the 25 that FFmpeg assumes."""


@pytest.fixture
def slow_camera() -> Iterator[tuple[str, list[float]]]:
    """Serve grey pictures as MJPEG; the address, and when each picture was sent (monotonic s)."""
    jpeg = cv2.imencode(".jpg", np.full((48, 64, 3), 128, np.uint8))[1].tobytes()
    sent: list[float] = []
    stopped = threading.Event()

    class Handler(http.server.BaseHTTPRequestHandler):
        def log_message(self, *_: Any) -> None:
            pass

        def do_GET(self) -> None:
            self.send_response(200)
            self.send_header("Content-Type", "multipart/x-mixed-replace; boundary=frame")
            self.end_headers()
            head = f"--frame\r\nContent-Type: image/jpeg\r\nContent-Length: {len(jpeg)}\r\n\r\n"
            while not stopped.wait(1 / RATE):
                sent.append(time.monotonic())
                try:
                    self.wfile.write(head.encode() + jpeg + b"\r\n")
                except OSError:
                    return

    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    server.daemon_threads = True
    threading.Thread(target=server.serve_forever, args=(0.01,), daemon=True).start()
    try:
        yield f"http://127.0.0.1:{server.server_port}/video.mjpeg", sent
    finally:
        stopped.set()
        server.shutdown()
        server.server_close()


def test_no_picture_is_older_than_its_sending(slow_camera: tuple[str, list[float]]) -> None:
    address, sent = slow_camera
    camera, stop = NetworkStream(address), threading.Event()
    with closing(camera.frames(stop)) as frames:
        times = [at for at, _ in islice(frames, PICTURES)]
    assert camera.format == "mpjpeg"
    assert all(at >= begun for at, begun in zip(times, sent, strict=False))
