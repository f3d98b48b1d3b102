"""An RTSP camera that speaks UDP only: a proxy before the rig's server that refuses to send over TCP."""

from __future__ import annotations

import contextlib
import socket
import threading
from types import TracebackType
from typing import Self


class UdpOnly:
    """Passes RTSP on, but for SETUP over TCP, which it refuses with status 461 or answers with silence.

    Args:
        port: The server's.
        silent: Accept TCP, and send nothing over it.
    """

    def __init__(self, port: int, *, silent: bool = False) -> None:
        self._server, self._silent = port, silent
        self._front = socket.create_server(("127.0.0.1", 0))
        self.port: int = self._front.getsockname()[1]
        self.setups: list[str] = []
        """``tcp`` or ``udp`` of each SETUP."""

    def __enter__(self) -> Self:
        threading.Thread(target=self._accept, daemon=True).start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._front.close()

    def _accept(self) -> None:
        with contextlib.suppress(OSError):
            while True:
                client = self._front.accept()[0]
                threading.Thread(target=self._serve, args=(client,), daemon=True).start()

    def _serve(self, client: socket.socket) -> None:
        with client, contextlib.suppress(OSError), socket.create_connection(("127.0.0.1", self._server)) as server:
            threading.Thread(target=self._answers, args=(server, client), daemon=True).start()
            while request := client.recv(65536):
                if request.startswith(b"SETUP"):
                    tcp = b"interleaved" in request
                    self.setups.append("tcp" if tcp else "udp")
                    if tcp:
                        if not self._silent:
                            number = request.partition(b"CSeq: ")[2].partition(b"\r\n")[0]
                            client.sendall(b"RTSP/1.0 461 Unsupported transport\r\nCSeq: %s\r\n\r\n" % number)
                        continue
                server.sendall(request)

    def _answers(self, server: socket.socket, client: socket.socket) -> None:
        with contextlib.suppress(OSError):
            while answer := server.recv(65536):
                client.sendall(answer)
