"""Embed aligned faces with one graph, as vectors of unit length."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np

from recognizer.errors import EngineError
from recognizer.models.published_specs import EDGEFACE
from recognizer.protocols import GraphRunner
from recognizer.types import F32, U8, AlignedFaces, ClassScores, Embeddings
from recognizer.types.spec import Channels, Colour, EmbedderSpec

BATCH = 8
"""Faces in a batch: on two cores larger batches take no less time a face, and more memory."""


class GraphEmbedder:
    """Run an embedding graph as its spec says.

    Args:
        runner: maps (B, 3, S, S) float32 to vectors (B, D).
        model: fingerprint of the weights.
        spec: input and output of the graph.
        flip: average the vectors of each face and its mirror image; more accurate, at twice the time.
        batch: faces that the runner gets at once, at most.
    """

    def __init__(
        self,
        *,
        runner: GraphRunner,
        model: str,
        spec: EmbedderSpec = EDGEFACE,
        flip: bool = False,
        batch: int = BATCH,
    ) -> None:
        self._runner = runner
        self.model = model
        self.spec = spec
        self._flip = flip
        self._batch = 1 if spec.fixed_batch_one else batch

    def embed(self, faces: AlignedFaces) -> Embeddings:
        """Embed K faces: (K, D) vectors of unit length, in the same order.

        Raises:
            EngineError: if the graph does not fit its spec.
        """
        if len(faces) == 0:
            return Embeddings.empty(self.model, self.spec.dimension)
        vectors = self._run(faces.crops)
        if self._flip:
            vectors = (vectors + self._run(faces.crops[:, :, ::-1])) / np.float32(2)
        norms = np.linalg.norm(vectors, axis=1)
        units = vectors / np.maximum(norms, 1e-12)[:, None]
        return Embeddings(units.astype(np.float32), norms.astype(np.float32), self.model)

    def classify(self, faces: AlignedFaces, *, best: int = 1) -> ClassScores:
        """Classify faces as people of the training data, with a network that has its classifier.

        Args:
            faces: K faces.
            best: number of classes to return for each face.

        Raises:
            EngineError: if the graph has no classifier.
        """
        if self.spec.classes is None:
            raise EngineError(f"The model {self.model} has no classifier; facenet_vggface2 and facenet_casia have one.")
        if len(faces) == 0:
            return ClassScores.empty(best)
        logits = self._outputs(faces.crops, self.spec.classes, wanted="class logits").astype(np.float64)
        shares = np.exp(logits - logits.max(axis=1, keepdims=True))
        shares /= shares.sum(axis=1, keepdims=True)
        order = np.argsort(-shares, axis=1, kind="stable")[:, :best]
        return ClassScores(order.astype(np.int64), np.take_along_axis(shares, order, axis=1).astype(np.float32))

    def check(self) -> None:
        """Run a picture and its mirror image, so that a graph that is no such network is refused before any face comes.

        Raises:
            EngineError: if the graph does not take the input, has other outputs, or gives vectors that are not finite,
                without length, or the same for both.
        """
        side = self.spec.crop.size_px
        ramp = np.linspace(0, 255, side)
        picture = np.stack(np.broadcast_arrays(ramp[None], ramp[:, None], np.abs(ramp - 128)[None] * 2), -1)
        crops = np.stack([picture, picture[:, ::-1]]).astype(np.uint8)
        vectors = np.concatenate([self._run(crops[:1]), self._run(crops[1:])])
        lengths = np.linalg.norm(vectors, axis=1)
        if not np.isfinite(vectors).all() or (lengths <= 0).any():
            raise EngineError(f"The model {self.model} is no network for faces: its vectors are zero or not finite.")
        first, second = vectors / lengths[:, None]
        if np.allclose(first, second, atol=1e-4):
            raise EngineError(f"The model {self.model} is no network for faces: two pictures give the same vector.")

    def _run(self, crops: U8) -> F32:
        vectors = self._outputs(crops, self.spec.output)
        if vectors.shape != (len(crops), self.spec.dimension):
            raise self._mismatch("vectors", {self.spec.output or "its output": vectors})
        return vectors

    def _outputs(self, crops: U8, output: str | None, *, wanted: str = "vectors") -> F32:
        inputs = normalised(crops, self.spec)
        parts = []
        for start in range(0, len(inputs), self._batch):
            outputs = self._runner.run(inputs[start : start + self._batch])
            name = next(iter(outputs)) if output is None and len(outputs) == 1 else output
            if name is None or name not in outputs:
                raise self._mismatch(wanted, outputs)
            parts.append(outputs[name])
        return np.concatenate(parts)

    def _mismatch(self, wanted: str, outputs: Mapping[str, F32]) -> EngineError:
        size = f" of {self.spec.dimension} numbers" if wanted == "vectors" else ""
        name = self.spec.classes if wanted != "vectors" else self.spec.output
        got = ", ".join(f"{each} {values.shape}" for each, values in outputs.items())
        return EngineError(
            f"The model {self.model} gives no {wanted}: wanted {name or 'a single output'}{size}, got {got}. For a "
            "graph of your own state its spec in a YAML file beside it or with --spec ('models spec' prints examples)."
        )


def normalised(crops: U8, spec: EmbedderSpec = EDGEFACE) -> F32:
    """Convert crops (K, S, S, 3) uint8 RGB to a network's input (K, 3, S, S) float32."""
    if spec.colour is Colour.BGR:
        crops = crops[..., ::-1]
    scale, shift = _channels(spec.std), _channels(spec.mean) / _channels(spec.std)
    return np.asarray(np.ascontiguousarray(crops.transpose(0, 3, 1, 2), np.float32) / scale - shift, np.float32)


def _channels(values: Channels) -> F32 | np.float32:
    return np.array(values, np.float32).reshape(3, 1, 1) if isinstance(values, tuple) else np.float32(values)
