from __future__ import annotations

import importlib.util
from collections.abc import Sequence
from typing import Any

import numpy as np
import pytest

from recognizer.app import build, config
from recognizer.bench import peer_detection, peer_video
from recognizer.bench.peer_video import Peers
from recognizer.bench.peers import Absent, FacenetPyTorch, FaceRecognition, FastMtcnn
from recognizer.bench.subject import Bench
from recognizer.types import U8, FaceDetections


class CountedMtcnn(FacenetPyTorch):
    """Finds one face whose place tells the frame."""

    def __init__(self) -> None:
        self.shown = 0

    def detect(self, images: Sequence[U8]) -> list[FaceDetections]:
        self.shown += len(images)
        places = [np.full((1, 4), image[0, 0, 0], np.float32) for image in images]
        return [FaceDetections(box, np.ones(1, np.float32), np.zeros((1, 5, 2), np.float32)) for box in places]


def test_fast_mtcnn_copies_the_boxes_of_every_fourth_frame() -> None:
    mtcnn = CountedMtcnn()
    boxes = FastMtcnn(mtcnn).boxes([np.full((2, 2, 3), number, np.uint8) for number in range(10)])
    assert [int(found[0, 0]) for found in boxes] == [0, 0, 0, 0, 4, 4, 4, 4, 8, 8]
    assert mtcnn.shown == 3


def test_facenet_pytorch_finds_the_faces_that_ours_finds(bench: Bench) -> None:
    theirs = FacenetPyTorch(bench.settings.detect, threads=1)
    images = peer_detection.spread_frames(bench.settings, 2)
    found = peer_detection.compare(
        build.exact_detector(bench.settings), build.video_detector(bench.settings), theirs, images, min_face_px=40
    )
    assert found.ours["exact MTCNN"].every.reference >= 4
    assert found.ours["exact MTCNN"].every.recall == 1.0
    for mode in ("full detection", "fast detection"):
        assert found.ours[mode].large.reference >= 2
        assert found.ours[mode].large.recall == 1.0
    assert found.as_dict()["frames"] == 2


def test_a_picture_without_a_face_has_no_rows() -> None:
    theirs = FacenetPyTorch(config.load().detect, threads=1)
    assert [len(found) for found in theirs.detect([np.zeros((80, 80, 3), np.uint8)])] == [0]


def test_a_peer_that_is_not_installed_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    real = importlib.util.find_spec

    def find_spec(name: str, package: str | None = None) -> Any:
        return None if name == "pkg_resources" else real(name, package)

    monkeypatch.setattr(importlib.util, "find_spec", find_spec)
    with pytest.raises(Absent, match=r"pkg_resources.*requirements-bench\.txt"):
        FaceRecognition([])


@pytest.mark.long
def test_a_clip_is_gone_through_without_any_peer(bench: Bench) -> None:
    nobody = Peers(mtcnn=None, eager=None, face_recognition=None)
    video = peer_video.compare(bench.settings, bench.resolved, nobody, segments=5)
    assert video.frames == peer_video.SEGMENT  # the clip has no more
    assert list(video.ways) == ["ours"]
    assert set(video.ways["ours"].named()) == {"Barack Obama", "Eileen Collins"}


@pytest.mark.long
def test_names_and_recall_are_held_against_the_per_frame_way(bench: Bench) -> None:
    both = Peers(
        mtcnn=FacenetPyTorch(bench.settings.detect, threads=1),
        eager=build.embedder(bench.settings, bench.resolved),  # of the shipped model there is no torch network
        face_recognition=None,
    )
    video = peer_video.compare(bench.settings, bench.resolved, both, segments=1).as_dict()
    assert set(video["ways"]) == {"ours", "per frame", "FastMTCNN"}
    assert video["ways"]["per frame"]["recall"]["recall"] == 1.0
    assert set(video["ways"]["per frame"]["named_frames"]) == {"Barack Obama", "Eileen Collins"}
    assert video["names_kept"] == {"of": 2, "kept": 2}
