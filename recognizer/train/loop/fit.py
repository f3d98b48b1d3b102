"""The loop itself: begin or resume, train, keep."""

from __future__ import annotations

import sys
import warnings

import cv2
import torch
from lightning.pytorch import Trainer
from lightning.pytorch.callbacks import ModelCheckpoint
from lightning.pytorch.loggers import CSVLogger, TensorBoardLogger
from lightning.pytorch.strategies import DDPStrategy
from lightning.pytorch.utilities.exceptions import SIGTERMException
from loguru import logger

from recognizer.children import protect_this_process
from recognizer.train.loop.data import Batches
from recognizer.train.loop.learner import Learner
from recognizer.train.loop.settings import LoopConfig
from recognizer.train.loop.watch import HeldOutTest, RoundReport


def fit(config: LoopConfig, module: Learner, batches: Batches, test: HeldOutTest) -> None:
    """Train to the end of the schedule, from the last checkpoint in ``config.out`` if there is one.

    Raises:
        ConfigError: if the machine lacks the devices of ``config.run``, or the checkpoint is another training's.
    """
    module.batches = batches
    cv2.setNumThreads(1)
    torch.set_num_threads(config.run.threads)
    last = config.last_checkpoint
    resumed = last.exists()
    logger.info(
        "{} {:,} samples.", f"Resuming from {last}, towards" if resumed else "Beginning with", config.schedule.samples
    )
    with warnings.catch_warnings():
        # The stream is cheap beside a step, and Lightning's advice to use workers would fight over two cores.
        warnings.filterwarnings("ignore", message=".*(does not have many workers|has `__len__` defined).*")
        try:
            _trainer(config, test).fit(module, ckpt_path=last if resumed else None)
        except SIGTERMException:
            logger.info("Stopped by SIGTERM; the same command resumes from the last complete round.")
            raise SystemExit(0) from None  # what would come after a whole training must not come now


def _trainer(config: LoopConfig, test: HeldOutTest) -> Trainer:
    csv = CSVLogger(str(config.out), name="logs")  # each session adds a folder version_N
    several = config.run.processes > 1
    protect_this_process()  # Lightning spawns the others
    keep = ModelCheckpoint(
        dirpath=config.last_checkpoint.parent,
        filename=config.last_checkpoint.stem,
        save_on_train_epoch_end=True,
        enable_version_counter=False,
    )
    return Trainer(
        accelerator=config.run.device(gpus=torch.cuda.device_count(), mps=torch.backends.mps.is_available()),
        devices=config.run.processes,
        strategy=DDPStrategy(start_method="spawn", broadcast_buffers=False) if several else "auto",
        precision=config.run.precision.value,
        max_epochs=-1,
        reload_dataloaders_every_n_epochs=1,
        use_distributed_sampler=False,
        callbacks=[RoundReport(test), keep],
        logger=[csv, TensorBoardLogger(str(config.out), name="logs", version=csv.version)],
        enable_progress_bar=sys.stderr.isatty(),
        enable_model_summary=False,
    )
