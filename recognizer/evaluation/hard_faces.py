"""Compare ways to cut faces out by whom they name of turned and of small faces, at the same rate of wrong matches.

Everybody is enrolled by one photo, as enrolment does it, and searched by another one: the most turned one that they
have, or a frontal one whose head is turned (`recognizer.evaluation.turning`) or which is scaled down.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray

from recognizer.errors import InputError
from recognizer.evaluation.cuts import Way
from recognizer.evaluation.enrolments import Enrolment
from recognizer.evaluation.faces import EmbeddedPictures, Picture
from recognizer.evaluation.turning import turn_head
from recognizer.geometry import centres, unit_rows
from recognizer.protocols import Detector, Embedder
from recognizer.types import F32, I64, U8, AlignedFaces, FaceDetections, FaceQuality

FRONTAL_DEG = 15.0
"""Yaw of the photos that are enrolled, and of those that are turned or made smaller, at most."""
TURNED_DEG = 25.0
"""Of photos that are turned as they are: 4 % of LFW's have so much, none has 60 degrees."""
FMRS = (1e-4, 1e-3)


@dataclass(frozen=True, slots=True)
class HardSet:
    """Photos of people to be named, made harder when they are read."""

    name: str
    enrolled: Sequence[Picture]
    probes: Sequence[Picture]
    """Another photo of each person, the same rows."""
    harder: Callable[[U8, F32], U8] = lambda image, landmarks: image
    """From a picture and its face's (5, 2) landmarks to the picture that is searched."""


@dataclass(frozen=True, slots=True)
class WayScore:
    """How many probes of a set one way names."""

    set_name: str
    way: str
    """How the probes are cut out, and how the photos are enrolled."""
    probes: int
    found: int
    named: int
    """At the threshold in force."""
    wrong: int
    """Pairs of a probe with another person at or above that threshold, of probes x (people - 1)."""
    named_at: Mapping[float, int]
    """At the threshold that this set's wrong pairs give for an FMR."""
    gained: int
    """Probes named at FMR 1e-3 that the first way does not name at its own; and the other way round."""
    lost: int

    def as_dict(self) -> dict[str, Any]:
        """Convert to JSON values."""
        return {**asdict(self), "named_at": {f"{fmr:g}": count for fmr, count in self.named_at.items()}}


def hard_sets(
    pictures: Sequence[Picture],
    owners: I64,
    faces: EmbeddedPictures,
    *,
    people: int,
    angles_deg: Sequence[float],
    eyes_px: Sequence[float],
) -> list[HardSet]:
    """Choose photos of people and make the sets.

    Args:
        pictures: N photos.
        owners: (N,) person of each.
        faces: what was found in them, the same rows.
        people: of each set, at most; drawn at random.
        angles_deg: by which heads are turned, half of them to either side.
        eyes_px: distances between the eyes, for small faces.

    Raises:
        InputError: if fewer than two people have two frontal photos.
    """
    yaw = np.where(faces.found, np.abs(faces.quality.yaw_deg), np.inf)
    frontal: list[tuple[int, int]] = []
    turned: list[tuple[int, int]] = []
    for person in np.random.default_rng(0).permutation(int(owners.max()) + 1):
        rows = np.flatnonzero((owners == person) & np.isfinite(yaw))
        straight = rows[yaw[rows] < FRONTAL_DEG]
        if len(straight) == 0:
            continue
        most = rows[yaw[rows].argmax()]
        if yaw[most] >= TURNED_DEG:
            turned.append((straight[0], most))
        if len(straight) > 1:
            frontal.append((straight[0], straight[1]))
    if len(frontal) < 2:
        raise InputError(f"Wanted people with two frontal photos or more, got {len(frontal)} of them; two are needed.")

    def photos(pairs: Sequence[tuple[int, int]]) -> tuple[list[Picture], list[Picture]]:
        return [pictures[one] for one, _ in pairs[:people]], [pictures[two] for _, two in pairs[:people]]

    sets = [HardSet("as they are", *photos(frontal))]
    if len(turned) > 1:
        sets.append(HardSet(f"{TURNED_DEG:.0f} degrees and more, photographed", *photos(turned)))
    sets += [HardSet(f"turned by {angle:g} degrees", *photos(frontal), _turning(angle)) for angle in angles_deg]
    sets += [HardSet(f"{eyes:g} px between the eyes", *photos(frontal), _shrinking(eyes)) for eyes in eyes_px]
    return sets


def _turning(angle_deg: float) -> Callable[[U8, F32], U8]:
    def turn(image: U8, landmarks: F32) -> U8:
        side = 1 if int(landmarks.sum()) % 2 else -1  # as good as drawn, and the same in every run
        return turn_head(image, landmarks, side * angle_deg).image

    return turn


def _shrinking(eyes_px: float) -> Callable[[U8, F32], U8]:
    def shrink(image: U8, landmarks: F32) -> U8:
        factor = min(1.0, eyes_px / max(float(np.linalg.norm(landmarks[1] - landmarks[0])), 1.0))
        return np.asarray(cv2.resize(image, None, fx=factor, fy=factor, interpolation=cv2.INTER_AREA), np.uint8)

    return shrink


