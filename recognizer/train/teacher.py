"""What the student is taught: the teacher's vectors of fixed views, computed once and kept.

On two cores the teacher's look at a face costs as much as the student's whole step (about 8 ms each), so each crop has
a fixed number of views and the teacher sees each of them once. The table fills while training runs.
"""

from __future__ import annotations

import hashlib
from pathlib import Path
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray

from recognizer.embed import edgeface
from recognizer.errors import EngineError
from recognizer.train import augment

F32 = NDArray[np.float32]


def normalised(crops: NDArray[np.uint8]) -> F32:
    """From (B, S, S, 3) uint8 RGB to the networks' input (B, 3, S, S) float32 in [-1, 1]."""
    return np.ascontiguousarray(crops.transpose(0, 3, 1, 2), np.float32) / np.float32(127.5) - np.float32(1)


class Teacher:
    """A published EdgeFace on OpenVINO; it is loaded at the first call, so that it can be sent to another process."""

    def __init__(self, *, name: str, weights: Path, threads: int = 1) -> None:
        self._name = name
        self._weights = weights
        self._threads = threads
        self._compiled: Any = None

    def __getstate__(self) -> dict[str, Any]:
        return {**self.__dict__, "_compiled": None}

    def __call__(self, crops: NDArray[np.uint8]) -> F32:
        """Embed (B, 112, 112, 3) uint8 RGB: (B, 512), unit length.

        Raises:
            WeightsError: if the weight file is not the teacher's.
            EngineError: if OpenVINO is not installed.
        """
        if self._compiled is None:
            self._compiled = self._compile()
        vectors: F32 = np.asarray(self._compiled(normalised(crops))[0], np.float32)
        return vectors / np.linalg.norm(vectors, axis=1, keepdims=True)

    def digest(self) -> str:
        """Short name of the weight file's bytes."""
        return hashlib.sha256(self._weights.read_bytes()).hexdigest()[:12]

    def _compile(self) -> Any:
        try:
            import openvino
        except ImportError as error:
            raise EngineError("The teacher runs on OpenVINO, which is not installed: pip install openvino.") from error
        network = edgeface.load(self._name, self._weights)
        side = edgeface.INPUT_SIZE_PX
        model = openvino.convert_model(network, example_input=torch.zeros(2, 3, side, side))
        model.reshape([-1, 3, side, side])
        return openvino.Core().compile_model(
            model, "CPU", {"INFERENCE_NUM_THREADS": self._threads, "NUM_STREAMS": 1, "INFERENCE_PRECISION_HINT": "f32"}
        )


class TeacherTable:
    """The teacher's vectors, (N, views, 512) float16 in a file; rows are computed when first asked for.

    Several processes may fill one table: each vector is written whole, and two who compute it find the same.
    """

    def __init__(self, *, teacher: Teacher, folder: Path, crops: int, views: int, seed: int) -> None:
        self._teacher = teacher
        self._shape = (crops, views, edgeface.EMBEDDING_SIZE)
        self._file = folder / f"teacher-{teacher.digest()}-{crops}x{views}-seed{seed}-v{augment.VERSION}.npy"
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

    def vectors(self, rows: NDArray[np.int64], number: int, views: NDArray[np.uint8]) -> F32:
        """Vectors of view ``number`` of crops ``rows`` (B,), which look like ``views`` (B, 112, 112, 3): (B, 512)."""
        if self._table is None:
            self._table = np.lib.format.open_memmap(str(self._file), mode="r+")
        known = self._table[rows, number].astype(np.float32)
        missing = np.flatnonzero(~known.any(axis=1))
        if len(missing):
            fresh = self._teacher(views[missing]).astype(np.float16)
            self._table[rows[missing], number] = fresh
            known[missing] = fresh
        return known / np.linalg.norm(known, axis=1, keepdims=True)
