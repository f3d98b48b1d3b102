"""Stage 3, TRACK: follow each face between detections, and keep its number through short losses.

FastMTCNN copies a detection's boxes to the frames that follow. Here MTCNN's own third net is run on each track's
predicted box (the caller does that: stages do not call each other) and its answer, a corrected box, fresh landmarks
and a face score, moves the track. Detections are given to tracks by the Hungarian method on box overlap.

A frame goes one of two ways, and a shot cut comes before either:

    looked:   tracker.update(at, detections, refined)      refined = O-Net on tracker.predict(at)
    followed: tracker.follow(at, refined)
"""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np
from scipy.optimize import linear_sum_assignment

from recognizer.geometry import area, intersection, iou
from recognizer.types import F32, FaceDetections, Tracks

MIN_OVERLAP = 0.2
"""Intersection over union below which a detection is not the face of a visible track."""
LOST_REACH = 1.0
"""A lost track may be found again within so many face widths of where it was expected."""
SAME_FACE = 0.7
"""Two tracks that share this much of the smaller box follow one face."""
GIVE_UP_SCORE = 0.05
"""A face is still followed down to this score, in case it turns back; what is weak is not shown."""
GOOD_SCORE = 0.7
"""A refined box that scores less is only believed near the last good one: O-Net, led by a weak answer, wanders off."""
ANCHOR_OVERLAP = 0.3
TRUSTED = 0.75
"""Smoothed score of a track whose loss is worth a look: objects that MTCNN takes for faces come and go all the time."""
TRUST_GAIN = 0.2
DAMPING = 0.5
"""Weight of the newest displacement in a track's velocity."""


@dataclass(slots=True)
class _Track:
    id: int
    box: F32
    landmarks: F32
    score: float
    seen_at: float
    velocity: F32 = field(default_factory=lambda: np.zeros(2, np.float32))
    """Of the box's centre, px/s."""
    detection_index: int = -1
    visible: bool = True
    trust: float = 0.0
    """Its face score, smoothed."""
    anchor: F32 = field(init=False)
    """Where it was last seen well."""

    def __post_init__(self) -> None:
        self.anchor = self.box

    def expected(self, at: float) -> F32:
        """Box at another time: (4,) px."""
        shift = self.velocity * np.float32(min(at - self.seen_at, 0.5))
        return np.asarray(self.box + np.concatenate([shift, shift]), np.float32)

    def may_go_to(self, at: float, box: F32, score: float) -> bool:
        """A face does not jump within a frame; and while it is weak it stays about where it was good."""
        near = float(iou(self.expected(at)[None], box[None])[0, 0])
        if score >= GOOD_SCORE or near < MIN_OVERLAP:
            return near >= MIN_OVERLAP
        return float(iou(self.anchor[None], box[None])[0, 0]) >= ANCHOR_OVERLAP

    def move(self, at: float, box: F32, landmarks: F32, score: float, detection_index: int) -> None:
        elapsed = at - self.seen_at
        if elapsed > 0 and self.visible:
            step = (box[:2] + box[2:] - self.box[:2] - self.box[2:]) / 2 / np.float32(elapsed)
            self.velocity = np.asarray(self.velocity * (1 - DAMPING) + step * DAMPING, np.float32)
        elif not self.visible:
            self.velocity = np.zeros(2, np.float32)
        self.box, self.landmarks, self.score = box, landmarks, score
        if score >= GOOD_SCORE or detection_index >= 0:
            self.anchor = box
        self.trust += (score - self.trust) * TRUST_GAIN
        self.seen_at, self.detection_index, self.visible = at, detection_index, True


