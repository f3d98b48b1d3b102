"""Where things are in the pictures that windows are cut from, measured once and kept beside them."""

from __future__ import annotations

from pathlib import Path

import numpy as np
from loguru import logger

from recognizer.geometry import iou
from recognizer.protocols import Detector
from recognizer.train.crops import FaceRows, save
from recognizer.train.detection.material import USUAL_BOX, Material
from recognizer.train.detection.task import Teacher
from recognizer.train.follow.windows import APART, CropFaces, Pictures
from recognizer.types import U8, FaceDetections

SETTLED = 3
"""How often O-Net refines its own answer, from the usual box on."""
FACE_SCORE = 0.9
MOST_CROPS = 24_000
"""Crops that are measured, at most."""
MOST_PICTURES = 2_500
"""Pictures that candidates are proposed in, at most."""
NO_FACE_SCORE = 0.2
"""O-Net score below which a candidate is no face."""


def with_candidates(pictures: Material, teacher: Teacher) -> Pictures:
    """The pictures and what in them was proposed and is no face: (M, 5) rows in a file, number and box."""
    kept = pictures.path.with_suffix(".candidates.npy")
    if not kept.exists():
        logger.info("Collecting what resembles a face and is none, for {}.", kept)
        rows = [np.zeros((0, 5), np.float32)]
        for number in range(0, len(pictures), -(-len(pictures) // MOST_PICTURES)):
            picture = pictures[number]
            boxes = teacher.propose(picture)
            boxes = boxes[iou(boxes, pictures.faces[number][:, :4]).max(axis=1, initial=0) < APART]
            boxes = boxes[teacher.detector.refine(picture, boxes).scores < NO_FACE_SCORE]
            rows.append(np.column_stack([np.full(len(boxes), number, np.float32), boxes]))
        save(kept, np.concatenate(rows))
    table = np.load(kept)
    return Pictures(pictures, table[:, 0].astype(np.int64), table[:, 1:])


def in_crops(crops: FaceRows, detector: Detector, file: Path) -> CropFaces:
    """Aligned faces with their places, by O-Net: (N, 16) rows in a file, the crop's, box, score and landmarks."""
    kept = file.with_suffix(".places.npy")
    if not kept.exists():
        logger.info("Measuring the places of faces in crops, for {}.", kept)
        chosen = np.arange(0, len(crops), -(-len(crops) // MOST_CROPS))
        table = [(row, *_place(np.ascontiguousarray(crops[row][..., ::-1]), detector)) for row in chosen.tolist()]
        save(kept, np.array(table, np.float32))
    rows = np.load(kept)
    rows = rows[rows[:, 5] >= FACE_SCORE]
    faces = FaceDetections(rows[:, 1:5].copy(), rows[:, 5].copy(), rows[:, 6:].reshape(-1, 5, 2).copy())
    return CropFaces(crops, rows[:, 0].astype(np.int64), faces)


def _place(crop: U8, detector: Detector) -> list[float]:
    boxes = USUAL_BOX[None]
    for _ in range(SETTLED):
        face = detector.refine(crop, boxes)
        boxes = face.boxes
    return [*face.boxes[0].tolist(), float(face.scores[0]), *face.landmarks[0].ravel().tolist()]
