"""The YAML file of a training: of the proposal net or of the follow net."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

from pydantic import Field, ValidationError

from recognizer.errors import ConfigError
from recognizer.train.embedder.settings import faults_of, mapping
from recognizer.train.loop.settings import Positive, Rate, Section, Weight


class Data(Section):
    """What is looked at. Relative paths start at the working directory."""

    photos: Annotated[tuple[Path, ...], Field(min_length=1)]
    """Folders of photos with people in them."""
    videos: Annotated[tuple[Path, ...], Field(min_length=1)]
    """Files, or folders of them."""
    archives: Path
    """Folder of tar archives with aligned 112 x 112 faces."""
    held_out: Annotated[tuple[Path, ...], Field(min_length=1)]
    """Videos that are tested on and never learned from."""
    min_face_px: Positive = 16
    """Smallest face that MTCNN, the teacher, looks for in photos and videos."""


class FindingConfig(Section):
    """A whole training."""

    seed: int = 1
    out: Path
    """Folder for the checkpoint and logs; the same folder resumes."""
    cache: Path | None = None
    """Folder for what was looked at once; two trainings may share it. Without it, one in ``out``."""
    data: Data
    samples: Positive
    """Where training ends; one sample is one scene or one window."""
    warmup: Positive = 2048
    batch: Positive = 16
    rate: Rate = 3.0e-3
    """Full rate of AdamW; it falls along a cosine to the end."""
    weight_decay: Weight = 0.01
    box_weight: Weight = 1.0
    """Of the boxes' loss beside the scores'."""
    ema_samples: Positive = 8192
    """Memory of the averaged weights."""
    threads: Positive = 1
    round_samples: Positive = 8192
    """Between two held-out tests and checkpoints."""

    @property
    def last_checkpoint(self) -> Path:
        """Where the last complete round is kept."""
        return self.out / "checkpoints" / "last.ckpt"


def read(path: Path) -> FindingConfig:
    """Read and check a YAML file.

    Raises:
        ConfigError: if the file is missing, is no YAML, or holds a key or value that is not allowed.
    """
    try:
        config = FindingConfig.model_validate(mapping(path))
    except ValidationError as error:
        raise ConfigError(f"{path}: {'; '.join(faults_of(error))}. Correct the keys named here.") from None
    if config.round_samples % config.batch:
        raise ConfigError(f"{path}: round_samples ({config.round_samples}) must be a multiple of batch.")
    return config
