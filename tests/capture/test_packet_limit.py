"""A picture without an end, or of 2 GB, costs little memory and is refused; the camera is tried again."""

from __future__ import annotations

import contextlib
import http.server
import subprocess
import sys
import threading
from collections.abc import Iterator

import cv2
import numpy as np
import pytest

from tests.conftest import ROOT

MOST_MB = 200
_READ = """
import resource, sys
import cv2
from recognizer.capture.sources import open_source
from recognizer.types import SourceState
peak_mb = lambda: resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
source = open_source(sys.argv[1])
source._waits_s = {kind: (0.0, 0.0) for kind in source._waits_s}
before = peak_mb()
with source:
    for frame in source:
        changes = source.state_changes()
        if any(change.event == "source_back" for change in changes):
            print(*(change.why for change in changes if change.state is SourceState.LOST), sep="; ")
            break
print(peak_mb() - before)
"""


class Camera(http.server.BaseHTTPRequestHandler):
    """A good picture, then a part that goes on and on; after that a good camera."""

    requests = 0

    def log_message(self, *_: object) -> None:
        pass

    def do_GET(self) -> None:
        type(self).requests += 1
        hostile = type(self).requests == 1
        self.send_response(200)
        self.send_header("Content-Type", "multipart/x-mixed-replace; boundary=next")
        self.end_headers()
        good = cv2.imencode(".jpg", np.full((96, 128, 3), 90, np.uint8))[1].tobytes()
        with contextlib.suppress(OSError):
            for _ in range(2 if hostile else 10**6):
                head = b"--next\r\nContent-Type: image/jpeg\r\nContent-Length: %d\r\n\r\n" % len(good)
                self.wfile.write(head + good + b"\r\n")
            length = b"Content-Length: 2147483000\r\n" if self.path == "/huge" else b""
            self.wfile.write(b"--next\r\nContent-Type: image/jpeg\r\n" + length + b"\r\n\xff\xd8")
            while True:
                self.wfile.write(b"\x01" * 2**16)


@pytest.fixture
def port() -> Iterator[int]:
    Camera.requests = 0
    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Camera)
    server.daemon_threads = True
    threading.Thread(target=server.serve_forever, daemon=True).start()
    yield server.server_address[1]
    server.shutdown()
    server.server_close()


@pytest.mark.parametrize("path", ["endless", "huge"])
def test_a_part_without_an_end(port: int, path: str) -> None:
    words = [sys.executable, "-c", _READ, f"http://127.0.0.1:{port}/{path}"]
    done = subprocess.run(words, cwd=ROOT, capture_output=True, text=True, timeout=120, check=True)
    why, extra_mb = done.stdout.splitlines()
    assert "wanted at most 16 MB" in why
    assert float(extra_mb) < MOST_MB
