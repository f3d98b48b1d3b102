"""The smallest task: a line through points that follow from the sample numbers."""

from __future__ import annotations

import signal
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import torch
from torch import Tensor, nn
from torch.utils.data import IterableDataset

from recognizer.train.loop.data import Batch, Position
from recognizer.train.loop.fit import fit
from recognizer.train.loop.learner import Learner, Terms
from recognizer.train.loop.settings import LoopConfig


class Line(Learner):
    width = 1

    def __init__(self, config: LoopConfig) -> None:
        super().__init__(config, lambda: nn.Linear(1, self.width))
        self.on_step: Callable[[Tensor], None] = lambda weight: None

    def terms(self, batch: Batch) -> Terms:
        points, wanted = batch
        return {"square": (1.0, (self.student(points) - wanted).square().mean())}

    def learned(self, batch: Batch, rate: float) -> None:
        self.on_step(self.student.state_dict()["weight"].clone())


class Wide(Line):
    width = 2


class Points(IterableDataset[Batch]):
    def __init__(self, position: Position) -> None:
        self._position = position

    def __len__(self) -> int:
        return self._position.steps

    def __iter__(self) -> Iterator[Batch]:
        for samples in self._position.samples():
            points = torch.from_numpy(samples).float()[:, None] / 10
            yield points, 3 * points + 1


def config(out: Path, *, samples: int, **sections: dict[str, Any]) -> LoopConfig:
    """Rounds of two steps of four samples."""
    raw: dict[str, Any] = {
        "out": out,
        "schedule": {"samples": samples, "warmup": 4, "batch": 4},
        "optimiser": {"method": "adamw", "rate": 0.1, "ema_samples": 20},
        "run": {"processes": 1, "round_samples": 8},
    }
    return LoopConfig.checked(raw | sections, out / "line.yaml")


def held_out(learner: Learner) -> tuple[dict[str, float], str]:
    return {"heldout/weight": float(learner.average.state_dict()["weight"].mean())}, "held out"


def sigterm() -> None:
    """Call what would handle SIGTERM, which the loop must have set up.

    No signal is sent: OpenVINO, where two of its models were released in the order in which they were made, leaves the
    process an alternate signal stack that is not mapped any more, and any signal then ends it.
    """
    handler = signal.getsignal(signal.SIGTERM)
    assert callable(handler)
    handler(signal.SIGTERM, None)


def learn(settings: LoopConfig, module: Line) -> None:
    fit(settings, module, Points, held_out)


def weights(settings: LoopConfig) -> dict[str, Tensor]:
    return dict(torch.load(settings.last_checkpoint, weights_only=True)["state_dict"])
