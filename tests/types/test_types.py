from __future__ import annotations

import numpy as np
import pytest

from recognizer.types import AlignedFaces, Embeddings, FaceDetections, FaceQuality, Frame, Matches, Tracks


def detections(count: int) -> FaceDetections:
    boxes = np.arange(count * 4, dtype=np.float32).reshape(count, 4)
    return FaceDetections(boxes, np.linspace(0, 1, count, dtype=np.float32), np.zeros((count, 5, 2), np.float32))


@pytest.mark.parametrize(
    ("boxes", "message"),
    [
        (np.zeros((2, 4)), r"FaceDetections.boxes: wanted float32 of shape \(N, 4\), got float64 of shape \(2, 4\)"),
        (np.zeros((2, 5), np.float32), r"wanted float32 of shape \(N, 4\), got float32 of shape \(2, 5\)"),
        (np.zeros((3, 4), np.float32), r"rows are not aligned, got \{'boxes': 3, 'scores': 2, 'landmarks': 2\}"),
    ],
)
def test_wrong_arrays_are_refused_where_they_are_born(boxes: object, message: str) -> None:
    good = detections(2)
    with pytest.raises(ValueError, match=message):
        FaceDetections(boxes, good.scores, good.landmarks)  # type: ignore[arg-type]
    with pytest.raises(TypeError, match=r"FaceDetections.boxes: wanted an array, got list"):
        FaceDetections([], good.scores, good.landmarks)  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("rows", "kept"), [(np.array([True, False, True]), [0, 2]), (np.array([2, 0]), [2, 0]), (slice(1, 3), [1, 2])]
)
def test_picking_rows_takes_them_of_all_fields(rows: object, kept: list[int]) -> None:
    faces = detections(3)
    picked = faces[rows]  # type: ignore[index]
    assert len(picked) == len(kept)
    np.testing.assert_array_equal(picked.boxes, faces.boxes[kept])
    np.testing.assert_array_equal(picked.scores, faces.scores[kept])


def test_picking_rows_keeps_what_is_not_a_row_and_reaches_into_parts() -> None:
    vectors = np.eye(3, 512, dtype=np.float32)
    embeddings = Embeddings(vectors, np.ones(3, np.float32), "model")
    assert embeddings[np.array([2])].model == "model"
    matches = Matches(("a", None, "c"), np.zeros(3, np.float32), np.zeros(3, np.float32))
    assert matches[np.array([False, True, True])].names == (None, "c")
    quality = FaceQuality(*(np.arange(2, dtype=np.float32) for _ in range(5)))
    faces = AlignedFaces(np.zeros((2, 112, 112, 3), np.uint8), quality)
    assert faces[np.array([1])].quality.eyes_px.tolist() == [1]


def test_joined_faces_are_all_rows_in_order() -> None:
    quality = FaceQuality(*(np.arange(2, dtype=np.float32) for _ in range(5)))
    faces = AlignedFaces(np.zeros((2, 112, 112, 3), np.uint8), quality)
    assert AlignedFaces.joined([faces]) is faces
    together = AlignedFaces.joined([faces, AlignedFaces.empty(), faces[np.array([0])]])
    assert together.quality.score.tolist() == [0, 1, 0]


@pytest.mark.parametrize(
    "empty", [FaceDetections.empty(), Tracks.empty(), FaceQuality.empty(), AlignedFaces.empty(), Matches.empty()]
)
def test_empty_has_no_rows(empty: FaceDetections) -> None:
    assert len(empty) == 0
    assert len(empty[np.zeros(0, bool)]) == 0


def test_a_frame_cannot_be_painted_on() -> None:
    frame = Frame(np.zeros((4, 6, 3), np.uint8), 0, 0.0, "clip")
    assert (frame.height, frame.width) == (4, 6)
    with pytest.raises(ValueError, match="read-only"):
        frame.image[0, 0, 0] = 1
    with pytest.raises(ValueError, match=r"wanted uint8 of shape \(N, N, 3\), got uint8 of shape \(4, 6\)"):
        Frame(np.zeros((4, 6), np.uint8), 0, 0.0, "clip")
