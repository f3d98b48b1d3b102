"""From the YAML file to a training, or to a graph."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path

import numpy as np
import torch
from loguru import logger

from recognizer.capture.video import VideoFile
from recognizer.errors import InputError
from recognizer.evaluation.faces import picture_file
from recognizer.geometry import area
from recognizer.protocols import Detector
from recognizer.train import crops
from recognizer.train.detection import material
from recognizer.train.detection.export import write_graph
from recognizer.train.detection.fit import TorchNet, fit
from recognizer.train.detection.lesson import MIN_FACE_PX, Clip, Drawer, Lesson
from recognizer.train.detection.settings import FindingConfig
from recognizer.train.follow import places
from recognizer.train.follow.lesson import FollowLesson
from recognizer.train.follow.windows import Windows
from recognizer.train.proposals.lesson import ProposalLesson
from recognizer.train.proposals.scenes import Scenes
from recognizer.types import F32, U8, FaceDetections

HELD_OUT_FRAMES = 40
"""Of each video."""


class Net(StrEnum):
    """Which one is taught."""

    PROPOSALS = "proposals"
    FOLLOW = "follow"


@dataclass(frozen=True, slots=True)
class Teacher:
    """Who shows what a face is.

    Args:
        detector: whole MTCNN, and its O-Net.
        propose: where there may be a face, (N, 4) px of a picture; only the follow net's training asks.
    """

    detector: Detector
    propose: Callable[[U8], F32]

    def find(self, picture: U8) -> FaceDetections:
        """All faces of a (H, W, 3) BGR picture."""
        return self.detector.detect([picture])[0]


def learn(net: Net, config: FindingConfig, teacher: Teacher) -> None:
    """Train to the end, from the last checkpoint in ``config.out`` if there is one.

    Raises:
        InputError: if there is nothing to learn from.
    """
    fit(config, lesson(net, config), _drawer(net, config, teacher), held_out(config, teacher))


def lesson(net: Net, config: FindingConfig) -> Lesson:
    """How the net is taught."""
    if net is Net.PROPOSALS:
        return ProposalLesson(box_weight=config.box_weight)
    return FollowLesson(box_weight=config.box_weight)


def _drawer(net: Net, config: FindingConfig, teacher: Teacher) -> Drawer:
    cache = config.cache or config.out / "cache"
    faces, count = crops.archive_crops(sorted(config.data.archives.glob("*.tar")), cache)
    aligned = crops.Crops([(faces, np.arange(count))])
    photos, videos = material.pictures_in(config.data.photos), _videos(config.data.videos)
    asked = f"{config.data.min_face_px} px, landmarks"
    at = {
        name: cache / f"{name}-{_digest(files, asked)}.bin" for name, files in (("photos", photos), ("frames", videos))
    }
    from_photos = material.gather(material.read(photos), teacher.find, at["photos"])
    from_videos = material.gather(material.frames_of(videos), teacher.find, at["frames"])
    if net is Net.PROPOSALS:
        return Scenes(photos=from_photos, frames=from_videos, crops=aligned, seed=config.seed)
    return Windows(
        photos=places.with_candidates(from_photos, teacher.propose, teacher.detector, at["photos"]),
        frames=places.with_candidates(from_videos, teacher.propose, teacher.detector, at["frames"]),
        crops=places.in_crops(aligned, teacher.detector, faces),
        seed=config.seed,
    )


def held_out(config: FindingConfig, teacher: Teacher) -> dict[str, Clip]:
    """Frames of the videos that are tested on, and MTCNN's faces in them, of the size that is then looked for."""

    def large(image: U8) -> FaceDetections:
        faces = teacher.find(image)
        return faces[np.sqrt(area(faces.boxes)) >= MIN_FACE_PX]

    return {path.stem: [(image, large(image)) for image in _spread(path)] for path in _videos(config.data.held_out)}


def export(net: Net, config: FindingConfig, teacher: Teacher, target: Path) -> None:
    """Write the averaged network of the last checkpoint as a graph and say how good it is.

    Raises:
        InputError: if there is no checkpoint.
        ModelError: if the graph is not the network.
    """
    if not config.last_checkpoint.exists():
        raise InputError(f"{config.last_checkpoint} is not there: train first, without --export.")
    state = torch.load(config.last_checkpoint, map_location="cpu", weights_only=True)["state_dict"]
    taught = lesson(net, config)
    network = taught.network()
    network.load_state_dict({key.removeprefix("average."): v for key, v in state.items() if key.startswith("average.")})
    write_graph(network, taught, target)
    for name, clip in held_out(config, teacher).items():
        logger.info("{}: {}", name, taught.found(TorchNet(network, taught.outputs), clip))
    logger.info("{:,} samples; wrote {}", int(state["seen"]), target)


def _digest(files: Sequence[Path], least: str) -> str:
    """Changes when what a cache was made from does."""
    return crops.short_digest(*(picture_file(file).stamp for file in files), least)


def _videos(paths: tuple[Path, ...]) -> list[Path]:
    files = [file for path in paths for file in (sorted(path.iterdir()) if path.is_dir() else [path])]
    missing = [str(file) for file in files if not file.is_file()]
    if missing:
        raise InputError(f"data: there is no video {', '.join(missing)}.")
    return files


def _spread(path: Path) -> Iterator[U8]:
    with VideoFile(path) as video:
        step = max(1, (video.frame_count or HELD_OUT_FRAMES) // HELD_OUT_FRAMES)
        for frame in video:
            if frame.index % step == 0:
                yield frame.image
