"""The child that decodes pictures: ``python -m recognizer.capture.guarded.child``, started by ``parent`` alone.

It imports what decoding needs and nothing else, limits its own memory, and its processor time for each picture, answers
one request after the other, and ends when its parent has ended or does not want a picture for a while.
"""

from __future__ import annotations

import functools
import io
import os
import select
import signal
import sys
import threading
import time
import warnings
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING

from PIL import Image

from recognizer.capture.guarded.budget import CPU_S, IMAGE_BYTES, MEMORY_BYTES
from recognizer.capture.guarded.messages import (
    EXIT_MEMORY,
    INDEX,
    MAX_TEXT_BYTES,
    READY,
    REPLY,
    REQUEST,
    Kind,
    Status,
)
from recognizer.capture.guarded.pixels import Decoded, decode
from recognizer.errors import ImageError, PictureSizeError

if TYPE_CHECKING:
    from recognizer.capture.guarded.animations import OpenAnimation

try:
    import resource
except ImportError:  # Windows, where the estimate from the header and the parent's clock are the limits
    resource = None  # type: ignore[assignment]

IDLE_S = 60.0
"""After which the child gives its 20 MB back; the next picture starts another one."""
_CHECK_S = 0.01


def main() -> int:
    """Answer requests on standard input, on standard output, until there are no more."""
    inbox, outbox = os.dup(0), os.dup(1)
    with suppress(OSError, ValueError):
        signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl-C is for the parent, which then closes the pipe
    warnings.simplefilter("ignore")
    Image.MAX_IMAGE_PIXELS = None  # bytes count, not pixels
    limit_memory()
    nowhere = os.open(os.devnull, os.O_RDWR)
    for stream in (0, 1):
        os.dup2(nowhere, stream)
    _send(outbox, READY)
    os.dup2(nowhere, 2)  # libtiff and others write about what they read
    with suppress(BrokenPipeError):
        while _is_asked(inbox) and len(header := _receive(inbox, REQUEST.size)) == REQUEST.size:
            kind, max_pixels, length = REQUEST.unpack(header)
            with io.BytesIO() as payload:
                if _receive_into(payload, inbox, length) < length:
                    break
                _limit_time(CPU_S)
                _answer(outbox, payload, Kind(kind), max_pixels or None)
                _limit_time(0)
    return 0


def limit_memory() -> None:
    """Limit what this process takes from now on to ``MEMORY_BYTES`` more than it has.

    Linux counts all private memory that may be written against ``RLIMIT_DATA``, before it is used, and an allocation
    beyond it fails. Elsewhere a thread watches the peak of the resident memory and ends the process.
    """
    if resource is None:
        return
    with suppress(OSError, ValueError):
        resource.setrlimit(resource.RLIMIT_CORE, (0, resource.getrlimit(resource.RLIMIT_CORE)[1]))
    has_now = _private_bytes()
    if has_now is None:
        threading.Thread(target=_watch_memory, args=(_peak_bytes() + MEMORY_BYTES,), daemon=True).start()
        return
    limit, (soft, hard) = has_now + MEMORY_BYTES, resource.getrlimit(resource.RLIMIT_DATA)
    if soft == resource.RLIM_INFINITY or soft > limit:
        resource.setrlimit(resource.RLIMIT_DATA, (limit, hard))


def _private_bytes() -> int | None:
    """What counts against ``RLIMIT_DATA``; ``None`` where it is no limit on all memory."""
    return _status_bytes("VmData:")


def _status_bytes(name: str) -> int | None:
    try:
        with open("/proc/self/status", encoding="ascii", errors="replace") as status:
            return next(int(line.split()[1]) * 1024 for line in status if line.startswith(name))
    except (OSError, StopIteration):
        return None


def _peak_bytes() -> int:
    """The largest resident memory that this process had; on Linux, ``getrusage`` also knows its parent's."""
    if (peak := _status_bytes("VmHWM:")) is not None:
        return peak
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * (1 if sys.platform == "darwin" else 1024)


