"""From the YAML file to a training, or to a graph."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from pathlib import Path

import numpy as np
import torch
from loguru import logger

from recognizer.capture.video import VideoFile
from recognizer.errors import InputError
from recognizer.evaluation.faces import picture_file
from recognizer.geometry import area
from recognizer.train import crops
from recognizer.train.proposals import material
from recognizer.train.proposals.export import write_graph
from recognizer.train.proposals.fit import MIN_FACE_PX, Clip, fit, found
from recognizer.train.proposals.network import ProposalNet
from recognizer.train.proposals.scenes import Scenes
from recognizer.train.proposals.settings import ProposalConfig
from recognizer.types import U8, FaceDetections

HELD_OUT_FRAMES = 40
"""Of each video."""


def learn(config: ProposalConfig, find: material.Find) -> None:
    """Train to the end, from the last checkpoint in ``config.out`` if there is one.

    Args:
        config: what the file says.
        find: whole MTCNN detection, the teacher.

    Raises:
        InputError: if there is nothing to learn from.
    """
    cache = config.out / "cache"
    archives = sorted(config.data.archives.glob("*.tar"))
    faces, count = crops.archive_crops(archives, cache)
    photos, videos = material.pictures_in(config.data.photos), _videos(config.data.videos)
    least = f"{config.data.min_face_px} px"
    scenes = Scenes(
        photos=material.gather(material.read(photos), find, cache / f"photos-{_digest(photos, least)}.bin"),
        frames=material.gather(material.frames_of(videos), find, cache / f"frames-{_digest(videos, least)}.bin"),
        crops=crops.Crops([(faces, np.arange(count))]),
        seed=config.seed,
    )
    fit(config, scenes, held_out(config, find))


def held_out(config: ProposalConfig, find: material.Find) -> dict[str, Clip]:
    """Frames of the videos that are tested on, and MTCNN's faces in them, of the size that is then looked for."""

    def large(image: U8) -> FaceDetections:
        faces = find(image)
        return faces[np.sqrt(area(faces.boxes)) >= MIN_FACE_PX]

    return {path.stem: [(image, large(image)) for image in _spread(path)] for path in _videos(config.data.held_out)}


def export(config: ProposalConfig, find: material.Find, target: Path) -> None:
    """Write the averaged network of the last checkpoint as a graph and say how good it is.

    Raises:
        InputError: if there is no checkpoint.
        ModelError: if the graph is not the network.
    """
    if not config.last_checkpoint.exists():
        raise InputError(f"{config.last_checkpoint} is not there: train first, without --export.")
    state = torch.load(config.last_checkpoint, map_location="cpu", weights_only=True)["state_dict"]
    network = ProposalNet()
    network.load_state_dict({key.removeprefix("average."): v for key, v in state.items() if key.startswith("average.")})
    write_graph(network, target)
    for name, clip in held_out(config, find).items():
        logger.info("{}: found of confident and all faces {} a frame", name, found(network, clip))
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
