"""A site's own strangers, from pictures or a video: how near each comes to somebody enrolled."""

from __future__ import annotations

from pathlib import Path

import numpy as np

from recognizer.app import build, config
from recognizer.app.embedded import Counting, embedded, uncounted
from recognizer.evaluation.faces import pictures_of_folder
from recognizer.evaluation.pairs import LOOSE_SHARE
from recognizer.gallery.records import Enrolled
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
    """Similarity of each stranger to the nearest enrolled person.

    Args:
        place: a folder (each picture in it a stranger, each sub-folder one with several pictures) or a video.
        settings: of detector, engine and gallery.
        resolved: the model.
        enrolled: the people of the gallery.
        enrolled_at: similarity from which a negative is taken for an enrolled person and left out.
        cache: folder for vectors.
        counting: shows the progress.

    Returns:
        (S,) similarities, and who was left out, in words.

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
    out = tuple(f"{who} ({similarity:.2f})" for who, similarity in found if similarity >= enrolled_at)
    return np.array(kept, np.float32), out


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
    looks: dict[str, list[int]] = {}
    for row in np.flatnonzero(faces.found).tolist():
        inside = Path(pictures[row].name).parts
        looks.setdefault(inside[0], []).append(row)  # a picture of its own, or a person's folder
    found = []
    for who, rows in looks.items():
        template = vectors[rows].sum(axis=0)
        template /= np.linalg.norm(template)
        found.append((who, float((enrolled.vectors @ template).max())))
    return found


class _Nearest:
    """Keeps each track's last similarity to the nearest person."""

    def __init__(self) -> None:
        self.tracks: dict[int, float] = {}

    def __enter__(self) -> _Nearest:
        return self

    def __exit__(self, *_: object) -> None:
        return None

    def emit(self, result: FrameResult) -> None:
        for who in result.identities:
            if who.similarity > -0.99:
                self.tracks[who.track_id] = who.similarity


def _of_video(place: str, settings: config.Settings, resolved: ResolvedModel) -> list[tuple[str, float]]:
    there = settings.model_copy(update={"source": settings.source.model_copy(update={"location": place})})
    nearest = _Nearest()
    runner.run([build.source(there)], build.video_pipeline(there, resolved), [nearest])
    return [(f"track {number}", similarity) for number, similarity in nearest.tracks.items()]
