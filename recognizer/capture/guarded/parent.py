"""Ask one child for pictures, start it when it is needed, and replace it where a picture was too much for it."""

from __future__ import annotations

import atexit
import errno
import os
import signal
import threading
from collections.abc import Callable
from pathlib import Path
from typing import NamedTuple

from loguru import logger

from recognizer.addresses import address_limit
from recognizer.capture.guarded.budget import CPU_S, MEMORY_BYTES, amount
from recognizer.capture.guarded.messages import EXIT_MEMORY, INDEX, Kind, Status
from recognizer.capture.guarded.process import Answer, DecodingProcess, EndedError
from recognizer.errors import ImageError, PictureSizeError
from recognizer.types import U8

_CRASHES = ("SIGSEGV", "SIGBUS", "SIGABRT", "SIGILL", "SIGFPE", "SIGSYS")
_CLOSE_S = 0.5


class Picture(NamedTuple):
    """A picture, upright."""

    image: U8
    """(H, W, 3) BGR."""
    factor: int = 1
    """By how much its sides were divided, because it is too large otherwise; 1 for nearly all."""


class GuardedDecoder:
    """Decodes pictures in a child, one at a time, from any thread.

    Args:
        start: starts the child.
    """

    def __init__(self, start: Callable[[], DecodingProcess] = DecodingProcess) -> None:
        self._start = start
        self._lock = threading.Lock()
        self._child: DecodingProcess | None = None

    def decode(self, payload: bytes, *, has_content: bool, name: str, max_pixels: int | None = None) -> Picture:
        """Decode one picture.

        Args:
            payload: the picture file, or its path as the system writes it.
            has_content: whether it is the file itself.
            name: what messages call it.
            max_pixels: largest width times height.

        Raises:
            ImageError: if the picture is refused. Where its content is not at fault, the cause is a ``MemoryError`` or
                an ``OSError`` with its number.
        """
        answer = self._request(payload, Kind.CONTENT if has_content else Kind.PATH, name, max_pixels)
        if answer.text:
            logger.warning("{}: {}", name, answer.text)
        return Picture(_image(answer), answer.factor)

    def count(self, path: Path, *, name: str) -> int:
        """How many pictures an animation holds.

        Raises:
            ImageError: no animation, damaged, or too costly to open.
        """
        return _number(self._request(os.fsencode(path.absolute()), Kind.COUNT, name, None))

    def animated(self, path: Path, index: int, *, name: str, max_pixels: int) -> tuple[U8, int]:
        """Decode one picture of an animation; say for how many ms it is shown, 0 where the file does not say.

        The child keeps the animation that was requested last open: a decoder for each, read in order, is cheapest.

        Raises:
            ImageError: as ``decode``.
        """
        answer = self._request(INDEX.pack(index) + os.fsencode(path.absolute()), Kind.ANIMATED, name, max_pixels)
        return _image(answer), _number(answer)

    def _request(self, payload: bytes, kind: Kind, name: str, max_pixels: int | None) -> Answer:
        """Ask for a picture or a number, and raise ``ImageError`` for anything else."""
        if len(payload) > MEMORY_BYTES:
            raise ImageError(f"{name}: has {amount(len(payload))}, at most {amount(MEMORY_BYTES)} are allowed.")
        with self._lock:
            try:
                answer = self._answer(payload, kind, name, max_pixels)
            except (OSError, MemoryError) as error:  # under a limit on addresses either
                self._drop()
                reason = getattr(error, "strerror", None) or "out of memory"
                raise ImageError(
                    f"{name}: cannot be decoded, the process for it does not start ({reason}); {_remedy()}."
                ) from error
            except BaseException:
                self._drop()  # it is ended already, or in the middle of an answer
                raise
        if answer.status == (Status.COUNT if kind == Kind.COUNT else Status.PICTURE):
            return answer
        if answer.status == Status.MEMORY:
            raise _needs_memory(name) from MemoryError(answer.text)
        cause = OSError(answer.number, os.strerror(answer.number)) if answer.number else None
        refused = PictureSizeError if answer.status == Status.TOO_LARGE else ImageError
        raise refused(f"{name}{answer.text}") from cause

    @property
    def pid(self) -> int | None:
        """The child's process number, while there is one."""
        return None if self._child is None else self._child.pid

    def close(self) -> None:
        """End the child."""
        mine = self._lock.acquire(timeout=_CLOSE_S)
        self._drop(kill=not mine)
        if mine:
            self._lock.release()

    def forget(self) -> None:
        """Leave the child to the process that this one was forked from."""
        if self._child is not None:
            self._child.release()

    def _answer(self, payload: bytes, kind: Kind, name: str, max_pixels: int | None) -> Answer:
        """Ask the child, and a fresh one where it fails after other pictures, which must not count."""
        while True:
            child = self._child = self._child or self._start()
            was_fresh = child.asked == 0
            try:
                answer = child.ask(payload, kind=kind, max_pixels=max_pixels)
            except EndedError as error:
                if was_fresh or error.late or _is_out_of_time(error):
                    raise _refusal(name, error) from _cause(error)
            else:
                if answer.status != Status.MEMORY or was_fresh:
                    return answer
            self._drop()

    def _drop(self, *, kill: bool = True) -> None:
        child, self._child = self._child, None
        if child is not None:
            child.end(kill=kill)


