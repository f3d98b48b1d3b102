"""The two tasks: distil a teacher, or learn people. Each brings faces, a module and a held-out test to one loop."""

from __future__ import annotations

from dataclasses import dataclass
from functools import partial
from pathlib import Path

import numpy as np
import torch
from loguru import logger

from recognizer.errors import InputError
from recognizer.evaluation.pairs import read_protocol
from recognizer.train import crops
from recognizer.train.crops import Crops, CutFace, FaceRows, YawOf
from recognizer.train.embedder import finetune, guard, heldout
from recognizer.train.embedder import people as folders
from recognizer.train.embedder.classifier import Classifier, Tripler
from recognizer.train.embedder.comparison import HeldOutTest
from recognizer.train.embedder.data import Stream, TaughtFaces
from recognizer.train.embedder.distiller import Distiller
from recognizer.train.embedder.people import FolderReader, People
from recognizer.train.embedder.recordio import RecordFaces, is_record
from recognizer.train.embedder.sampling import KnownFaces
from recognizer.train.embedder.settings import Data, DistilConfig, PeopleConfig
from recognizer.train.embedder.teacher import Teacher, TeacherTable
from recognizer.train.embedder.verification import VerificationTest
from recognizer.train.loop.fit import fit
from recognizer.train.loop.learner import Learner


class Faces:
    """Every crop of a distillation: those that train and those held out; cut once, then read from the cache.

    Raises:
        InputError: if an archive or LFW is missing or unreadable.
    """

    def __init__(self, *, data: Data, cache: Path, cut: CutFace, yaw_of: YawOf) -> None:
        archives = sorted(data.archives.glob("*.tar"))
        if not archives:
            raise InputError(f"data.archives: there is no .tar file in {data.archives}; name a folder of archives.")
        self.people = heldout.split(read_protocol("lfw", data.lfw))
        decoded, count = crops.archive_crops(archives, cache)
        px = data.min_face_px
        train, found = crops.picture_crops(self.people.train, cut, min_px=px, folder=cache, name="lfw-train")
        self.train = Crops([(decoded, np.arange(count)), (train, np.flatnonzero(found))])
        self.test = _tested(self.people, cut, px, cache, name="lfw-test")
        self.turned = np.zeros(0, np.int64)
        """Rows of ``train`` that a pass shows several times."""
        if data.turned_times > 1:
            yaw_deg = np.concatenate([crops.yaws(decoded, yaw_of), crops.yaws(train, yaw_of)[found]])
            self.turned = np.flatnonzero(np.abs(yaw_deg) > data.turned_deg)


def distil(config: DistilConfig, faces: Faces) -> None:
    """Distil to the end of the schedule, from the last checkpoint in ``config.out`` if there is one.

    Raises:
        WeightsError: if the teacher's weights are missing or not the teacher's.
    """
    teacher = Teacher(name=config.teacher.name, weights=config.teacher.weights, threads=config.run.threads)
    table = TeacherTable(
        teacher=teacher,
        folder=config.out / "cache",
        faces=faces.train,
        views=config.data.views,
        seed=config.seed,
    )
    table.create()
    logger.info(
        "{:,} faces to learn from, {:,} of them turned, {:,} held out.",
        len(faces.train),
        len(faces.turned),
        len(faces.test),
    )
    test = VerificationTest(schedule=config.schedule, faces=faces.test, people=faces.people, teacher=teacher)
    source = TaughtFaces(
        faces=faces.train,
        table=table,
        views=config.data.views,
        seed=config.seed,
        again=np.tile(faces.turned, config.data.turned_times - 1),
    )
    fit(config, Distiller(config), partial(Stream, source, config.schedule), test)


@dataclass(frozen=True, slots=True, eq=False)
class Class:
    """Who learns and who tests."""

    train: People
    test: FaceRows
    pairs: heldout.Split
    """Of ``test``."""


