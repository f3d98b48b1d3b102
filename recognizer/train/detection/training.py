"""From the YAML file to a training of one of the nets, or to its graph."""

from __future__ import annotations

import copy
from collections.abc import Iterator, Mapping, Sequence
from functools import partial
from pathlib import Path

import numpy as np
import torch
from loguru import logger
from torch import nn

from recognizer.capture.video import VideoFile
from recognizer.errors import InputError
from recognizer.evaluation.faces import picture_file
from recognizer.geometry import area
from recognizer.models.engines.torch import TorchRunner
from recognizer.train import crops
from recognizer.train.detection import material
from recognizer.train.detection.export import write_graph
from recognizer.train.detection.learner import DetectionLearner, current_state
from recognizer.train.detection.settings import DetectionConfig
from recognizer.train.detection.stream import Drawn, drawing_process
from recognizer.train.detection.task import MIN_FACE_PX, Clip, LabelledData, Teacher, TrainingTask
from recognizer.train.loop.fit import fit
from recognizer.train.loop.learner import Learner
from recognizer.types import U8, FaceDetections

HELD_OUT_FRAMES = 40
"""Of each video."""


def learn(task: TrainingTask, config: DetectionConfig, teacher: Teacher) -> None:
    """Train to the end, from the last checkpoint in ``config.out`` if there is one.

    Raises:
        InputError: if there is nothing to learn from.
        ConfigError: if the checkpoint is another training's.
    """
    generator = task.samples(labelled_data(config, teacher), teacher, seed=config.seed)
    clips = held_out(config, teacher)

    def test(learner: Learner) -> tuple[dict[str, float], str]:
        return {}, "; ".join(reports(task, learner.average, clips, threads=config.run.threads))

    with drawing_process(generator) as pool:
        fit(config, DetectionLearner(config, task), partial(Drawn, pool), test)


def labelled_data(config: DetectionConfig, teacher: Teacher) -> LabelledData:
    """The pictures of a training, with MTCNN's faces, from the cache where they were labelled before.

    Raises:
        InputError: if a folder or a video is missing, or there is no picture.
    """
    cache = config.cache or config.out / "cache"
    faces, count = crops.archive_crops(sorted(config.data.archives.glob("*.tar")), cache)
    photos, videos = material.pictures_in(config.data.photos), _videos(config.data.videos)

    def file(name: str, sources: Sequence[Path]) -> Path:
        stamps = (picture_file(path).stamp for path in sources)
        return cache / f"{name}-{crops.short_digest(*stamps, f'{config.data.min_face_px} px, landmarks')}.bin"

    return LabelledData(
        photos=material.gather(material.read(photos), teacher.find, file("photos", photos)),
        frames=material.gather(material.frames_of(videos), teacher.find, file("frames", videos)),
        crops=crops.Crops([(faces, np.arange(count))]),
        crops_file=faces,
    )


def held_out(config: DetectionConfig, teacher: Teacher) -> dict[str, Clip]:
    """By name the videos of the test: frames, and MTCNN's faces in them that are large enough to count."""

    def large(image: U8) -> FaceDetections:
        faces = teacher.find(image)
        return faces[np.sqrt(area(faces.boxes)) >= MIN_FACE_PX]

    return {path.stem: [(image, large(image)) for image in _spread(path)] for path in _videos(config.data.held_out)}


def reports(task: TrainingTask, network: nn.Module, clips: Mapping[str, Clip], *, threads: int) -> list[str]:
    """How good a network is on each video."""
    graph = TorchRunner(copy.deepcopy(network).eval(), outputs=task.outputs, threads=threads)  # it moves to a GPU
    return [f"{name}: {task.report(graph, clip)}" for name, clip in clips.items()]


def export(task: TrainingTask, config: DetectionConfig, teacher: Teacher, target: Path) -> None:
    """Write the averaged network of the last checkpoint as a graph and report how good it is.

    Raises:
        InputError: if there is no checkpoint.
        ModelError: if the graph is not the network.
    """
    if not config.last_checkpoint.exists():
        raise InputError(f"{config.last_checkpoint} is not there: train first, without --export.")
    state = current_state(torch.load(config.last_checkpoint, map_location="cpu", weights_only=True)["state_dict"])
    network = task.network()
    network.load_state_dict({key.removeprefix("average."): v for key, v in state.items() if key.startswith("average.")})
    write_graph(network, task, target)
    for report in reports(task, network, held_out(config, teacher), threads=config.run.threads):
        logger.info("{}", report)
    logger.info("{:,} samples; wrote {}", int(state["samples_seen"]), target)


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