def _image(answer: Answer) -> U8:
    if answer.image is None:
        raise RuntimeError("an answer holds no picture")
    return answer.image


def _number(answer: Answer) -> int:
    return int(answer.text) if answer.text.isdecimal() and len(answer.text) < 10 else 0


def _refusal(name: str, error: EndedError) -> ImageError:
    if error.late:
        return ImageError(f"{name}: takes too long to read; check the disk, or pass it again.")
    if _is_out_of_time(error):
        return ImageError(f"{name}: needs more than {CPU_S} s to decode, which is the limit; save it again, smaller.")
    if error.status == EXIT_MEMORY:
        return _needs_memory(name)
    if _is_crash(error):
        number = signal.Signals(-error.status).name if error.status < 0 else f"status {error.status}"
        return ImageError(f"{name}: the picture is damaged: its decoder crashed ({number}); copy or export it again.")
    return ImageError(f"{name}: its decoder was ended from outside; pass the picture again.")


def _cause(error: EndedError) -> Exception | None:
    """What makes a refusal one that may pass: all but what the picture's content does."""
    if error.late:
        return OSError(errno.ETIMEDOUT, os.strerror(errno.ETIMEDOUT))
    if error.status == EXIT_MEMORY:
        return MemoryError()
    if _is_out_of_time(error) or _is_crash(error):
        return None
    return OSError(errno.EINTR, os.strerror(errno.EINTR))


def _needs_memory(name: str) -> ImageError:
    return PictureSizeError(
        f"{name}: needs more than {amount(MEMORY_BYTES)} to decode, which is the limit; save it smaller."
    )


def _is_out_of_time(error: EndedError) -> bool:
    return hasattr(signal, "SIGPROF") and error.status == -signal.SIGPROF


def _is_crash(error: EndedError) -> bool:
    """Whether the decoder failed by itself, not killed from outside."""
    return error.status >= 0 or -error.status in {getattr(signal, name, None) for name in _CRASHES}


def _remedy() -> str:
    """What to do where the child does not start."""
    limit = address_limit()
    if limit is None:
        return "free some memory"
    return f"the limit on memory, {amount(limit)} of addresses (ulimit -v), is too low; raise it or remove it"


_decoder = GuardedDecoder()


def decoder() -> GuardedDecoder:
    """Return this process's decoder."""
    return _decoder


def _after_fork() -> None:
    """A forked process shares neither the child nor its pipes with the process it comes from."""
    global _decoder
    _inherited.append(_decoder)  # kept: its process object would complain of a child that still runs
    _decoder.forget()
    _decoder = GuardedDecoder()


_inherited: list[GuardedDecoder] = []
atexit.register(lambda: decoder().close())
if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_child=_after_fork)
