"""The stream of training samples: a pure function of the seed and of how many samples were seen.

So a killed run resumes exactly: nothing about the data needs to be saved but one number.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor
from torch.utils.data import IterableDataset

from recognizer.train import augment
from recognizer.train.crops import CROP_PX, U8
from recognizer.train.teacher import TeacherTable, normalised


class Crops:
    """Rows of several (N, 112, 112, 3) uint8 RGB ``.npy`` files, one after the other; files are opened when needed.

    Sent to another process it carries names, not gigabytes.
    """

    def __init__(self, parts: Sequence[tuple[Path, NDArray[np.int64]]]) -> None:
        self._parts = list(parts)
        self._starts = np.cumsum([0, *(len(rows) for _, rows in parts)])
        self._arrays: list[U8] = []

    def __getstate__(self) -> dict[str, Any]:
        return {**self.__dict__, "_arrays": []}

    def __len__(self) -> int:
        return int(self._starts[-1])

    def __getitem__(self, row: int) -> U8:
        if not self._arrays:
            self._arrays = [np.load(path, mmap_mode="r") for path, _ in self._parts]
        part = int(np.searchsorted(self._starts, row, side="right")) - 1
        return np.asarray(self._arrays[part][self._parts[part][1][row - self._starts[part]]])


@dataclass(frozen=True, slots=True)
class Position:
    """Which samples a process is to see."""

    start: int
    """Samples seen before, over all processes."""
    steps: int
    batch: int
    """Samples of a step, over all processes."""
    rank: int
    processes: int

    def samples(self) -> Iterator[NDArray[np.int64]]:
        """For each step the numbers of this process's samples, counted from the start of all training."""
        for step in range(self.steps):
            first = self.start + step * self.batch
            yield np.arange(first + self.rank, first + self.batch, self.processes)


def rows_and_view(
    samples: NDArray[np.int64], *, crops: int, views: int, seed: int
) -> list[tuple[int, NDArray[np.int64]]]:
    """Turn sample numbers into (view number, crop rows): each pass shows all crops once, shuffled, in one view."""
    passes = samples // crops
    out = []
    for number in np.unique(passes):
        order = np.random.default_rng((seed, int(number))).permutation(crops)
        out.append((int(number) % views, order[samples[passes == number] % crops].astype(np.int64)))
    return out


class Stream(IterableDataset[tuple[Tensor, Tensor]]):
    """Batches of (student's input (B, 3, S, S) float32, teacher's vectors (B, 512) float32)."""

    def __init__(
        self, *, crops: Crops, table: TeacherTable, views: int, seed: int, size_px: int, position: Position
    ) -> None:
        self._crops = crops
        self._table = table
        self._views = views
        self._seed = seed
        self._size_px = size_px
        self._position = position

    def __len__(self) -> int:
        return self._position.steps

    def __iter__(self) -> Iterator[tuple[Tensor, Tensor]]:
        for samples in self._position.samples():
            faces, wanted = [], []
            for number, rows in rows_and_view(samples, crops=len(self._crops), views=self._views, seed=self._seed):
                pictures = [augment.view(self._crops[int(r)], seed=self._seed, row=int(r), number=number) for r in rows]
                wanted.append(self._table.vectors(rows, number, np.stack(pictures)))
                faces += [shrunk(picture, self._size_px) for picture in pictures]
            yield torch.from_numpy(normalised(np.stack(faces))), torch.from_numpy(np.concatenate(wanted))


def shrunk(crop: U8, size_px: int) -> U8:
    """The crop at another size, averaged over areas; the same array if it has that size already."""
    if size_px == CROP_PX == crop.shape[0]:
        return crop
    return np.asarray(cv2.resize(crop, (size_px, size_px), interpolation=cv2.INTER_AREA), np.uint8)
