from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

import numpy as np
import pytest
from numpy.typing import NDArray

from recognizer.capture.pictures import read_picture
from recognizer.capture.video import VideoFile
from recognizer.detect.proposals import ProposalNet, centres, shrunk
from recognizer.geometry import iou
from recognizer.types import DetectionMode
from tests.detect.nets_here import mtcnn, net

MEDIA = Path(__file__).parent.parent.parent / "recognizer/demo/media"


def test_centres_stand_in_the_cells_of_four_grids() -> None:
    points = centres(64, 96)
    assert len(points) == 16 * 24 + 8 * 12 + 4 * 6 + 2 * 3
    assert points[0].tolist() == [2, 2]
    assert points[1].tolist() == [6, 2]  # by rows
    assert points[16 * 24].tolist() == [4, 4]
    assert points[-1].tolist() == [80, 48]


def test_a_small_copy_is_the_mean_of_its_pixels_with_grey_below_and_right() -> None:
    picture = np.random.default_rng(1).integers(0, 256, (130, 203, 3)).astype(np.uint8)
    small = shrunk(picture, 4)
    assert small.shape == (32, 64, 3)
    means = picture[:128, :200].reshape(32, 4, 50, 4, 3).mean(axis=(1, 3))
    assert np.abs(small[:, :50] - means).max() <= 1  # halved twice, rounded twice
    assert (small[:, 50:] == 127).all()


class _OneCell:
    """Says that there is a face round the third cell of the finest grid."""

    def run(self, inputs: NDArray[np.float32]) -> Mapping[str, NDArray[np.float32]]:
        count = len(centres(*inputs.shape[1:3]))
        scores = np.zeros((1, count), np.float32)
        scores[0, [2, 3]] = 0.9, 0.8  # the other sees the same face
        distances = np.zeros((1, count, 4), np.float32)
        distances[0, 2] = 5, 2, 6, 9
        distances[0, 3] = 9, 2, 2, 9
        return {"scores": scores, "distances": distances}


def test_distances_become_one_box_in_pixels_of_the_picture() -> None:
    boxes = ProposalNet(_OneCell(), min_face_px=40).propose(np.zeros((256, 256, 3), np.uint8))
    assert boxes.tolist() == [[20, 0, 64, 44]]  # centre (10, 2), four times as large


@pytest.mark.parametrize("shape", [(1, 1), (3, 900), (40, 40), (1080, 7)])
def test_pictures_of_any_shape_pass(shape: tuple[int, int]) -> None:
    detector = mtcnn()
    picture = np.random.default_rng(1).integers(0, 256, (*shape, 3)).astype(np.uint8)
    assert len(detector.detect([picture], DetectionMode.FAST)) == 1


def test_fast_detection_finds_the_portraits_that_exact_mtcnn_finds() -> None:
    detector = mtcnn()
    for path in sorted(MEDIA.glob("*.jpg")):
        picture = read_picture(path)
        whole, fast = detector.detect([picture])[0], detector.detect([picture], DetectionMode.FAST)[0]
        sure = whole[whole.scores >= 0.99]
        assert (iou(sure.boxes, fast.boxes).max(axis=1, initial=0) > 0.7).all(), path.name


def found_of_exact(clip: Path, *, mode: DetectionMode, frame_step: int) -> list[bool]:
    """For each confident face of exact MTCNN of 40 px and more, whether a detection in this mode finds it."""
    detector, hits = mtcnn(), []
    with VideoFile(clip) as video:
        for frame in video:
            if frame.index % frame_step == 0:
                whole, fast = detector.detect([frame.image])[0], detector.detect([frame.image], mode)[0]
                sides = np.sqrt((whole.boxes[:, 2:] - whole.boxes[:, :2]).prod(axis=1))
                sure = whole[(whole.scores >= 0.95) & (sides >= 40)]
                hits += (iou(sure.boxes, fast.boxes).max(axis=1, initial=0) >= 0.5).tolist()
    return hits


@pytest.mark.long
@pytest.mark.weights
@pytest.mark.parametrize(("clip", "frame_step"), [("street_1080p", 26), ("classroom_720p", 60), ("friends_720p", 100)])
def test_fast_detection_finds_what_exact_mtcnn_finds_in_video(shared_data: Path, clip: str, frame_step: int) -> None:
    """None of these clips was learned from."""
    path = shared_data / "data/video" / f"{clip}.mp4"
    hits = found_of_exact(path, mode=DetectionMode.FAST, frame_step=frame_step)
    assert len(hits) >= 8
    assert np.mean(hits) >= 0.95


@pytest.mark.weights
@pytest.mark.slow
def test_fast_and_full_detection_find_almost_all(shared_data: Path) -> None:
    clips = [shared_data / "data/video" / f"{clip}.mp4" for clip in ("street_1080p", "classroom_720p", "friends_720p")]
    fast, full = (
        [hit for clip in clips for hit in found_of_exact(clip, mode=mode, frame_step=9)]
        for mode in (DetectionMode.FAST, DetectionMode.FULL)
    )
    print(f"of {len(fast)} faces fast detection finds {sum(fast)}, full detection {sum(full)}")
    assert np.mean(fast) >= 0.97
    assert np.mean(full) >= 0.97


def test_the_graph_is_small_and_takes_pictures_of_any_size() -> None:
    assert net("proposals").run(np.zeros((1, 64, 96, 3), np.float32))["distances"].shape == (1, 510, 4)
