"""A web server on this machine that gives one file, whole or up to where the connection breaks."""

from __future__ import annotations

import http.server
import socketserver
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any


class _Server(socketserver.ThreadingMixIn, http.server.HTTPServer):
    daemon_threads = True


@contextmanager
def serving(path: Path, *, breaks_after: list[int] | None = None) -> Iterator[str]:
    """Serve a file with ranges; the address.

    Args:
        path: the file.
        breaks_after: bytes after which the connections break, one after the other; later ones do not.
    """
    breaks = list(breaks_after or [])

    class Handler(http.server.BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def log_message(self, *_: Any) -> None:
            pass

        def do_GET(self) -> None:
            data, asked = path.read_bytes(), self.headers.get("Range")
            begin = int(asked.removeprefix("bytes=").split("-")[0]) if asked else 0
            self.send_response(206 if asked else 200)
            if asked:
                self.send_header("Content-Range", f"bytes {begin}-{len(data) - 1}/{len(data)}")
            self.send_header("Accept-Ranges", "bytes")
            self.send_header("Content-Length", str(len(data) - begin))
            self.end_headers()
            part = data[begin:]
            if breaks:
                part = part[: breaks.pop(0)]
                self.close_connection = True
            try:
                self.wfile.write(part)
            except OSError:
                self.close_connection = True

    server = _Server(("127.0.0.1", 0), Handler)
    threading.Thread(target=server.serve_forever, args=(0.01,), daemon=True).start()
    try:
        yield f"http://127.0.0.1:{server.server_port}/{path.name}"
    finally:
        server.shutdown()
        server.server_close()
