"""What the YAML files of all trainings share: how long, how fast, on which machine; and how they are read."""

from __future__ import annotations

import math
from collections.abc import Mapping
from enum import Enum
from pathlib import Path
from typing import Annotated, Any, Self

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from recognizer import strict_yaml
from recognizer.errors import ConfigError
from recognizer.plain_faults import plain

Positive = Annotated[int, Field(gt=0)]
Count = Annotated[int, Field(ge=0)]
Rate = Annotated[float, Field(gt=0)]
Weight = Annotated[float, Field(ge=0)]


class Section(BaseModel):
    """Part of a YAML file: frozen, and an unknown key is an error."""

    model_config = ConfigDict(frozen=True, extra="forbid")


class Fall(Enum):
    """How the rate falls; t in [0, 1] is how much of the decay is over."""

    ROOT = "root"
    """1 - sqrt(t)."""
    POLYNOMIAL = "polynomial"
    """(1 - t) ** power; InsightFace's and EdgeFace's recipes fall so from the warm-up to the end."""
    COSINE = "cosine"
    """(1 + cos(pi t)) / 2: Loshchilov and Hutter, "SGDR", ICLR 2017."""


class Schedule(Section):
    """How long, in samples: warm-up, a stable rate, then a decay that a later edit may put anywhere.

    Haegele et al., "Scaling laws and compute-optimal training beyond fixed training durations", NeurIPS 2024.
    """

    samples: Positive
    """Where training ends."""
    warmup: Positive
    decay: Positive | None = None
    """Over the last so many samples the rate falls to zero; without it over all of them after the warm-up."""
    decay_during_warmup: bool = False
    """Without ``decay`` the rate falls over all samples, those of the warm-up included."""
    fall: Fall = Fall.ROOT
    power: Rate = 2.0
    """Of the polynomial."""
    batch: Positive = 64
    """Samples of one step, over all processes."""

    def rate(self, seen: int) -> float:
        """Share of the full learning rate after ``seen`` samples, in [0, 1]."""
        rise = min(1.0, (seen + self.batch) / self.warmup)
        decay = self.decay or self.samples - (0 if self.decay_during_warmup else self.warmup)
        over = max(0.0, (seen - (self.samples - decay)) / max(decay, 1))
        return rise * self._left(min(over, 1.0))

    def _left(self, over: float) -> float:
        if self.fall is Fall.ROOT:
            return 1.0 - math.sqrt(over)
        if self.fall is Fall.POLYNOMIAL:
            return float((1.0 - over) ** self.power)
        return (1.0 + math.cos(math.pi * over)) / 2


class Method(Enum):
    """Who moves the weights."""

    MUON = "muon"
    """Muon for the matrices inside the network, AdamW for everything else."""
    ADAMW = "adamw"
    SGD = "sgd"
    """With momentum 0.9, as ArcFace was trained."""


class Optimiser(Section):
    """How weights move."""

    method: Method = Method.MUON
    matrix_rate: Rate | None = None
    """Full rate of Muon, on AdamW's scale (update RMS 0.2); Muon needs it, the others have no use for it."""
    rate: Rate
    """Full rate of everything else."""
    weight_decay: Weight = 0.05
    clip: Rate = 1.0
    """Largest norm of the whole gradient."""
    ema_samples: Positive = 64_000
    """Memory of the averaged weights."""


class Accelerator(Enum):
    """What computes. All but the CPU follow torch's rules for devices, and were never tried on one."""

    CPU = "cpu"
    GPU = "gpu"
    """CUDA or ROCm; each process takes one."""
    MPS = "mps"
    """Apple's; one process."""
    AUTO = "auto"
    """A GPU where torch finds one, else Apple's, else the CPU."""


class Precision(Enum):
    """What the network computes in; losses are always computed in single precision.

    Not 16-bit floats: they need their losses scaled, and the centres' gradients scaled back; bfloat16 has the range of
    single precision.
    """

    SINGLE = "32-true"
    BFLOAT16 = "bf16-mixed"


class Run(Section):
    """How the machine is used."""

    processes: Positive = 2
    """Each works on its share of the batch. Better than threads on a shared machine: threads wait at every layer."""
    threads: Positive = 1
    """Of each process."""
    round_samples: Positive = 16_384
    """Between two held-out tests; also between two checkpoints, so that a kill costs one round at most."""
    accelerator: Accelerator = Accelerator.CPU
    precision: Precision = Precision.SINGLE

    def device(self, *, gpus: int, mps: bool) -> str:
        """Lightning's name for what computes, on a machine with so many GPUs, and Apple's or not.

        Raises:
            ConfigError: if the machine lacks the requested devices, or has fewer of them.
        """
        wanted = self.accelerator
        if wanted is Accelerator.AUTO:
            wanted = Accelerator.GPU if gpus else Accelerator.MPS if mps else Accelerator.CPU
        found = {Accelerator.CPU: self.processes, Accelerator.GPU: gpus, Accelerator.MPS: int(mps)}[wanted]
        if found < self.processes:
            raise ConfigError(
                f"run.accelerator: {self.accelerator.value} with run.processes: {self.processes} wants as many devices "
                f"({wanted.value}), and torch finds {found}; set run.processes to {max(found, 1)}, or take the cpu."
            )
        return wanted.value


class LoopConfig(Section):
    """What every training needs."""

    seed: int = 1
    out: Path
    """Folder for caches, checkpoints and logs; the same folder resumes."""
    schedule: Schedule
    optimiser: Optimiser
    run: Run = Run()

    @property
    def last_checkpoint(self) -> Path:
        """Where the last complete round is kept."""
        return self.out / "checkpoints" / "last.ckpt"

    def faults(self) -> list[str]:
        """What does not fit together, in words that name the keys."""
        schedule, run, optimiser = self.schedule, self.run, self.optimiser
        found = []
        if schedule.batch % run.processes:
            found.append(
                f"schedule.batch ({schedule.batch}) must be a multiple of run.processes ({run.processes})",
            )
        if run.round_samples % schedule.batch:
            found.append(
                f"run.round_samples ({run.round_samples}) must be a multiple of schedule.batch ({schedule.batch})",
            )
        if not schedule.decay_during_warmup and (schedule.decay or 0) + schedule.warmup > schedule.samples:
            found.append("schedule.warmup and schedule.decay together are longer than schedule.samples")
        if (optimiser.matrix_rate is None) == (optimiser.method is Method.MUON):
            found.append("optimiser.matrix_rate goes with optimiser.method: muon, and only with it")
        return found

    @classmethod
    def checked(cls, raw: Mapping[str, Any], path: Path) -> Self:
        """Make settings of the keys and values ``raw`` of a file; ``path`` is for the message.

        Raises:
            ConfigError: if a key or value is not allowed, or two do not fit together; the message names each key.
        """
        try:
            config = cls.model_validate(raw)
        except ValidationError as error:
            faults = [f"{'.'.join(map(str, each['loc'])) or 'the file'}: {plain(each)}" for each in error.errors()]
        else:
            faults = config.faults()
            if not faults:
                return config
        raise ConfigError(f"{path}: {'; '.join(faults)}. Correct the keys named here.")


def mapping(path: Path) -> dict[str, Any]:
    """Read the keys and values of a YAML file.

    Raises:
        ConfigError: if the file is missing, is no YAML, or holds no mapping.
    """
    raw = strict_yaml.read(path, kind="configuration", error=ConfigError)
    if not isinstance(raw, dict):
        raise ConfigError(f"{path} holds no settings; wanted keys and values, see configs/ for examples.")
    return raw
