"""A real service over a real history, and a browser that is logged in to it."""

from __future__ import annotations

import itertools
import os
import re
import shutil
import signal
import socket
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

import pytest
from playwright.sync_api import Browser, BrowserContext, ConsoleMessage, Page, Response

from recognizer.demo import demo_clip, demo_files
from recognizer.emit.video import VideoWriter
from recognizer.serve.access.store import AccessStore
from recognizer.types import Frame, FrameResult, Tracks
from tests.conftest import ROOT

CHROMIUM = Path(os.environ.get("CHROMIUM", "/usr/bin/chromium"))
FLAGS = (
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--use-fake-device-for-media-stream",
    "--use-fake-ui-for-media-stream",
)
SETTINGS = """\
gallery: {{folder: {folder}/gallery}}
embed: {{model: edgeface_xxs_own}}
history: {{enabled: true, crops: true}}
serve: {{port: 0}}
"""
WAIT_MS = 60_000
"""Longest wait for something on the page: two cores with other work for ten take 20 s to load it."""


def require_chromium() -> None:
    """Skip the test where there is no browser; fail where one was promised."""
    if not CHROMIUM.exists():
        if "RECOGNIZER_TEST_SERVICES" in os.environ:
            pytest.fail(f"RECOGNIZER_TEST_SERVICES is set, but there is no {CHROMIUM}")
        pytest.skip(f"no browser: {CHROMIUM}")


def run(folder: Path, *words: str) -> None:
    """Run the program with the settings of a site's folder."""
    command = [sys.executable, str(ROOT / "main.py"), *words, "--config", str(folder / "site.yaml")]
    done = subprocess.run(command, capture_output=True, text=True, check=False, cwd=folder)
    assert done.returncode == 0, done.stdout + done.stderr


def make_empty_site(folder: Path) -> Path:
    """Write the settings of a site where nobody is enrolled and nobody was seen."""
    (folder / "gallery").mkdir(parents=True)
    (folder / "site.yaml").write_text(SETTINGS.format(folder=folder), "utf-8")
    return folder


def make_site(folder: Path) -> Path:
    """Make a site that has seen the demonstration's clip: two people are enrolled, a third one is unknown."""
    make_empty_site(folder)
    demo_files.write_gallery(folder / "gallery")
    write_clip(folder / "entrance.mp4")
    run(folder, "run", "--source", str(folder / "entrance.mp4"), "--headless")
    return folder


def write_clip(path: Path) -> None:
    """Write the first seven seconds of the demonstration's clip: the enrolled people, a cut, and the stranger."""
    with VideoWriter(path, render=lambda result: result.frame.image) as writer:
        for index, (at_s, image) in enumerate(itertools.takewhile(lambda frame: frame[0] < 7, demo_clip.frames())):
            writer.emit(FrameResult(Frame(image, index, at_s, path.name), Tracks.empty(), (), ()))
    assert not writer.failed


def copy_site(site: Path, folder: Path, *, camera: str | None = None) -> Path:
    """Copy a site, so that a test may change it; with a camera of this address, called Entrance."""
    shutil.copytree(site, folder)
    sources = "" if camera is None else f"sources: [{{name: Entrance, location: {camera!r}}}]\n"
    text = SETTINGS.format(folder=folder) + sources
    if camera is not None:  # a web process that is started again must come back on the same port
        text = text.replace("port: 0", f"port: {free_port()}")
    (folder / "site.yaml").write_text(text, "utf-8")
    return folder


def free_port() -> int:
    """Return a port that nobody uses now."""
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        return int(taken.getsockname()[1])


@dataclass
class Service:
    """A service that runs."""

    base: str
    folder: Path
    login: str
    """The one-time link that it printed; empty where a token exists already."""
    token: str
    """Good for everything."""
    process: int = 0
    """The parent of recognition and the web service."""


@contextmanager
def serving(folder: Path, *, cameras: bool = False) -> Iterator[Service]:
    """Run the service over a site's folder, with or without recognition, in processes of their own."""
    command = [sys.executable, str(ROOT / "main.py"), "serve"]
    command += ["--config", str(folder / "site.yaml"), *([] if cameras else ["--api-only"])]
    with (folder / "serve.log").open("a") as log:
        process = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=log, text=True, cwd=folder)
    try:
        base = login = ""
        assert process.stdout is not None
        for line in process.stdout:
            if found := re.search(r"Listening on (http\S+?);", line):
                base = found[1]
            if found := re.search(r"(http\S+/login#\S+)", line):
                login = found[1]
            if base and login:
                break
        assert base, (folder / "serve.log").read_text("utf-8")
        yield Service(base, folder, login, make_token(folder), process.pid)
    finally:
        process.send_signal(signal.SIGTERM)
        process.communicate(timeout=20)


def child(service: Service, part: str) -> int:
    """Return the number of one of the service's processes, ``recognition`` or ``web``."""
    children = Path(f"/proc/{service.process}/task/{service.process}/children").read_text("utf-8").split()
    (found,) = [number for number in children if part in Path(f"/proc/{number}/cmdline").read_text("utf-8").split("\0")]
    return int(found)


def make_token(folder: Path) -> str:
    """Make another token that is good for everything."""
    store = AccessStore(folder / "service")
    try:
        return store.create_token(f"tests {len(store.tokens())}", ["admin"])
    finally:
        store.close()


@dataclass
class Visitor:
    """A browser that is logged in, and what went wrong in it."""

    page: Page
    service: Service
    problems: list[str] = field(default_factory=list)

    def open(self, address: str) -> Page:
        """Show a view, such as ``people/Ada``."""
        self.page.goto(f"{self.service.base}/#/{address}")
        return self.page

    def no_problems(self) -> None:
        """Check that no script failed and that the content policy refused nothing."""
        assert self.problems == []


@contextmanager
def watching(browser: Browser, service: Service, **options: object) -> Iterator[Visitor]:
    """Open a browser of its own that is not logged in."""
    context: BrowserContext = browser.new_context(**options)  # type: ignore[arg-type]  # width, theme and the like
    context.set_default_timeout(WAIT_MS)
    page = context.new_page()
    visitor = Visitor(page, service)
    page.on("pageerror", lambda error: visitor.problems.append(str(error)))
    page.on("console", lambda message: _note(visitor, message))
    page.on("response", lambda answer: _note_failure(visitor, answer))
    try:
        yield visitor
    finally:
        context.close()


@contextmanager
def visiting(browser: Browser, service: Service, **options: object) -> Iterator[Visitor]:
    """Open a browser of its own and log it in with a token that is good for everything."""
    with watching(browser, service, **options) as visitor:
        answer = visitor.page.context.request.post(f"{service.base}/v1/session", data={"secret": service.token})
        assert answer.ok, answer.text()
        yield visitor


def _note(visitor: Visitor, message: ConsoleMessage) -> None:
    if message.type == "error" and "Failed to load resource" not in message.text:
        visitor.problems.append(message.text)


def _note_failure(visitor: Visitor, answer: Response) -> None:
    if answer.status >= 500:
        visitor.problems.append(f"{answer.status} {answer.url}")
