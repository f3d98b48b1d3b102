"""Generate changes of face that the cut detector does not see, and count the wrong names they lead to.

Two people of LFW each: the face region of one photo is shown within the background of another, moves a little, and is
replaced. LFW is aligned: every face is at the same place of its picture.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray

from recognizer.align import align
from recognizer.app import build, config
from recognizer.app.build import detectors, embedders, pipelines
from recognizer.gallery.records import Enrolled
from recognizer.match.exact_index import ExactIndex
from recognizer.pipeline import Pipeline
from recognizer.types import F32, U8, Frame, FrameResult

F64 = NDArray[np.float64]

FPS = 25.0
SIDE_PX = 250
CENTRE = (125.0, 125.0)
"""Centre of the face in LFW's pictures, px."""
FACE_PX = 95
AFTER = 25
"""Frames after a change has begun."""
KINDS = ("cut", "dissolve", "slow", "picture", "front", "crossing")
"""The face is replaced between two frames; dissolves in 0.4 s; in 1 s; in 0.4 s with the whole picture; another one
slides before it; slides past."""
NOISES = 8
DISSOLVE = 10
"""Frames of a dissolve, and of the time that a face takes to slide over another."""
SLOW = 25
"""Frames of a slow dissolve."""


@dataclass(frozen=True, slots=True)
class Shown:
    """A face in a frame, by the truth."""

    person: str
    x: float
    y: float


@dataclass(frozen=True, slots=True)
class Change:
    """One generated change of face."""

    kind: str
    old: str
    new: str
    photos: tuple[Path, Path]
    """Of ``old`` and ``new``."""
    seed: int

    def frames(self) -> Iterator[tuple[Frame, tuple[Shown, ...]]]:
        """Yield each frame with the faces of which any may be named in it; a track elsewhere is not scored."""
        random = np.random.default_rng(self.seed)
        before = int(random.integers(25, 75))
        phase, tempo = random.uniform(0, 6, 3), random.uniform(0.5, 3, 3)
        old, new = (_read(photo) for photo in self.photos)
        mask = _mask()
        wide = cv2.copyMakeBorder(old, 0, 0, 125, 125, cv2.BORDER_REPLICATE)
        backdrop = np.asarray(cv2.GaussianBlur(wide, (0, 0), 9), np.uint8)
        length = SLOW if self.kind == "slow" else DISSOLVE
        for index in range(before + AFTER + length - DISSOLVE):
            swing = np.sin(phase + tempo * index / FPS)
            turned = cv2.getRotationMatrix2D(CENTRE, 2.5 * float(swing[0]), 1 + 0.03 * float(swing[1]))
            motion = np.asarray(turned, np.float64)
            motion[:, 2] += (125 + 6 * swing[2], 3 * swing[0])
            size = (backdrop.shape[1], backdrop.shape[0])
            picture = _u8(cv2.warpAffine(old, motion, size, dst=backdrop.copy(), borderMode=cv2.BORDER_TRANSPARENT))
            progress = min(max((index - before + 1) / length, 0), 1) if index >= before else 0.0
            x, y = motion @ np.array([*CENTRE, 1])
            faces = [Shown(self.old, x, y)]
            if index >= before and self.kind == "cut":
                picture, faces = _over(picture, new, mask, motion), [Shown(self.new, x, y)]
            elif index >= before and self.kind in {"dissolve", "slow", "picture"}:
                if self.kind == "picture":
                    other = _u8(cv2.warpAffine(new, motion, size, borderMode=cv2.BORDER_REPLICATE))
                    picture = _u8(cv2.addWeighted(picture, 1 - progress, other, progress, 0))
                else:
                    picture = _over(picture, new, mask * np.float32(progress), motion)
                faces = [Shown(self.new, x, y)] if progress > 0.75 else [*faces, Shown(self.new, x, y)]
            elif index >= before:
                rest = index - before + 1 if self.kind == "crossing" else DISSOLVE * progress
                gap = 125 * (1 - rest / DISSOLVE)
                shifted = motion + np.array([[0, 0, gap], [0, 0, 0]])
                picture = _over(picture, new, mask, shifted)
                here = Shown(self.new, x + gap, y)
                faces = [here] if abs(gap) < FACE_PX * 0.2 else [*faces, here]
            noise = np.roll(_noise()[int(random.integers(NOISES))], int(random.integers(SIDE_PX)), axis=0)
            image = np.asarray(cv2.add(picture, noise, dtype=cv2.CV_8U), np.uint8)
            yield Frame(image, index, index / FPS, "clip"), tuple(faces)


