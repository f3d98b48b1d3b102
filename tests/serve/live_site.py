"""A web application beside a real command server, fed by hand; and a client for answers that never end."""

from __future__ import annotations

import asyncio
import re
import shutil
import tempfile
import weakref
from collections.abc import Callable, Coroutine, Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from typing import Any, TypeVar

from fastapi import FastAPI

from recognizer.app.live_control import LiveControl
from recognizer.app.settings_file import SettingsFile
from recognizer.protocols import Sink
from recognizer.runtime.child import RECOGNITION
from recognizer.runtime.control import ControlServer, private_socket
from recognizer.serve.application import make_application
from recognizer.serve.dependencies import Services
from recognizer.serve.recognition import Recognition
from recognizer.types import FrameResult
from tests.conftest import ROOT
from tests.fakes import ListedSource
from tests.serve.service import make_services, token

Result = TypeVar("Result")
PAGE = (ROOT / "docs" / "service-live.md").read_text("utf-8")
EXAMPLES = re.findall(r"^curl .*", PAGE, re.MULTILINE)


class Site:
    """The application, and the recognition process that it speaks to: this one.

    Args:
        folder: for everything.
        settings: text of the settings file.
        starting: the run has not begun.
        sections: see ``make_services``.
    """

    def __init__(self, folder: Path, *, settings: str = "", starting: bool = False, **sections: dict[str, Any]) -> None:
        self.private = Path(tempfile.mkdtemp(prefix="r-"))  # sockets need a short path
        weakref.finalize(self, shutil.rmtree, self.private, ignore_errors=True)
        path = folder / "site.yaml"
        path.write_text(settings)
        self.recognition = Recognition(self.private)
        self.services: Services = replace(
            make_services(folder, **sections),
            live=self.recognition,
            settings_file=SettingsFile(path),
            log=["2026-11-27T12:00:00+0000 INFO of the web process"],
        )
        self.app: FastAPI = make_application(self.services)
        self.control = LiveControl(["2026-11-27T11:00:00+0000 INFO of recognition"])
        if starting:
            return
        self.control.follow([ListedSource([], name=name, live=True) for name in ("door", "yard/left")])
        self.control.describe(model="m-0123", engine="openvino")

    @contextmanager
    def running(self) -> Iterator[None]:
        """Let the recognition process be there."""
        with ControlServer(private_socket(self.private, RECOGNITION), self.control.commands):
            yield

    def emit(self, result: FrameResult) -> None:
        """Feed the sinks."""
        for sink in self.control.sinks:
            sink.emit(result)

    @property
    def state(self) -> Sink:
        """What keeps the state of the sources."""
        return self.control.sinks[0]


def run_apart(work: Coroutine[Any, Any, Result]) -> Result:
    """Run to the end in a thread of its own: a browser's tests leave an event loop running in this one."""
    with ThreadPoolExecutor(1) as thread:
        return thread.submit(lambda: asyncio.run(work)).result(60)


async def until(condition: Callable[[], bool]) -> None:
    """Wait for something to become true."""
    async with asyncio.timeout(20):
        while not condition():
            await asyncio.sleep(0.005)


class Stream:
    """One request whose answer goes on.

    Args:
        app: what answers.
        path: of the request.
        headers: more than the token.
        reads: ``False``: the client takes nothing but the head.
    """

    def __init__(
        self, app: FastAPI, path: str, headers: Mapping[str, str] | None = None, *, reads: bool = True
    ) -> None:
        self.status = 0
        self.headers: dict[str, str] = {}
        self.body = b""
        self._app, self._reads = app, reads
        given = {"host": "127.0.0.1:8000", "authorization": f"Bearer {token(app, ['read'])}", **(headers or {})}
        path, _, query = path.partition("?")
        self._scope = {
            "type": "http",
            "asgi": {"version": "3.0"},
            "http_version": "1.1",
            "method": "GET",
            "scheme": "http",
            "path": path,
            "raw_path": path.encode(),
            "query_string": query.encode(),
            "root_path": "",
            "headers": [(name.encode(), value.encode()) for name, value in given.items()],
            "client": ("127.0.0.1", 50000),
            "server": ("127.0.0.1", 8000),
        }
        self._left = asyncio.Event()
        self.task = asyncio.create_task(self._app(self._scope, self._receive, self._send))

    async def _receive(self) -> dict[str, Any]:
        await self._left.wait()
        return {"type": "http.disconnect"}

    async def _send(self, message: Any) -> None:
        if message["type"] == "http.response.start":
            self.status = message["status"]
            self.headers = {name.decode(): value.decode() for name, value in message["headers"]}
        elif self._reads:
            self.body += message["body"]
        else:
            await self._left.wait()

    async def head(self) -> None:
        """Wait for the head of the answer."""
        await until(lambda: self.status > 0)

    async def pictures(self, count: int) -> None:
        """Wait for so many pictures."""
        await until(lambda: self.body.count(b"--frame") >= count)

    async def leave(self) -> None:
        """Close the connection."""
        self._left.set()
        await asyncio.wait_for(self.task, 20)
