"""The YAML file of a distillation: every key, its unit and its range."""

from __future__ import annotations

import math
from pathlib import Path
from typing import Annotated

import yaml
from pydantic import BaseModel, ConfigDict, Field, ValidationError

from recognizer.errors import ConfigError

Positive = Annotated[int, Field(gt=0)]
Share = Annotated[float, Field(ge=0, lt=1)]
Rate = Annotated[float, Field(gt=0)]
Weight = Annotated[float, Field(ge=0)]


class _Section(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")


class Data(_Section):
    """What is looked at. Relative paths start at the working directory."""

    archives: Path
    """Folder of tar archives with aligned 112 x 112 faces."""
    lfw: Path
    """Folder with LFW's ``pairs.txt`` and ``images/``."""
    min_face_px: Positive = 40
    """Smallest face to look for in an LFW picture."""
    views: Positive = 4
    """Random views of each crop; the teacher looks at each one once."""


class TeacherSettings(_Section):
    """Whose vectors are learned."""

    name: str
    weights: Path


class Student(_Section):
    """What learns, from a random start."""

    name: str = "edgeface_xxs"
    layer_scale: Rate = 0.3
    """Start of each block's branch scale; timm's 1e-6 is for networks 30 times as long in training."""


class Stage(_Section):
    """From how many samples on the student looks at which size."""

    after: Annotated[int, Field(ge=0)]
    size_px: Annotated[int, Field(ge=32, le=112)]


class Schedule(_Section):
    """How long, in samples: warm-up, a stable rate, then a decay that can be put where one likes by a later edit.

    Haegele et al., "Scaling laws and compute-optimal training beyond fixed training durations", NeurIPS 2024.
    """

    samples: Positive
    """Where training ends."""
    warmup: Positive
    decay: Positive
    """The last so many samples fall to a rate of zero as 1 - sqrt(t)."""
    batch: Positive = 64
    """Samples of one step, over all processes."""
    sizes: tuple[Stage, ...] = (Stage(after=0, size_px=112),)
    """In rising order of ``after``; the first begins at 0."""

    def rate(self, seen: int) -> float:
        """Share of the full learning rate after ``seen`` samples, in [0, 1]."""
        rise = min(1.0, (seen + self.batch) / self.warmup)
        fall = max(0.0, (seen - (self.samples - self.decay)) / self.decay)
        return rise * max(0.0, 1.0 - math.sqrt(fall))

    def size_px(self, seen: int) -> int:
        """Side of the picture the student looks at after ``seen`` samples."""
        return next(stage.size_px for stage in reversed(self.sizes) if stage.after <= seen)


class Optimiser(_Section):
    """Muon for the matrices inside the network, AdamW for everything else."""

    matrix_rate: Rate
    """Full rate of Muon, on AdamW's scale (update RMS 0.2)."""
    rate: Rate
    """Full rate of AdamW."""
    weight_decay: Weight = 0.05
    clip: Rate = 1.0
    """Largest norm of the whole gradient."""
    ema_samples: Positive = 64_000
    """Memory of the averaged weights."""


class Losses(_Section):
    """Weights of the terms; 0 leaves a term out."""

    cosine: Weight = 1.0
    relation: Weight = 0.0
    contrast: Weight = 0.0
    temperature: Rate = 0.07
    bank: Positive = 4096
    """Teacher vectors of recent samples that the contrast term compares with."""


class Run(_Section):
    """How the machine is used."""

    processes: Positive = 2
    """Each works on its share of the batch. Better than threads on a shared machine: threads wait at every layer."""
    threads: Positive = 1
    """Of each process."""
    round_samples: Positive = 16_384
    """Between two held-out tests; also between two checkpoints, so that a kill costs one round at most."""


class DistilConfig(_Section):
    """The whole file."""

    seed: int = 1
    out: Path
    """Folder for caches, checkpoints and logs; the same folder resumes."""
    data: Data
    teacher: TeacherSettings
    student: Student = Student()
    schedule: Schedule
    optimiser: Optimiser
    losses: Losses = Losses()
    run: Run = Run()


def read(path: Path) -> DistilConfig:
    """Read and check a YAML file.

    Raises:
        ConfigError: if the file is missing, is no YAML, or holds a key or value that is not allowed; the message names
            each key.
    """
    try:
        raw = yaml.safe_load(path.read_text(encoding="utf-8"))
    except OSError as error:
        raise ConfigError(f"The configuration {path} cannot be read: {error.strerror}.") from error
    except yaml.YAMLError as error:
        raise ConfigError(f"{path} is not YAML: {str(error).splitlines()[0]}.") from error
    try:
        config = DistilConfig.model_validate(raw)
    except ValidationError as error:
        faults = "; ".join(f"{'.'.join(map(str, e['loc'])) or 'the file'}: {e['msg']}" for e in error.errors())
        raise ConfigError(f"{path}: {faults}. Correct the keys named here.") from error
    _check(path, config)
    return config


def _check(path: Path, config: DistilConfig) -> None:
    schedule, run = config.schedule, config.run
    starts = [stage.after for stage in schedule.sizes]
    if not starts or starts[0] != 0 or starts != sorted(set(starts)):
        raise ConfigError(f"{path}: schedule.sizes must begin with after: 0 and rise, came {starts}.")
    if schedule.batch % run.processes:
        raise ConfigError(
            f"{path}: schedule.batch ({schedule.batch}) must be a multiple of run.processes ({run.processes})."
        )
    if run.round_samples % schedule.batch:
        raise ConfigError(
            f"{path}: run.round_samples ({run.round_samples}) must be a multiple of schedule.batch ({schedule.batch})."
        )
    if schedule.decay + schedule.warmup > schedule.samples:
        raise ConfigError(f"{path}: schedule.warmup and schedule.decay together are longer than schedule.samples.")