class Tracker:
    """The tracks of one source.

    Args:
        min_score: O-Net score below which a followed face is weak: worth a look, when it was a good one before.
        keep_lost_s: how long a track that is not seen keeps its number.
    """

    def __init__(self, *, min_score: float = 0.5, keep_lost_s: float = 1.5) -> None:
        self._min_score = min_score
        self._keep_lost_s = keep_lost_s
        self._tracks: list[_Track] = []
        self._next_id = 1
        self._lost_now = False

    @property
    def alive(self) -> frozenset[int]:
        """Numbers of the tracks that are seen or may still be found again."""
        return frozenset(track.id for track in self._tracks)

    @property
    def lost_now(self) -> bool:
        """A visible track was lost in the last frame: worth a look."""
        return self._lost_now

    def predict(self, at: float) -> F32:
        """Where the visible tracks should be: (T, 4) px, for the caller to refine."""
        boxes = [track.expected(at) for track in self._visible()]
        return np.stack(boxes) if boxes else np.zeros((0, 4), np.float32)

    def cut(self) -> None:
        """The picture changed altogether: no track goes on."""
        self._tracks.clear()
        self._lost_now = False

    def follow(self, at: float, refined: FaceDetections) -> Tracks:
        """Move the visible tracks to their refined boxes, rows as ``predict`` gave them."""
        self._move_visible(at, refined, skip=set())
        self._settle(at)
        return self._snapshot()

    def update(self, at: float, detections: FaceDetections, refined: FaceDetections) -> Tracks:
        """Give each detection to a track or to a new one; tracks that none fits go by their refined boxes."""
        self._expire(at)
        before = self._visible()
        taken = self._assign(at, detections)
        self._move_visible(at, refined, skip=set(taken.values()), among=before)
        for row in sorted(set(range(len(detections))) - taken.keys()):
            self._tracks.append(
                _Track(
                    id=self._next_id,
                    box=detections.boxes[row],
                    landmarks=detections.landmarks[row],
                    score=float(detections.scores[row]),
                    seen_at=at,
                    detection_index=row,
                    trust=float(detections.scores[row]),
                )
            )
            self._next_id += 1
        self._settle(at)
        return self._snapshot()

    def _visible(self) -> list[_Track]:
        return [track for track in self._tracks if track.visible]

    def _assign(self, at: float, detections: FaceDetections) -> dict[int, int]:
        """Move tracks to the detections that are theirs; detection row -> track number."""
        if not self._tracks or len(detections) == 0:
            return {}
        expected = np.stack([track.expected(at) for track in self._tracks])
        overlap = iou(expected, detections.boxes)
        nearness = _nearness(expected, detections.boxes)
        visible = np.array([track.visible for track in self._tracks])[:, None]
        # a visible track must overlap; a lost one may have moved on, but yields to any that overlaps
        gain = np.where(visible, np.where(overlap >= MIN_OVERLAP, 1 + overlap, 0), nearness)
        taken: dict[int, int] = {}
        for row, column in zip(*linear_sum_assignment(gain, maximize=True), strict=True):
            if gain[row, column] > 0:
                track = self._tracks[row]
                track.move(
                    at,
                    detections.boxes[column],
                    detections.landmarks[column],
                    float(detections.scores[column]),
                    int(column),
                )
                taken[int(column)] = track.id
        return taken

    def _move_visible(
        self, at: float, refined: FaceDetections, *, skip: set[int], among: list[_Track] | None = None
    ) -> None:
        self._lost_now = False
        for row, track in enumerate(self._visible() if among is None else among):
            if track.id in skip:
                continue
            score = float(refined.scores[row])
            if score < self._min_score:
                self._lost_now |= track.trust >= TRUSTED and track.score >= self._min_score
            if score >= min(GIVE_UP_SCORE, self._min_score) and track.may_go_to(at, refined.boxes[row], score):
                track.move(at, refined.boxes[row], refined.landmarks[row], score, -1)
            else:
                track.visible = False
                self._lost_now |= track.trust >= TRUSTED

    def _settle(self, at: float) -> None:
        """End tracks lost for too long; where two follow one face, the older goes on."""
        self._expire(at)
        visible = self._visible()
        if len(visible) < 2:
            return
        boxes = np.stack([track.box for track in visible])
        sizes = area(boxes)
        shared = intersection(boxes, boxes) / np.maximum(np.minimum(sizes[:, None], sizes[None, :]), 1e-6)
        ended: set[int] = set()
        for younger in range(len(visible) - 1, 0, -1):
            older = np.flatnonzero(shared[younger, :younger] > SAME_FACE)
            if len(older):
                ended.add(visible[younger].id)
        self._tracks = [track for track in self._tracks if track.id not in ended]

    def _expire(self, at: float) -> None:
        self._tracks = [t for t in self._tracks if t.visible or at - t.seen_at <= self._keep_lost_s]

    def _snapshot(self) -> Tracks:
        seen = self._visible()
        if not seen:
            return Tracks.empty()
        return Tracks(
            ids=np.array([track.id for track in seen], np.int64),
            boxes=np.stack([track.box for track in seen]),
            landmarks=np.stack([track.landmarks for track in seen]),
            scores=np.array([track.score for track in seen], np.float32),
            detection_index=np.array([track.detection_index for track in seen], np.int64),
        )


def _nearness(expected: F32, found: F32) -> F32:
    """1 where boxes (N, 4) and (M, 4) share a centre, down to 0 at LOST_REACH face widths or twice the size: (N, M)."""
    gap = (expected[:, None, :2] + expected[:, None, 2:] - found[None, :, :2] - found[None, :, 2:]) / 2
    width = np.sqrt(np.maximum(area(expected)[:, None], 1e-6))
    ratio = np.sqrt(np.maximum(area(found)[None, :], 1e-6)) / width
    near = 1 - np.hypot(gap[..., 0], gap[..., 1]) / (LOST_REACH * width)
    return np.asarray(np.where((ratio > 0.5) & (ratio < 2), np.maximum(near, 0), 0), np.float32)
