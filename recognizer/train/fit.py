"""Distil a student: prepare the data, resume or begin, train, test on held-out people, log, save."""

from __future__ import annotations

import sys
import time
import warnings
from pathlib import Path

import cv2
import numpy as np
import torch
from lightning.pytorch import Callback, LightningDataModule, LightningModule, Trainer
from lightning.pytorch.callbacks import ModelCheckpoint
from lightning.pytorch.loggers import CSVLogger, TensorBoardLogger
from lightning.pytorch.strategies import DDPStrategy
from loguru import logger
from numpy.typing import NDArray
from torch.utils.data import DataLoader

from recognizer.errors import InputError
from recognizer.train import crops, heldout
from recognizer.train.data import Crops, Position, Stream, shrunk
from recognizer.train.distiller import Distiller, embed
from recognizer.train.settings import Data, DistilConfig
from recognizer.train.teacher import Teacher, TeacherTable, normalised


class Faces:
    """Every crop of a run: those that train and those held out, cut once and then read from the cache."""

    def __init__(self, data: Data, cache: Path) -> None:
        archives = sorted(data.archives.glob("*.tar"))
        if not archives:
            raise InputError(f"data.archives: there is no .tar file in {data.archives}; give a folder of face archives.")
        self.split = heldout.split(heldout.read_pairs(data.lfw / "pairs.txt"))
        cut = crops.facenet_cutter(min_face_px=data.min_face_px)
        found = {}
        for part, pictures in (("train", self.split.train), ("test", self.split.test)):
            paths = [heldout.picture_path(data.lfw / "images", picture) for picture in pictures]
            found[part] = crops.picture_crops(paths, cut, cache / f"lfw-{part}.npy")
        count = crops.archive_crops(archives, cache / "archives.npy")
        self.train = Crops(
            [(cache / "archives.npy", np.arange(count)), (cache / "lfw-train.npy", np.flatnonzero(found["train"]))]
        )
        self.test = Crops([(cache / "lfw-test.npy", np.arange(len(found["test"])))])


class DistilData(LightningDataModule):
    """A fresh stream for every round, at the place and the picture size that the samples seen so far ask for."""

    def __init__(self, config: DistilConfig, faces: Faces, table: TeacherTable) -> None:
        super().__init__()
        self._config = config
        self._faces = faces
        self._table = table

    def train_dataloader(self) -> DataLoader[tuple[torch.Tensor, torch.Tensor]]:
        """The next round's batches for this process."""
        config, trainer = self._config, self.trainer
        assert trainer is not None  # noqa: S101 - Lightning sets it before it calls
        module = trainer.lightning_module
        assert isinstance(module, Distiller)  # noqa: S101 - as above
        left = max(0, config.schedule.samples - module.seen)
        position = Position(
            start=module.seen,
            steps=min(config.run.round_samples, left) // config.schedule.batch,
            batch=config.schedule.batch,
            rank=trainer.global_rank,
            processes=trainer.world_size,
        )
        stream = Stream(
            crops=self._faces.train,
            table=self._table,
            views=config.data.views,
            seed=config.seed,
            size_px=config.schedule.size_px(module.seen),
            position=position,
        )
        return DataLoader(stream, batch_size=None)


