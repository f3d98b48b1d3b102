"""Training scenes: many faces of all sizes in one small picture, drawn anew for every sample.

A mosaic of parts of photos holds faces in their surroundings down to the smallest; aligned crops pasted over pictures
bring other people; frames of videos show what cameras see. Bochkovskiy et al., "YOLOv4", 2020, has the mosaic.
"""

from __future__ import annotations

import cv2
import numpy as np
import torch

from recognizer.train.crops import FaceRows
from recognizer.train.detection.camera import Rng, oval, seen_by_camera
from recognizer.train.detection.material import SURE_SCORE, USUAL_BOX, Material
from recognizer.train.detection.task import Arrays
from recognizer.train.proposals.loss import targets
from recognizer.types import F32, I64, U8

SIDE_PX = 256
CANVAS_PX = 320
"""Scenes are drawn larger, then turned and scaled into place."""
LEAST_PX = 7.0
TOWARDS_FACES = 0.7
"""Share of parts that are laid about a face; the others show whatever there is."""
MOST_FACES = 96


class Scenes:
    """Sample number -> scene; the same every time for the same seed.

    Args:
        photos: with faces, for mosaics.
        frames: of videos.
        crops: aligned faces, (112, 112, 3) RGB.
        seed: of the whole training.
    """

    def __init__(self, *, photos: Material, frames: Material, crops: FaceRows, seed: int) -> None:
        self._photos, self._frames, self._crops, self._seed = photos, frames, crops, seed

    def __getitem__(self, sample: int) -> tuple[U8, F32]:
        """A scene (256, 256, 3) BGR and its faces (M, 5): x1, y1, x2, y2 px, 1 where it must be found, else 0."""
        rng = np.random.default_rng((self._seed, sample))
        kind = rng.random()
        if kind < 0.55:
            picture, faces = self._mosaic(rng)
        elif kind < 0.75:
            picture, faces = self._part(self._frames, rng, CANVAS_PX, CANVAS_PX, zoom=(0.35, 1.0))
        else:
            picture, faces = self._part(self._frames if rng.random() < 0.5 else self._photos, rng, CANVAS_PX, CANVAS_PX)
            picture, faces = self._pasted(picture, faces, rng)
        picture, faces = _placed(picture, faces, rng)
        return seen_by_camera(picture, rng), _kept(faces, SIDE_PX, SIDE_PX)

    def batch(self, samples: I64) -> Arrays:
        """Scenes, what each cell should answer and its face: see ``targets``."""
        drawn = [self[sample] for sample in samples.tolist()]
        wanted = [targets(torch.from_numpy(faces), SIDE_PX, SIDE_PX) for _, faces in drawn]
        pictures = np.stack([picture for picture, _ in drawn])
        return pictures, *(np.stack([part.numpy() for part in parts]) for parts in zip(*wanted, strict=True))

    def _mosaic(self, rng: Rng) -> tuple[U8, F32]:
        canvas = np.empty((CANVAS_PX, CANVAS_PX, 3), np.uint8)
        least = float(np.exp(rng.uniform(np.log(26), np.log(240))))
        faces = [np.zeros((0, 5), np.float32)]
        cells = [(0, 0, CANVAS_PX, CANVAS_PX)]
        while cells:
            x, y, width, height = cells.pop()
            longer = max(width, height)
            if longer > 2 * least or (longer > 1.3 * least and rng.random() < 0.6):
                share = rng.uniform(0.35, 0.65)
                if width >= height:
                    first = int(width * share)
                    cells += [(x, y, first, height), (x + first, y, width - first, height)]
                else:
                    first = int(height * share)
                    cells += [(x, y, width, first), (x, y + first, width, height - first)]
                continue
            source = self._frames if rng.random() < 0.1 else self._photos
            part, inside = self._part(source, rng, width, height, zoom=(0.45, 1.0))
            canvas[y : y + height, x : x + width] = part
            inside[:, :4] += np.array([x, y, x, y], np.float32)
            faces.append(inside)
        return canvas, np.concatenate(faces)

    def _part(
        self, source: Material, rng: Rng, width: int, height: int, zoom: tuple[float, float] = (0.2, 1.0)
    ) -> tuple[U8, F32]:
        """A part of a random picture brought to a size, and the faces in it."""
        towards = rng.random() < TOWARDS_FACES
        number = int(rng.choice(source.with_faces) if towards else rng.integers(len(source)))
        picture, known = source[number], source.faces[number]
        whole = min(picture.shape[1] / width, picture.shape[0] / height)  # px of the picture for one of the part
        step = whole * float(np.exp(rng.uniform(np.log(zoom[0]), np.log(zoom[1]))))
        w, h = max(2, int(width * step)), max(2, int(height * step))
        edges = np.array([picture.shape[1] - w, picture.shape[0] - h])
        corner = rng.integers(edges + 1)
        if towards:  # a face somewhere in the part
            x1, y1, x2, y2 = known[rng.integers(len(known)), :4]
            corner = np.clip((np.array([x1 + x2, y1 + y2]) / 2 - rng.random(2) * (w, h)).astype(int), 0, edges)
        left, top = (int(v) for v in corner)
        how = cv2.INTER_AREA if step > 1 else cv2.INTER_LINEAR
        part = cv2.resize(picture[top : top + h, left : left + w], (width, height), interpolation=how)
        faces = known.copy()
        faces[:, :4] -= np.array([left, top, left, top], np.float32)
        faces[:, [0, 2]] *= width / w
        faces[:, [1, 3]] *= height / h
        faces[:, 4] = faces[:, 4] >= SURE_SCORE
        if rng.random() < 0.5:
            part = part[:, ::-1]
            faces[:, [0, 2]] = width - faces[:, [2, 0]]
        return np.asarray(part, np.uint8), _kept(faces, width, height)

    def _pasted(self, picture: U8, faces: F32, rng: Rng) -> tuple[U8, F32]:
        """Aligned faces over the picture, round and with soft edges."""
        out = picture.copy()
        rows = [faces]
        for _ in range(int(rng.integers(1, 9))):
            side = int(np.exp(rng.uniform(np.log(12), np.log(190))))
            x, y = (int(v) for v in rng.uniform(-0.1 * side, CANVAS_PX - 0.9 * side, 2))
            x1, y1, x2, y2 = max(x, 0), max(y, 0), min(x + side, CANVAS_PX), min(y + side, CANVAS_PX)
            box: F32 = USUAL_BOX * np.float32(side / 112) + np.array([x, y, x, y], np.float32)
            if any(_shared(box, other[:4]) > 0.25 for row in rows for other in row):
                continue
            face = self._crops[int(rng.integers(len(self._crops)))][..., ::-1]
            crop = cv2.resize(face, (side, side), interpolation=cv2.INTER_AREA if side < 112 else cv2.INTER_LINEAR)
            mask = oval(side)[y1 - y : y2 - y, x1 - x : x2 - x]
            under = out[y1:y2, x1:x2]
            over = crop[y1 - y : y2 - y, x1 - x : x2 - x]
            out[y1:y2, x1:x2] = (over * mask + under * (1 - mask)).astype(np.uint8)
            rows.append(np.array([[*box, 1.0]], np.float32))
        return out, np.concatenate(rows)


