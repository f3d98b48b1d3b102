"""The live view with a real RTSP camera: killed and back, many viewers, a face that is corrected where it is seen."""

from __future__ import annotations

import os
import re
import signal
import socket
import threading
import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from http.client import HTTPConnection
from pathlib import Path
from urllib.parse import urlsplit

import pytest
from playwright.sync_api import Browser, Page, expect

from tests.serve.page.camera import RtspCamera
from tests.serve.page.site import Service, Visitor, child, copy_site, serving, visiting

STREAM = "/v1/sources/Entrance/live.mjpeg"
KILLS = int(os.environ.get("RECOGNIZER_TEST_KILLS", "1"))
"""The release gate is 20."""
SLOW_MS = 150_000
"""Longest wait for what the next pass of the clip shows, or for a camera that is tried again; on a busy machine."""


@pytest.fixture(scope="module")
def camera(seen_site: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[RtspCamera]:
    with RtspCamera(seen_site / "entrance.mp4", tmp_path_factory.mktemp("camera")) as camera:
        yield camera


@pytest.fixture(scope="module")
def service(
    seen_site: Path, browser: Browser, camera: RtspCamera, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Service]:
    """A service of this module's own, with the camera."""
    folder = copy_site(seen_site, tmp_path_factory.mktemp("live") / "site", camera=camera.address)
    with serving(folder, cameras=True) as service:
        yield service


@pytest.mark.long
def test_a_camera_that_is_killed_says_since_when_and_why_and_comes_back(visitor: Visitor, camera: RtspCamera) -> None:
    page = visitor.open("live")
    tile = page.locator(".tile")
    expect(tile.locator("canvas")).to_be_visible(timeout=SLOW_MS)
    camera.kill()
    expect(tile).to_contain_text(re.compile(r"since \d\d:\d\d · the stream ended"), timeout=SLOW_MS)
    expect(tile.locator("canvas")).to_have_count(0)
    expect(page.locator(".events")).to_contain_text("Entrance gives no picture")
    visitor.open("live/Entrance")
    expect(page.locator(".note.warn")).to_contain_text(re.compile(r"No picture\s*since \d\d:\d\d · the stream ended"))
    camera.start()
    expect(page.locator(".large img")).to_be_visible(timeout=SLOW_MS)
    expect(page.locator(".events")).to_contain_text("Entrance is back")


@pytest.mark.long
def test_the_ninth_sees_a_picture_a_second_until_one_that_never_reads_is_cut_off(visitor: Visitor) -> None:
    page = visitor.open("live")
    expect(page.locator(".tile canvas")).to_be_visible(timeout=SLOW_MS)
    with ExitStack() as stack:
        viewers = [stack.enter_context(watching(visitor.service)) for _ in range(7)]
        stack.enter_context(never_reading(visitor.service))
        visitor.open("live/Entrance")
        expect(page.locator(".large .note")).to_contain_text("You see one picture a second.")
        expect(page.locator(".large canvas")).to_be_visible()
        before = [viewer.pictures for viewer in viewers]
        expect(page.locator(".large img")).to_be_visible(timeout=SLOW_MS)
        assert all(viewer.pictures > count for viewer, count in zip(viewers, before, strict=True))
    visitor.problems = [problem for problem in visitor.problems if problem != f"503 {visitor.service.base}{STREAM}"]


@pytest.mark.long
def test_a_wrong_name_is_rejected_where_it_is_seen_and_that_is_taken_back(visitor: Visitor) -> None:
    page = visitor.open("live/Entrance")
    choose(page, "Barack Obama")
    page.get_by_role("dialog").get_by_role("button", name="This is not Barack Obama").click()
    expect(page.locator(".toast").last).to_contain_text("Rejected: this is not Barack Obama.", timeout=SLOW_MS)
    page.locator(".toast").get_by_role("button", name="Undo").click()
    expect(page.locator(".toast").last).to_contain_text("Taken back.")


@pytest.mark.long
def test_somebody_unknown_is_named_where_they_are_seen_and_that_is_taken_back(visitor: Visitor) -> None:
    page = visitor.open("live/Entrance")
    known = page.get_by_role("button", name="Face: Barack Obama")
    expect(known).to_be_visible(timeout=SLOW_MS)
    expect(known).to_have_count(0)  # the cut to the stranger; before it, somebody known may be unknown for a moment
    choose(page, "Unknown")
    dialog = page.get_by_role("dialog")
    dialog.get_by_role("combobox", name="Who is this?").fill("Grace Hopper")
    dialog.get_by_role("button", name="Name", exact=True).click()
    expect(page.locator(".toast").last).to_contain_text("Named Grace Hopper.", timeout=SLOW_MS)
    page.locator(".toast").get_by_role("button", name="Undo").click()
    expect(page.locator(".toast").last).to_contain_text("Taken back.")


@pytest.mark.long
def test_somebody_unknown_is_named_in_five_keys_and_recognised_on_the_next_pass(visitor: Visitor) -> None:
    page = visitor.open("unknown")
    card = page.locator(".cluster")
    expect(card.first).to_be_focused()
    for key in ("n", "j", "o"):  # at once: what is typed before the field is there is not lost
        page.keyboard.press(key)
    expect(page.get_by_role("combobox")).to_have_value("jo")
    page.keyboard.press("Shift+Enter")
    expect(page.locator(".toast").first).to_contain_text("Named jo: ")
    expect(page.locator(".toast").last).to_contain_text(re.compile(r"\d photos? of jo"), timeout=SLOW_MS)
    visitor.open("live")
    expect(page.locator(".events")).to_contain_text(re.compile(r"jo\s+was recognised"), timeout=SLOW_MS)


@pytest.mark.long
def test_a_face_leads_to_its_history(visitor: Visitor) -> None:
    page = visitor.open("live/Entrance")
    choose(page, "Eileen Collins")
    dialog = page.get_by_role("dialog")
    dialog.get_by_role("link", name="History").click()
    expect(page.get_by_label("Person", exact=True)).to_have_value("Eileen Collins")
    expect(page.get_by_role("row", name="Eileen Collins").first).to_be_visible()


@pytest.mark.long
def test_two_browsers_on_one_camera_see_it_go_and_what_the_other_one_did(
    browser: Browser, service: Service, visitor: Visitor
) -> None:
    page = visitor.open("live/Entrance")
    with visiting(browser, service) as other:
        expect(other.open("live/Entrance").locator(".large img")).to_be_visible()
        expect(page.locator(".large img")).to_be_visible()
        other.no_problems()


@pytest.mark.long
@pytest.mark.parametrize("part", ["recognition", "web"])
def test_a_process_that_is_killed_is_back_and_the_picture_moves_again(visitor: Visitor, part: str) -> None:
    page = visitor.open("live/Entrance")
    took = []
    for _ in range(KILLS):
        expect(page.locator(".large img")).to_be_visible(timeout=SLOW_MS)
        with page.expect_request(f"**{STREAM}", timeout=SLOW_MS):
            os.kill(child(visitor.service, part), signal.SIGKILL)
            began = time.monotonic()
            if part == "web":
                expect(page.locator(".banner")).to_contain_text("has not answered since", timeout=SLOW_MS)
            else:
                expect(page.locator(".view-head")).to_contain_text("Away", timeout=SLOW_MS)
        expect(page.locator(".banner")).to_have_count(0, timeout=SLOW_MS)
        expect(page.locator(".view-head")).to_contain_text("Live", timeout=SLOW_MS)
        moves = "image => image.naturalWidth > 0"
        expect(page.locator(".large img")).to_be_visible(timeout=SLOW_MS)
        page.wait_for_function(f"() => ({moves})(document.querySelector('.large img'))", timeout=SLOW_MS)
        took.append(time.monotonic() - began)
    print(f"{KILLS} kills of {part}: the picture moves again on the page after {min(took):.1f} to {max(took):.1f} s")
    visitor.problems.clear()  # 503 until the process is back


def choose(page: Page, name: str) -> None:
    """Click the face of a person as soon as it is in the picture."""
    page.get_by_role("button", name=f"Face: {name}").click(timeout=SLOW_MS)
    expect(page.get_by_role("dialog")).to_contain_text(name)


class Viewer(threading.Thread):
    """Reads a stream and counts its pictures."""

    def __init__(self, connection: HTTPConnection) -> None:
        super().__init__(daemon=True)
        self.pictures = 0
        self._answer = connection.getresponse()
        assert self._answer.status == 200
        self.start()

    def run(self) -> None:
        """Read until the connection is closed."""
        while line := self._answer.readline():
            self.pictures += line.startswith(b"--frame")


@contextmanager
def watching(service: Service) -> Iterator[Viewer]:
    """Watch the camera as a program does."""
    connection = HTTPConnection(urlsplit(service.base).netloc, timeout=30)
    connection.request("GET", STREAM, headers={"authorization": f"Bearer {service.token}"})
    viewer = Viewer(connection)
    yield viewer
    assert connection.sock is None or viewer.pictures > 0
    if connection.sock is not None:
        connection.sock.shutdown(socket.SHUT_RDWR)
    viewer.join()
    connection.close()


@contextmanager
def never_reading(service: Service) -> Iterator[None]:
    """Request the stream, take its first bytes, and nothing more."""
    place = urlsplit(service.base)
    with socket.socket() as connection:
        connection.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
        connection.connect((place.hostname, place.port))
        request = f"GET {STREAM} HTTP/1.1\r\nHost: {place.netloc}\r\nAuthorization: Bearer {service.token}\r\n\r\n"
        connection.sendall(request.encode())
        assert connection.recv(12) == b"HTTP/1.1 200"
        yield