def gather(config: PeopleConfig, cut: CutFace) -> Class:
    """Find, read and split the faces of a training, and report what could not be used.

    Raises:
        InputError: if the data is missing or not enough of it can be used.
    """
    validation, cache = config.validation, _cache(config)
    if validation.lfw is not None:
        pairs = heldout.split(read_protocol("lfw", validation.lfw))
        test = _tested(pairs, cut, config.data.min_face_px, cache, name="lfw-test")
        return Class(_people(config, cut, cache, without=set(pairs.owners)), test, pairs)
    everyone = _people(config, cut, cache, without=set())
    if validation.people_share is not None:
        train, back = folders.held_back(everyone, validation.people_share, seed=config.seed)
        return Class(train, back.faces, heldout.pairs_of(back.labels, seed=config.seed))
    of_bin = read_protocol("bin", validation.bin or Path())
    pairs = heldout.chosen(of_bin, np.ones(len(of_bin.same), np.bool_))
    return Class(everyone, _tested(pairs, None, config.data.min_face_px, cache, name=of_bin.name), pairs)


def _cache(config: PeopleConfig) -> Path:
    return config.data.cache or config.out / "cache"


def _tested(pairs: heldout.Split, cut: CutFace | None, min_px: int, cache: Path, *, name: str) -> Crops:
    file, found = crops.picture_crops(pairs.test, cut, min_px=min_px, folder=cache, name=name)
    return Crops([(file, np.arange(len(found)))])


def _people(config: PeopleConfig, cut: CutFace, cache: Path, without: set[str]) -> People:
    data = config.data
    if is_record(data.people):
        return RecordFaces.people(data.people, min_photos=data.min_photos)
    reader = FolderReader(
        cut=None if data.aligned else cut,
        min_px=data.min_face_px,
        cache=cache,
    )
    found, scan = reader.read(data.people, min_photos=data.min_photos, without=without)
    folders.save_scan(scan, config.out / "data.json")
    logger.info("{}: {}. Every name: {}", data.people, scan.summary(), config.out / "data.json")
    return found


def learn(config: PeopleConfig, known: Class) -> None:
    """Learn people to the end of the schedule, from the last checkpoint in ``config.out`` if there is one.

    Raises:
        WeightsError: if it is to start from weights that are missing or another network's.
        ConfigError: if the checkpoint was trained on other people.
    """
    people = known.train
    logger.info(
        "{:,} faces of {:,} people to learn from, {:,} faces in {:,} pairs held out.",
        len(people.labels),
        len(people.names),
        len(known.test),
        len(known.pairs.test_pairs),
    )
    torch.set_num_threads(config.run.threads)
    source = KnownFaces(people=people, wanted=config.data.augment, seed=config.seed, each=config.data.photos_each)
    test = VerificationTest(schedule=config.schedule, faces=known.test, people=known.pairs)
    fit(config, learner_for(config, people), partial(Stream, source, config.schedule), test)
    logger.info(
        "Use it: --model {0}, once its thresholds are measured: python main.py calibrate --people FOLDER --model {0}",
        config.last_checkpoint,
    )


def comparison(config: PeopleConfig, known: Class, cut: CutFace) -> finetune.ModelComparison:
    """Who says whether fine-tuning made the model better.

    Raises:
        InputError: if the people held out, or ``finetune.guard``, cannot show a difference.
    """
    path = None if config.finetune is None else config.finetune.guard
    px, cache = config.data.min_face_px, _cache(config)
    guards = None if path is None else guard.read(path, learning=known.train, cut=cut, min_px=px, cache=cache)
    return finetune.ModelComparison(HeldOutTest(known.pairs, seed=config.seed), known.test, guards)


def learner_for(config: PeopleConfig, people: People) -> Learner:
    """What learns, before the first step or the checkpoint."""
    triplets = config.head.triplet_margin is not None
    if config.finetune is None:
        return Tripler(config) if triplets else Classifier(config, len(people.names))
    begun = config.last_checkpoint.exists()
    start = None if triplets or begun else finetune.imprinted(finetune.before(config), people)
    module = Tripler(config) if triplets else Classifier(config, len(people.names), start)
    finetune.begin(module, config)
    module.frozen_samples = config.finetune.frozen_samples
    return module
