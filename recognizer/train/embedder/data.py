"""The stream of faces that an embedder learns from, a pure function of the seed and the sample numbers."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Protocol

import cv2
import numpy as np
import torch
from torch import Tensor
from torch.utils.data import IterableDataset

from recognizer.embed.embedder import normalised
from recognizer.train.crops import FaceRows
from recognizer.train.embedder import augment
from recognizer.train.embedder.settings import FaceSchedule
from recognizer.train.embedder.teacher import TeacherTable
from recognizer.train.loop.data import Batch, Position
from recognizer.types import I64, U8


class FaceSource(Protocol):
    """Faces by sample number; it may be sent to another process."""

    def batch(self, samples: I64) -> tuple[list[U8], Tensor]:
        """The faces of these samples, each (112, 112, 3) RGB, and for each what the task knows of it (B, ...)."""
        ...


class Stream(IterableDataset[Batch]):
    """Batches of (the network's input (B, 3, S, S) float32, what the task knows of each face (B, ...))."""

    def __init__(self, source: FaceSource, schedule: FaceSchedule, position: Position) -> None:
        self._source = source
        self._size_px = schedule.size_px(position.start)
        self._position = position

    def __len__(self) -> int:
        return self._position.steps

    def __iter__(self) -> Iterator[Batch]:
        for samples in self._position.samples():
            pictures, known = self._source.batch(samples)
            faces = normalised(np.stack([shrunk(picture, self._size_px) for picture in pictures]))
            yield torch.from_numpy(faces), known


class TaughtFaces:
    """Random views of faces, and the teacher's vectors of them, (B, 512) float32 of unit length.

    Args:
        faces: a pass shows each of them once.
        table: the teacher's vectors of them.
        views: of each face.
        seed: of the views and of the order.
        again: rows of ``faces`` that a pass shows once more for each time they are named here, in other views.
    """

    def __init__(
        self, *, faces: FaceRows, table: TeacherTable, views: int, seed: int, again: I64 | None = None
    ) -> None:
        self._faces = faces
        self._table = table
        self._views = views
        self._seed = seed
        self._rows = np.concatenate([np.arange(len(faces)), [] if again is None else again]).astype(np.int64)
        order = np.argsort(self._rows, kind="stable")
        first = np.searchsorted(self._rows[order], self._rows[order])
        self._time = np.empty_like(self._rows)
        self._time[order] = np.arange(len(order)) - first

    def batch(self, samples: I64) -> tuple[list[U8], Tensor]:
        """See ``FaceSource``."""
        shown: list[U8] = []
        wanted = []
        for number, places in rows_and_view(samples, crops=len(self._rows), views=self._views, seed=self._seed):
            views = (number + self._time[places]) % self._views
            for view in np.unique(views).tolist():
                rows = self._rows[places[views == view]]
                pictures = [augment.view(self._faces[r], seed=self._seed, row=r, number=view) for r in rows.tolist()]
                wanted.append(self._table.vectors(rows, view, np.stack(pictures)))
                shown += pictures
        return shown, torch.from_numpy(np.concatenate(wanted))


def rows_and_view(samples: I64, *, crops: int, views: int, seed: int) -> list[tuple[int, I64]]:
    """Turn sample numbers into (view number, crop rows): each pass shows all crops once, shuffled, in one view."""
    passes = samples // crops
    out = []
    for number in np.unique(passes):
        order = np.random.default_rng((seed, int(number))).permutation(crops)
        out.append((int(number) % views, order[samples[passes == number] % crops].astype(np.int64)))
    return out


def shrunk(crop: U8, size_px: int) -> U8:
    """The crop at another size, averaged over areas; the same array if it has that size already."""
    if size_px == crop.shape[0]:
        return crop
    return np.asarray(cv2.resize(crop, (size_px, size_px), interpolation=cv2.INTER_AREA), np.uint8)
