"""Measure many photos in several processes, one for each processor, in order and with flat memory.

Threads do not do: two measure 1.1 times as many photos a second as one, for most of the work between the nets holds
Python's lock.
"""

from __future__ import annotations

import multiprocessing
from collections import deque
from collections.abc import Iterator, Sequence
from concurrent.futures import Future, ProcessPoolExecutor
from concurrent.futures.process import BrokenProcessPool
from dataclasses import replace
from pathlib import Path

from loguru import logger

from recognizer.app import config, enrolment
from recognizer.children import begin_pool_worker, protect_this_process
from recognizer.gallery.enrol import Enroller
from recognizer.gallery.folder import Content
from recognizer.gallery.records import Measurement
from recognizer.memory import processes_that_fit
from recognizer.models.resolve import ResolvedModel

_AHEAD = 4
"""Photos a process that wait or whose measurements wait for an earlier one."""
_MOST = 8
"""Processes; each takes some 400 MB."""
Photo = tuple[Path, Content]
Measured = tuple[Measurement, bool]

_enroller: Enroller | None = None
"""Of a measuring process."""


def with_processes(enroller: Enroller, settings: config.Settings, resolved: ResolvedModel) -> Enroller:
    """Let an enroller measure many photos in several processes, where there are several processors."""
    count = processes_that_fit(_MOST)
    if count < 2:
        return enroller

    def measure_each(photos: Sequence[Photo]) -> Iterator[Measured]:
        return _measure_each(photos, enroller, settings, resolved, count=count)

    return replace(enroller, measure_each=measure_each)


def _measure_each(
    photos: Sequence[Photo], enroller: Enroller, settings: config.Settings, resolved: ResolvedModel, *, count: int
) -> Iterator[Measured]:
    """Yield the measurement of each photo; a process that dies leaves the rest to this one."""
    done = 0
    protect_this_process()
    pool = ProcessPoolExecutor(
        count, multiprocessing.get_context("spawn"), initializer=_begin, initargs=(settings, resolved)
    )
    try:
        waiting: deque[Future[Measured]] = deque()
        left = iter(photos)
        while True:
            while len(waiting) < _AHEAD * count and (photo := next(left, None)) is not None:
                waiting.append(pool.submit(_measured, photo))
            if not waiting:
                return
            measured = waiting.popleft().result()
            done += 1
            yield measured
    except BrokenProcessPool:
        logger.warning("A process that measured photos ended unexpectedly; going on with one.")
    finally:
        pool.shutdown(wait=False, cancel_futures=True)
    for photo in photos[done:]:
        yield enroller.measured(*photo)


def _begin(settings: config.Settings, resolved: ResolvedModel) -> None:
    """Load the models in a measuring process."""
    global _enroller
    begin_pool_worker()
    _enroller = enrolment.make_enroller(settings, resolved, many=True)


def _measured(photo: Photo) -> Measured:
    assert _enroller is not None  # noqa: S101 - made by _begin
    return _enroller.measured(*photo)
