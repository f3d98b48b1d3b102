"""The loop: a step for each batch, and after each round a test on videos that nothing was learned from."""

from __future__ import annotations

import sys
import time
import warnings
from collections.abc import Mapping, Sequence
from concurrent.futures import ProcessPoolExecutor

import cv2
import numpy as np
import torch
from lightning.pytorch import Callback, LightningDataModule, LightningModule, Trainer
from lightning.pytorch.callbacks import ModelCheckpoint
from lightning.pytorch.loggers import CSVLogger
from loguru import logger
from numpy.typing import NDArray
from torch import Tensor, nn
from torch.utils.data import DataLoader

from recognizer.train.detection.learner import Learner
from recognizer.train.detection.lesson import Clip, Drawer, Lesson
from recognizer.train.detection.settings import FindingConfig
from recognizer.train.detection.stream import Drawn, drawing_process
from recognizer.train.loop.watch import duration

CLIP_NORM = 5.0
"""Largest norm of the gradient."""


class RoundByRound(LightningDataModule):
    """For every round the samples that follow those already seen."""

    def __init__(self, config: FindingConfig, pool: ProcessPoolExecutor) -> None:
        super().__init__()
        self._config, self._pool = config, pool

    def train_dataloader(self) -> DataLoader[tuple[Tensor, ...]]:
        """The next round's batches."""
        config, seen = self._config, int(_learner(self.trainer.lightning_module).seen)  # type: ignore[union-attr]
        stop = min(seen + config.round_samples, config.samples)
        return DataLoader(Drawn(self._pool, seen, stop, config.batch), batch_size=None)


class HeldOutTest(Callback):
    """After each round, on videos that nothing was learned from."""

    def __init__(self, config: FindingConfig, lesson: Lesson, clips: Mapping[str, Clip]) -> None:
        self._config, self._lesson, self._clips = config, lesson, clips
        self._begun = 0.0

    def on_train_epoch_start(self, trainer: Trainer, pl_module: LightningModule) -> None:
        """Start the clock."""
        self._begun = time.monotonic()

    def on_train_epoch_end(self, trainer: Trainer, pl_module: LightningModule) -> None:
        """Test, report, and end when all is seen."""
        learner, config = _learner(pl_module), self._config
        seen = int(learner.seen)
        speed = trainer.num_training_batches * config.batch / (time.monotonic() - self._begun)
        losses = {name.removeprefix("train/"): value for name, value in trainer.callback_metrics.items()}
        graph = TorchNet(learner.average, self._lesson.outputs)
        logger.info(
            "{:,} of {:,} samples, {:.0f}/s, {} left | {} | {}",
            seen,
            config.samples,
            speed,
            duration((config.samples - seen) / speed),
            ", ".join(f"{name} {float(value):.4f}" for name, value in losses.items()),
            "; ".join(f"{name} {self._lesson.found(graph, clip)}" for name, clip in self._clips.items()),
        )
        trainer.should_stop = seen + config.batch > config.samples


class TorchNet:
    """A network as a graph."""

    def __init__(self, network: nn.Module, outputs: Sequence[str]) -> None:
        self._network, self._outputs = network.eval(), outputs

    def run(self, inputs: NDArray[np.float32]) -> Mapping[str, NDArray[np.float32]]:
        """See ``GraphRunner``."""
        with torch.no_grad():
            answers = self._network(torch.from_numpy(inputs))
        return {name: answer.numpy() for name, answer in zip(self._outputs, answers, strict=True)}


def fit(config: FindingConfig, lesson: Lesson, drawer: Drawer, clips: Mapping[str, Clip]) -> None:
    """Train to the end, from the last checkpoint in ``config.out`` if there is one."""
    cv2.setNumThreads(1)
    torch.set_num_threads(config.threads)
    last = config.last_checkpoint
    resumed = last.exists()
    logger.info("{} {:,} samples.", f"Resuming from {last}, towards" if resumed else "Beginning with", config.samples)
    keep = ModelCheckpoint(
        dirpath=last.parent, filename=last.stem, save_on_train_epoch_end=True, enable_version_counter=False
    )
    trainer = Trainer(
        accelerator="cpu",
        max_epochs=-1,
        gradient_clip_val=CLIP_NORM,
        reload_dataloaders_every_n_epochs=1,
        callbacks=[HeldOutTest(config, lesson, clips), keep],
        logger=CSVLogger(str(config.out), name="logs"),
        enable_progress_bar=sys.stderr.isatty(),
        enable_model_summary=False,
    )
    with warnings.catch_warnings():
        warnings.filterwarnings("ignore", message=".*(does not have many workers|has `__len__` defined).*")
        with drawing_process(drawer) as pool:
            trainer.fit(Learner(config, lesson), RoundByRound(config, pool), ckpt_path=last if resumed else None)


def _learner(module: LightningModule) -> Learner:
    if not isinstance(module, Learner):
        raise TypeError(f"wanted a Learner, came {type(module).__name__}")
    return module
