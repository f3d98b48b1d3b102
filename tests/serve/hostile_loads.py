"""Loads that a hostile client can make, and what they meet: the answer time of ``/healthz`` and the server's memory."""

from __future__ import annotations

import collections
import contextlib
import json
import os
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path

from recognizer.demo.demo_clip import MEDIA
from tests.soak.product import children

BODY = 150 * 10**6
HALF_OPEN = 200
SLOW = 50
FLOOD = 32
"""Threads that send /verify as fast as they can."""
PARTS = b"".join(
    b'--hostile\r\ncontent-disposition: form-data; name="image%d"; filename="a.jpg"\r\n\r\n%s\r\n'
    % (number, (MEDIA / "barack_obama_2009.jpg").read_bytes())
    for number in (1, 2)
)
FORM = PARTS + b"--hostile--\r\n"
HEAD = b"POST /verify HTTP/1.1\r\nhost: 127.0.0.1\r\ncontent-type: multipart/form-data; boundary=hostile\r\n"


def ask(port: int, data: bytes, *, timeout_s: float = 30.0) -> bytes:
    """Send bytes and read the answer until the server closes."""
    with socket.create_connection(("127.0.0.1", port), timeout=timeout_s) as connection:
        with contextlib.suppress(ConnectionError):
            connection.sendall(data)
        return read_all(connection)


def read_all(connection: socket.socket) -> bytes:
    answer = b""
    with contextlib.suppress(ConnectionError, TimeoutError):
        while part := connection.recv(65536):
            answer += part
    return answer


def status_of(answer: bytes) -> str:
    return answer[9:12].decode("ascii", "replace") or "none"


def large_with_length(port: int) -> str:
    """Send a body of 150 MB that says how long it is."""
    with socket.create_connection(("127.0.0.1", port), timeout=30) as connection:
        connection.sendall(HEAD + b"content-length: %d\r\n\r\n" % BODY)
        with contextlib.suppress(ConnectionError):
            for _ in range(BODY // 10**6):
                connection.sendall(bytes(10**6))
        return status_of(read_all(connection))


def large_chunked(port: int) -> str:
    """Send a body of 150 MB in chunks, without its length."""
    with socket.create_connection(("127.0.0.1", port), timeout=30) as connection:
        connection.sendall(HEAD + b"transfer-encoding: chunked\r\n\r\n")
        start = b'--hostile\r\ncontent-disposition: form-data; name="image1"; filename="a"\r\n\r\n'
        with contextlib.suppress(ConnectionError):
            for part in (start, *[bytes(10**6)] * (BODY // 10**6)):
                connection.sendall(b"%x\r\n%s\r\n" % (len(part), part))
        return status_of(read_all(connection))


def half_open(port: int) -> str:
    """Send half of a request's head, and wait."""
    return status_of(ask(port, HEAD[:60]))


def slow_upload(port: int) -> str:
    """Send a picture at 1 kB a second."""
    with socket.create_connection(("127.0.0.1", port), timeout=30) as connection:
        connection.sendall(HEAD + b"content-length: %d\r\n\r\n" % len(FORM))
        connection.settimeout(1.0)
        for place in range(0, 40_000, 1000):
            with contextlib.suppress(ConnectionError):
                connection.sendall(FORM[place : place + 1000])
            with contextlib.suppress(TimeoutError):
                if answer := connection.recv(65536):
                    return status_of(answer)
                return "none"
        return "none"


def no_reader(port: int) -> str:
    """Ask for 1.7 MB again and again, and read nothing."""
    with socket.create_connection(("127.0.0.1", port), timeout=40) as connection:
        request = b"GET /docs/swagger-ui-bundle.js HTTP/1.1\r\nhost: 127.0.0.1\r\n\r\n"
        connection.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
        connection.sendall(20 * request)
        threading.Event().wait(25)  # longer than the server waits for a reader
        return "cut off" if len(read_all(connection)) < 20 * 1_700_000 else "sent"


def flood(port: int, until: float) -> Iterator[str]:
    """Send /verify as fast as the answers come."""
    request = HEAD + b"connection: close\r\ncontent-length: %d\r\n\r\n%s" % (len(FORM), FORM)
    while time.monotonic() < until:
        yield status_of(ask(port, request))


PROBE = """
import http.client, json, select, sys, time
took = []
while not select.select([sys.stdin], [], [], 0.1)[0]:
    began = time.monotonic()
    connection = http.client.HTTPConnection("127.0.0.1", int(sys.argv[1]), timeout=30)
    connection.request("GET", "/healthz")
    took.append(time.monotonic() - began if connection.getresponse().status == 200 else 99.0)
    connection.close()
print(json.dumps(took))
"""
"""Asks for /healthz ten times a second, in a process of its own, as the flooding threads would delay it here."""


class Health:
    """Answer times of /healthz in seconds, and the server's largest memory, bytes, while it is open.

    Args:
        port: of the server.
        pid: its web process; what that has started, as for decoding pictures, is counted, too.
    """

    def __init__(self, port: int, pid: int) -> None:
        self._pid = pid
        self._stop = threading.Event()
        self.took_s: list[float] = []
        self.peak = self.memory()
        self._thread = threading.Thread(target=self._watch)
        self._probe = subprocess.Popen(
            [sys.executable, "-c", PROBE, str(port)], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
        )

    def memory(self) -> int:
        """Resident bytes now."""
        return sum(_resident(pid) for pid in (self._pid, *children(self._pid)))

    def __enter__(self) -> Health:
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._stop.set()
        self._thread.join()
        self.took_s = json.loads(self._probe.communicate("\n", timeout=60)[0])

    def _watch(self) -> None:
        while not self._stop.wait(0.1):
            self.peak = max(self.peak, self.memory())


def _resident(pid: int) -> int:
    try:
        pages = Path(f"/proc/{pid}/statm").read_text().split()[1]
    except OSError:  # ended meanwhile
        return 0
    return int(pages) * os.sysconf("SC_PAGE_SIZE")


def together(count: int, work: Callable[[int], str], port: int) -> collections.Counter[str]:
    """Run work in threads; count what came."""
    found: collections.Counter[str] = collections.Counter()

    def run() -> None:
        try:
            status = work(port)
        except OSError as error:
            status = type(error).__name__
        found[status] += 1

    threads = [threading.Thread(target=run) for _ in range(count)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return found
