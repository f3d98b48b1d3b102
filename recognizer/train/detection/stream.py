"""Batches drawn ahead by another process."""

from __future__ import annotations

import multiprocessing
from collections import deque
from collections.abc import Iterator
from concurrent.futures import Future, ProcessPoolExecutor

import cv2
import torch
from torch import Tensor
from torch.utils.data import IterableDataset

from recognizer.children import protect_this_process
from recognizer.train.detection.lesson import Arrays, Drawer

AHEAD = 8
"""Batches drawn ahead."""


class Drawn(IterableDataset[tuple[Tensor, ...]]):
    """Batches of the samples ``start`` to ``stop``, drawn by a ``drawing_process``."""

    def __init__(self, pool: ProcessPoolExecutor, start: int, stop: int, batch: int) -> None:
        self._pool, self._firsts, self._batch = pool, range(start, stop, batch), batch

    def __len__(self) -> int:
        return len(self._firsts)

    def __iter__(self) -> Iterator[tuple[Tensor, ...]]:
        ahead: deque[Future[Arrays]] = deque()
        for first in self._firsts:
            ahead.append(self._pool.submit(_draw, first, self._batch))
            if len(ahead) > AHEAD:
                yield _tensors(ahead.popleft())
        while ahead:
            yield _tensors(ahead.popleft())


def drawing_process(drawer: Drawer) -> ProcessPoolExecutor:
    """One process beside the one that learns; spawned, as OpenCV's threads hang in a forked one."""
    protect_this_process()
    spawn = multiprocessing.get_context("spawn")
    return ProcessPoolExecutor(1, mp_context=spawn, initializer=_begin, initargs=(drawer,))


_drawers: list[Drawer] = []
"""In the drawing process: what draws."""


def _begin(drawer: Drawer) -> None:
    cv2.setNumThreads(1)
    torch.set_num_threads(1)
    _drawers.append(drawer)


def _draw(first: int, batch: int) -> Arrays:
    return _drawers[0].batch(first, batch)


def _tensors(drawn: Future[Arrays]) -> tuple[Tensor, ...]:
    return tuple(torch.from_numpy(part) for part in drawn.result())
