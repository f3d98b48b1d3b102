"""Recognition in single pictures: all faces, the most prominent one, a comparison of two, names from the gallery."""

from __future__ import annotations

import numpy as np

from recognizer import geometry
from recognizer.align import align
from recognizer.app import build, config
from recognizer.app.results import Verification
from recognizer.errors import ImageError
from recognizer.gallery.enrol import measure
from recognizer.models.resolve import ResolvedModel
from recognizer.pipeline import Pipeline
from recognizer.protocols import Detector, Embedder
from recognizer.types import F32, U8, AlignedFaces, FaceDetections, Frame, FrameResult
from recognizer.types.spec import Cut


def find_faces(image: U8, *, detector: Detector, cut: Cut) -> tuple[FaceDetections, AlignedFaces]:
    """Detect and align all faces of an (H, W, 3) uint8 BGR picture, the largest first."""
    found = detector.detect([image])[0]
    found = found[np.argsort(-geometry.area(found.boxes), kind="stable")]
    rows = np.arange(len(found), dtype=np.int64)
    return found, align(image, found.landmarks, found.scores, rows, cut=cut, boxes=found.boxes)


def align_reported(result: FrameResult, cut: Cut) -> AlignedFaces:
    """Align the reported faces of a picture; the same rows as its tracks."""
    tracks = result.tracks
    return align(result.frame.image, tracks.landmarks, tracks.scores, tracks.ids, cut=cut, boxes=tracks.boxes)


def embed_mirrored(aligned: AlignedFaces, embedder: Embedder) -> F32:
    """Embed each face as the mean of its own and its mirror image's vector, as enrolment does.

    Returns:
        (K, D) float32 of unit length.
    """
    count = len(aligned)
    if count == 0:
        return np.zeros((0, embedder.facts.dimension), np.float32)
    both = np.ascontiguousarray(np.concatenate([aligned.crops, aligned.crops[:, :, ::-1]]))
    rows = np.concatenate([np.arange(count), np.arange(count)])
    vectors = embedder.embed(AlignedFaces(both, rows, aligned.quality[rows])).vectors
    sums = vectors[:count] + vectors[count:]
    return np.asarray(sums / np.maximum(np.linalg.norm(sums, axis=1, keepdims=True), 1e-12), np.float32)


def prominent_vector(image: U8, name: str, *, detector: Detector, embedder: Embedder, min_face_px: float) -> F32:
    """Embed the most prominent face of a picture.

    Args:
        image: (H, W, 3) uint8 BGR.
        name: what the error calls the picture.
        detector: finds the face.
        embedder: embeds it.
        min_face_px: for the error: side of the smallest face that the detector finds.

    Returns:
        (D,) float32 of unit length.

    Raises:
        ImageError: if there is no face.
    """
    face = measure(image, detector=detector, embedder=embedder).face
    if face is None:
        raise ImageError(f"No face was found in {name}; wanted one, at least {min_face_px:.0f} px.")
    return face.vector


def compare(first: F32, second: F32, *, settings: config.Settings, resolved: ResolvedModel) -> Verification:
    """Decide whether two (D,) unit vectors are one person's, by the threshold measured for the model."""
    similarity = float(np.dot(first, second))
    known = build.thresholds(settings, resolved).known if build.has_thresholds(settings, resolved) else None
    match = None if known is None else similarity >= known
    return Verification(match=match, similarity=similarity, threshold=known, model=resolved.fingerprint)


def identify_picture(pipeline: Pipeline, image: U8, name: str) -> FrameResult:
    """Name the faces of one (H, W, 3) uint8 BGR picture; the pipeline remembers nothing of it afterwards."""
    frame = Frame(image, 0, 0.0, name)
    result = pipeline.step(frame)
    pipeline.end(frame)
    return result
