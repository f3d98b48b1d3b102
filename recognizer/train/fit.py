"""Distil a student: prepare the data, begin or resume, train."""

from __future__ import annotations

import sys
import warnings
from pathlib import Path

import cv2
import numpy as np
import torch
from lightning.pytorch import LightningDataModule, Trainer
from lightning.pytorch.callbacks import ModelCheckpoint
from lightning.pytorch.loggers import CSVLogger, TensorBoardLogger
from lightning.pytorch.strategies import DDPStrategy
from loguru import logger
from torch.utils.data import DataLoader

from recognizer.errors import InputError
from recognizer.train import crops, heldout
from recognizer.train.crops import Crops, CutFace
from recognizer.train.data import Batch, Position, Stream
from recognizer.train.distiller import Distiller
from recognizer.train.settings import Data, DistilConfig
from recognizer.train.teacher import Teacher, TeacherTable
from recognizer.train.watch import HeldOutTest, StopAtEnd, distiller


class Faces:
    """Every crop of a run: those that train and those held out; cut once, then read from the cache.

    Raises:
        InputError: if an archive or LFW is missing or unreadable.
    """

    def __init__(self, *, data: Data, cache: Path, cut: CutFace) -> None:
        archives = sorted(data.archives.glob("*.tar"))
        if not archives:
            raise InputError(f"data.archives: there is no .tar file in {data.archives}; name a folder of archives.")
        self.people = heldout.split(heldout.read_pairs(data.lfw / "pairs.txt"))
        found = {}
        for part, pictures in (("train", self.people.train), ("test", self.people.test)):
            paths = [heldout.picture_path(data.lfw / "images", picture) for picture in pictures]
            found[part] = crops.picture_crops(paths, cut, cache / f"lfw-{part}.npy")
        count = crops.archive_crops(archives, cache / "archives.npy")
        self.train = Crops(
            [(cache / "archives.npy", np.arange(count)), (cache / "lfw-train.npy", np.flatnonzero(found["train"]))]
        )
        self.test = Crops([(cache / "lfw-test.npy", np.arange(len(found["test"])))])


class RoundByRound(LightningDataModule):
    """A fresh stream for every round, at the place and the picture size that the samples seen so far ask for."""

    def __init__(self, *, config: DistilConfig, faces: Crops, table: TeacherTable) -> None:
        super().__init__()
        self._config = config
        self._faces = faces
        self._table = table

    def train_dataloader(self) -> DataLoader[Batch]:
        """The next round's batches for this process."""
        if self.trainer is None or self.trainer.lightning_module is None:
            raise TypeError("ask a Trainer to fit with this data; it cannot be read alone")
        config, seen = self._config, distiller(self.trainer.lightning_module).seen
        left = max(0, config.schedule.samples - seen)
        position = Position(
            start=seen,
            steps=min(config.run.round_samples, left) // config.schedule.batch,
            batch=config.schedule.batch,
            rank=self.trainer.global_rank,
            processes=self.trainer.world_size,
        )
        stream = Stream(
            crops=self._faces,
            table=self._table,
            views=config.data.views,
            seed=config.seed,
            size_px=config.schedule.size_px(seen),
            position=position,
        )
        return DataLoader(stream, batch_size=None)


def checkpoint_path(config: DistilConfig) -> Path:
    """Where the last complete round of a run is kept."""
    return config.out / "checkpoints" / "last.ckpt"


def distil(config: DistilConfig, faces: Faces) -> None:
    """Train to the end of the schedule, from the last checkpoint in ``config.out`` if there is one.

    Raises:
        WeightsError: if the teacher's weights are missing or not the teacher's.
    """
    cv2.setNumThreads(1)
    torch.set_num_threads(config.run.threads)
    teacher = Teacher(name=config.teacher.name, weights=config.teacher.weights, threads=config.run.threads)
    table = TeacherTable(
        teacher=teacher,
        folder=config.out / "cache",
        crops=len(faces.train),
        views=config.data.views,
        seed=config.seed,
    )
    table.create()
    last = checkpoint_path(config)
    resumed = last.exists()
    logger.info("{}, {:,} faces.", f"Resuming from {last}" if resumed else "Beginning", len(faces.train))
    test = HeldOutTest(config=config, faces=faces.test, people=faces.people, teacher=teacher)
    data = RoundByRound(config=config, faces=faces.train, table=table)
    with warnings.catch_warnings():
        # The stream is cheap beside a step, and Lightning's advice to use workers would fight over two cores.
        warnings.filterwarnings("ignore", message=".*(does not have many workers|has `__len__` defined).*")
        _trainer(config, test).fit(Distiller(config), data, ckpt_path=last if resumed else None)


def _trainer(config: DistilConfig, test: HeldOutTest) -> Trainer:
    csv = CSVLogger(str(config.out), name="logs")  # each session adds a folder version_N
    several = config.run.processes > 1
    keep = ModelCheckpoint(
        dirpath=checkpoint_path(config).parent,
        filename=checkpoint_path(config).stem,
        save_on_train_epoch_end=True,
        enable_version_counter=False,
    )
    return Trainer(
        accelerator="cpu",
        devices=config.run.processes,
        strategy=DDPStrategy(start_method="spawn", broadcast_buffers=False) if several else "auto",
        max_epochs=-1,
        reload_dataloaders_every_n_epochs=1,
        use_distributed_sampler=False,
        callbacks=[test, StopAtEnd(), keep],
        logger=[csv, TensorBoardLogger(str(config.out), name="logs", version=csv.version)],
        enable_progress_bar=sys.stderr.isatty(),
        enable_model_summary=False,
    )
