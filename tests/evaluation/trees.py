"""Tiny data sets in the layouts that their authors publish, painted for the fakes: three people, a few pictures."""

from __future__ import annotations

from pathlib import Path

import cv2
import numpy as np
from scipy.io import savemat

from tests.fakes import face_picture


def paint(path: Path, person: int, variation: int) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    cv2.imwrite(str(path), face_picture((person, variation)), [cv2.IMWRITE_JPEG_QUALITY, 100])


def write(path: Path, *lines: str) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text("\n".join(lines) + "\n")


def lfw(root: Path, *, pairs: str = "pairs.txt", images: str = "images") -> Path:
    for person, name in enumerate(("Ann", "Bob_Dee")):
        for variation in (1, 2):
            paint(root / images / name / f"{name}_{variation:04d}.jpg", person, variation)
    fold = ("Ann\t1\t2", "Bob_Dee\t1\t2", "Ann\t1\tBob_Dee\t1", "Ann\t2\tBob_Dee\t2")
    write(root / pairs, "2\t2", *fold, *fold)
    return root


def cfp(root: Path) -> Path:
    frontal: list[str] = []
    profile: list[str] = []
    for person in (1, 2):
        for number in range(1, 3):
            paint(root / f"Data/Images/{person:03d}/frontal/{number:02d}.jpg", person, number)
            frontal.append(f"{len(frontal) + 1} ../Data/Images/{person:03d}/frontal/{number:02d}.jpg")
        paint(root / f"Data/Images/{person:03d}/profile/01.jpg", person, 3)
        profile.append(f"{len(profile) + 1} ../Data/Images/{person:03d}/profile/01.jpg")
    write(root / "Protocol/Pair_list_F.txt", *frontal)
    write(root / "Protocol/Pair_list_P.txt", *profile)
    for fold in ("01", "02"):
        write(root / f"Protocol/Split/FF/{fold}/same.txt", "1,2", "3,4")
        write(root / f"Protocol/Split/FF/{fold}/diff.txt", "1,3", "2,4")
        write(root / f"Protocol/Split/FP/{fold}/same.txt", "1,1", "4,2")
        write(root / f"Protocol/Split/FP/{fold}/diff.txt", "1,2", "3,1")
    return root


def two_lines(root: Path, name: str, images: str) -> Path:
    """CALFW and CPLFW: same people first, numbered by fold; different people all numbered 0."""
    for person, who in enumerate(("Ann", "Bob_Dee")):
        for variation in (1, 2):
            paint(root / images / f"{who}_{variation:04d}.jpg", person, variation)
    same = [f"{who}_{n:04d}.jpg {fold}" for fold in (1, 2) for who in ("Ann", "Bob_Dee") for n in (1, 2)]
    different = [f"{who}_{n:04d}.jpg 0" for n in (1, 2, 1, 2) for who in ("Ann", "Bob_Dee")]
    write(root / name, *same, *different)
    return root


def agedb(root: Path) -> Path:
    """As its authors publish it: pictures without order, and a MATLAB file of structures in cells."""
    names = [f"{who}_actor_{age}_{number}_f" for number, (who, age) in enumerate(AGES)]
    for name, (who, _), number in zip(names, AGES, range(4), strict=True):
        paint(root / "03_Protocol_Images" / f"{name}.jpg", int(who[-1]), number)
    folds = np.empty((10, 1), object)
    for fold in range(10):
        pictures = np.empty((2, 2), object)
        for column, pair in enumerate(((0, 1), (0, 3)) if fold % 2 else ((2, 3), (1, 2))):
            for row in (0, 1):
                pictures[row, column] = {"im": names[pair[row]], "age": AGES[pair[row]][1]}
        folds[fold, 0] = {"pairs": pictures, "labels": np.array([[1, -1]])}
    savemat(root / "04_FINAL_protocol_30_years.mat", {"splits": folds})
    return root


AGES = (("Person1", 20), ("Person1", 50), ("Person2", 30), ("Person2", 60))


def agedb_text(root: Path) -> Path:
    """As it goes round as text, with aligned pictures."""
    for number, (person, age) in enumerate(((1, 20), (1, 50), (2, 30), (2, 60))):
        paint(root / "agedb30_align_112" / f"{number}_Person{person}_{age}_f.jpg", person, number)
    one, two = ("0_Person1_20_f.jpg", "1_Person1_50_f.jpg"), ("2_Person2_30_f.jpg", "3_Person2_60_f.jpg")
    rows = [f"{a}\t{b}\t{label}" for a, b, label in ((*one, 1), (*two, 1), (one[0], two[1], 0), (one[1], two[0], 0))]
    write(root / "agedb_30_pair.txt", *(rows * 5))
    return root
