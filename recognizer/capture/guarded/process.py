"""The child as its parent sees it: start it, send a request, read the answer within a time, end it."""

from __future__ import annotations

import errno
import os
import subprocess
import threading
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from typing import IO

import numpy as np

from recognizer.capture.guarded.budget import IMAGE_BYTES, WALL_S
from recognizer.capture.guarded.messages import MAX_TEXT_BYTES, READY, REPLY, REQUEST, Kind, Status
from recognizer.children import clean_environment, python_command
from recognizer.types import U8

MODULE = "recognizer.capture.guarded.child"
START_S = 60.0
END_S = 1.0
_PIPE_BYTES = 1 << 20
_SET_PIPE_SIZE = 1031  # F_SETPIPE_SZ of fcntl(2), on Linux
_FOR_LIBRARIES = {
    "MALLOC_ARENA_MAX": "1",
    "MALLOC_MMAP_THRESHOLD_": str(1 << 20),  # what is larger goes back to the system at once
    "OPENBLAS_NUM_THREADS": "1",  # each thread takes memory of its own
    "OMP_NUM_THREADS": "1",
}


class EndedError(Exception):
    """The child ended instead of answering, answered something else, or took too long.

    Args:
        status: its exit status; minus the number of a signal that ended it.
        late: whether it was killed for taking too long.
    """

    def __init__(self, status: int, *, late: bool) -> None:
        super().__init__(status)
        self.status, self.late = status, late


@dataclass(frozen=True, slots=True)
class Answer:
    """What the child says of a picture."""

    status: Status
    text: str
    number: int
    """The system's error number, or 0."""
    factor: int
    """By how much the picture's sides were divided."""
    image: U8 | None
    """(H, W, 3) BGR, for ``Status.PICTURE``."""


class DecodingProcess:
    """A running child.

    Args:
        command: how it is started; the real one without it.
        wall_s: how long one picture may take.

    Raises:
        OSError: if it cannot be started.
    """

    def __init__(self, command: list[str] | None = None, *, wall_s: float = WALL_S) -> None:
        environment = clean_environment() | _FOR_LIBRARIES
        self._process = subprocess.Popen(  # noqa: S603 - ourselves
            python_command("-m", MODULE) if command is None else command,
            bufsize=0,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            env=environment,
            start_new_session=True,  # a terminal's Ctrl-C is not for it
        )
        self.asked = 0
        """Pictures that were requested of it."""
        self._wall_s = wall_s
        self._late = False
        try:
            self._begin()
        except BaseException:
            self.end()
            raise

    @property
    def pid(self) -> int:
        """Its process number."""
        return self._process.pid

    def _begin(self) -> None:
        try:
            with self._within(START_S):
                said = self._read(len(READY))
        except EndedError as error:
            why = "it takes too long" if error.late else f"it ended with status {error.status}"
            stderr = b"" if error.late else os.read(_of(self._process.stderr).fileno(), 1 << 16)
            lines = stderr.decode("utf-8", "replace").strip().splitlines()
            raise OSError(errno.EAGAIN, lines[-1] if lines else why) from None
        if said != READY:
            raise OSError(errno.EPROTO, "it is another program")
        with suppress(ImportError, OSError):
            import fcntl

            fcntl.fcntl(_of(self._process.stdout), _SET_PIPE_SIZE, _PIPE_BYTES)

    def ask(self, payload: bytes, *, kind: Kind, max_pixels: int | None) -> Answer:
        """Let the child decode one picture.

        Args:
            payload: what follows a request of that kind.
            kind: what is wanted.
            max_pixels: largest width times height.

        Raises:
            EndedError: as it says; the child is of no use then.
            OSError: if this process cannot watch the clock.
        """
        self.asked += 1
        with self._within(self._wall_s):
            self._write(REQUEST.pack(kind, max_pixels or 0, len(payload)))
            self._write(payload)
            status, width, height, factor, number, length = REPLY.unpack(self._read(REPLY.size))
            if status not in set(Status) or length > MAX_TEXT_BYTES:
                raise self._ended()
            written = self._read(length).decode("utf-8", "replace")
            text = "".join(c if c.isprintable() else "\N{REPLACEMENT CHARACTER}" for c in written)
            if status != Status.PICTURE:
                return Answer(Status(status), text, number, 1, None)
            if min(width, height, factor) < 1 or 3 * width * height > IMAGE_BYTES:
                raise self._ended()
            image = np.empty((height, width, 3), np.uint8)
            self._fill(image.data.cast("B"))
            return Answer(Status.PICTURE, text, 0, factor, image)

    def end(self, *, kill: bool = True) -> int:
        """End the child and return its exit status.

        Args:
            kill: at once; else only where it does not end by itself when its input does.
        """
        with suppress(OSError):
            _of(self._process.stdin).close()
        if not kill:
            with suppress(subprocess.TimeoutExpired):
                self._process.wait(END_S)
        self._process.kill()
        status = self._process.wait()
        self.release()
        return status

    def release(self) -> None:
        """Close the pipes."""
        for pipe in (self._process.stdin, self._process.stdout, self._process.stderr):
            with suppress(OSError):
                _of(pipe).close()

    @contextmanager
    def _within(self, seconds: float) -> Iterator[None]:
        """Kill the child if what is done here takes longer."""

        def expire() -> None:
            self._late = True
            self._process.kill()

        clock = threading.Timer(seconds, expire)
        clock.daemon = True
        try:
            clock.start()
        except RuntimeError as error:  # no memory for its stack
            raise OSError(errno.ENOMEM, str(error)) from error
        try:
            yield
        finally:
            clock.cancel()

    def _ended(self) -> EndedError:
        """Wait for the end that was met in a pipe; kill the child if it only closed its pipes."""
        with suppress(subprocess.TimeoutExpired):
            self._process.wait(END_S)
        self._process.kill()
        return EndedError(self._process.wait(), late=self._late)

    def _write(self, data: bytes) -> None:
        rest = memoryview(data)
        try:
            while rest:
                rest = rest[os.write(_of(self._process.stdin).fileno(), rest) :]
        except OSError:
            raise self._ended() from None

    def _read(self, length: int) -> bytes:
        data = bytearray(length)
        self._fill(memoryview(data))
        return bytes(data)

    def _fill(self, rest: memoryview) -> None:
        pipe = _of(self._process.stdout)
        while rest:
            count = pipe.readinto(rest)  # type: ignore[attr-defined]
            if not count:
                raise self._ended()
            rest = rest[count:]


def _of(pipe: IO[bytes] | None) -> IO[bytes]:
    if pipe is None:
        raise RuntimeError("a process was started without its pipes")
    return pipe