class HeldOutTest(Callback):
    """After each round: how well the averaged student tells people apart whom the training never saw."""

    def __init__(self, config: DistilConfig, faces: Crops, split: heldout.Split, teacher: Teacher) -> None:
        self._config = config
        self._faces = faces
        self._split = split
        self._teacher = teacher
        self._wanted: NDArray[np.float32] | None = None
        self._begun = 0.0

    def on_train_epoch_start(self, trainer: Trainer, pl_module: LightningModule) -> None:
        """Start the clock."""
        self._begun = time.monotonic()

    def on_train_epoch_end(self, trainer: Trainer, pl_module: LightningModule) -> None:
        """Test, log and say where we are."""
        assert isinstance(pl_module, Distiller)  # noqa: S101 - narrows Lightning's type
        seconds = time.monotonic() - self._begun
        size_px = self._config.schedule.size_px(pl_module.seen - 1)
        plain, mirrored, wanted = self._vectors(trainer, pl_module, size_px)
        one = self.judge(plain)
        both = self.judge(plain + mirrored)
        rate = trainer.num_training_batches * self._config.schedule.batch / max(seconds, 1e-9)
        metrics = {
            "heldout/accuracy": one.accuracy,
            "heldout/accuracy_mirrored": both.accuracy,
            "heldout/tar_at_1e-3": one.tar_at_1e3,
            "heldout/threshold": one.threshold,
            "heldout/cosine_to_teacher": float((unit(plain) * wanted).sum(axis=1).mean()),
            "size_px": float(size_px),
            "rate": self._config.schedule.rate(pl_module.seen - 1),
            "samples_per_s": rate,
            "step": float(pl_module.seen),
        }
        pl_module.log_dict(metrics, sync_dist=False)
        if trainer.is_global_zero:
            left_s = (self._config.schedule.samples - pl_module.seen) / rate
            logger.info(
                "{:,} of {:,} samples at {} px, {:.0f}/s, {:.1f} h left | train cosine {:.4f} | held out: accuracy "
                "{:.4f} (mirrored {:.4f}), TAR@1e-3 {:.3f}, cosine {:.4f}",
                pl_module.seen,
                self._config.schedule.samples,
                size_px,
                rate,
                left_s / 3600,
                1 - float(trainer.callback_metrics["train/cosine"]),
                one.accuracy,
                both.accuracy,
                one.tar_at_1e3,
                metrics["heldout/cosine_to_teacher"],
            )

    def judge(self, vectors: NDArray[np.float32]) -> heldout.Verification:
        """Verification on the held-out pairs from the vectors (N, 512) of the held-out faces."""
        unit_vectors = unit(vectors)
        a, b = self._split.test_pairs.T
        similarities = np.asarray((unit_vectors[a] * unit_vectors[b]).sum(axis=1), np.float32)
        return heldout.verify(similarities, self._split.test_same, self._split.test_folds)

    def _vectors(
        self, trainer: Trainer, module: Distiller, size_px: int
    ) -> tuple[NDArray[np.float32], NDArray[np.float32], NDArray[np.float32]]:
        """Vectors of all held-out faces, of their mirror images, and the teacher's; the processes share the work."""
        world, count = trainer.world_size, len(self._faces)
        shares = np.arange(-(-count // world) * world).reshape(-1, world) % count
        mine = shares[:, trainer.global_rank]
        if self._wanted is None:
            whole = np.stack([self._faces[row] for row in mine])
            self._wanted = np.concatenate([self._teacher(chunk) for chunk in np.array_split(whole, 16)])
        pictures = np.stack([shrunk(self._faces[row], size_px) for row in mine])
        chunks = [torch.from_numpy(normalised(chunk)) for chunk in np.array_split(pictures, 16)]
        network = module.average.eval()
        found = [embed(network, chunks), embed(network, (chunk.flip(3) for chunk in chunks))]
        local = torch.stack([*found, torch.from_numpy(self._wanted)])
        everyone = module.all_gather(local.clone())
        assert isinstance(everyone, torch.Tensor)  # noqa: S101 - narrows Lightning's union type
        kinds = everyone.reshape(world, 3, len(mine), -1).permute(1, 2, 0, 3).flatten(1, 2)[:, :count].numpy()
        return kinds[0], kinds[1], kinds[2]


def unit(vectors: NDArray[np.float32]) -> NDArray[np.float32]:
    """Rows scaled to unit length."""
    return np.asarray(vectors / np.linalg.norm(vectors, axis=1, keepdims=True), np.float32)


class _StopAtEnd(Callback):
    """Ends the training when all samples of the schedule were seen."""

    def on_train_epoch_end(self, trainer: Trainer, pl_module: LightningModule) -> None:
        assert isinstance(pl_module, Distiller)  # noqa: S101 - narrows Lightning's type
        if pl_module.seen + pl_module.config.schedule.batch > pl_module.config.schedule.samples:
            trainer.should_stop = True


def checkpoint_path(config: DistilConfig) -> Path:
    """Where the last complete round of a run is kept."""
    return config.out / "checkpoints" / "last.ckpt"


def distil(config: DistilConfig, faces: Faces | None = None) -> Distiller:
    """Train to the end of the schedule, from the last checkpoint in ``config.out`` if there is one.

    Args:
        config: the run.
        faces: the crops; by default read from the places that ``config.data`` names.

    Raises:
        InputError: if data is missing or unreadable.
        WeightsError: if the teacher's weights are.
    """
    cv2.setNumThreads(1)
    torch.set_num_threads(config.run.threads)
    cache = config.out / "cache"
    faces = faces or Faces(config.data, cache)
    teacher = Teacher(name=config.teacher.name, weights=config.teacher.weights, threads=config.run.threads)
    table = TeacherTable(
        teacher=teacher, folder=cache, crops=len(faces.train), views=config.data.views, seed=config.seed
    )
    table.create()
    module = Distiller(config)
    last = checkpoint_path(config)
    logger.info("{} with {} crops.", f"Resuming from {last}" if last.exists() else "Beginning", len(faces.train))
    trainer = _trainer(config, HeldOutTest(config, faces.test, faces.split, teacher))
    with warnings.catch_warnings():
        warnings.filterwarnings("ignore", message=".*does not have many workers.*")
        trainer.fit(module, DistilData(config, faces, table), ckpt_path=last if last.exists() else None)
    return module


def _trainer(config: DistilConfig, test: HeldOutTest) -> Trainer:
    csv = CSVLogger(str(config.out), name="logs")
    one = config.run.processes == 1
    return Trainer(
        accelerator="cpu",
        devices=config.run.processes,
        strategy="auto" if one else DDPStrategy(start_method="spawn", broadcast_buffers=False),
        max_epochs=-1,
        reload_dataloaders_every_n_epochs=1,
        use_distributed_sampler=False,
        callbacks=[
            test,
            ModelCheckpoint(
                dirpath=checkpoint_path(config).parent,
                filename="last",
                save_on_train_epoch_end=True,
                enable_version_counter=False,
            ),
            _StopAtEnd(),
        ],
        logger=[csv, TensorBoardLogger(str(config.out), name="logs", version=csv.version)],
        enable_progress_bar=sys.stderr.isatty(),
        enable_model_summary=False,
    )
