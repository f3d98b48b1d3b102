"""Network sources over every protocol there is, each served for real on loopback: MJPEG, HLS, TLS, RTSP over UDP."""

from __future__ import annotations

import contextlib
import http.server
import shutil
import socket
import ssl
import subprocess
import threading
import time
from collections.abc import Iterator
from contextlib import closing
from fractions import Fraction
from functools import partial
from pathlib import Path

import av
import cv2
import numpy as np
import pytest

from recognizer.capture.sources import SourceOptions, open_source
from recognizer.types import U8, Frame
from tests import rig
from tests.capture.udp_only import UdpOnly

RATE = 25


def painted(number: int) -> U8:
    """A picture that says its number by its grey."""
    return np.full((96, 128, 3), 20 + 10 * (number % 20), np.uint8)


class Mjpeg(http.server.SimpleHTTPRequestHandler):
    """A camera's endless MJPEG at /cam, and the files of a folder."""

    def log_message(self, *_: object) -> None:
        pass

    def do_GET(self) -> None:
        if self.path != "/cam":
            return super().do_GET()
        self.send_response(200)
        self.send_header("Content-Type", "multipart/x-mixed-replace; boundary=next")
        self.end_headers()
        with contextlib.suppress(OSError, ValueError):
            for number in range(10**6):
                data = cv2.imencode(".jpg", painted(number))[1].tobytes()
                self.wfile.write(b"--next\r\nContent-Type: image/jpeg\r\n")
                self.wfile.write(b"Content-Length: %d\r\n\r\n%s\r\n" % (len(data), data))
                time.sleep(1 / RATE)


@contextlib.contextmanager
def served(folder: Path, tls: ssl.SSLContext | None = None) -> Iterator[int]:
    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), partial(Mjpeg, directory=str(folder)))
    server.daemon_threads = True
    if tls is not None:
        server.socket = tls.wrap_socket(server.socket, server_side=True)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    try:
        yield server.server_address[1]
    finally:
        server.shutdown()
        server.server_close()


@pytest.fixture
def tls(tmp_path: Path) -> ssl.SSLContext:
    """As cameras have it: signed by nobody."""
    if shutil.which("openssl") is None:
        pytest.skip("no openssl to make a certificate with")
    key, certificate = tmp_path / "key.pem", tmp_path / "certificate.pem"
    made = ["openssl", "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-subj", "/CN=127.0.0.1", "-days", "1"]
    subprocess.run([*made, "-keyout", str(key), "-out", str(certificate)], check=True, capture_output=True)
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(certificate, key)
    return context


def write_hls(folder: Path, stop: threading.Event) -> None:
    """A live play list: short segments, the oldest removed."""
    options = {"hls_time": "1", "hls_list_size": "3", "hls_flags": "delete_segments"}
    with av.open(str(folder / "live.m3u8"), "w", format="hls", options=options) as out:
        stream = out.add_stream("libx264", rate=RATE, options={"preset": "ultrafast", "tune": "zerolatency", "g": "25"})
        stream.width, stream.height, stream.pix_fmt = 128, 96, "yuv420p"
        number = 0
        while not stop.wait(1 / RATE):
            frame = av.VideoFrame.from_ndarray(painted(number), format="bgr24")
            frame.pts, frame.time_base = number, Fraction(1, RATE)
            out.mux(stream.encode(frame))
            number += 1


def taken(address: str, count: int = 30, *, transport: str = "tcp", seconds: float = 20) -> list[Frame]:
    """The first frames of a source."""
    found: list[Frame] = []
    with open_source(address, SourceOptions(transport=transport)) as source:
        timer = threading.Timer(seconds, source.close)
        timer.start()
        for frame in source:
            found.append(frame)
            if len(found) == count:
                break
        timer.cancel()
    return found


def rate(frames: list[Frame]) -> float:
    return (len(frames) - 1) / (frames[-1].captured_at - frames[0].captured_at)


def test_mjpeg(tmp_path: Path) -> None:
    with served(tmp_path) as port:
        frames = taken(f"http://127.0.0.1:{port}/cam")
    assert len(frames) == 30
    assert frames[0].image.shape == (96, 128, 3)
    greys = [float(frame.image.mean()) for frame in frames[:10]]
    np.testing.assert_allclose(np.diff(greys) % 200, 10, atol=3)  # none missing, none twice
    assert 5 < rate(frames) < 30


def test_mjpeg_over_tls(tmp_path: Path, tls: ssl.SSLContext) -> None:
    with served(tmp_path, tls) as port:
        assert len(taken(f"https://127.0.0.1:{port}/cam", 10)) == 10


@pytest.mark.long
def test_hls_plays_at_its_own_speed(tmp_path: Path) -> None:
    stop = threading.Event()
    writer = threading.Thread(target=write_hls, args=(tmp_path, stop), daemon=True)
    writer.start()
    try:
        assert rig.wait_until((tmp_path / "live.m3u8").exists, seconds=20) < 20
        with served(tmp_path) as port:
            frames = taken(f"http://127.0.0.1:{port}/live.m3u8", 60)
    finally:
        stop.set()
        writer.join(10)
    assert len(frames) == 60
    assert rate(frames) < 1.3 * RATE  # segments come at once, their frames do not


def test_rtsps(rig_data: Path, tmp_path: Path, tls: ssl.SSLContext) -> None:
    clip = rig.make_clip(rig_data, tmp_path / "loop.h264", size=(320, 240), frames=50)
    with rig.RtspServer(rig_data, clip) as server, closing(socket.create_server(("127.0.0.1", 0))) as front:
        threading.Thread(target=_terminate_tls, args=(front, tls, server.port), daemon=True).start()
        assert len(taken(f"rtsps://127.0.0.1:{front.getsockname()[1]}/cam")) == 30


def _terminate_tls(front: socket.socket, tls: ssl.SSLContext, port: int) -> None:
    """One client's TLS in front of a plain server, as a camera's own."""
    with contextlib.suppress(OSError):
        client = tls.wrap_socket(front.accept()[0], server_side=True)
        server = socket.create_connection(("127.0.0.1", port))
        threading.Thread(target=_pump, args=(server, client), daemon=True).start()
        _pump(client, server)


def _pump(one: socket.socket, other: socket.socket) -> None:
    with one, contextlib.suppress(OSError):
        while data := one.recv(65536):
            other.sendall(data)


@pytest.mark.long
@pytest.mark.parametrize("silent", [False, pytest.param(True, marks=pytest.mark.slow)])
def test_a_camera_that_only_speaks_udp(
    rig_data: Path, tmp_path: Path, silent: bool, logged_warnings: list[str]
) -> None:
    clip = rig.make_clip(rig_data, tmp_path / "loop.h264", size=(320, 240), frames=50)
    with (
        rig.RtspServer(rig_data, clip) as server,
        UdpOnly(server.port, silent=silent) as front,
        open_source(f"rtsp://127.0.0.1:{front.port}/cam") as source,
    ):
        for number, _ in enumerate(source):
            if number == 10:
                server.say("kick")
            if len(front.setups) > 2:
                break
    assert front.setups == ["tcp", "udp", "udp"]  # remembered when it connects again
    assert sum("UDP is used" in line for line in logged_warnings) == 1


def test_rtsp_over_udp(rig_data: Path, tmp_path: Path) -> None:
    clip = rig.make_clip(rig_data, tmp_path / "loop.h264", size=(320, 240), frames=50)
    with rig.RtspServer(rig_data, clip) as server:
        assert len(taken(f"rtsp://127.0.0.1:{server.port}/cam", transport="udp")) == 30
