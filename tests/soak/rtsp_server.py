"""A small RTSP camera that can misbehave: loops a clip over TCP or UDP to any number of clients.

python -m tests.soak.rtsp_server CLIP [--port N] [--fps F] [--log FILE]
Prints READY <port> <frames>, then reads commands: stall, resume, kick, garbage, clean, next FILE (what the connections
from now on show), quit. It needs nothing but Python; where GStreamer's server is installed, that one is used too.
"""

from __future__ import annotations

import argparse
import contextlib
import random
import re
import socket
import sys
import threading
import time
from pathlib import Path

from tests.soak.rtsp_packets import Clip, garbled, packet

_READ_BYTES = 65536


class Server:
    """Serves one clip on one port."""

    def __init__(self, clip: Path, *, port: int, fps: float, log: Path | None) -> None:
        self.clip, self.fps = Clip(clip), fps
        self.stalled, self.garbage = threading.Event(), threading.Event()
        self.began = time.monotonic()
        self._log = log.open("a", buffering=1) if log else None
        self._clients: list[Client] = []
        self._socket = socket.create_server(("127.0.0.1", port))
        self.port = int(self._socket.getsockname()[1])

    def serve(self) -> None:
        """Accept clients until the process ends."""
        while True:
            connection, _ = self._socket.accept()
            self._clients = [client for client in self._clients if client.is_alive()]
            self._clients.append(Client(self, connection))
            self._clients[-1].start()

    def command(self, line: str) -> None:
        """Obey a line of standard input."""
        word, _, rest = line.strip().partition(" ")
        match word:
            case "stall":
                self.stalled.set()
            case "resume":
                self.stalled.clear()
            case "garbage":
                self.garbage.set()
            case "clean":
                self.garbage.clear()
            case "next":
                self.clip = Clip(Path(rest))
            case "kick":
                for client in self._clients:
                    client.leave()

    def pushed(self, number: int) -> None:
        """Note that a frame was sent."""
        if self._log:
            self._log.write(f"{number} {time.monotonic():.6f}\n")


class Client(threading.Thread):
    """One connection: answers its requests, and sends frames once it said PLAY."""

    def __init__(self, server: Server, connection: socket.socket) -> None:
        super().__init__(daemon=True)
        self._server, self._connection, self._clip = server, connection, server.clip
        self._lock = threading.Lock()
        self._over = threading.Event()
        self._datagrams: socket.socket | None = None
        self._transport = ""

    def leave(self) -> None:
        """Close the connection, as a camera that restarts does."""
        self._over.set()
        with contextlib.suppress(OSError):  # it has left by itself
            self._connection.shutdown(socket.SHUT_RDWR)

    def run(self) -> None:
        """Answer until the client leaves."""
        held = b""
        try:
            while got := self._connection.recv(_READ_BYTES):
                held += got
                while request := _next_request(held):
                    text, held = request
                    if text:
                        self._answer(text)
        except OSError:
            pass
        finally:
            self._over.set()
            self._connection.close()

    def _answer(self, text: str) -> None:
        method, address = text.split(" ", 2)[:2]
        number = re.search(r"CSeq:\s*(\d+)", text, re.IGNORECASE)
        lines = [f"CSeq: {number[1] if number else 0}", "Session: 1;timeout=60"]
        body = ""
        if method == "OPTIONS":
            lines.append("Public: OPTIONS, DESCRIBE, SETUP, PLAY, TEARDOWN, GET_PARAMETER")
        elif method == "DESCRIBE":
            body = self._clip.description()
            lines += ["Content-Type: application/sdp", f"Content-Base: {address}/", f"Content-Length: {len(body)}"]
        elif method == "SETUP":
            lines.append(self._setup(text))
        with self._lock:
            self._connection.sendall(("\r\n".join(["RTSP/1.0 200 OK", *lines]) + "\r\n\r\n" + body).encode())
        if method == "PLAY":
            threading.Thread(target=self._play, daemon=True).start()

    def _setup(self, text: str) -> str:
        ports = re.search(r"client_port=(\d+)-(\d+)", text)
        if ports is None:
            return "Transport: RTP/AVP/TCP;unicast;interleaved=0-1"
        self._datagrams = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        self._datagrams.bind(("127.0.0.1", 0))
        self._datagrams.connect(("127.0.0.1", int(ports[1])))
        own = self._datagrams.getsockname()[1]
        return f"Transport: RTP/AVP;unicast;client_port={ports[1]}-{ports[2]};server_port={own}-{own + 1}"

    def _play(self) -> None:
        server, draw = self._server, random.Random(0)  # noqa: S311 - damage, not secrets
        number, sequence = int((time.monotonic() - server.began) * server.fps), 0
        while not self._over.wait(max(0.0, server.began + number / server.fps - time.monotonic())):
            if not server.stalled.is_set():
                server.pushed(number % len(self._clip.units))
                for payload, last in self._clip.payloads(number):
                    whole = packet(payload, sequence=sequence, clock=int(number * 90000 / server.fps), marker=last)
                    sequence += 1
                    if not self._send(garbled(draw, whole) if server.garbage.is_set() else whole):
                        return
            number += 1

    def _send(self, data: bytes) -> bool:
        try:
            if self._datagrams is not None:
                self._datagrams.send(data)
            else:
                with self._lock:
                    self._connection.sendall(b"$\0" + len(data).to_bytes(2, "big") + data)
        except ConnectionRefusedError:  # the answer to an earlier datagram: nobody listens any more
            return not self._over.is_set()
        except OSError:
            return False
        return True


def _next_request(held: bytes) -> tuple[str, bytes] | None:
    """The first whole request, or "" for a packet of the client's reports; with what follows."""
    if held.startswith(b"$"):
        size = 4 + int.from_bytes(held[2:4], "big")
        return ("", held[size:]) if len(held) >= max(4, size) else None
    head, end, rest = held.partition(b"\r\n\r\n")
    return (head.decode("utf-8", "replace"), rest) if end else None


def main() -> None:
    """Serve until asked to quit."""
    parser = argparse.ArgumentParser()
    parser.add_argument("clip", type=Path)
    parser.add_argument("--port", type=int, default=0)
    parser.add_argument("--fps", type=float, default=25)
    parser.add_argument("--log", type=Path)
    options = parser.parse_args()
    server = Server(options.clip, port=options.port, fps=options.fps, log=options.log)
    threading.Thread(target=server.serve, daemon=True).start()
    print("READY", server.port, len(server.clip.units), flush=True)
    for line in sys.stdin:
        if line.strip() == "quit":
            return
        server.command(line)
        print("OK", line.strip(), flush=True)


if __name__ == "__main__":
    main()
