"""Stage 5, EMBED: aligned faces through one graph, to vectors of unit length."""

from __future__ import annotations

import numpy as np

from recognizer.errors import EngineError
from recognizer.protocols import GraphRunner
from recognizer.types import EMBEDDING_SIZE, F32, U8, AlignedFaces, Embeddings

BATCH = 8
"""Faces at once: measured, larger batches take no less time a face on two cores and more memory."""


class EdgeFaceEmbedder:
    """Runs an EdgeFace graph.

    Args:
        runner: takes ``faces`` (B, 3, 112, 112), gives ``vectors`` (B, 512).
        model: fingerprint of the weights.
        flip: average each face with its mirror image; steadier, at twice the price.
    """

    def __init__(self, *, runner: GraphRunner, model: str, flip: bool = False) -> None:
        self._runner = runner
        self.model = model
        self._flip = flip

    def embed(self, faces: AlignedFaces) -> Embeddings:
        """One row for each face, in the same order.

        Raises:
            EngineError: if the graph is another network's.
        """
        if len(faces) == 0:
            return Embeddings.empty(self.model)
        vectors = self._run(faces.crops)
        if self._flip:
            vectors = vectors + self._run(faces.crops[:, :, ::-1])
        norms = np.linalg.norm(vectors, axis=1)
        units = vectors / np.maximum(norms, 1e-12)[:, None]
        return Embeddings(units.astype(np.float32), norms.astype(np.float32), faces.track_ids, self.model)

    def _run(self, crops: U8) -> F32:
        inputs = normalised(crops)
        return np.concatenate([self._vectors(inputs[i : i + BATCH]) for i in range(0, len(inputs), BATCH)])

    def _vectors(self, batch: F32) -> F32:
        outputs = self._runner.run(batch)
        vectors = outputs.get("vectors")
        if vectors is None or vectors.shape != (len(batch), EMBEDDING_SIZE):
            got = ", ".join(f"{name} {values.shape}" for name, values in outputs.items())
            raise EngineError(
                f"The model {self.model} embeds no faces: wanted 'vectors' {(len(batch), EMBEDDING_SIZE)}, got {got}; "
                "pass an EdgeFace model."
            )
        return vectors


def normalised(crops: U8) -> F32:
    """EdgeFace's input: (K, 112, 112, 3) uint8 RGB to (K, 3, 112, 112) float32 in [-1, 1]."""
    return np.ascontiguousarray(crops.transpose(0, 3, 1, 2), np.float32) / np.float32(127.5) - np.float32(1)
