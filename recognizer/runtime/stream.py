"""Recognition as an iterator: the results of one source, for a caller that wants a loop and no sinks."""

from __future__ import annotations

import threading
from collections import deque
from collections.abc import Generator
from typing import Self

from recognizer.pipeline import Pipeline
from recognizer.protocols import FrameSource
from recognizer.runtime import runner
from recognizer.types import FrameResult


def results(source: FrameSource, pipeline: Pipeline) -> Generator[FrameResult, None, None]:
    """Recognise a source frame by frame while the caller iterates.

    ``runner.run`` works in a thread of its own, at most three results ahead of the caller, so that a caller who is
    slower than a camera misses frames and does not fall behind. Leaving the loop closes the source.

    Yields:
        One result per frame. When a source ends or is lost, a result without faces holds the events of those who were
        in view.

    Raises:
        RecognizerError: if the source cannot be opened or fails for good.
    """
    handover, stop = _Handover(), threading.Event()
    failures: list[BaseException] = []

    def work() -> None:
        try:
            runner.run([source], pipeline, [handover], stop=stop, wanted=handover.wait_until_taken)
        except BaseException as error:
            failures.append(error)
        finally:
            handover.finish()

    worker = threading.Thread(target=work, name=f"recognise {source.name}", daemon=True)
    worker.start()
    try:
        while (result := handover.take()) is not None:
            yield result
    finally:
        stop.set()
        handover.abandon()
        worker.join()
    if failures:
        raise failures[0]


class _Handover:
    """A sink whose results the caller takes one by one."""

    def __init__(self) -> None:
        self._waiting: deque[FrameResult] = deque()
        self._finished = False
        self._abandoned = False
        self._changed = threading.Condition()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        """Nothing to close."""

    def emit(self, result: FrameResult) -> None:
        """Hand over one result; waits until the last one is taken or the caller has left."""
        with self._changed:
            self._changed.wait_for(lambda: not self._waiting or self._abandoned)
            self._waiting.append(result)
            self._changed.notify_all()

    def wait_until_taken(self) -> bool:
        """Wait until the caller has taken what there is; False when the caller has left."""
        with self._changed:
            self._changed.wait_for(lambda: not self._waiting or self._abandoned)
            return not self._abandoned

    def take(self) -> FrameResult | None:
        """Wait for the next result; ``None`` when there will be no more."""
        with self._changed:
            self._changed.wait_for(lambda: self._waiting or self._finished)
            result = self._waiting.popleft() if self._waiting else None
            self._changed.notify_all()
            return result

    def finish(self) -> None:
        """Say that there will be no more results."""
        with self._changed:
            self._finished = True
            self._changed.notify_all()

    def abandon(self) -> None:
        """Say that the caller has left."""
        with self._changed:
            self._abandoned = True
            self._changed.notify_all()