def measure_ways(
    wanted: HardSet,
    ways: Sequence[Way],
    enrolments: Sequence[Enrolment],
    *,
    detector: Detector,
    embedder: Embedder,
    threshold: float,
    enrolled: dict[str, list[F32]] | None = None,
    on_progress: Callable[[int, int], None] = lambda done, total: None,
) -> list[WayScore]:
    """Name the probes of a set: by each way with the first enrolment, then by the first way with the others.

    Args:
        wanted: the set.
        ways: to cut the probes out; the first is what the others are compared with.
        enrolments: ways to enrol a photo.
        detector: finds the faces, and refines them for some ways.
        embedder: its own flip averaging must be off.
        threshold: cosine from which a probe is named.
        enrolled: what photos became by each enrolment, by their stamps: filled here, for the next set.
        on_progress: called with the photos that are done, and all.
    """
    count = len(wanted.probes)
    size = embedder.spec.dimension
    enrolled = {} if enrolled is None else enrolled
    vectors = np.zeros((len(ways), count, size), np.float32)
    found = np.zeros(count, bool)
    nobody = np.zeros((1, size), np.float32)
    for row, (photo, probe) in enumerate(zip(wanted.enrolled, wanted.probes, strict=True)):
        if photo.stamp not in enrolled:
            image = photo.read()
            face = _middle_face(image, detector)
            enrolled[photo.stamp] = [
                nobody if face is None else enrolment.vectors(image, face, detector, embedder)
                for enrolment in enrolments
            ]
        image = probe.read()
        if (face := _middle_face(image, detector)) is not None:
            image = wanted.harder(image, face.landmarks[0])
            if (face := _middle_face(image, detector)) is not None:
                found[row] = True
                vectors[:, row] = _vectors(image, face, ways, detector, embedder)
        on_progress(row + 1, count)
    people = [enrolled[photo.stamp] for photo in wanted.enrolled]
    galleries = [_Gallery(one_way) for one_way in zip(*people, strict=True)]
    cosines = [galleries[0].cosines(some) for some in vectors]
    cosines += [gallery.cosines(vectors[0]) for gallery in galleries[1:]]
    names = [way.name for way in ways] + [f"enrolled: {enrolment.name}" for enrolment in enrolments[1:]]
    seen = np.where(found[:, None], np.stack(cosines), np.float32(-1))
    return score_ways(wanted.name, names, seen, found, threshold=threshold)


class _Gallery:
    """The vectors of people, of each (V, D): the nearest of a person's counts."""

    def __init__(self, people: Sequence[F32]) -> None:
        self._vectors = np.concatenate(people)
        self._starts = np.cumsum([0, *(len(vectors) for vectors in people[:-1])])

    def cosines(self, probes: F32) -> F32:
        """(probes, people)."""
        return np.asarray(np.maximum.reduceat(probes @ self._vectors.T, self._starts, axis=1), np.float32)


def score_ways(
    set_name: str, ways: Sequence[str], cosines: F32, found: NDArray[np.bool_], *, threshold: float
) -> list[WayScore]:
    """Score (ways, probes, people) cosines, in which person i is probe i's own."""
    own = np.diagonal(cosines, axis1=1, axis2=2)
    apart = ~np.eye(cosines.shape[1], dtype=bool)
    scores: list[WayScore] = []
    first = np.zeros(len(found), bool)
    for number, way in enumerate(ways):
        others = np.sort(cosines[number][apart])[::-1]
        # as many wrong pairs as the rate allows lie above it
        limits = {fmr: float(others[min(int(fmr * len(others)), len(others) - 1)]) for fmr in FMRS}
        named = own[number] > limits[FMRS[-1]]
        first = named if number == 0 else first
        scores.append(
            WayScore(
                set_name,
                way,
                probes=len(found),
                found=int(found.sum()),
                named=int((own[number] >= threshold).sum()),
                wrong=int((others >= threshold).sum()),
                named_at={fmr: int((own[number] > limit).sum()) for fmr, limit in limits.items()},
                gained=int((named & ~first).sum()),
                lost=int((first & ~named).sum()),
            )
        )
    return scores


def _middle_face(image: U8, detector: Detector) -> FaceDetections | None:
    """The face nearest the middle of a picture, one row."""
    faces = detector.detect([image])[0]
    if len(faces) == 0:
        return None
    middle = np.array(image.shape[1::-1], np.float32) / 2
    nearest = int(np.linalg.norm(centres(faces.boxes) - middle, axis=1).argmin())
    return faces[nearest : nearest + 1]


def _vectors(image: U8, face: FaceDetections, ways: Sequence[Way], detector: Detector, embedder: Embedder) -> F32:
    """The vector of a face by each way, (W, D): all crops are embedded at once."""
    crops = [way.cut(image, face, detector) for way in ways]
    owner = np.repeat(np.arange(len(ways)), [len(some) for some in crops])
    joined = np.concatenate(crops)
    both = np.ascontiguousarray(np.concatenate([joined, joined[:, :, ::-1]]))
    parts = np.zeros(len(both), np.float32)
    embedded = embedder.embed(AlignedFaces(both, FaceQuality(parts, parts, parts, parts, parts))).vectors
    sums = np.zeros((len(ways), embedded.shape[1]), np.float32)
    np.add.at(sums, np.tile(owner, 2), embedded)
    return unit_rows(sums)
