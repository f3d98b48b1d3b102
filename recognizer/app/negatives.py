"""Measure how similar a site's own strangers, from pictures or a video, are to the enrolled people."""

from __future__ import annotations

from pathlib import Path

import numpy as np

from recognizer.app import build, config
from recognizer.app.embedded import Counting, embedded, uncounted
from recognizer.emit.collect import CollectingSink
from recognizer.evaluation.faces import pictures_of_folder
from recognizer.evaluation.pairs import LOOSE_SHARE
from recognizer.gallery.records import Enrolled
from recognizer.geometry import unit
from recognizer.models.resolve import ResolvedModel
from recognizer.runtime import runner
from recognizer.types import F32, FrameResult


def strangers_of(
    place: str,
    settings: config.Settings,
    resolved: ResolvedModel,
    enrolled: Enrolled,
    *,
    enrolled_at: float,
    cache: Path | None,
    counting: Counting = uncounted,
) -> tuple[F32, tuple[str, ...]]:
    """Measure the similarity of each stranger to the nearest enrolled person.

    Args:
        place: a folder (each picture in it a stranger, each sub-folder one with several pictures) or a video.
        settings: of detector, engine and gallery.
        resolved: the model.
        enrolled: the people of the gallery.
        enrolled_at: cosine from which a negative is taken for an enrolled person and excluded.
        cache: folder for vectors.
        counting: shows the progress.

    Returns:
        (S,) cosines, and a description of each excluded negative.

    Raises:
        InputError: if there is no picture in the folder.
        SourceError: if the video cannot be read.
    """
    folder = Path(place)
    found = (
        _of_folder(folder, settings, resolved, enrolled, cache, counting)
        if folder.is_dir()
        else _of_video(place, settings, resolved)
    )
    kept = [similarity for _, similarity in found if similarity < enrolled_at]
    excluded = tuple(f"{who} ({similarity:.2f})" for who, similarity in found if similarity >= enrolled_at)
    return np.array(kept, np.float32), excluded


def _of_folder(
    folder: Path,
    settings: config.Settings,
    resolved: ResolvedModel,
    enrolled: Enrolled,
    cache: Path | None,
    counting: Counting,
) -> list[tuple[str, float]]:
    pictures = pictures_of_folder(folder)
    faces = embedded(
        settings, resolved, pictures, face_share=LOOSE_SHARE, cache=cache, what=folder.name, counting=counting
    )
    vectors = faces.vectors(flip=True)
    samples: dict[str, list[int]] = {}
    for row in np.flatnonzero(faces.found).tolist():
        inside = Path(pictures[row].name).parts
        samples.setdefault(inside[0], []).append(row)  # the picture itself, or a person's folder
    found = []
    for who, rows in samples.items():
        template = unit(vectors[rows].sum(axis=0))
        found.append((who, float((enrolled.vectors @ template).max())))
    return found


def _of_video(place: str, settings: config.Settings, resolved: ResolvedModel) -> list[tuple[str, float]]:
    there = settings.model_copy(update={"source": settings.source.model_copy(update={"location": place})})
    sink = CollectingSink(_similarities)
    runner.run([build.source(there)], build.video_pipeline(there, resolved), [sink])
    last: dict[int, float] = {}
    for similarities in sink.values:
        last |= similarities
    return [(f"track {number}", similarity) for number, similarity in last.items()]


def _similarities(result: FrameResult) -> dict[int, float]:
    """Track -> similarity to the nearest enrolled person, of the tracks that were compared with anybody."""
    return {who.track_id: who.similarity for who in result.identities if who.similarity > -0.99}
