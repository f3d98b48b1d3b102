"""A small server that misbehaves on request, and a checkpoint in the published layout with random weights."""

from __future__ import annotations

import http.server
import re
import shutil
import threading
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import pytest
import torch

from recognizer.embed import edgeface
from recognizer.models.catalogue import CATALOGUE, Entry
from recognizer.models.digest import git_blob_id
from tests.models.graph_helpers import NOWHERE, keep_graph


@dataclass
class Served:
    """How the server behaves, and the requests it got."""

    content: bytes
    break_after: list[int] = field(default_factory=list)
    """Bytes after which each of the first answers ends."""
    statuses: list[int] = field(default_factory=list)
    """Statuses of the first answers, instead of the content."""
    ranges: bool = True
    url: str = ""
    requests: list[str | None] = field(default_factory=list)
    """The Range header of each request."""


@pytest.fixture
def serve() -> Iterator[Callable[..., Served]]:
    """Call it with the content, and what else of ``Served`` is wanted, as often as servers are wanted."""
    servers: list[tuple[http.server.HTTPServer, threading.Thread]] = []

    def start(content: bytes, **behaviour: Any) -> Served:
        served = Served(content, **behaviour)

        class Handler(http.server.BaseHTTPRequestHandler):
            def log_message(self, *_: object) -> None:
                pass

            def do_GET(self) -> None:
                wanted = self.headers.get("Range")
                served.requests.append(wanted)
                if served.statuses:
                    self.send_error(served.statuses.pop(0))
                    return
                found = re.fullmatch(r"bytes=(\d+)-", wanted or "")
                start = int(found[1]) if found and served.ranges else 0
                if found and served.ranges and start >= len(served.content):
                    self.send_error(416)
                    return
                body = served.content[start:]
                self.send_response(206 if found and served.ranges else 200)
                self.send_header("Content-Length", str(len(body)))
                self.end_headers()
                self.wfile.write(body[: served.break_after.pop(0)] if served.break_after else body)

        server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
        thread.start()
        servers.append((server, thread))
        served.url = f"http://127.0.0.1:{server.server_port}/model.pt"
        return served

    yield start
    for server, thread in servers:
        server.shutdown()
        server.server_close()
        thread.join()


@pytest.fixture(scope="session")
def random_checkpoint(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """An ``edgeface_xxs`` that nobody trained, in the layout of the published files."""
    torch.manual_seed(0)
    path = tmp_path_factory.mktemp("checkpoint") / "edgeface_xxs.pt"
    torch.save(edgeface.create("edgeface_xxs").state_dict(), path)
    return path


@pytest.fixture(autouse=True)
def _no_settings_from_outside(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.delenv("RECOGNIZER_WEIGHTS", raising=False)
    monkeypatch.setenv("RECOGNIZER_CACHE", str(tmp_path / "cache-of-the-environment"))


@pytest.fixture
def entry(random_checkpoint: Path) -> Entry:
    """An ``edgeface_xxs`` whose official file is the random checkpoint, and whose server is down."""
    return replace(CATALOGUE["edgeface_xxs"], blob_id=git_blob_id(random_checkpoint), url=NOWHERE)


@pytest.fixture
def weights_dir(random_checkpoint: Path, tmp_path: Path) -> Path:
    folder = tmp_path / "weights"
    folder.mkdir()
    shutil.copy(random_checkpoint, folder / "edgeface_xxs.pt")
    return folder


@pytest.fixture
def cache_dir(entry: Entry, tmp_path: Path) -> Path:
    """A cache that holds the random checkpoint's graph."""
    keep_graph(tmp_path / "cache", entry.fingerprint)
    return tmp_path / "cache"
