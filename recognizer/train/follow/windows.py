"""Training windows: a face somewhere in them or none, drawn anew for every sample."""

from __future__ import annotations

from dataclasses import dataclass

import cv2
import numpy as np

from recognizer.detect.boxes import evened
from recognizer.detect.follow import REACH, WINDOW_PX
from recognizer.detect.window import GREY, window
from recognizer.geometry import iou
from recognizer.train.crops import FaceRows
from recognizer.train.detection.camera import Rng, oval, seen_by_camera
from recognizer.train.detection.material import SURE_SCORE, Material
from recognizer.train.detection.task import Arrays
from recognizer.types import F32, I64, U8, FaceDetections

FACES = 0.58
"""Share of windows with a face."""
APART = 0.12
"""A window without a face shares less than this with any face (intersection over union)."""
AROUND_PX = 48
"""Of a background about an aligned crop."""
FLIPPED = [1, 0, 2, 4, 3]
"""Landmarks in a mirror."""


@dataclass(frozen=True, slots=True, eq=False)
class CropFaces:
    """Aligned faces whose places are known.

    Args:
        crops: (112, 112, 3) RGB.
        rows: (N,) those of ``crops`` that are used.
        faces: (N) their places.
    """

    crops: FaceRows
    rows: I64
    faces: FaceDetections


@dataclass(frozen=True, slots=True, eq=False)
class Pictures:
    """Pictures, and what in them resembles a face and is none.

    Args:
        material: with MTCNN's faces.
        owner: (M,) the picture of each candidate.
        candidates: (M, 4) px.
    """

    material: Material
    owner: I64
    candidates: F32


