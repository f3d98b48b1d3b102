"""Measure a model's thresholds and impostor tables on a folder of people, for its calibration file."""

from __future__ import annotations

from pathlib import Path

import numpy as np

from recognizer.app import config
from recognizer.app.embedded import Counting, embedded, uncounted
from recognizer.calibration.calibration_file import MIN_MARGIN, Calibration, save
from recognizer.calibration.strangers import doubles_threshold, measure_impostors, merge_doubles
from recognizer.evaluation.pairs import LOOSE_SHARE
from recognizer.evaluation.people import people_of_folder
from recognizer.models.cache import Cache
from recognizer.models.resolved_model import ResolvedModel, calibration_place
from recognizer.types import F32, I64


def measure_people(
    settings: config.Settings,
    resolved: ResolvedModel,
    folder: Path,
    *,
    output: Path | None = None,
    above: float | None = None,
    cache: Path | None = None,
    counting: Counting = uncounted,
) -> Path:
    """Measure a model on a folder of people, and write its calibration file.

    Args:
        settings: of detector and engine.
        resolved: the model.
        folder: one folder of photos for each person.
        output: where to write; ``None``: the file that the model is loaded with.
        above: names with photos of at least this cosine are one person; estimated by default.
        cache: folder for vectors.
        counting: shows the progress.

    Returns:
        The path of the file.
    """
    pictures, owners = people_of_folder(folder)
    faces = embedded(
        settings, resolved, pictures, face_share=LOOSE_SHARE, cache=cache, what=folder.name, counting=counting
    )
    seen = faces.found
    how = "5-point alignment" if resolved.spec.crop.template else "the detector's box"
    data = f"{folder.parent.name} {folder.name}, {int(seen.sum())} pictures, MTCNN (min face "
    data += f"{settings.detect.min_face_px:g} px), {how}, flip-averaged"
    model = resolved.graph.name if resolved.own_graph else resolved.name
    found = calibration_of(
        faces.vectors(flip=True)[seen],
        owners[seen],
        model=resolved.fingerprint,
        data=data,
        command=f"python main.py calibrate --people {folder.parent.name}/{folder.name} --model {model}"
        + ("" if above is None else f" --one-person-above {above:g}"),
        above=above,
    )
    target = output or calibration_place(resolved.name, resolved.fingerprint, Cache())
    save(target, found)
    return target


def calibration_of(
    vectors: F32, people: I64, *, model: str, data: str, command: str, above: float | None = None
) -> Calibration:
    """Derive thresholds at fixed FMR, and the impostor tables from which a budget's thresholds follow.

    Args:
        vectors: (N, D) of unit length.
        people: (N,) whose photo each is.
        model: fingerprint.
        data: description of the pictures.
        command: command line that repeats the measurement.
        above: names with photos of at least this cosine are one person; ``None``: as
            `recognizer.calibration.strangers.doubles_threshold` estimates.
    """
    above = doubles_threshold(vectors, people) if above is None else above
    described = data
    if above is not None:
        people, pairs = merge_doubles(vectors, people, above=above)
        described += f"; {pairs} pairs of names above {above:.3f} taken for one person each"
    impostors = measure_impostors(vectors, people, data=described)
    high, count = _impostor_similarities(vectors, people, 0.1)
    highest, genuine = np.sort(high)[::-1], _genuine(vectors, people)
    rates = {}
    for fmr in (1e-3, 1e-4, 1e-5, 1e-6):
        threshold = float(highest[min(int(fmr * count), len(highest) - 1)])
        rates[f"{fmr:g}"] = {"threshold": round(threshold, 4), "fnmr": round(float((genuine < threshold).mean()), 4)}
    at = {rate: float(values["threshold"]) for rate, values in rates.items()}
    return Calibration(
        model=model,
        known=at["1e-05"],
        release=at["0.0001"],
        margin=max(round(at["1e-05"] - at["0.001"], 4), MIN_MARGIN),
        sure=round(min(at["1e-06"] + 0.1, 1.0), 4),
        protocol={
            "data": described + "; each picture compared with those of all other people",
            "impostor_comparisons": count,
            "genuine_comparisons": len(genuine),
            "highest_impostor": round(float(highest[0]), 4),
            "fmr": rates,
            "known": "threshold at FMR 1e-5",
            "release": "threshold at FMR 1e-4",
            "margin": "thresholds at FMR 1e-5 minus 1e-3",
            "sure": "threshold at FMR 1e-6 plus 0.1",
            "command": command,
        },
        impostors=impostors,
    )


def _impostor_similarities(vectors: F32, people: I64, at_least: float) -> tuple[F32, int]:
    """Compute all cosines from ``at_least`` between different people, and count all comparisons of them."""
    high, count = [], 0
    for start in range(0, len(vectors), 512):
        rows = slice(start, start + 512)
        cosines = vectors[rows] @ vectors.T
        upper = np.arange(len(vectors))[None] > np.arange(len(vectors))[rows, None]
        wanted = upper & (people[rows, None] != people[None])
        count += int(wanted.sum())
        high.append(cosines[wanted & (cosines >= at_least)])
    return np.concatenate(high), count


def _genuine(vectors: F32, people: I64) -> F32:
    """Compute the cosines of all pairs of photos of one person, up to 20 photos of each."""
    found = []
    for person in range(int(people.max()) + 1):
        mine = vectors[np.nonzero(people == person)[0][:20]]
        rows, columns = np.triu_indices(len(mine), 1)
        found.append(np.einsum("ij,ij->i", mine[rows], mine[columns]))
    return np.asarray(np.concatenate(found), np.float32)
