"""Random unit vectors, as enrolled people and as probes."""

from __future__ import annotations

import numpy as np

from recognizer.gallery.records import Enrolled
from recognizer.types import EMBEDDING_SIZE, F32, Embeddings

MODEL = "edgeface_xs_q-6177cb0d59a9"


def units(seed: int, count: int) -> F32:
    vectors = np.random.default_rng(seed).standard_normal((count, EMBEDDING_SIZE)).astype(np.float32)
    return np.asarray(vectors / np.linalg.norm(vectors, axis=1, keepdims=True), np.float32)


def enrolled(names: list[str], vectors: F32, model: str = MODEL) -> Enrolled:
    return Enrolled(tuple(names), tuple(f"{n}.jpg" for n in range(len(names))), vectors, model, "people")


def probes(vectors: F32, model: str = MODEL) -> Embeddings:
    return Embeddings(vectors, np.ones(len(vectors), np.float32), np.zeros(len(vectors), np.int64), model)
