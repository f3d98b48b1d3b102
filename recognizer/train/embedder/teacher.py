"""What the student learns: the teacher's vectors of fixed views, computed once and kept.

On two cores the teacher's vector of a face costs as much as the student's whole step (about 8 ms each), so each crop
has a fixed number of views and the teacher embeds each of them once. The table fills while training runs.
"""

from __future__ import annotations

from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import numpy as np
from numpy.typing import NDArray

from recognizer.embed import convert, edgeface
from recognizer.embed.embedder import normalised
from recognizer.errors import WeightsError
from recognizer.models.digest import sha256
from recognizer.models.engines.openvino import OpenVinoRunner
from recognizer.protocols import GraphRunner
from recognizer.train.crops import Crops, FaceRows, in_chunks
from recognizer.train.embedder import augment
from recognizer.train.embedder.heldout import unit
from recognizer.types import F32, I64, U8


class Teacher:
    """A published EdgeFace on OpenVINO; it is loaded at the first call, so that it can be sent to another process."""

    def __init__(self, *, name: str, weights: Path, threads: int = 1) -> None:
        self._name = name
        self._weights = weights
        self._threads = threads
        self._runner: GraphRunner | None = None

    def __getstate__(self) -> dict[str, Any]:
        return {**self.__dict__, "_runner": None}

    def __call__(self, crops: U8) -> F32:
        """Embed (B, 112, 112, 3) uint8 RGB: (B, 512), unit length.

        Raises:
            WeightsError: if the weight file is not the teacher's.
            EngineError: if OpenVINO is not installed.
        """
        if self._runner is None:
            with TemporaryDirectory() as folder:
                graph = Path(folder) / "teacher.onnx"
                convert.to_onnx(self._name, self._weights, graph)
                self._runner = OpenVinoRunner(graph, threads=self._threads)
        return unit(np.asarray(self._runner.run(normalised(crops))[convert.OUTPUT], np.float32))

    def digest(self) -> str:
        """Short name of the weight file's bytes.

        Raises:
            WeightsError: if there is no such file.
        """
        try:
            return sha256(self._weights)[:12]
        except OSError as error:
            raise WeightsError(f"The teacher's weights {self._weights} cannot be read: {error.strerror}.") from error


class TeacherTable:
    """The teacher's vectors, (N, views, 512) float16 in a file; rows are computed at their first use.

    Several processes may fill one table: each vector is written whole, and two who compute it find the same.
    """

    def __init__(self, *, teacher: Teacher, folder: Path, faces: Crops, views: int, seed: int) -> None:
        self._teacher = teacher
        self._shape = (len(faces), views, edgeface.EMBEDDING_SIZE)
        shown = f"{faces.digest}-{len(faces)}x{views}-seed{seed}-v{augment.VERSION}"
        self._file = folder / f"teacher-{teacher.digest()}-{shown}.npy"
        self._table: NDArray[np.float16] | None = None

    def __getstate__(self) -> dict[str, Any]:
        return {**self.__dict__, "_table": None}

    def create(self) -> None:
        """Make the empty table unless it is there; call it in one process before others open it."""
        if not self._file.exists():
            self._file.parent.mkdir(parents=True, exist_ok=True)
            part = self._file.with_suffix(".part")
            np.lib.format.open_memmap(str(part), mode="w+", dtype=np.float16, shape=self._shape)
            part.replace(self._file)

    def vectors(self, rows: I64, number: int, views: U8) -> F32:
        """Vectors of view ``number`` of crops ``rows`` (B,), which look like ``views`` (B, 112, 112, 3): (B, 512)."""
        if self._table is None:
            self._table = np.lib.format.open_memmap(str(self._file), mode="r+")
        known = self._table[rows, number].astype(np.float32)
        missing = np.flatnonzero(~known.any(axis=1))
        if len(missing):
            fresh = self._teacher(views[missing]).astype(np.float16)
            self._table[rows[missing], number] = fresh
            known[missing] = fresh
        return unit(known)


def both_ways(teacher: Teacher, faces: FaceRows) -> F32:
    """The teacher's unit vectors of faces and of their mirror images, added: (N, 512)."""
    return np.concatenate([teacher(chunk) + teacher(chunk[:, :, ::-1]) for chunk in in_chunks(faces)])
