from __future__ import annotations

import warnings
from collections.abc import Iterator
from functools import cache
from itertools import islice
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray

from recognizer.capture.pictures import read_picture
from recognizer.capture.video import VideoFile
from recognizer.detect.boxes import evened, pixel_corners, squared, suppress, suppress_nested
from recognizer.detect.mtcnn import Mtcnn, pyramid
from recognizer.geometry import iou
from recognizer.types import F32, U8, FaceDetections

from .nets_here import mtcnn

PORTRAIT = Path(__file__).parent.parent.parent / "recognizer/demo/media"
CLIPS = ("friends_720p", "street_1080p", "classroom_720p", "four_faces_1080p", "hamilton_360p", "no_face_432p")


def rows(*values: tuple[float, ...]) -> F32:
    return np.array(values, np.float32)


def portrait() -> U8:
    return read_picture(sorted(PORTRAIT.rglob("*.jpg"))[0])


def test_the_pyramid_ends_where_the_shorter_side_is_one_cell() -> None:
    scales = pyramid(1080, 1920, 40, 0.709)
    assert scales[0] == pytest.approx(0.3)
    assert 1080 * scales[-1] >= 12 > 1080 * scales[-1] * 0.709
    assert pyramid(30, 500, 40, 0.709) == []


def test_squares_keep_the_middle() -> None:
    box = rows((10, 20, 30, 80))
    np.testing.assert_array_equal(squared(box), [[-10, 20, 50, 80]])
    np.testing.assert_array_equal(evened(box), [[0, 30, 40, 70]])


@pytest.mark.parametrize(
    ("box", "corners", "inside"),
    [
        ((5.9, 6.9, 20, 30), (4, 5, 20, 30), True),
        ((-10, -10, 8, 8), (-11, -11, 8, 8), True),  # beyond the edge: samplers fill
        ((90, 40, 200, 200), (89, 39, 200, 200), True),
        ((101, 10, 140, 40), (100, 9, 100, 40), False),  # beside the picture
        ((-40, -40, 0, 0), (0, 0, 0, 0), False),
        ((30, 30, 20, 20), (29, 29, 20, 20), False),  # inverted
        ((np.nan, 0, np.inf, 9), (-1, -1, 1_000_000, 9), True),
    ],
)
def test_pixels_of_a_box(box: tuple[float, ...], corners: tuple[int, ...], inside: bool) -> None:
    found, kept = pixel_corners(rows(box), 100, 50)
    assert kept[0] == inside
    if inside:
        assert tuple(found[0]) == corners


def test_suppression_keeps_the_best_and_what_does_not_overlap() -> None:
    boxes = rows((0, 0, 10, 10), (1, 0, 11, 10), (40, 0, 50, 10), (0, 0, 4, 4))
    assert suppress(boxes, rows((0.6,), (0.9,), (0.7,), (0.8,))[:, 0], 0.5).tolist() == [1, 3, 2]
    assert suppress_nested(boxes, rows((0.6,), (0.9,), (0.7,), (0.8,))[:, 0], 0.7).tolist() == [1, 2]
    assert len(suppress(boxes[:0], boxes[:0, 0], 0.5)) == 0
    assert len(suppress_nested(boxes[:0], boxes[:0, 0], 0.5)) == 0


def test_a_portrait_has_one_face_with_its_landmarks_inside() -> None:
    image = portrait()
    faces = mtcnn().detect([image])[0]
    assert len(faces) == 1
    assert faces.scores[0] > 0.99
    x1, y1, x2, y2 = faces.boxes[0]
    assert ((faces.landmarks[0] > [x1, y1]) & (faces.landmarks[0] < [x2, y2])).all()
    left_eye, right_eye, nose, left_mouth, right_mouth = faces.landmarks[0]
    assert left_eye[0] < nose[0] < right_eye[0]
    assert left_mouth[1] > nose[1] > left_eye[1]
    assert right_mouth[0] > left_mouth[0]


def test_colour_order_matters_and_is_bgr() -> None:
    image = portrait()
    right = mtcnn().detect([image])[0]
    swapped = mtcnn().detect([np.ascontiguousarray(image[:, :, ::-1])])[0]
    assert not np.allclose(right.boxes[:1], swapped.boxes[:1], atol=1e-3)


def test_a_batch_gives_each_picture_its_own_faces() -> None:
    image = portrait()
    blank = np.full_like(image, 90)
    mirrored = np.ascontiguousarray(image[:, ::-1])
    alone = [mtcnn().detect([each])[0] for each in (image, blank, mirrored)]
    together = mtcnn().detect([image, blank, mirrored])
    for one, other in zip(alone, together, strict=True):
        assert len(one) == len(other)
        np.testing.assert_allclose(one.boxes, other.boxes, atol=0.01)
    assert len(together[1]) == 0


@pytest.mark.parametrize("shape", [(12, 12), (1, 300), (39, 39), (2, 2)])
def test_tiny_pictures_have_no_faces_and_no_error(shape: tuple[int, int]) -> None:
    assert len(mtcnn().detect([np.zeros((*shape, 3), np.uint8)])[0]) == 0