def _shared(a: F32, b: F32) -> float:
    inner = np.maximum(np.minimum(a[2:], b[2:]) - np.maximum(a[:2], b[:2]), 0).prod()
    return float(inner / max(min((a[2:] - a[:2]).prod(), (b[2:] - b[:2]).prod()), 1e-6))


def _kept(faces: F32, width: int, height: int) -> F32:
    """Faces that can be seen; those that are small or mostly outside do not matter, the others are gone."""
    if len(faces) == 0:
        return faces
    sides = np.maximum(faces[:, 2:4] - faces[:, :2], 1e-3)
    edges = np.array([width, height], np.float32)
    seen = np.clip(np.minimum(faces[:, 2:4], edges) - np.maximum(faces[:, :2], 0), 0, None) / sides
    share = seen.prod(axis=1)
    out = faces.copy()
    out[:, 4] *= (share >= 0.6) & (np.sqrt(sides.prod(axis=1)) >= LEAST_PX)
    return np.asarray(out[share > 0.1][:MOST_FACES], np.float32)


def _placed(picture: U8, faces: F32, rng: Rng) -> tuple[U8, F32]:
    """The canvas turned, scaled, made narrower and cut to a scene."""
    turn = float(np.clip(rng.normal(0, 9), -40, 40)) if rng.random() < 0.6 else 0.0
    scale = float(np.exp(rng.uniform(np.log(0.85), np.log(1.2))))
    matrix = cv2.getRotationMatrix2D((CANVAS_PX / 2, CANVAS_PX / 2), turn, scale)
    narrow = float(np.exp(np.clip(rng.normal(-0.05, 0.12), -0.35, 0.2)))  # faces seen from the side are tall
    matrix[0] = matrix[0] * narrow
    matrix[0, 2] += (1 - narrow) * CANVAS_PX / 2
    matrix[:, 2] = matrix[:, 2] + SIDE_PX / 2 - CANVAS_PX / 2 + rng.uniform(-20, 20, 2)
    out = cv2.warpAffine(picture, matrix, (SIDE_PX, SIDE_PX), flags=cv2.INTER_LINEAR, borderValue=(127, 127, 127))
    middle = (faces[:, :2] + faces[:, 2:4]) / 2 @ matrix[:, :2].T + matrix[:, 2]
    half = (faces[:, 2:4] - faces[:, :2]) / 2 * np.array([scale * narrow, scale])
    return np.asarray(out, np.uint8), np.column_stack([middle - half, middle + half, faces[:, 4]]).astype(np.float32)
