"""Batches drawn ahead by another process, which imports this module but not Lightning."""

from __future__ import annotations

import multiprocessing
from collections import deque
from collections.abc import Iterator
from concurrent.futures import Future, ProcessPoolExecutor

import cv2
import torch
from torch.utils.data import IterableDataset

from recognizer.children import protect_this_process
from recognizer.train.detection.task import Arrays, SampleGenerator
from recognizer.train.loop.data import Batch, Position
from recognizer.types import I64

AHEAD = 8
"""Batches drawn ahead."""


class Drawn(IterableDataset[Batch]):
    """The batches of a round, drawn by a ``drawing_process``."""

    def __init__(self, pool: ProcessPoolExecutor, position: Position) -> None:
        self._pool, self._position = pool, position

    def __len__(self) -> int:
        return self._position.steps

    def __iter__(self) -> Iterator[Batch]:
        ahead: deque[Future[Arrays]] = deque()
        for samples in self._position.samples():
            ahead.append(self._pool.submit(_draw, samples))
            if len(ahead) > AHEAD:
                yield _tensors(ahead.popleft())
        while ahead:
            yield _tensors(ahead.popleft())


def drawing_process(generator: SampleGenerator) -> ProcessPoolExecutor:
    """One process beside the one that learns; spawned, as OpenCV's threads hang in a forked one."""
    protect_this_process()
    spawn = multiprocessing.get_context("spawn")
    return ProcessPoolExecutor(1, mp_context=spawn, initializer=_begin, initargs=(generator,))


_generators: list[SampleGenerator] = []
"""In the drawing process: what draws."""


def _begin(generator: SampleGenerator) -> None:
    cv2.setNumThreads(1)
    torch.set_num_threads(1)
    _generators.append(generator)


def _draw(samples: I64) -> Arrays:
    return _generators[0].batch(samples)


def _tensors(drawn: Future[Arrays]) -> Batch:
    return tuple(torch.from_numpy(part) for part in drawn.result())
