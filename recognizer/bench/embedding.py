"""Measure embedding of one face and of eight: every available model on every engine, interleaved with torch eager."""

from __future__ import annotations

import importlib.util
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from loguru import logger

from recognizer.align import align
from recognizer.app import build
from recognizer.app.build import engines
from recognizer.app.config import Settings
from recognizer.bench.timing import Ratio, Spent, cpu_ms, interleaved, ratio, rounded, wall_ms
from recognizer.errors import ModelError, WeightsError
from recognizer.models import resolve
from recognizer.models.cache import Cache
from recognizer.models.catalogue import CATALOGUE
from recognizer.models.resolve import ResolvedModel
from recognizer.protocols import Detector, Embedder
from recognizer.types import CROP_SIZE_PX, U8, AlignedFaces, FaceQuality

BATCHES = (1, 8)
ENGINES = ("openvino", engines.INT8, "onnxruntime", "torch")
WARM_UP = 45
"""Rounds before: OpenVINO compiles a graph for eight faces after 40 batches of eight."""
PROTOTYPE = "torch"
"""The engine of the authors' examples: torch, eager."""


@dataclass(frozen=True, slots=True, eq=False)
class Embedding:
    """The cost of one model on one engine with one batch size."""

    model: str
    engine: str
    batch: int
    spent: list[Spent]
    """Of a batch."""
    against_torch: Ratio | None
    """Cost of torch eager divided by this; ``None`` without torch or checkpoint."""
    least_cosine: float | None
    """Least cosine to torch's vectors of the same faces."""

    def as_dict(self) -> dict[str, Any]:
        """Convert to JSON values."""
        return {
            "model": self.model,
            "engine": self.engine,
            "batch": self.batch,
            "cpu_ms": cpu_ms(self.spent).as_dict(),
            "wall_ms": wall_ms(self.spent).as_dict(),
            "cpu_ms_per_face": rounded(cpu_ms(self.spent).median / self.batch),
            "faster_than_torch": None if self.against_torch is None else self.against_torch.as_dict(),
            "least_cosine_to_torch": self.least_cosine,
        }


def available_models(settings: Settings) -> list[ResolvedModel]:
    """List the models that can run without a download."""
    folder = settings.embed.weights_dir
    names = [e.name for e in CATALOGUE.values() if resolve.state_of(e, Cache(), folder) is not resolve.State.ABSENT]
    found = []
    for name in names:
        try:
            found.append(resolve.resolve(name, weights_dir=folder, offline=True))
        except WeightsError as error:  # several files of one network: the name is ambiguous
            logger.warning("{} is skipped: {}", name, error)
    return found


def embedder_on(engine: str, settings: Settings, resolved: ResolvedModel) -> Embedder | None:
    """Build a model's embedder on an engine; ``None`` if the engine, checkpoint or int8 ranges are missing."""
    if importlib.util.find_spec(engine.partition("-")[0]) is None:
        return None
    if engine == engines.INT8 and resolved.ranges is None:
        return None
    if engine == PROTOTYPE:
        checkpoint = resolved.checkpoint or Cache().checkpoint(resolved.name)
        if not checkpoint.is_file():
            return None
        resolved = replace(resolved, checkpoint=checkpoint)
    wanted = settings.model_copy(update={"engine": settings.engine.model_copy(update={"name": engine})})
    try:
        return build.embedder(wanted, resolved)
    except ModelError:
        return None


def measure(
    settings: Settings, models: Sequence[ResolvedModel], faces: AlignedFaces, *, rounds: int
) -> list[Embedding]:
    """Embed the same faces on all engines, interleaved; model after model.

    Args:
        settings: threads of the engines.
        models: what to measure.
        faces: crops to embed, repeated to fill a batch.
        rounds: how often each batch is embedded.
    """
    rows: list[Embedding] = []
    for resolved in models:
        made = {engine: embedder_on(engine, settings, resolved) for engine in ENGINES}
        embedders = {engine: embedder for engine, embedder in made.items() if embedder is not None}
        for batch in BATCHES:
            shown = scaled(repeated(faces, batch), resolved.spec.crop.size_px)
            rows += _measured(resolved.name, embedders, shown, rounds)
    return rows


def _measured(model: str, embedders: dict[str, Embedder], faces: AlignedFaces, rounds: int) -> list[Embedding]:
    def by(embedder: Embedder) -> Callable[[int], object]:
        return lambda _: embedder.embed(faces)

    works = {engine: by(embedder) for engine, embedder in embedders.items()}
    spent = interleaved(works, rounds=rounds, warm_up=WARM_UP)
    vectors = {engine: embedder.embed(faces).vectors for engine, embedder in embedders.items()}
    torch = vectors.get(PROTOTYPE)
    return [
        Embedding(
            model=model,
            engine=engine,
            batch=len(faces),
            spent=spent[engine],
            against_torch=None if torch is None else ratio(spent[PROTOTYPE], spent[engine]),
            least_cosine=None if torch is None else rounded(float((vectors[engine] * torch).sum(axis=1).min())),
        )
        for engine in embedders
    ]


def first_faces(detector: Detector, images: Sequence[U8]) -> AlignedFaces:
    """Align the first faces of some (H, W, 3) uint8 BGR pictures: eight or a few more, if there are."""
    parts = [AlignedFaces.empty()]
    for image in images:
        found = detector.detect([image])[0]
        parts.append(align(image, found.landmarks, found.scores))
        if sum(map(len, parts)) >= max(BATCHES):
            break
    return AlignedFaces.joined(parts)


def scaled(faces: AlignedFaces, size_px: int) -> AlignedFaces:
    """Resize crops to a network's input; the crop region does not change its speed."""
    if faces.crops.shape[1] == size_px:
        return faces
    places = np.arange(size_px) * faces.crops.shape[1] // size_px
    return AlignedFaces(faces.crops[:, places][:, :, places], faces.quality)


def repeated(faces: AlignedFaces, count: int) -> AlignedFaces:
    """Repeat faces to ``count`` rows; grey crops if there is no face."""
    if len(faces) == 0:
        grey = np.full((count, CROP_SIZE_PX, CROP_SIZE_PX, 3), 127, np.uint8)
        return AlignedFaces(grey, FaceQuality(*(np.zeros(count, np.float32) for _ in range(5))))
    return faces[np.arange(count) % len(faces)]
