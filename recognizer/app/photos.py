"""Recognition in single pictures: all faces, the most prominent one, a comparison of two, names from the gallery."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from recognizer import geometry
from recognizer.align import align
from recognizer.app import build, config
from recognizer.app.results import Verification
from recognizer.errors import ImageError, one_picture
from recognizer.gallery.enrol import measure
from recognizer.gallery.limits import quality_notes
from recognizer.gallery.photo_vector import photo_vector
from recognizer.gallery.records import Measurement
from recognizer.gallery.upright import CONVINCING, Upright, boxes_before, search_copy
from recognizer.geometry import turned
from recognizer.models.resolve import ResolvedModel
from recognizer.pipeline import Pipeline
from recognizer.protocols import Detector, Embedder
from recognizer.types import F32, U8, AlignedFaces, FaceDetections, Frame, FrameResult
from recognizer.types.spec import CropSpec


def find_faces(image: U8, factor: int = 1, *, detector: Detector, cut: CropSpec) -> tuple[FaceDetections, AlignedFaces]:
    """Detect and align all faces of an (H, W, 3) uint8 BGR picture, the largest first.

    Args:
        image: the picture.
        factor: by how much its sides were divided when it was read; the faces' pixels are those of the whole one.
        detector: finds the faces.
        cut: how they are cut out.
    """
    found = detector.detect([image])[0]
    found = found[np.argsort(-geometry.area(found.boxes), kind="stable")]
    return _enlarged(found, factor), align(image, found.landmarks, found.scores, cut=cut, boxes=found.boxes)


def _enlarged(faces: FaceDetections, factor: int) -> FaceDetections:
    scale = np.float32(factor)
    return faces if factor == 1 else FaceDetections(faces.boxes * scale, faces.scores, faces.landmarks * scale)


def align_reported(result: FrameResult, cut: CropSpec) -> AlignedFaces:
    """Align the reported faces of a picture; the same rows as its tracks."""
    tracks = result.tracks
    return align(result.frame.image, tracks.landmarks, tracks.scores, cut=cut, boxes=tracks.boxes)


def embed_faces(image: U8, faces: FaceDetections, embedder: Embedder) -> F32:
    """Embed each face of a picture as enrolment and ``verify`` do, as the mean of several cuts.

    Returns:
        (K, D) float32 of unit length.
    """
    vectors = [photo_vector(image, faces[row : row + 1], embedder).vector for row in range(len(faces))]
    return np.stack(vectors) if vectors else np.zeros((0, embedder.spec.dimension), np.float32)


def prominent_face(image: U8, name: str, *, detector: Detector, embedder: Embedder, min_face_px: float) -> Measurement:
    """Measure the most prominent face of a picture, turned upright where needed.

    Args:
        image: (H, W, 3) uint8 BGR.
        name: what the error calls the picture.
        detector: finds the face.
        embedder: embeds it.
        min_face_px: for the error: side of the smallest face that the detector finds.

    Raises:
        ImageError: if there is no face.
    """
    with one_picture(name, "it cannot be searched for faces", "export it again, or pass another"):
        measured = measure(image, detector=detector, embedder=embedder)
    if measured.face is None:
        raise ImageError(f"No face was found in {name}; wanted one, at least {min_face_px:.0f} px.")
    return measured


def compare(
    first: Measurement, second: Measurement, *, settings: config.Settings, resolved: ResolvedModel
) -> Verification:
    """Decide whether two measured faces are one person's, by the threshold measured for the model.

    A face that enrolment would refuse, such as a blurred one, cannot tell: blurred strangers resemble each other.

    Raises:
        ValueError: if a measurement has no face.
    """
    faces = [measured.require_face() for measured in (first, second)]
    limits = build.limits(settings, resolved)
    notes: list[str] = []
    too_poor: list[str] = []
    for which, measured in (("first", first), ("second", second)):
        unusable, weak = quality_notes(measured, limits)
        too_poor += [f"{which} picture: {note.text}" for note in unusable]
        notes += [f"{which} picture: {note.text}" for note in (*measured.remarks, *unusable, *weak)]
    usable, why_not = not too_poor, f"cannot tell: {'; '.join(too_poor)}" if too_poor else ""
    similarity = float(np.dot(faces[0].vector, faces[1].vector))
    known = build.thresholds(settings, resolved).known if build.has_thresholds(settings, resolved) else None
    match = similarity >= known if known is not None and usable else None
    return Verification(match, similarity, known, resolved.fingerprint, usable, tuple(notes), why_not)


class NamedPicture(NamedTuple):
    """The faces of a picture and who they are."""

    result: FrameResult
    """Of the picture turned upright."""
    faces: FaceDetections
    """The reported faces, the same rows, in pixels of the picture as it was given."""
    turned_deg: int
    """Clockwise turn that was needed: 0, 90, 180 or 270."""


def identify_picture(pipeline: Pipeline, image: U8, name: str, factor: int = 1) -> NamedPicture:
    """Name the faces of one (H, W, 3) uint8 BGR picture, turned upright where no face is convincing otherwise.

    The pipeline remembers nothing of the picture afterwards. ``factor`` as in ``find_faces``.
    """
    best, turned_deg = _recognise(pipeline, image, name), 0
    if _surest(best) < CONVINCING:
        copy, _ = search_copy(image)
        for degrees in (180, 90, 270):
            result = _recognise(pipeline, turned(copy, degrees), name)
            if _surest(result) > _surest(best):
                best, turned_deg = result, degrees
        if turned_deg and copy is not image:  # the faces of the picture itself are sharper
            best = _recognise(pipeline, turned(image, turned_deg), name)
    tracks = best.tracks
    seen = FaceDetections(tracks.boxes, tracks.scores, tracks.landmarks)
    height, width = image.shape[:2]
    before = boxes_before(Upright(best.frame.image, seen, turned_deg), width, height)
    return NamedPicture(best, _enlarged(before, factor), turned_deg)


def _recognise(pipeline: Pipeline, image: U8, name: str) -> FrameResult:
    frame = Frame(image, 0, 0.0, name)
    result = pipeline.step(frame)
    pipeline.end(frame)
    return result


def _surest(result: FrameResult) -> float:
    return float(result.tracks.scores.max(initial=0))
