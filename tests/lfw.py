"""Labelled Faces in the Wild through the product's own path; measures accuracy and the thresholds that ship.

    python -m tests.lfw --lfw ../shared/data/lfw --weights-dir ../shared/weights --model edgeface_xs_q [--write]

LFW (Huang et al. 2007), deep-funneled pictures, the 7,701 that ``pairs.txt`` names. In a picture with several faces
the one nearest the centre is meant. ``--write`` saves the calibration that the package ships.
"""

from __future__ import annotations

import argparse
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from recognizer import build, metrics
from recognizer.align import align
from recognizer.capture.pictures import read_picture
from recognizer.config import Settings, load
from recognizer.geometry import ARCFACE_TEMPLATE, centres
from recognizer.protocols import Detector
from recognizer.types import F32, I64, AlignedFaces
from recognizer.weights import calibration

MIN_FACE_PX = 40


@dataclass(frozen=True)
class Pairs:
    left: list[str]
    right: list[str]
    same: np.ndarray[tuple[int], np.dtype[np.bool_]]
    folds: I64


def read_pairs(path: Path) -> Pairs:
    header, *lines = path.read_text().splitlines()
    _, per_fold = (int(word) for word in header.split())
    left, right, same = [], [], []
    for line in lines:
        words = line.split("\t") if "\t" in line else line.split()
        one, two = (words[0], words[0]) if len(words) == 3 else (words[0], words[2])
        first, second = words[1], words[-1]
        left.append(f"{one}/{one}_{int(first):04d}.jpg")
        right.append(f"{two}/{two}_{int(second):04d}.jpg")
        same.append(len(words) == 3)
    return Pairs(left, right, np.array(same), np.arange(len(same)) // (2 * per_fold))


def aligned_face(detector: Detector, path: Path) -> tuple[AlignedFaces, bool]:
    """The face nearest the centre, and whether one was found; else the template's place in the middle."""
    image = read_picture(path)
    faces = detector.detect([image])[0]
    one = np.zeros(1, np.int64)
    if len(faces) == 0:
        shift = (np.array(image.shape[1::-1]) - 112) / 2
        return align(image, (ARCFACE_TEMPLATE + shift)[None].astype(np.float32), np.zeros(1, np.float32), one), False
    middle = np.array(image.shape[1::-1], np.float32) / 2
    nearest = np.linalg.norm(centres(faces.boxes) - middle, axis=1).argmin()
    chosen = faces[np.array([nearest])]
    return align(image, chosen.landmarks, chosen.scores, one), True


def embed_all(settings: Settings, images: Path, files: list[str], cache: Path) -> tuple[F32, int]:
    """(N, 512) flip-averaged vectors and how many pictures showed no face; kept in ``cache``."""
    resolved = build.model(settings)
    kept = cache / f"lfw-{resolved.fingerprint}-{len(files)}.npz"
    if kept.is_file():
        with np.load(kept) as saved:
            return saved["vectors"], int(saved["missed"])
    detector, embedder = build.detector(settings), build.embedder(settings, resolved)
    vectors, missed = [], 0
    for number, file in enumerate(files):
        faces, found = aligned_face(detector, images / file)
        missed += not found
        vectors.append(embedder.embed(faces).vectors[0])
        if number % 500 == 0:
            print(f"{number}/{len(files)}", flush=True)
    cache.mkdir(parents=True, exist_ok=True)
    stacked = np.stack(vectors)
    np.savez(kept, vectors=stacked, missed=missed)
    return stacked, missed


def impostor_similarities(vectors: F32, people: I64, at_least: float) -> tuple[F32, int]:
    """All similarities from ``at_least`` between different people, and how many comparisons there were."""
    high, count = [], 0
    for start in range(0, len(vectors), 512):
        rows = slice(start, start + 512)
        cosines = vectors[rows] @ vectors.T
        upper = np.arange(len(vectors))[None] > np.arange(len(vectors))[rows, None]
        wanted = upper & (people[rows, None] != people[None])
        count += int(wanted.sum())
        high.append(cosines[wanted & (cosines >= at_least)])
    return np.concatenate(high), count


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--lfw", type=Path, required=True)
    parser.add_argument("--model", default="edgeface_xs_q")
    parser.add_argument("--weights-dir", type=Path)
    parser.add_argument("--cache", type=Path, default=Path(".cache"))
    parser.add_argument("--pairs", type=int, help="only so many pairs of each fold, for a quick look")
    parser.add_argument("--write", action="store_true", help="save the calibration that ships")
    wanted = parser.parse_args()
    settings = load(
        None,
        {
            "embed": {"model": wanted.model, "weights_dir": wanted.weights_dir, "flip": True},
            "detect": {"min_face_px": MIN_FACE_PX},
        },
    )
    pairs = read_pairs(wanted.lfw / "pairs.txt")
    files = sorted({*pairs.left, *pairs.right})
    vectors, missed = embed_all(settings, wanted.lfw / "images", files, wanted.cache)
    row = {file: number for number, file in enumerate(files)}
    left, right = [row[file] for file in pairs.left], [row[file] for file in pairs.right]
    similarities = np.einsum("ij,ij->i", vectors[left], vectors[right]).astype(np.float32)
    accuracy = metrics.folded_accuracy(similarities, pairs.same, pairs.folds)
    tar = metrics.tar_at_fmr(similarities[pairs.same], similarities[~pairs.same], 1e-3)
    print(f"{wanted.model}: {len(files)} pictures, no face in {missed}")
    print(f"accuracy {accuracy.mean * 100:.2f} +- {accuracy.deviation * 100:.2f} %, threshold {accuracy.threshold:.3f}")
    print(f"TAR at FMR 1e-3: {tar:.4f}")
    names = np.unique([file.split("/")[0] for file in files], return_inverse=True)[1].astype(np.int64)
    high, count = impostor_similarities(vectors, names, 0.1)
    genuine = np.concatenate([_pairs_within(vectors[names == name]) for name in range(int(names.max()) + 1)])
    rates = {}
    for fmr in (1e-3, 1e-4, 1e-5, 1e-6):
        threshold = float(np.sort(high)[::-1][int(fmr * count)])
        rates[f"{fmr:g}"] = {"threshold": round(threshold, 4), "fnmr": round(float((genuine < threshold).mean()), 4)}
        print(f"FMR {fmr:g}: threshold {threshold:.4f}, FNMR {float((genuine < threshold).mean()):.4f}")
    print(f"highest impostor {high.max():.3f} of {count:,} comparisons; {len(genuine):,} genuine ones")
    if wanted.write:
        _write(build.model(settings).name, build.model(settings).fingerprint, rates, count, len(genuine), len(files))


def _pairs_within(vectors: F32) -> F32:
    rows, columns = np.triu_indices(len(vectors), 1)
    return np.asarray(np.einsum("ij,ij->i", vectors[rows], vectors[columns]), np.float32)


def _write(
    name: str, fingerprint: str, rates: dict[str, dict[str, float]], impostors: int, genuine: int, pictures: int
) -> None:
    target = build.WEIGHTS / "calibration" / f"{name}.json"
    found = calibration.Calibration(
        model=fingerprint,
        known=rates["1e-05"]["threshold"],
        release=rates["0.0001"]["threshold"],
        margin=round(rates["1e-05"]["threshold"] - rates["0.001"]["threshold"], 4),
        sure=round(rates["1e-06"]["threshold"] + 0.1, 4),
        protocol={
            "data": f"LFW deep-funneled, {pictures} pictures of pairs.txt, MTCNN (min face {MIN_FACE_PX} px), "
            "5-point alignment, flip-averaged; every picture against every other person's",
            "impostor_comparisons": impostors,
            "genuine_comparisons": genuine,
            "fmr": rates,
            "known": "threshold at FMR 1e-5",
            "release": "threshold at FMR 1e-4",
            "margin": "thresholds at FMR 1e-5 minus 1e-3",
            "sure": "threshold at FMR 1e-6 plus 0.1: above every impostor that is not a wrong label of LFW",
            "command": "python -m tests.lfw --write",
        },
    )
    calibration.save(target, found)
    print(f"wrote {target.name}")


if __name__ == "__main__":
    main()
