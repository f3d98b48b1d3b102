"""Draft a truth file from a run, with contact sheets, for a person to correct."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import cv2
import numpy as np

from recognizer.errors import OutputError
from recognizer.evaluation.clip_record import TILE_PX
from recognizer.evaluation.truth import Appearance, Truth, write_truth
from recognizer.evaluation.video import Seen
from recognizer.types import U8

COLUMNS, ROWS = 4, 5
"""Tiles of a contact sheet."""
FRAME_S = 0.04
"""Added to the end of an appearance: its last frame lasts about that long at 25 frames/s."""
_COMMENT = """A draft, made by recognition itself: compare it with the contact sheets and correct it.
Replace '?' and wrong names, add faces that were not found, join entries of one person, set counts: false
where a face need not be named (turned away, cut off). Boxes may be generous; one face's middle must stay inside."""


def write_draft(clip: str, folder: Path, frames: Sequence[tuple[float, Sequence[Seen]]], tiles: Sequence[U8]) -> Path:
    """Write a draft truth file and contact sheets into a folder; returns the path of the truth file.

    Args:
        clip: path of the video file.
        folder: made if it does not exist.
        frames: for each frame, its time from the clip's start, s, and the reported tracks in it.
        tiles: small pictures of the clip, ``TILE_PX`` each.

    Raises:
        OutputError: if they cannot be written.
    """
    stem = Path(clip).stem
    target = folder / f"{stem}.truth.yaml"
    per_sheet = COLUMNS * ROWS
    try:
        write_truth(target, draft(Path(clip).name, frames), comment=_COMMENT)
        for number, start in enumerate(range(0, len(tiles), per_sheet), 1):
            (folder / f"{stem}.sheet{number:02d}.jpg").write_bytes(_sheet(tiles[start : start + per_sheet]))
    except OSError as error:
        raise OutputError(f"The draft cannot be written into {folder}: {error.strerror}.") from error
    return target


def draft(clip: str, frames: Sequence[tuple[float, Sequence[Seen]]]) -> Truth:
    """Make one appearance of each track, with its most frequent name, or ``?``."""
    tracks: dict[int, list[Seen]] = {}
    for _, seen in frames:
        for each in seen:
            tracks.setdefault(each.track_id, []).append(each)
    faces = []
    for rows in tracks.values():
        boxes = np.array([row.box for row in rows])
        (x1, y1), (x2, y2) = boxes[:, :2].min(axis=0), boxes[:, 2:].max(axis=0)
        names = [row.name for row in rows if row.name]
        who = max(set(names), key=names.count) if names else "?"
        box = (float(x1), float(y1), float(x2), float(y2))
        faces.append(Appearance(who, rows[0].at_s, rows[-1].at_s + FRAME_S, box))
    length_s = frames[-1][0] if frames else 0.0
    return Truth(clip, length_s, tuple(sorted(faces, key=lambda face: face.from_s)))


def _sheet(tiles: Sequence[U8]) -> bytes:
    blank = np.zeros((TILE_PX[1], TILE_PX[0], 3), np.uint8)
    full = [*tiles, *[blank] * (-len(tiles) % COLUMNS)]
    rows = [np.hstack(full[start : start + COLUMNS]) for start in range(0, len(full), COLUMNS)]
    return cv2.imencode(".jpg", np.vstack(rows))[1].tobytes()
