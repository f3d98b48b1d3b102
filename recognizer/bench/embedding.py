"""Embedding one face and eight: every model at hand on every engine installed, in turns, and torch eager beside."""

from __future__ import annotations

import importlib.util
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from loguru import logger

from recognizer.app import build
from recognizer.app.build import engines
from recognizer.app.config import Settings
from recognizer.bench.timing import Ratio, Spent, cpu_ms, interleaved, ratio, rounded, wall_ms
from recognizer.errors import ModelError, WeightsError
from recognizer.models import resolve
from recognizer.models.cache import Cache
from recognizer.models.catalogue import CATALOGUE
from recognizer.models.resolve import ResolvedModel
from recognizer.protocols import Embedder
from recognizer.types import CROP_SIZE_PX, AlignedFaces, FaceQuality

BATCHES = (1, 8)
ENGINES = ("openvino", engines.INT8, "onnxruntime", "torch")
WARM_UP = 45
"""Rounds before: OpenVINO compiles a graph for eight faces after 40 times eight."""
PROTOTYPE = "torch"
"""A network as its authors' example runs it: torch, eager."""


@dataclass(frozen=True, slots=True, eq=False)
class Embedding:
    """One model on one engine with one batch."""

    model: str
    engine: str
    batch: int
    spent: list[Spent]
    """Of a batch."""
    against_torch: Ratio | None
    """How many times dearer torch eager is; ``None`` where it is not at hand."""
    least_cosine: float | None
    """To torch's vectors of the same faces: is it the same work?"""

    def as_dict(self) -> dict[str, Any]:
        """For JSON."""
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


def models_at_hand(settings: Settings) -> list[ResolvedModel]:
    """Every model that can run without fetching anything."""
    folder = settings.embed.weights_dir
    names = [e.name for e in CATALOGUE.values() if resolve.state_of(e, Cache(), folder) is not resolve.State.ABSENT]
    found = []
    for name in names:
        try:
            found.append(resolve.resolve(name, weights_dir=folder, offline=True))
        except WeightsError as error:  # several files of one network: the name does not tell which
            logger.warning("{} is left out: {}", name, error)
    return found


def embedder_on(engine: str, settings: Settings, resolved: ResolvedModel) -> Embedder | None:
    """A model on an engine; ``None`` where that is not installed, or has no checkpoint or ranges of it here."""
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
    """Let all engines embed the same faces, in turns; model after model.

    Args:
        settings: threads of the engines.
        models: what to measure.
        faces: crops to embed; they are taken again where there are too few for a batch.
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


def scaled(faces: AlignedFaces, size_px: int) -> AlignedFaces:
    """The faces as large as a network wants them: for its speed it does not matter how they were cut."""
    if faces.crops.shape[1] == size_px:
        return faces
    places = np.arange(size_px) * faces.crops.shape[1] // size_px
    return AlignedFaces(faces.crops[:, places][:, :, places], faces.quality)


def repeated(faces: AlignedFaces, count: int) -> AlignedFaces:
    """So many rows, from the first on and again; grey pictures where there is no face at all."""
    if len(faces) == 0:
        grey = np.full((count, CROP_SIZE_PX, CROP_SIZE_PX, 3), 127, np.uint8)
        return AlignedFaces(grey, FaceQuality(*(np.zeros(count, np.float32) for _ in range(5))))
    return faces[np.arange(count) % len(faces)]
