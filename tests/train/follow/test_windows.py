"""Training windows: the same every time, and their faces are where they say."""

from __future__ import annotations

from pathlib import Path

import numpy as np

from recognizer.align import align
from recognizer.detect.follow import WINDOW_PX
from recognizer.geometry import iou
from recognizer.train.follow import places
from recognizer.train.follow.windows import Windows
from recognizer.types import U8
from tests.train import labelled


def windows(folder: Path, *, seed: int = 1) -> Windows:
    photos = labelled.photos(folder)
    pictures = places.with_candidates(photos, labelled.teacher())
    crops = np.stack([_aligned(photos[number]) for number in range(len(photos))])
    faces = places.in_crops(crops, labelled.teacher().detector, folder / "scenes/crops.npy")
    return Windows(photos=pictures, frames=pictures, crops=faces, seed=seed)


def _aligned(picture: U8) -> U8:
    found = labelled.find(picture)
    crop: U8 = align(picture, found.landmarks[:1], found.scores[:1]).crops[0]
    return crop


def test_windows_are_the_same_every_time_and_mtcnn_sees_the_face_where_they_say(folder: Path) -> None:
    first, again, other = windows(folder), windows(folder), windows(folder, seed=2)
    pictures, wanted, where = first.batch(np.arange(120))
    for got, expected in zip(again.batch(np.arange(120)), (pictures, wanted, where), strict=True):
        np.testing.assert_array_equal(got, expected)
    assert (other.batch(np.arange(120))[0] != pictures).any()
    assert 0.4 < wanted.mean() < 0.75
    boxes = where[wanted == 1][:, :4] * WINDOW_PX
    near = [
        labelled.teacher().detector.refine(picture, box[None])
        for picture, box in zip(pictures[wanted == 1], boxes, strict=True)
    ]
    clear = [row for row, face in enumerate(near) if face.scores[0] > 0.95]  # others are dark, blurred, cut off
    assert len(clear) > 0.3 * len(boxes)
    shared = [float(iou(near[row].boxes, boxes[row : row + 1])[0, 0]) for row in clear]
    assert np.median(shared) > 0.7
    landmarks = where[wanted == 1][:, 4:].reshape(-1, 5, 2) * WINDOW_PX
    off = [np.abs(near[row].landmarks[0] - landmarks[row]).mean() for row in clear]
    assert np.median(off) < 2.0  # px of 48
