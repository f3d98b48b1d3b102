"""Batches of scenes and of what the network should say to them, drawn ahead by another process."""

from __future__ import annotations

import multiprocessing
from collections import deque
from collections.abc import Iterator
from concurrent.futures import Future, ProcessPoolExecutor

import cv2
import numpy as np
import torch
from torch import Tensor
from torch.utils.data import IterableDataset

from recognizer.train.proposals.loss import targets
from recognizer.train.proposals.scenes import SIDE_PX, Scenes
from recognizer.types import F32, U8

Batch = tuple[Tensor, Tensor, Tensor]
"""Scenes (B, S, S, 3) uint8, what each cell should say (B, N) and its face (B, N, 4): see ``targets``."""
AHEAD = 8
"""Batches drawn ahead."""


class Drawn(IterableDataset[Batch]):
    """Batches of the samples ``start`` to ``stop``, drawn by a ``drawing_process``."""

    def __init__(self, pool: ProcessPoolExecutor, start: int, stop: int, batch: int) -> None:
        self._pool, self._firsts, self._batch = pool, range(start, stop, batch), batch

    def __len__(self) -> int:
        return len(self._firsts)

    def __iter__(self) -> Iterator[Batch]:
        ahead: deque[Future[tuple[U8, F32, F32]]] = deque()
        for first in self._firsts:
            ahead.append(self._pool.submit(_draw, first, self._batch))
            if len(ahead) > AHEAD:
                yield _tensors(ahead.popleft())
        while ahead:
            yield _tensors(ahead.popleft())


def drawing_process(scenes: Scenes) -> ProcessPoolExecutor:
    """One process beside the one that learns; spawned, as OpenCV's threads hang in a forked one."""
    spawn = multiprocessing.get_context("spawn")
    return ProcessPoolExecutor(1, mp_context=spawn, initializer=_begin, initargs=(scenes,))


_scenes: list[Scenes] = []
"""In the drawing process: what it draws."""


def _begin(scenes: Scenes) -> None:
    cv2.setNumThreads(1)
    torch.set_num_threads(1)
    _scenes.append(scenes)


def _draw(first: int, batch: int) -> tuple[U8, F32, F32]:
    drawn = [_scenes[0][sample] for sample in range(first, first + batch)]
    asked = [targets(torch.from_numpy(faces), SIDE_PX, SIDE_PX) for _, faces in drawn]
    pictures = np.stack([picture for picture, _ in drawn])
    return pictures, *(np.stack([part.numpy() for part in parts]) for parts in zip(*asked, strict=True))  # type: ignore[return-value]


def _tensors(drawn: Future[tuple[U8, F32, F32]]) -> Batch:
    pictures, wanted, boxes = (torch.from_numpy(part) for part in drawn.result())
    return pictures, wanted, boxes
