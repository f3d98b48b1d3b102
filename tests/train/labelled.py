"""Pictures that MTCNN has labelled: those of the demo."""

from __future__ import annotations

import tarfile
from functools import cache
from pathlib import Path

import cv2
import numpy as np

from recognizer.app import build
from recognizer.app.config import load
from recognizer.train.detection import material
from recognizer.train.detection.material import Material
from recognizer.train.detection.task import Teacher
from recognizer.types import U8, FaceDetections
from tests.conftest import ROOT


@cache
def teacher() -> Teacher:
    settings = load(None, {"track": {"follow": "onet"}})
    return Teacher(build.exact_detector(settings), build.proposal_net(settings).propose)


def find(picture: U8) -> FaceDetections:
    return teacher().find(picture)


def make_folder(root: Path) -> None:
    """Photos, a video of them, and an archive of crops."""
    photos = [
        cv2.resize(np.asarray(cv2.imread(str(path))), (320, 320))
        for path in sorted((ROOT / "recognizer/demo/media").glob("*.jpg"))[:3]
    ]
    (root / "photos").mkdir()
    (root / "faces").mkdir()
    for number, photo in enumerate(photos):
        cv2.imwrite(str(root / f"photos/{number}.png"), photo)
        cv2.imwrite(str(root / f"{number}.webp"), cv2.resize(photo, (112, 112)))
    with tarfile.open(root / "faces/faces-00.tar", "w") as archive:
        for number in range(len(photos)):
            archive.add(root / f"{number}.webp", arcname=f"{number}.demo.webp")
    video = cv2.VideoWriter(str(root / "clip.avi"), cv2.VideoWriter.fourcc(*"MJPG"), 5, (320, 320))
    for photo in photos * 2:
        video.write(photo)
    video.release()


def photos(folder: Path) -> Material:
    """The labelled photos of such a folder, kept in it."""
    return material.gather(material.read(material.pictures_in([folder / "photos"])), find, folder / "scenes/photos.bin")


def frames(folder: Path) -> Material:
    """Likewise those of its video."""
    return material.gather(material.frames_of([folder / "clip.avi"]), find, folder / "scenes/frames.bin")
