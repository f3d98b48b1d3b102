"""The web process's side of the recognition process: commands over its socket, and its state while it is away."""

from __future__ import annotations

import asyncio
import json
from contextlib import suppress
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from recognizer.runtime.child import ERROR_FILE, RECOGNITION, STATE_FILE
from recognizer.runtime.control import private_socket
from recognizer.runtime.supervisor import Supervisor
from recognizer.serve.errors import ServiceError
from recognizer.serve.event_feed import EventFeed
from recognizer.serve.live import LiveHub

_LINE_BYTES = 16 * 2**20
"""The longest answer without pictures: a thousand events have half a megabyte."""
_PATIENCE_S = 5.0
"""For an answer, beyond what the command may wait by itself."""
_IDLE_CONNECTIONS = 8
_ALIVE_S = 5.0
_STATUS = {"source_not_found": 404, "recognition_starting": 503, "internal": 500}
"""Of refusals that are not 409."""

Connection = tuple[asyncio.StreamReader, asyncio.StreamWriter]


class Recognition:
    """Speaks to the recognition process, and to the parent of both.

    Args:
        folder: the service's private folder.
        parent: the connection to the parent; that of this process by default.
    """

    def __init__(self, folder: Path, *, parent: Supervisor | None = None) -> None:
        self.closing = False
        """Set when the process should end: streams end then."""
        self.live = LiveHub(self)
        self.events = EventFeed(self)
        self._folder = folder
        self._socket = private_socket(folder, RECOGNITION)
        self._idle: list[Connection] = []
        self._parent = parent or Supervisor()
        self._tasks: list[asyncio.Task[None]] = []
        self._numbers = 0

    async def start(self) -> None:
        """Say that the web process is ready, go on saying that it lives, and follow the events."""
        self._parent.notify("READY=1")
        self._tasks = [asyncio.create_task(self._live_on()), asyncio.create_task(self.events.follow())]

    async def close(self) -> None:
        """End what runs in the background."""
        self.closing = True
        await self.live.close()
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)
        for _, writer in self._idle:
            writer.close()
        self._idle.clear()

    async def _live_on(self) -> None:
        while True:
            await asyncio.sleep(_ALIVE_S)
            self._parent.notify("WATCHDOG=1")

    def restart(self) -> None:
        """Let the recognition process start anew, with the settings as they are in their file."""
        self._parent.notify("RESTART=recognition")

    async def call(self, command: str, **arguments: Any) -> Any:
        """Send a command and return its result.

        Raises:
            ServiceError: 503 where the process is not there yet, 404 and 409 where it refuses.
        """
        return (await self.exchange(command, **arguments))[0]

    async def exchange(self, command: str, **arguments: Any) -> tuple[Any, bytes | None]:
        """Send a command and return its result and the bytes that follow it; raises as ``call``."""
        self._numbers += 1
        line = json.dumps({"id": self._numbers, "command": command, **arguments}).encode() + b"\n"
        try:
            async with asyncio.timeout(_PATIENCE_S + float(arguments.get("wait_s", 0.0))):
                answer, data = await self._send(line)
        except TimeoutError:
            raise ServiceError(503, "recognition_busy", "The recognition process does not answer.") from None
        except (OSError, EOFError, ValueError):
            raise self.away() from None
        if error := answer.get("error"):
            raise ServiceError(_STATUS.get(error["code"], 409), error["code"], error["message"])
        return answer.get("result"), data

    async def _send(self, line: bytes) -> tuple[dict[str, Any], bytes | None]:
        while True:
            reused = bool(self._idle)
            reader, writer = self._idle.pop() if reused else await self._connect()
            whole = False
            try:
                writer.write(line)
                await writer.drain()
                received = await reader.readline()
                if not received.endswith(b"\n"):
                    raise EOFError
                answer: dict[str, Any] = json.loads(received)
                data = await reader.readexactly(answer["bytes"]) if "bytes" in answer else None
                whole = True
                return answer, data
            except (OSError, EOFError):
                if not reused:
                    raise  # else the process was started anew since; all commands may be sent twice
            finally:
                if whole and len(self._idle) < _IDLE_CONNECTIONS:
                    self._idle.append((reader, writer))
                else:
                    writer.close()

    async def _connect(self) -> Connection:
        return await asyncio.open_unix_connection(self._socket, limit=_LINE_BYTES)

    def state(self) -> dict[str, Any]:
        """Say what becomes of the recognition process: state, since when, why, and how often it was started.

        ``running``, ``starting``, ``waiting`` (it failed and is tried again) or ``idle`` (there is no camera).
        """
        try:
            record: dict[str, Any] = json.loads((self._folder / STATE_FILE).read_text("utf-8"))
        except (OSError, ValueError):
            record = {"state": "starting", "since": datetime.now(UTC).isoformat(timespec="milliseconds")}
            record |= {"starts": 0, "exit_status": None}
        return {**record, "why": self._why(record)}

    def _why(self, record: dict[str, Any]) -> str | None:
        if record["state"] == "running":
            return None
        if record["state"] == "idle":
            return "no camera is set"
        with suppress(OSError, UnicodeDecodeError):
            return (self._folder / ERROR_FILE).read_text("utf-8")
        status = record.get("exit_status")
        if status is None:
            return "it is being started"
        return f"it ended with exit status {status}" if status >= 0 else f"it was ended by signal {-status}"

    def away(self) -> ServiceError:
        """Make the answer for requests that need the process while it is not there."""
        state = self.state()
        message = f"Recognition is not running ({state['why'] or 'it is being started'})."
        return ServiceError(503, "recognition_away", message, headers={"retry-after": "2"})
