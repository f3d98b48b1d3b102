"""Folders of people and InsightFace .bin sets with faces of noise."""

from __future__ import annotations

import pickle
from pathlib import Path

import cv2

from recognizer.types import U8
from tests.train import factories


def folder_of(root: Path, **persons: int) -> Path:
    """A folder with so many pictures of each person."""
    pictures = iter(factories.pictures(sum(persons.values())))
    for name, count in persons.items():
        (root / name).mkdir(parents=True)
        for number in range(count):
            cv2.imwrite(str(root / name / f"{number}.png"), next(pictures))
    return root


def bin_of(path: Path, pictures: U8, same: list[bool]) -> Path:
    """An InsightFace set of these pictures (2 P, 112, 112, 3) BGR."""
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(pickle.dumps(([cv2.imencode(".png", picture)[1].tobytes() for picture in pictures], same)))
    return path


def no_cut(picture: U8) -> U8 | None:
    raise AssertionError("aligned faces are not cut")
