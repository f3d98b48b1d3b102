"""Record a run on a clip for its score: the tracks of each frame, their largest faces, small labelled pictures."""

from __future__ import annotations

from collections.abc import Sequence

import cv2
import numpy as np

from recognizer.emit.overlay import draw
from recognizer.evaluation.truth import Box
from recognizer.evaluation.video import Seen
from recognizer.types import U8, FrameResult

TILE_PX = (480, 270)
FACE_PX = (112, 112)
EVERY_S = 0.5
"""Time between two tiles of the contact sheets."""


class ClipRecord:
    """What a run reported of a clip, frame by frame.

    Args:
        tiles: also keep small labelled pictures of whole frames, for contact sheets.
    """

    def __init__(self, *, tiles: bool = False) -> None:
        self.tiles: list[U8] = []
        self.faces: dict[tuple[int, str | None], U8] = {}
        """(track, name) -> the track's largest face while it had that name; under ``None``, of all its time."""
        self.embeddings = 0
        self._largest_px: dict[tuple[int, str | None], float] = {}
        self._with_tiles = tiles
        self._origin: float | None = None
        self._tile_due_s = 0.0

    def add(self, result: FrameResult) -> tuple[float, list[Seen]]:
        """Record one frame; returns its time from the clip's start, s, and the reported tracks in it."""
        if self._origin is None:
            self._origin = result.frame.captured_at
        at = result.frame.captured_at - self._origin
        self.embeddings += len(result.samples)
        boxes: list[Box] = [tuple(map(float, box)) for box in result.tracks.boxes]  # type: ignore[misc]
        seen = [Seen(at, who.track_id, box, who.name) for who, box in zip(result.identities, boxes, strict=True)]
        self._keep_faces(result.frame.image, seen)
        if self._with_tiles and at >= self._tile_due_s:
            self._tile_due_s = at + EVERY_S
            self.tiles.append(_tile(result, at))
        return at, seen

    def _keep_faces(self, image: U8, seen: Sequence[Seen]) -> None:
        for face in seen:
            size = face.box[2] - face.box[0]
            for key in {(face.track_id, face.name), (face.track_id, None)}:
                if size <= 1.2 * self._largest_px.get(key, 0.0):
                    continue
                margin = 0.15 * size
                x1, y1 = (max(0, round(side - margin)) for side in face.box[:2])
                x2, y2 = (max(0, round(side + margin)) for side in face.box[2:])
                crop = image[y1:y2, x1:x2]
                if crop.size:
                    self._largest_px[key] = size
                    self.faces[key] = np.asarray(cv2.resize(crop, FACE_PX, interpolation=cv2.INTER_AREA), np.uint8)


def _tile(result: FrameResult, at_s: float) -> U8:
    tile = cv2.resize(draw(result.frame.image, result.tracks, result.identities), TILE_PX)
    caption = f"{at_s:.2f} s  tracks {' '.join(str(who.track_id) for who in result.identities)}"
    cv2.putText(tile, caption, (6, 18), cv2.FONT_HERSHEY_SIMPLEX, 0.5, (0, 255, 255), 1, cv2.LINE_AA)
    return np.asarray(tile, np.uint8)