def _watch_memory(most: int) -> None:
    """End this process once its peak of resident memory is above ``most`` bytes."""
    while _peak_bytes() <= most:
        time.sleep(_CHECK_S)
    os._exit(EXIT_MEMORY)


def _limit_time(cpu_s: float) -> None:
    """Let SIGPROF end this process after so much more processor time of all its threads; 0 for no limit."""
    if hasattr(signal, "setitimer"):
        signal.setitimer(signal.ITIMER_PROF, cpu_s)


def _answer(outbox: int, payload: io.BytesIO, kind: Kind, max_pixels: int | None) -> None:
    try:
        if kind == Kind.COUNT:
            _reply(outbox, Status.COUNT, str(_animation().count(_path(payload.getvalue()))))
            return
        found = _decoded(payload, kind, max_pixels)
    except ImageError as error:
        cause = error.__cause__
        status = Status.MEMORY if isinstance(cause, MemoryError) else Status.REFUSED
        if isinstance(error, PictureSizeError):
            status = Status.TOO_LARGE
        _reply(outbox, status, str(error), number=(isinstance(cause, OSError) and cause.errno) or 0)
        return
    except MemoryError:
        _reply(outbox, Status.MEMORY, "")
        return
    except OSError as error:
        _reply(outbox, Status.REFUSED, f": wanted a picture, it cannot be opened ({error}).", number=error.errno or 0)
        return
    if 3 * found.width * found.height > IMAGE_BYTES:
        raise RuntimeError("a picture is larger than it may be")
    _reply(outbox, Status.PICTURE, found.note, size=(found.width, found.height, found.factor))
    try:
        for rows in found.rows:
            _send(outbox, rows)
    except MemoryError:
        os._exit(EXIT_MEMORY)


def _decoded(payload: io.BytesIO, kind: Kind, max_pixels: int | None) -> Decoded:
    if kind == Kind.CONTENT:
        size = payload.seek(0, io.SEEK_END)
        payload.seek(0)
        found = decode(payload, "", max_pixels=max_pixels, size=size, held=size)
        payload.close()  # its memory counts no more
        return found
    if kind == Kind.ANIMATED:
        (index,), path = INDEX.unpack(payload.getvalue()[: INDEX.size]), payload.getvalue()[INDEX.size :]
        return _animation().picture(_path(path), index, max_pixels=max_pixels)
    with open(_path(payload.getvalue()), "rb") as file:
        return decode(file, "", max_pixels=max_pixels, size=os.fstat(file.fileno()).st_size)


@functools.cache
def _animation() -> OpenAnimation:
    from recognizer.capture.guarded.animations import OpenAnimation  # most children never need it

    return OpenAnimation()


def _path(data: bytes) -> Path:
    return Path(os.fsdecode(data))


def _reply(outbox: int, status: Status, text: str, *, size: tuple[int, int, int] = (0, 0, 1), number: int = 0) -> None:
    data = text.encode("utf-8", "replace")[:MAX_TEXT_BYTES]
    width, height, factor = size
    _send(outbox, REPLY.pack(status, width, height, factor, number, len(data)) + data)


def _is_asked(inbox: int) -> bool:
    """Wait for a request, not for ever; the end of the parent counts as one."""
    return os.name == "nt" or bool(select.select([inbox], [], [], IDLE_S)[0])


def _receive(inbox: int, length: int) -> bytes:
    """Read so many bytes; fewer where the parent has closed its end."""
    with io.BytesIO() as data:
        _receive_into(data, inbox, length)
        return data.getvalue()


def _receive_into(data: io.BytesIO, inbox: int, length: int) -> int:
    """Append so many bytes, fewer where the parent has closed its end; returns how many came."""
    missing = length
    while missing and (part := os.read(inbox, min(missing, 1 << 20))):
        missing -= data.write(part)
    return length - missing


def _send(outbox: int, data: bytes) -> None:
    rest = memoryview(data)
    while rest:
        rest = rest[os.write(outbox, rest) :]


if __name__ == "__main__":
    sys.exit(main())
