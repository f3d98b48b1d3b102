"""Redirects of http cameras: followed where that is safe, and each hop is checked before anybody connects."""

from __future__ import annotations

import base64
import ipaddress
import threading
from collections.abc import Callable, Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

import cv2
import numpy as np
import pytest

from recognizer.capture.connection import CameraError, FailureKind
from recognizer.capture.decoder import Picture
from recognizer.capture.network import NetworkStream
from recognizer.capture.redirects import MOST_HOPS, next_place

JPEG = cv2.imencode(".jpg", np.full((64, 96, 3), 90, np.uint8))[1].tobytes()
HOSTS = {"other.example": "93.184.216.35"}


class _Camera(BaseHTTPRequestHandler):
    def do_GET(self) -> None:
        self.server.asked.append((self.path, self.headers.get("authorization")))  # type: ignore[attr-defined]
        place = self.server.places.get(self.path)  # type: ignore[attr-defined]
        self.send_response(200 if place is None else 302)
        if place is not None:
            self.send_header("location", place)
        body = JPEG if place is None else b""
        self.send_header("content-type", "image/jpeg")
        self.send_header("content-length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, format: str, *arguments: Any) -> None:
        """Say nothing."""


@pytest.fixture
def camera() -> Iterator[ThreadingHTTPServer]:
    server = ThreadingHTTPServer(("127.0.0.1", 0), _Camera)
    server.places, server.asked = {}, []  # type: ignore[attr-defined]
    thread = threading.Thread(target=server.serve_forever, args=(0.01,))
    thread.start()
    yield server
    server.shutdown()
    thread.join()
    server.server_close()


def first_picture(address: str) -> tuple[int, int]:
    frames = NetworkStream(address, open_s=5, read_s=5).frames(threading.Event())
    _, picture = next(frames)
    frames.close()
    assert isinstance(picture, Picture)
    return picture.size


def test_a_redirect_on_the_same_server_is_followed(camera: ThreadingHTTPServer) -> None:
    camera.places = {"/a": "/b", "/b": "c.jpg"}  # type: ignore[attr-defined]
    assert first_picture(f"http://127.0.0.1:{camera.server_port}/a") == (96, 64)
    assert [path for path, _ in camera.asked][-1] == "/c.jpg"  # type: ignore[attr-defined]


def test_an_address_without_a_redirect_is_asked_once(camera: ThreadingHTTPServer) -> None:
    first_picture(f"http://127.0.0.1:{camera.server_port}/c.jpg")
    assert [path for path, _ in camera.asked] == ["/c.jpg"]  # type: ignore[attr-defined]


@pytest.mark.parametrize(
    "place", ["http://169.254.169.254/latest/meta-data", "http://[ff02::1]/", "file:///etc/passwd"]
)
def test_metadata_services_and_files_are_refused(camera: ThreadingHTTPServer, place: str) -> None:
    camera.places = {"/a": place}  # type: ignore[attr-defined]
    with pytest.raises(CameraError, match="redirects to") as failed:
        first_picture(f"http://127.0.0.1:{camera.server_port}/a")
    assert failed.value.failure is FailureKind.WRONG_PLACE
    assert "169.254" not in str(failed.value)


def test_redirects_without_an_end_are_left(camera: ThreadingHTTPServer) -> None:
    camera.places = {"/a": "/a"}  # type: ignore[attr-defined]
    with pytest.raises(CameraError, match=f"more than {MOST_HOPS} times"):
        first_picture(f"http://127.0.0.1:{camera.server_port}/a")


def resolver(camera: ThreadingHTTPServer, public: bool) -> Callable[[str, int], list[Any]]:
    """Say that the test's server is on the internet."""

    def resolve(host: str, port: int) -> list[Any]:
        if host == "127.0.0.1" and port == camera.server_port:
            return [ipaddress.ip_address("93.184.216.34" if public else "192.168.1.5")]
        return [ipaddress.ip_address(HOSTS.get(host, host))]

    return resolve


@pytest.mark.parametrize(
    ("public", "place", "is_followed"),
    [
        (True, "http://192.168.1.6/stream", False),
        (True, "http://127.0.0.1/stream", False),
        (True, "http://[::ffff:10.0.0.1]/stream", False),
        (True, "http://other.example/stream", True),
        (False, "http://192.168.1.6:8080/stream", True),
        (False, "http://other.example/stream", True),
        (False, "http://169.254.169.254/", False),
    ],
)
def test_the_internet_does_not_lead_into_the_local_network(
    camera: ThreadingHTTPServer, public: bool, place: str, is_followed: bool
) -> None:
    camera.places = {"/a": place}  # type: ignore[attr-defined]
    address = f"http://127.0.0.1:{camera.server_port}/a"
    if is_followed:
        assert next_place(address, timeout_s=5, resolve=resolver(camera, public)) == place
        return
    with pytest.raises(CameraError, match="refused"):
        next_place(address, timeout_s=5, resolve=resolver(camera, public))


def test_credentials_go_to_the_same_server_only(camera: ThreadingHTTPServer) -> None:
    port = camera.server_port
    camera.places = {  # type: ignore[attr-defined]
        "/a": f"http://127.0.0.1:{port}/b",
        "/c": "http://192.168.1.6/d",
    }
    own = f"http://me:p%40ss@127.0.0.1:{port}"
    assert next_place(f"{own}/a", timeout_s=5) == f"{own}/b"
    assert camera.asked[0][1] == "Basic " + base64.b64encode(b"me:p@ss").decode()  # type: ignore[attr-defined]
    elsewhere = next_place(f"{own}/c", timeout_s=5, resolve=resolver(camera, False))
    assert elsewhere == "http://192.168.1.6/d"
