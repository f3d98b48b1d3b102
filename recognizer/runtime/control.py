"""A Unix socket on which another process gives this one commands, as JSON lines.

    -> {"id": 1, "command": "picture", "source": "entrance", ...}
    <- {"id": 1, "result": {...}}                      {"id": 1, "error": {"code": "...", "message": "..."}}
    <- {"id": 1, "result": {...}, "bytes": 51234}, then as many bytes

The socket lies in a folder that only this user can enter. Every connection has a thread of its own, and one answer at
a time; recognition never waits for any of them.
"""

from __future__ import annotations

import json
import os
import socketserver
import threading
from collections.abc import Callable, Mapping
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from types import TracebackType
from typing import Any, Self

from loguru import logger

from recognizer.errors import RecognizerError, UsageError
from recognizer.priority import give_way

MAX_LINE_BYTES = 65536
"""The longest command: names of sources are far shorter."""
MAX_CONNECTIONS = 64
"""The web process has one for commands, one for events, and one for each picture that is watched."""


_POLL_S = 0.05
"""Longest delay until closing is noticed."""


@dataclass(frozen=True, slots=True, eq=False)
class Answer:
    """What a command answers: JSON, and bytes that follow it."""

    result: Any = None
    data: bytes | None = None


class CommandError(UsageError):
    """A command cannot be done; ``code`` says why for programs."""

    def __init__(self, code: str, message: str) -> None:
        super().__init__(message)
        self.code = code


Command = Callable[[Mapping[str, Any]], Answer]
"""Takes the request's fields; may raise ``RecognizerError``."""


class ControlServer:
    """Answers commands while open.

    Args:
        path: of the socket; a socket that was left there is replaced.
        commands: by name.
    """

    def __init__(self, path: Path, commands: Mapping[str, Command]) -> None:
        self._path = path
        self._commands = commands
        self._server: _Server | None = None

    def __enter__(self) -> Self:
        """Listen."""
        self._path.unlink(missing_ok=True)
        self._server = _Server(str(self._path), _Handler, self._commands)
        self._path.chmod(0o600)
        threading.Thread(target=self._server.serve_forever, args=(_POLL_S,), name="control", daemon=True).start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """Stop listening; connections end with the process."""
        if self._server is not None:
            self._server.shutdown()
            self._server.server_close()
        self._path.unlink(missing_ok=True)


class _Server(socketserver.ThreadingUnixStreamServer):
    daemon_threads = True
    block_on_close = False
    request_queue_size = 64

    def __init__(self, path: str, handler: type[_Handler], commands: Mapping[str, Command]) -> None:
        self.commands = commands
        self.connections = threading.BoundedSemaphore(MAX_CONNECTIONS)
        super().__init__(path, handler)

    def handle_error(self, request: Any, client_address: Any) -> None:
        """Leave it at that: the other side has gone."""
        logger.opt(exception=True).debug("control: a connection ended")


class _Handler(socketserver.StreamRequestHandler):
    server: _Server

    def handle(self) -> None:
        """Answer until the other side leaves."""
        give_way()
        if not self.server.connections.acquire(blocking=False):
            return
        try:
            while line := self.rfile.readline(MAX_LINE_BYTES + 1):
                if not line.endswith(b"\n"):
                    return  # too long, or cut off
                self.wfile.write(answer(line, self.server.commands))
        except OSError:
            pass  # the other side has gone
        finally:
            self.server.connections.release()


def answer(line: bytes, commands: Mapping[str, Command]) -> bytes:
    """Run one command and return what goes over the wire."""
    number: Any = None
    data: bytes | None = None
    try:
        request = _request(line)
        number = request.get("id")
        command = commands.get(str(request.get("command")))
        if command is None:
            raise CommandError("unknown_command", f"there are: {', '.join(commands)}")
        made = command(request)
        reply: dict[str, Any] = {"id": number, "result": made.result}
        data = made.data
        if data is not None:
            reply["bytes"] = len(data)
    except CommandError as error:
        reply = {"id": number, "error": {"code": error.code, "message": str(error)}}
    except RecognizerError as error:
        reply = {"id": number, "error": {"code": "failed", "message": str(error)}}
    except Exception as error:
        logger.opt(exception=error).error("control: a command failed")
        reply = {"id": number, "error": {"code": "internal", "message": "This is a bug; its cause is in the log."}}
    return json.dumps(reply).encode() + b"\n" + (data or b"")


def _request(line: bytes) -> dict[str, Any]:
    with suppress(ValueError, RecursionError):
        request = json.loads(line)
        if isinstance(request, dict):
            return request
    raise CommandError("invalid_command", "wanted one JSON object a line")


def private_socket(folder: Path, name: str) -> Path:
    """Return the path of a socket in a folder.

    Raises:
        UsageError: if it is longer than a socket's path may be.
    """
    path = folder / f"{name}.sock"
    if len(os.fsencode(path)) > 100:  # sockaddr_un holds 104 to 108
        raise UsageError(f"The path {path} is too long for a socket; set TMPDIR to a shorter folder.")
    return path
