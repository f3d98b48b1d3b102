"""The loop: scenes, a step each, and after each round the share of MTCNN's faces that is proposed."""

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
from torch.utils.data import DataLoader

from recognizer.detect.proposals import ProposalNet as Proposals
from recognizer.geometry import iou
from recognizer.train.proposals.learner import Learner
from recognizer.train.proposals.network import ProposalNet
from recognizer.train.proposals.scenes import Scenes
from recognizer.train.proposals.settings import ProposalConfig
from recognizer.train.proposals.stream import Batch, Drawn, drawing_process
from recognizer.train.watch import duration
from recognizer.types import U8, FaceDetections

Clip = Sequence[tuple[U8, FaceDetections]]
"""Frames, and what MTCNN finds in them."""
HALF = 0.5
"""Intersection over union from which a proposal leads R-Net and O-Net to a face."""
CONFIDENT = 0.95
MIN_FACE_PX = 40
"""What is looked for in the test, as ``run`` does."""
CLIP_NORM = 5.0
"""Largest norm of the gradient."""


class RoundByRound(LightningDataModule):
    """For every round the scenes that follow those already seen."""

    def __init__(self, config: ProposalConfig, pool: ProcessPoolExecutor) -> None:
        super().__init__()
        self._config, self._pool = config, pool

    def train_dataloader(self) -> DataLoader[Batch]:
        """The next round's batches."""
        config, seen = self._config, int(_learner(self.trainer.lightning_module).seen)  # type: ignore[union-attr]
        stop = min(seen + config.round_samples, config.samples)
        return DataLoader(Drawn(self._pool, seen, stop, config.batch), batch_size=None)


class HeldOutTest(Callback):
    """After each round, on videos that nothing was learned from."""

    def __init__(self, config: ProposalConfig, clips: Mapping[str, Clip]) -> None:
        self._config, self._clips = config, clips
        self._begun = 0.0

    def on_train_epoch_start(self, trainer: Trainer, pl_module: LightningModule) -> None:
        """Start the clock."""
        self._begun = time.monotonic()

    def on_train_epoch_end(self, trainer: Trainer, pl_module: LightningModule) -> None:
        """Test, report, and end when all is seen."""
        learner, config = _learner(pl_module), self._config
        seen = int(learner.seen)
        speed = trainer.num_training_batches * config.batch / (time.monotonic() - self._begun)
        logger.info(
            "{:,} of {:,} samples, {:.0f}/s, {} left | scores {:.4f}, boxes {:.4f} | "
            "found of confident and all faces: {}",
            seen,
            config.samples,
            speed,
            duration((config.samples - seen) / speed),
            trainer.callback_metrics["train/scores"],
            trainer.callback_metrics["train/boxes"],
            "; ".join(f"{name} {found(learner.average, clip)}" for name, clip in self._clips.items()),
        )
        trainer.should_stop = seen + config.batch > config.samples


class TorchNet:
    """A network as a graph."""

    def __init__(self, network: ProposalNet) -> None:
        self._network = network.eval()

    def run(self, inputs: NDArray[np.float32]) -> Mapping[str, NDArray[np.float32]]:
        """See ``GraphRunner``."""
        with torch.no_grad():
            scores, distances = self._network(torch.from_numpy(inputs))
        return {"scores": scores.numpy(), "distances": distances.numpy()}


def found(network: ProposalNet, clip: Clip) -> str:
    """Shares of MTCNN's confident and of all its faces that are proposed, and how many proposals a frame that takes."""
    finder = Proposals(TorchNet(network), min_face_px=MIN_FACE_PX)
    hits, sure, count = [], [], 0
    for image, faces in clip:
        boxes = finder.propose(image)
        count += len(boxes)
        hit = iou(faces.boxes, boxes).max(axis=1, initial=0) >= HALF
        hits.append(hit)
        sure.append(hit[faces.scores >= CONFIDENT])
    return f"{np.concatenate(sure).mean():.3f} {np.concatenate(hits).mean():.3f} by {count / len(clip):.0f}"


def fit(config: ProposalConfig, scenes: Scenes, clips: Mapping[str, Clip]) -> None:
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
        callbacks=[HeldOutTest(config, clips), keep],
        logger=CSVLogger(str(config.out), name="logs"),
        enable_progress_bar=sys.stderr.isatty(),
        enable_model_summary=False,
    )
    with warnings.catch_warnings():
        warnings.filterwarnings("ignore", message=".*(does not have many workers|has `__len__` defined).*")
        with drawing_process(scenes) as pool:
            trainer.fit(Learner(config), RoundByRound(config, pool), ckpt_path=last if resumed else None)


def _learner(module: LightningModule) -> Learner:
    if not isinstance(module, Learner):
        raise TypeError(f"wanted a Learner, came {type(module).__name__}")
    return module
