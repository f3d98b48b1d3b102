"""Small worlds to train in: noise for faces, a random network for a teacher."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import torch

from recognizer.embed import edgeface
from recognizer.evaluation.faces import Picture
from recognizer.evaluation.pairs import PairSet
from recognizer.train.crops import Crops
from recognizer.train.embedder import heldout
from recognizer.train.embedder.people import People
from recognizer.train.embedder.settings import DistilConfig, PeopleConfig, config_from
from recognizer.train.embedder.tasks import Class, Faces
from recognizer.types import U8

BATCH = 4


def pictures(count: int, *, seed: int = 0) -> U8:
    """(count, 112, 112, 3) of smooth noise."""
    coarse = np.random.default_rng(seed).integers(0, 256, (count, 7, 7, 3), dtype=np.uint8)
    return np.ascontiguousarray(coarse.repeat(16, axis=1).repeat(16, axis=2))


def crops(folder: Path, name: str, count: int, *, seed: int = 0) -> Crops:
    np.save(folder / name, pictures(count, seed=seed))
    return Crops([(folder / name, np.arange(count))])


class FakeFaces(Faces):
    """Faces that need no data set: ten that train, eight that test in two folds."""

    def __init__(self, folder: Path) -> None:
        self.train = crops(folder, "train.npy", 10)
        self.test = crops(folder, "test.npy", 8, seed=1)
        self.turned = np.zeros(0, np.int64)
        rows = (
            [("A/1", "A/2", 9), ("A/1", "B/1", 9), ("B/1", "E/1", 9)],
            [("C/1", "C/2", 10), ("C/1", "D/1", 10), ("F/1", "D/1", 10)],
        )
        self.people = heldout.split(pair_set(*rows[0], *rows[1]))


def pair_set(*pairs: tuple[str, str, int]) -> PairSet:
    """Pairs of pictures ``person/number``, with their fold counted from 1."""
    names = sorted({name for one, two, _ in pairs for name in (one, two)})
    return PairSet(
        name="made up",
        pictures=tuple(Picture(name, name, lambda: pictures(1)[0]) for name in names),
        left=np.array([names.index(one) for one, _, _ in pairs], np.int64),
        right=np.array([names.index(two) for _, two, _ in pairs], np.int64),
        same=np.array([one[0] == two[0] for one, two, _ in pairs], bool),
        folds=np.array([fold - 1 for *_, fold in pairs], np.int64),
        face_share=1.0,
    )


def teacher_file(folder: Path) -> Path:
    """A checkpoint of a random EdgeFace XXS."""
    torch.manual_seed(7)
    path = folder / "teacher.pt"
    torch.save(edgeface.create("edgeface_xxs").state_dict(), path)
    return path


class Album:
    """Faces in memory: so many shades of each person."""

    def __init__(self, people: int, each: int) -> None:
        base = pictures(people, seed=3).astype(np.int16)
        noise = np.random.default_rng(4).integers(-30, 30, (people * each, 112, 112, 3), dtype=np.int16)
        self._faces = np.clip(base.repeat(each, axis=0) + noise, 0, 255).astype(np.uint8)

    def __len__(self) -> int:
        return len(self._faces)

    def __getitem__(self, row: int) -> U8:
        return np.asarray(self._faces[row], np.uint8)


def known(*, people: int = 6, each: int = 3) -> Class:
    """People to learn, and four others to test on."""
    labels = np.repeat(np.arange(people), each)
    strangers = np.repeat(np.arange(4), 3)
    train = People(Album(people, each), labels, tuple(f"P{number}" for number in range(people)))
    return Class(train, Album(4, 3), heldout.pairs_of(strangers, seed=1))


def people_config(out: Path, *, samples: int = 6 * BATCH, **sections: dict[str, Any]) -> PeopleConfig:
    """A run of rounds of two steps at 32 px; ``sections`` are laid over it key by key."""
    raw: dict[str, dict[str, Any]] = {
        "data": {"people": out},
        "validation": {"people_share": 0.5},
        "network": {"name": "edgeface_xxs"},
        "head": {"name": "arcface", "options": {"scale": 16.0}},
        "schedule": {
            "samples": samples,
            "warmup": BATCH,
            "decay": 1,
            "batch": BATCH,
            "sizes": [{"after": 0, "size_px": 32}],
        },
        "optimiser": {"matrix_rate": 1e-3, "rate": 1e-3, "ema_samples": 3 * BATCH},
        "run": {"processes": 1, "round_samples": 2 * BATCH},
    }
    laid = {name: section | sections.pop(name, {}) for name, section in raw.items()}
    config = config_from({"out": out, **laid, **sections}, out / "config.yaml")
    assert isinstance(config, PeopleConfig)
    return config


def config(out: Path, teacher: Path, *, samples: int = 6 * BATCH) -> DistilConfig:
    """A run of rounds of two steps at 32 px."""
    return DistilConfig.model_validate(
        {
            "out": out,
            "data": {"archives": out, "lfw": out, "views": 2},
            "teacher": {"name": "edgeface_xxs", "weights": teacher},
            "schedule": {
                "samples": samples,
                "warmup": BATCH,
                "decay": 1,
                "batch": BATCH,
                "sizes": [{"after": 0, "size_px": 32}, {"after": 4 * BATCH, "size_px": 48}],
            },
            "optimiser": {"matrix_rate": 1e-3, "rate": 1e-3, "ema_samples": 3 * BATCH},
            "losses": {"relation": 1.0, "contrast": 0.2, "bank": 8},
            "run": {"processes": 1, "round_samples": 2 * BATCH},
        }
    )
