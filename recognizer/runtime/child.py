"""One process of the service: started, listened to, restarted, ended."""

from __future__ import annotations

import os
import signal
import socket
import subprocess
import time
from collections.abc import Callable, Iterator
from contextlib import suppress
from pathlib import Path

from recognizer.children import clean_environment, python_command

WEB, RECOGNITION = "web", "recognition"
STATE_FILE = "recognition.json"
ERROR_FILE = "recognition-error.txt"
SILENT_S = 30.0
"""A ready child that says nothing for so long hangs; recognition says it is alive with every frame, or five times a
second without frames."""
STARTING_LEAVES_S = 1.7
"""A child that is not ready has opened nothing that must be closed."""
FIRST_WAIT_S = 0.1
LONGEST_WAIT_S = 30.0
"""Waits before a child that was not ready is started again; each is twice the one before."""


class Child:
    """A process that says by sd_notify(3) that it is ready and alive.

    Args:
        name: ``web`` or ``recognition``.
        folder: for its notification socket.
        arguments: of ``serve``.
        leaves_s: longest wait for its end after SIGTERM.
        clock: monotonic, s.
        command: in place of ``serve``'s own, for tests.
    """

    def __init__(
        self,
        name: str,
        folder: Path,
        arguments: list[str],
        *,
        leaves_s: float,
        clock: Callable[[], float] = time.monotonic,
        command: list[str] | None = None,
    ) -> None:
        self.name = name
        self.starts = 0
        self.status: int | None = None
        """Exit status of the last process, minus a signal's number; ``None``: none has ended."""
        self.ready = self.was_ready = self.resting = self._again = False
        self._folder = folder
        self._command = command or python_command(
            "-m", "recognizer", "serve", *arguments, "--part", name, "--private-folder", str(folder)
        )
        self._leaves_s = leaves_s
        self._clock = clock
        self._process: subprocess.Popen[bytes] | None = None
        self._due_at = self._heard_at = clock()
        self._kill_at: float | None = None
        self._wait_s = FIRST_WAIT_S
        path = folder / f"{name}.notify"
        self.socket = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM | socket.SOCK_CLOEXEC)
        self.socket.bind(str(path))
        self.socket.setblocking(False)
        self._notify = str(path)

    @property
    def alive(self) -> bool:
        """Whether its process runs."""
        return self._process is not None

    @property
    def ended(self) -> bool:
        """Whether a process has ended, and none runs."""
        return self._process is None and self.status is not None

    def start(self) -> None:
        """Start a process; its standard input closes when this one ends, whatever ends it."""
        environment = clean_environment()
        environment |= {"NOTIFY_SOCKET": self._notify, "WATCHDOG_USEC": str(round(SILENT_S * 1e6))}
        self.ready = self.resting = self._again = False
        self._heard_at, self._kill_at = self._clock(), None
        self.starts += 1
        self._process = subprocess.Popen(  # noqa: S603 - ourselves
            self._command,
            stdin=subprocess.PIPE,
            env=environment,
            # a terminal's Ctrl-C is for the parent, which ends both in order; in one session, as Linux's automatic
            # grouping of sessions would make the web process's niceness count for nothing against recognition
            process_group=0,
        )

    def start_when_due(self) -> None:
        """Start a process if none runs and the wait is over."""
        if self._process is None and not self.resting and self._clock() >= self._due_at:
            self.start()

    def messages(self) -> Iterator[str]:
        """Yield what the process said."""
        while True:
            try:
                text = self.socket.recv(4096).decode("utf-8", "replace")
            except BlockingIOError:
                break
            for line in text.splitlines():
                self._heard_at = self._clock()
                if line == "READY=1":
                    self.ready = self.was_ready = True
                    self._wait_s = FIRST_WAIT_S
                yield line
        if self.ready and self.alive and self._kill_at is None and self._clock() - self._heard_at > SILENT_S:
            self.kill()

    def collect(self) -> int | None:
        """Return the exit status of a process that has ended, once; kill one that does not end in time."""
        if self._process is None:
            return None
        status = self._process.poll()
        if status is None:
            if self._kill_at is not None and self._clock() >= self._kill_at:
                self.kill()
            return None
        if self._process.stdin is not None:
            self._process.stdin.close()
        self._process, self.status = None, status
        self._due_at = self._clock() + self._wait_s
        if not self.ready:
            self._wait_s = min(2 * self._wait_s, LONGEST_WAIT_S)
        self.ready = False
        return status

    def stop(self) -> None:
        """Ask the process to end; more calls ask nothing more."""
        if self._process is not None and self._kill_at is None:
            self._kill_at = self._clock() + (self._leaves_s if self.ready else min(self._leaves_s, STARTING_LEAVES_S))
            self._process.terminate()

    def kill(self) -> None:
        """End the process at once."""
        if self._process is not None:
            with suppress(ProcessLookupError):
                os.kill(self._process.pid, signal.SIGKILL)

    def restart(self) -> None:
        """End the process and start another one at once."""
        self._again = self.alive
        self.resting, self._wait_s, self._due_at = False, FIRST_WAIT_S, self._clock()
        self.stop()

    def rest(self) -> None:
        """Start no process until ``restart``, which may have been called before the process ended by itself."""
        self.resting = not self._again

    def due_s(self) -> float:
        """Seconds until something is due."""
        if self._process is not None:
            return float("inf") if self._kill_at is None else self._kill_at - self._clock()
        return float("inf") if self.resting else self._due_at - self._clock()
