"""Which faces of which people a batch holds: a pure function of the seed and the sample numbers."""

from __future__ import annotations

import numpy as np
import torch
from loguru import logger
from torch import Tensor

from recognizer.errors import ImageError, InputError
from recognizer.train.embedder import augment
from recognizer.train.embedder.people import People
from recognizer.train.embedder.settings import Augment
from recognizer.types import I64, U8


class KnownFaces:
    """Faces and the numbers of their people (B,) int64; a face that cannot be read gives way to the next one.

    Args:
        people: who trains.
        wanted: what is done to each face.
        seed: of the whole training.
        each: so many faces of each person in a batch; ``None``: every face once a pass, shuffled.
    """

    def __init__(self, *, people: People, wanted: Augment, seed: int, each: int | None = None) -> None:
        self._people = people
        self._wanted = wanted
        self._seed = seed
        self._each = each
        order = np.argsort(people.labels, kind="stable")
        self._of_person = np.split(order, np.cumsum(np.bincount(people.labels, minlength=len(people.names)))[:-1])
        self._unreadable: set[int] = set()
        self._last_order: tuple[int, I64] | None = None

    def batch(self, samples: I64) -> tuple[list[U8], Tensor]:
        """See ``FaceSource``."""
        rows = self.rows(samples)
        faces, labels = [], []
        for row, sample in zip(rows.tolist(), samples.tolist(), strict=True):
            readable, face = self._face(row)
            faces.append(self._shown(face, readable, sample))
            labels.append(self._people.labels[readable])
        return faces, torch.from_numpy(np.array(labels, np.int64))

    def rows(self, samples: I64) -> I64:
        """The face of each sample (B,)."""
        if self._each is not None:
            return np.array([self._balanced(int(sample)) for sample in samples], np.int64)
        count = len(self._people.labels)
        rows = np.empty(len(samples), np.int64)
        for number in np.unique(samples // count):
            here = samples // count == number
            rows[here] = self._order(int(number), count)[samples[here] % count]
        return rows

    def _balanced(self, sample: int) -> int:
        """People come in turn, shuffled anew each time round; of each, several different faces in a row."""
        turn, place = divmod(sample, self._each or 1)
        people = len(self._people.names)
        mine = self._of_person[self._order(turn // people, people)[turn % people]]
        shuffled = np.random.default_rng((self._seed, turn, 1)).permutation(len(mine))
        return int(mine[shuffled[place % len(mine)]])

    def _order(self, number: int, count: int) -> I64:
        """The order of pass ``number``; the last one is kept, because shuffling millions takes longer than a step."""
        if self._last_order is None or self._last_order[0] != number:
            self._last_order = number, np.random.default_rng((self._seed, number)).permutation(count)
        return self._last_order[1]

    def _face(self, row: int) -> tuple[int, U8]:
        for step in range(len(self._people.labels)):
            candidate = (row + step) % len(self._people.labels)
            try:
                return candidate, self._people.faces[candidate]
            except ImageError as error:
                if candidate not in self._unreadable:
                    self._unreadable.add(candidate)
                    logger.warning("{} The next face is taken instead ({} so far).", error, len(self._unreadable))
        raise InputError("Not one face of the training data can be read.")

    def _shown(self, face: U8, row: int, sample: int) -> U8:
        if self._wanted is Augment.CAMERA:
            return augment.view(face, seed=self._seed, row=row, number=sample)
        turned = self._wanted is Augment.MIRROR and np.random.default_rng((self._seed, sample, 2)).random() < 0.5
        return np.ascontiguousarray(face[:, ::-1]) if turned else face