@pytest.mark.parametrize("own", [True, False])
def test_refining_keeps_rows_in_place_when_a_box_has_no_pixels(own: bool) -> None:
    image = portrait()
    face = mtcnn().detect([image])[0]
    height, width = image.shape[:2]
    outside = rows((width + 50, height + 50, width + 90, height + 90))
    boxes = np.concatenate([outside, face.boxes, outside])
    refined = mtcnn(own=own).refine(image, boxes, np.zeros(len(boxes), bool))
    assert len(refined) == 3
    assert max(refined.scores[0], refined.scores[2]) < 0.05
    assert refined.scores[1] > 0.99
    assert iou(refined.boxes[1:2], face.boxes)[0, 0] > 0.8
    assert len(mtcnn(own=own).refine(image, boxes[:0], np.zeros(0, bool))) == 0


@pytest.mark.parametrize("own", [True, False])
def test_refining_finds_a_face_that_moved_by_a_third_of_its_width(own: bool) -> None:
    image = portrait()
    face = mtcnn().detect([image])[0]
    step = (face.boxes[:, 2:3] - face.boxes[:, :1]) * np.float32(0.4)
    refined = mtcnn(own=own).refine(image, np.asarray(face.boxes + step, np.float32), np.zeros(1, bool))
    assert refined.scores[0] > 0.9
    assert iou(refined.boxes, face.boxes)[0, 0] > 0.7


@cache
def facenet_pytorch(min_face_px: float) -> Any:
    from facenet_pytorch import MTCNN

    return MTCNN(keep_all=True, min_face_size=min_face_px, thresholds=[0.6, 0.7, 0.7], factor=0.709)


def reference(image: U8, *, min_face_px: float) -> tuple[FaceDetections, F32]:
    """facenet-pytorch's own faces, in its order of boxes, probabilities and points."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        found = facenet_pytorch(min_face_px)
        boxes, scores, points = found.detect(np.ascontiguousarray(image[:, :, ::-1]), landmarks=True)
    if boxes is None:
        return FaceDetections.empty(), np.zeros(0, np.float32)
    faces = FaceDetections(boxes.astype(np.float32), scores.astype(np.float32), points.astype(np.float32))
    return faces, faces.boxes[:, 2] - faces.boxes[:, 0]


def away_from_the_edge(boxes: F32, image: U8) -> NDArray[np.bool_]:
    """Which boxes, grown by a quarter of their longer side, lie in the picture: no net saw beyond its edge."""
    reach = 0.25 * (boxes[:, 2:] - boxes[:, :2]).max(axis=1, keepdims=True, initial=0)
    limit = np.array(image.shape[1::-1])
    return np.asarray((boxes[:, :2] >= reach).all(axis=1) & (boxes[:, 2:] <= limit - reach).all(axis=1), bool)


def agreement(images: Iterator[U8], detector: Mtcnn, *, min_face_px: float) -> tuple[int, int, int, float]:
    """Confident faces of the reference, those we miss, ours that it has not, mean landmark error in box widths.

    Only faces away from the picture's edge: beyond it the reference stretches what it sees (``test_edges.py``).
    """
    confident = missed = extra = 0
    errors: list[float] = []
    for image in images:
        theirs, widths = reference(image, min_face_px=min_face_px)
        ours = detector.detect([image])[0]
        overlap = iou(theirs.boxes, ours.boxes)
        extra += int(((overlap.max(axis=0, initial=0) < 0.6) & away_from_the_edge(ours.boxes, image)).sum())
        for row in np.flatnonzero((theirs.scores >= 0.95) & away_from_the_edge(theirs.boxes, image)):
            confident += 1
            if overlap[row].max(initial=0) < 0.6:
                missed += 1
                continue
            near = ours.landmarks[overlap[row].argmax()]
            errors.append(float(np.linalg.norm(near - theirs.landmarks[row], axis=1).mean() / widths[row]))
    return confident, missed, extra, float(np.mean(errors)) if errors else 0.0


def every_nth(path: Path, count: int) -> Iterator[U8]:
    with VideoFile(path) as video:
        step = max((video.frame_count or 300) // count, 1)
        for frame in islice(video, 0, step * count, step):
            yield frame.image


def check_agreement(shared_data: Path, *, frames: int, pictures: int) -> None:
    confident = missed = extra = 0
    for clip in CLIPS:
        images = every_nth(shared_data / "data/video" / f"{clip}.mp4", frames)
        counts = agreement(images, mtcnn(), min_face_px=40)
        confident, missed, extra = confident + counts[0], missed + counts[1], extra + counts[2]
        assert counts[3] < 0.03
    files = sorted((shared_data / "data/lfw/images").rglob("*.jpg"))
    chosen = (read_picture(path) for path in files[:: len(files) // pictures][:pictures])
    counts = agreement(chosen, mtcnn(min_face_px=20), min_face_px=20)
    confident, missed, extra = confident + counts[0], missed + counts[1], extra + counts[2]
    assert counts[3] < 0.03
    assert confident > frames * 8
    assert missed <= 0.01 * confident
    assert extra == 0
    print(f"{confident} confident faces, {missed} missed, {extra} of ours that the reference has not")


@pytest.mark.long
@pytest.mark.weights
def test_the_same_faces_as_facenet_pytorch_on_a_few_pictures(shared_data: Path) -> None:
    check_agreement(shared_data, frames=2, pictures=10)


@pytest.mark.weights
@pytest.mark.slow
def test_the_same_faces_as_facenet_pytorch(shared_data: Path) -> None:
    check_agreement(shared_data, frames=50, pictures=200)
