"""Training scenes: the same every time, and their faces are where they say."""

from __future__ import annotations

from pathlib import Path

import cv2
import numpy as np

from recognizer.train.proposals.scenes import SIDE_PX, Scenes
from tests.train import labelled


def test_scenes_are_the_same_every_time_and_their_faces_lie_inside(folder: Path) -> None:
    photos, frames = labelled.photos(folder), labelled.frames(folder)
    crops = np.stack([cv2.resize(photos[number], (112, 112)) for number in range(len(photos))])
    assert len(photos) == 3
    assert len(frames) >= 5  # of 6, 0.2 s apart
    first, again = (Scenes(photos=photos, frames=frames, crops=crops, seed=1) for _ in range(2))
    other = Scenes(photos=photos, frames=frames, crops=crops, seed=2)
    wanted = 0
    for sample in range(20):
        picture, faces = first[sample]
        assert picture.shape == (SIDE_PX, SIDE_PX, 3)
        np.testing.assert_array_equal(picture, again[sample][0])
        assert (picture != other[sample][0]).any()
        middle = (faces[:, :2] + faces[:, 2:4]) / 2
        sure = faces[:, 4] == 1
        assert ((middle[sure] > 0) & (middle[sure] < SIDE_PX)).all()
        wanted += int(sure.sum())
    assert wanted > 20


def test_a_scene_shows_a_face_where_it_says(folder: Path) -> None:
    """MTCNN, which had no part in the pasting, sees the large ones there."""
    photos = labelled.photos(folder)
    scenes = Scenes(photos=photos, frames=photos, crops=np.stack([photos[0][:112, :112]]), seed=3)
    seen, total = 0, 0
    for sample in range(40):
        picture, faces = scenes[sample]
        sides = faces[:, 2] - faces[:, 0]
        large = faces[(faces[:, 4] == 1) & (sides > 60) & (sides < 150)]
        if len(large) == 0:
            continue
        found = labelled.find(picture)
        middle = (found.boxes[:, :2] + found.boxes[:, 2:]) / 2
        for x1, y1, x2, y2, _ in large:
            total += 1
            seen += bool(((middle > [x1, y1]) & (middle < [x2, y2])).all(axis=1).any())
    assert total >= 10
    assert seen / total > 0.6