class Windows:
    """Sample number -> window; the same every time for the same seed.

    Args:
        photos: of people.
        frames: of videos.
        crops: aligned faces, of people that the photos do not show.
        seed: of the whole training.
    """

    def __init__(self, *, photos: Pictures, frames: Pictures, crops: CropFaces, seed: int) -> None:
        self._photos, self._frames, self._crops, self._seed = photos, frames, crops, seed
        self._faces = {source: _sure_faces(source.material) for source in (photos, frames)}

    def batch(self, samples: I64) -> Arrays:
        """Windows (B, 40, 40, 3) uint8, 1 for a face and 0 for none (B,), and where it is: (B, 14) of the window."""
        drawn = [self[sample] for sample in samples.tolist()]
        pictures, wanted, places = zip(*drawn, strict=True)
        return np.stack(pictures), np.array(wanted, np.float32), np.stack(places)

    def __getitem__(self, sample: int) -> tuple[U8, bool, F32]:
        """A window, whether it shows a face, and its (14,) places."""
        rng = np.random.default_rng((self._seed, sample))
        if rng.random() < FACES:
            seen, places = self._about_a_face(rng)
        else:
            seen, places = self._elsewhere(rng), None
        if rng.random() < 0.5:
            seen = seen[:, ::-1]
            places = None if places is None else np.stack([1 - places[:, 0], places[:, 1]], axis=1)
            if places is not None:  # left and right change sides: x1 with x2, eye with eye
                box = np.array([[places[1, 0], places[0, 1]], [places[0, 0], places[1, 1]]])
                places = np.concatenate([box, places[2:][FLIPPED]])
        flat = np.zeros(14) if places is None else places.ravel()
        return seen_by_camera(np.ascontiguousarray(seen), rng), places is not None, flat.astype(np.float32)

    def _about_a_face(self, rng: Rng) -> tuple[U8, F32]:
        """A window about where a face was expected, and the (7, 2) points in it."""
        kind = rng.random()
        if kind < 0.35:
            picture, points = self._pasted(rng)
        else:
            source = self._frames if kind < 0.5 else self._photos
            faces = self._faces[source]
            number, row = faces[int(rng.integers(len(faces)))]
            picture, known = source.material[number], source.material
            points = np.concatenate([known.faces[number][row, :4].reshape(2, 2), known.landmarks[number][row]])
        spread = 0.16 if rng.random() < 0.35 else 0.05
        moved = np.clip(rng.normal(0, spread, 2), -0.4, 0.4)
        grown = float(np.clip(np.exp(rng.normal(0, spread)), 0.65, 1.5))
        side = float(np.mean(points[1] - points[0]))
        middle = points[:2].mean(axis=0) + moved * side
        return _placed(picture, points, middle, side * REACH * grown, rng)

    def _pasted(self, rng: Rng) -> tuple[U8, F32]:
        """An aligned face, round and with soft edges, on a part of a photo."""
        known = self._crops
        row = int(rng.integers(len(known.rows)))
        face = np.asarray(known.crops[int(known.rows[row])])[..., ::-1]
        under = self._photos.material[int(rng.integers(len(self._photos.material)))]
        part = int(rng.integers(min(under.shape[:2]) // 4, min(under.shape[:2])))
        top, left = (int(rng.integers(side - part + 1)) for side in under.shape[:2])
        width = face.shape[0] + 2 * AROUND_PX
        out = cv2.resize(under[top : top + part, left : left + part], (width, width), interpolation=cv2.INTER_AREA)
        inside = slice(AROUND_PX, AROUND_PX + face.shape[0])
        mask = oval(face.shape[0]) if rng.random() < 0.7 else np.float32(1)
        out[inside, inside] = (face * mask + out[inside, inside] * (1 - mask)).astype(np.uint8)
        points = np.concatenate([known.faces.boxes[row].reshape(2, 2), known.faces.landmarks[row]])
        return np.asarray(out, np.uint8), points + np.float32(AROUND_PX)

    def _elsewhere(self, rng: Rng) -> U8:
        """A window without a face: what resembles one, what is beside one, or anything."""
        for _ in range(20):
            source = self._frames if rng.random() < 0.4 else self._photos
            kind = rng.random()
            if kind < 0.35 and len(source.owner):
                row = int(rng.integers(len(source.owner)))
                number, box = int(source.owner[row]), evened(source.candidates[row : row + 1])[0]
                box = box + np.tile(rng.normal(0, 0.08, 2) * (box[2] - box[0]), 2)
            else:
                number = int(rng.integers(len(source.material)))
                box = _anywhere(source.material, number, rng, beside=kind < 0.7)
            box = box.astype(np.float32)[None]
            faces = evened(source.material.faces[number][:, :4])
            if iou(box, faces).max(initial=0) < APART:
                return window(source.material[number], evened(box, REACH)[0].tolist(), WINDOW_PX)
        return np.full((WINDOW_PX, WINDOW_PX, 3), GREY, np.uint8)


def _sure_faces(material: Material) -> list[tuple[int, int]]:
    """Picture and row of each face that is learned from."""
    sure = [np.flatnonzero(faces[:, 4] > SURE_SCORE).tolist() for faces in material.faces]
    return [(number, row) for number, rows in enumerate(sure) for row in rows]


def _anywhere(material: Material, number: int, rng: Rng, *, beside: bool) -> F32:
    """A square somewhere in a picture, or beside one of its faces."""
    faces = material.faces[number]
    if beside and len(faces):
        face = evened(faces[int(rng.integers(len(faces)))][None, :4])[0]
        side = float(face[2] - face[0])
        angle = rng.uniform(0, 2 * np.pi)
        middle = face.reshape(2, 2).mean(axis=0) + np.array([np.cos(angle), np.sin(angle)]) * rng.uniform(0, 1.5) * side
        half = side * float(np.exp(rng.normal(0, 0.45))) / 2
    else:
        height, width = material[number].shape[:2]
        middle = rng.random(2) * (width, height)
        half = float(np.exp(rng.uniform(np.log(16), np.log(200)))) / 2
    return np.concatenate([middle - half, middle + half])


def _placed(picture: U8, points: F32, middle: F32, side: float, rng: Rng) -> tuple[U8, F32]:
    """A square of the picture as a window: turned, made narrower, and seen in less detail."""
    reach = 0.85 * side
    low = np.maximum(np.floor(middle - reach), 0).astype(int)
    high = np.minimum(np.ceil(middle + reach), picture.shape[1::-1]).astype(int)
    part = picture[low[1] : high[1], low[0] : high[0]]
    detail = min(1.0, float(np.exp(rng.uniform(np.log(24), np.log(220)))) / side)
    size = np.maximum((high - low) * detail, 2).round().astype(int)
    seen = cv2.resize(part, size.tolist(), interpolation=cv2.INTER_AREA) if detail < 1 else part
    scale = size / (high - low)
    points, middle, side = (points - low) * scale, (middle - low) * scale, side * float(scale.mean())
    turn = float(np.clip(rng.normal(0, 10), -40, 40)) if rng.random() < 0.6 else 0.0
    narrow = float(np.exp(np.clip(rng.normal(-0.03, 0.08), -0.3, 0.15))) if rng.random() < 0.5 else 1.0
    matrix = cv2.getRotationMatrix2D(middle.tolist(), turn, 1.0)
    matrix[0] *= narrow
    matrix[0, 2] += (1 - narrow) * middle[0]
    seen = cv2.warpAffine(seen, matrix, size.tolist(), flags=cv2.INTER_LINEAR, borderMode=cv2.BORDER_REPLICATE)
    half = (points[1] - points[0]) / 2 * (narrow, 1)
    turned = np.concatenate([points[:2].mean(axis=0)[None], points[2:]]) @ matrix[:, :2].T + matrix[:, 2]
    places = np.concatenate([turned[:1] - half, turned[:1] + half, turned[1:]])
    square = np.concatenate([middle - side / 2, middle + side / 2]).astype(np.float32)
    shares = ((places - square[:2]) / side).astype(np.float32)
    return window(np.asarray(seen, np.uint8), square.tolist(), WINDOW_PX), shares