@dataclass(slots=True)
class Tally:
    """What came of the changes."""

    changes: int = 0
    frames: int = 0
    """Reported face-frames."""
    named: int = 0
    """Of those, with the correct name."""
    wrong: int = 0
    """Spans of consecutive frames in which a track had a wrong name."""
    longest: int = 0
    """Frames of the longest."""
    wrong_frames: int = 0
    lasting: int = 0
    """Changes after which a wrong name was given for more than one frame."""

    def add(self, results: Sequence[tuple[FrameResult, tuple[Shown, ...]]]) -> None:
        """Count one change."""
        self.changes += 1
        longest = 0
        runs: dict[int, int] = {}
        for result, faces in results:
            for box, identity in zip(result.tracks.boxes, result.identities, strict=True):
                x, y = (box[:2] + box[2:]) / 2
                near = [face for face in faces if np.hypot(face.x - x, face.y - y) < 0.6 * FACE_PX]
                self.frames += 1
                is_wrong = bool(near) and identity.name is not None and identity.name not in {f.person for f in near}
                self.named += bool(near) and identity.name in {f.person for f in near}
                run = runs.get(identity.track_id, 0) + 1 if is_wrong else 0
                runs[identity.track_id] = run
                self.wrong += run == 1
                self.wrong_frames += is_wrong
                longest = max(longest, run)
        self.longest = max(self.longest, longest)
        self.lasting += longest > 1


def changes(images: Path, count: int, *, seed: int = 0, kinds: Sequence[str] = KINDS) -> list[Change]:
    """Draw changes between people with at least two photos; the first photo of each is for the gallery."""
    random = np.random.default_rng(seed)
    people = sorted(folder for folder in images.iterdir() if len(list(folder.glob("*.jpg"))) > 1)
    drawn = []
    for number in range(count):
        pair = [people[place] for place in random.choice(len(people), 2, replace=False)]
        photos = tuple(sorted(folder.glob("*.jpg"))[1] for folder in pair)
        kind = kinds[number % len(kinds)]
        drawn.append(Change(kind, pair[0].name, pair[1].name, (photos[0], photos[1]), seed + number))
    return drawn


def recogniser(shared_data: Path, drawn: Sequence[Change]) -> Callable[[], Callable[[Frame], FrameResult]]:
    """Enrol the first photo of everybody in the changes; each call of the result starts a source anew."""
    overrides = {"embed": {"model": "edgeface_xs_q", "weights_dir": str(shared_data / "weights")}}
    settings = config.load(None, overrides)
    resolved = build.model(settings)
    detector, embedder = detectors.video_detector(settings), embedders.embedder(settings, resolved)
    names, vectors = [], []
    for name in sorted({name for change in drawn for name in (change.old, change.new)}):
        image = _read(min((shared_data / "data/lfw/images" / name).glob("*.jpg")))
        found = detector.detect([image])[0]
        middle = np.hypot(*((found.boxes[:, :2] + found.boxes[:, 2:]) / 2 - CENTRE).T)
        if len(middle) == 0:
            continue
        face = found[middle == middle.min()]
        crop = align(image, face.landmarks, face.scores, cut=embedder.spec.crop, boxes=face.boxes)
        names.append(name)
        vectors.append(embedder.embed(crop).vectors[0])
    files = ("",) * len(names)
    enrolled = Enrolled(tuple(names), files, np.stack(vectors), resolved.fingerprint, folder="LFW")
    index = ExactIndex(enrolled=enrolled)
    new_context = pipelines.video_context(settings, resolved, enrolled=len(names))
    return lambda: Pipeline(detector=detector, embedder=embedder, index=index, new_context=new_context).step


def _read(path: Path) -> U8:
    image = cv2.imread(str(path))
    assert image is not None, path
    return np.asarray(image, np.uint8)


def _mask() -> F32:
    mask = np.zeros((SIDE_PX, SIDE_PX), np.float32)
    cv2.ellipse(mask, (125, 125), (50, 68), 0, 0, 360, 1.0, -1)
    return np.asarray(cv2.GaussianBlur(mask, (0, 0), 4), np.float32)


@cache
def _noise() -> NDArray[np.int16]:
    """Pictures of a camera's noise; drawing one for each frame would take ten times as long as recognising it."""
    drawn = np.random.default_rng(0).normal(0, 2, (NOISES, SIDE_PX, 2 * SIDE_PX, 3))
    return np.rint(drawn).astype(np.int16)


def _u8(picture: NDArray[Any]) -> U8:
    return np.asarray(picture, np.uint8)


def _over(below: U8, photo: U8, mask: F32, motion: F64) -> U8:
    size = (below.shape[1], below.shape[0])
    top = cv2.warpAffine(photo, motion, size)
    share = cv2.warpAffine(mask, motion, size)
    return np.asarray(cv2.blendLinear(below, top, 1 - share, share), np.uint8)
