"""Standard output and standard error that cannot hang the program: a thread of their own writes to each.

    standard error    never waits: what a terminal or a pipe does not take is lost beyond 1 MB, and counted
    standard output   waits for a slow reader, so that answers are whole, until the process should stop

Nothing goes through Python's own buffers, which the interpreter would flush, and hang in, when it ends.
"""

from __future__ import annotations

import errno
import io
import os
import select
import sys
import threading
from collections import deque

from recognizer.emit.background import Background
from recognizer.errors import OutputError

_MOST_BYTES = 2**20
_LEAVE_S = 2.0
"""So long may messages wait for their reader when the program ends."""
_READER_LEFT = (errno.EPIPE, errno.EIO)
"""A pipe without a reader; a terminal that was closed."""

hurry = threading.Event()
"""Set when the process should stop; slow readers are not waited for from then on."""


class Stream(io.TextIOBase):
    """A text stream on a file descriptor.

    Args:
        descriptor: Written to by a thread of its own; stays open.
        name: As messages call it.
        encoding: What it takes; other characters are written as escapes.
        lossy: Never wait; drop what does not fit, and count it.
        most_bytes: What may wait.
    """

    def __init__(
        self, descriptor: int, *, name: str, encoding: str = "utf-8", lossy: bool, most_bytes: int = _MOST_BYTES
    ) -> None:
        super().__init__()
        self.lost = 0
        """Writes that were dropped."""
        self._descriptor = descriptor
        self._name = name
        self._encoding = encoding
        self._lossy = lossy
        self._most_bytes = most_bytes
        self._waiting: deque[bytes] = deque()
        self._bytes = 0
        self._lost_reported = 0
        self._lock = threading.Lock()
        self._failure: OSError | None = None
        self._finished = False
        self._background = Background(self._drain, name=name)

    @property
    def encoding(self) -> str:  # type: ignore[override]
        """Return the encoding that the stream takes."""
        return self._encoding

    @property
    def errors(self) -> str:  # type: ignore[override]
        """Return how other characters are written: as escapes."""
        return "backslashreplace"

    def writable(self) -> bool:
        """Return True."""
        return True

    def isatty(self) -> bool:
        """Whether the stream is a terminal."""
        try:
            return os.isatty(self._descriptor)
        except OSError:
            return False

    def fileno(self) -> int:
        """The file descriptor."""
        return self._descriptor

    def write(self, text: str) -> int:
        """Queue a text for the writing thread.

        Raises:
            BrokenPipeError: if the reader has left.
            OutputError: if it cannot be written; never raised by a lossy stream.
        """
        data = text.encode(self._encoding, "backslashreplace")
        if not self._lossy:
            self._check()
            while self._bytes > self._most_bytes and not hurry.is_set() and not self._background.wait(0.1):
                pass
            self._check()
        with self._lock:
            if self._failure is not None or self._bytes > self._most_bytes:
                self.lost += 1
                return len(text)
            if self._lost_reported < self.lost:
                gap = f"\n[{self.lost - self._lost_reported} messages lost: they were not read]\n".encode("ascii")
                self._waiting.append(gap)
                self._bytes += len(gap)
                self._lost_reported = self.lost
            self._waiting.append(data)
            self._bytes += len(data)
        self._background.request()
        return len(text)

    def flush(self) -> None:
        """Wait until it is written, unless the stream is lossy or the process should stop.

        Raises:
            BrokenPipeError: if the reader has left.
            OutputError: if it cannot be written.
        """
        if not self._lossy and not self._finished:  # the interpreter flushes once more when it ends
            self._background.wait(None, hurry)
            self._check()

    def finish(self) -> None:
        """Wait at most 2 s for the reader; the stream must not be used afterwards."""
        self._background.wait(_LEAVE_S, hurry)
        self._finished = True

    def _check(self) -> None:
        if self._failure is None or self._lossy:
            return
        if self._failure.errno in _READER_LEFT:
            raise BrokenPipeError(self._failure.errno, os.strerror(self._failure.errno or 0))
        why = "it is closed" if self._failure.errno == errno.EBADF else os.strerror(self._failure.errno or 0).lower()
        raise OutputError(f"{self._name} cannot be written ({why}); send it to another place.")

    def _drain(self) -> None:
        while self._waiting:
            data = self._waiting[0]
            try:
                write_all(self._descriptor, data)
            except OSError as error:
                with self._lock:
                    if not self._lossy or error.errno in (*_READER_LEFT, errno.EBADF):
                        self._failure = error  # of a full disk there may be room for later messages
                    self._waiting.clear()
                    self._bytes = 0
                return
            with self._lock:
                self._waiting.popleft()
                self._bytes -= len(data)


def write_all(descriptor: int, data: bytes) -> None:
    """Write everything; waits also where somebody else made the shared file non-blocking.

    Raises:
        OSError: if it cannot be written.
    """
    while data:
        try:
            data = data[os.write(descriptor, data) :]
        except BlockingIOError:
            ready = select.poll()
            ready.register(descriptor, select.POLLOUT)
            ready.poll()


def install() -> None:
    """Replace ``sys.stdout`` and ``sys.stderr`` by such streams, and open the standard files that are closed.

    Call it before libraries open files: one of those would become standard output otherwise.
    """
    for descriptor, mode in ((0, os.O_RDONLY), (1, os.O_RDONLY), (2, os.O_WRONLY)):  # written, 1 is still an error
        try:
            os.fstat(descriptor)
        except OSError:
            opened = os.open(os.devnull, mode)
            if opened != descriptor:
                os.dup2(opened, descriptor)
                os.close(opened)
    if sys.stdin is None:
        sys.stdin = open(0, encoding="utf-8", closefd=False)  # noqa: SIM115 - as long as the process lives
    out, err = (getattr(stream, "encoding", None) or "utf-8" for stream in (sys.stdout, sys.stderr))
    sys.stdout = Stream(1, name="standard output", encoding=out, lossy=False)
    sys.stderr = Stream(2, name="standard error", encoding=err, lossy=True)


def finish() -> None:
    """Before the process ends: what waits is written, if somebody reads."""
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, Stream):
            stream.finish()
