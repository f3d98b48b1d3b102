"""The YAML file of a training: of the proposal net or of the follow net."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Annotated, Any

from loguru import logger
from pydantic import Field

from recognizer.train.loop import settings as loop

_MOVED = {
    **dict.fromkeys(("samples", "warmup", "batch"), "schedule"),
    **dict.fromkeys(("rate", "weight_decay", "ema_samples"), "optimiser"),
    **dict.fromkeys(("threads", "round_samples"), "run"),
}
"""Keys that stood at the top of a file until 0.1, and their sections."""


class Data(loop.Section):
    """Labelled by MTCNN. Relative paths start at the working directory."""

    photos: Annotated[tuple[Path, ...], Field(min_length=1)]
    """Folders of photos with people in them."""
    videos: Annotated[tuple[Path, ...], Field(min_length=1)]
    """Files, or folders of them."""
    archives: Path
    """Folder of tar archives with aligned 112 x 112 faces."""
    held_out: Annotated[tuple[Path, ...], Field(min_length=1)]
    """Videos that are tested on and never learned from."""
    min_face_px: loop.Positive = 16
    """Smallest face that MTCNN, the teacher, detects in photos and videos."""


class DetectionSchedule(loop.Schedule):
    """See ``Schedule``; one sample is one scene or one window."""

    warmup: loop.Positive = 2048
    decay_during_warmup: bool = True
    fall: loop.Fall = loop.Fall.COSINE
    batch: loop.Positive = 16


class DetectionOptimiser(loop.Optimiser):
    """See ``Optimiser``."""

    method: loop.Method = loop.Method.ADAMW
    rate: loop.Rate = 3.0e-3
    weight_decay: loop.Weight = 0.01
    clip: loop.Rate = 5.0
    ema_samples: loop.Positive = 8192


class DetectionRun(loop.Run):
    """See ``Run``; beside the one that learns, another process draws the samples."""

    processes: loop.Positive = 1
    round_samples: loop.Positive = 8192


class DetectionConfig(loop.LoopConfig):
    """A whole training."""

    cache: Path | None = None
    """Folder for labelled pictures; two trainings may share it. Without it, one in ``out``."""
    data: Data
    box_weight: loop.Weight = 1.0
    """Of the boxes' loss beside the scores'."""
    schedule: DetectionSchedule
    optimiser: DetectionOptimiser = DetectionOptimiser()
    run: DetectionRun = DetectionRun()

    def faults(self) -> list[str]:
        """See ``LoopConfig``."""
        found, run = super().faults(), self.run
        if (run.processes, run.accelerator, run.precision) != (1, loop.Accelerator.CPU, loop.Precision.SINGLE):
            found.append("run: this net trains with processes: 1, accelerator: cpu and precision: 32-true only")
        if self.optimiser.method is loop.Method.MUON:
            found.append("optimiser.method: muon is EdgeFace's; this net has no matrices inside: adamw, sgd")
        return found


def read(path: Path) -> DetectionConfig:
    """Read and check a YAML file.

    Raises:
        ConfigError: if the file is missing, is no YAML, or holds a key or value that is not allowed.
    """
    return DetectionConfig.checked(_in_sections(loop.mapping(path), path), path)


def _in_sections(raw: Mapping[str, Any], path: Path) -> dict[str, Any]:
    """Move the keys of a file of 0.1 to their sections; where a section has the key already, that one counts."""
    old = [key for key in _MOVED if key in raw]
    current = {key: value for key, value in raw.items() if key not in _MOVED}
    for key in old:
        section = current.setdefault(_MOVED[key], {})
        if isinstance(section, dict):
            current[_MOVED[key]] = {key: raw[key], **section}
    if old:
        names = ", ".join(f"{_MOVED[key]}.{key}" for key in old)
        logger.warning("{}: write {}; without their section they will be refused in the next release.", path, names)
    return current
