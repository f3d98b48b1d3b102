"""Stage 3, TRACK: follow each face between detections, and keep its id through short losses.

FastMTCNN copies the boxes of a detection to the frames that follow. Here each track's expected box is refined (by the
caller: stages do not call each other), and the answer, a corrected box with fresh landmarks and a face score, moves the
track. Detections are assigned to tracks by the Hungarian method on box overlap.

In each frame, after ``tracker.cut()`` where the shot changes:

    tracker.update(at, detections)              only in a frame with a detection
    boxes, verify = tracker.predict(at)         tracks that are due, or that no detection fits
    tracks = tracker.follow(at, refined)        refined = detector.refine(..., boxes, verify)

A face that moves as expected is not refined in every frame: for up to COAST_S it is moved by its velocity alone.
"""

from __future__ import annotations

from collections.abc import Collection

import numpy as np
from numpy.typing import NDArray

from recognizer.geometry import Box, area, iou, share_of_smaller
from recognizer.track.assignment import best_pairs
from recognizer.track.track import MIN_OVERLAP, TRUSTED, Track
from recognizer.types import F32, FaceDetections, RefinedFaces, Tracks

LOST_REACH = 1.0
"""A lost track may be reacquired within so many face widths of where it was expected."""
REACQUIRE_SCORE = 0.95
"""Detection score needed for that: anything else found there must prove to be a face before it bears a name."""
SAME_FACE = 0.7
"""Two tracks that share this much of the smaller box follow one face."""
GIVE_UP_SCORE = 0.05
"""A face is followed down to this score, in case it turns back; weak tracks are not shown."""
TOGETHER_S = 0.06
"""Seconds between frames in which all tracks that can skip a frame are refined together: every second frame at 25
frames a second. One call costs as much as several faces."""


class Tracker:
    """The tracks of one source.

    Args:
        min_score: O-Net score below which a followed face is weak, which triggers a detection if it was good before.
        keep_lost_s: seconds that a lost track keeps its id.
        first_id: of the first track.
    """

    def __init__(self, *, min_score: float = 0.5, keep_lost_s: float = 1.5, first_id: int = 1) -> None:
        self._min_score = min_score
        self._keep_lost_s = keep_lost_s
        self._tracks: list[Track] = []
        self._next_id = first_id
        self._lost_now = False
        self._refined_at = -np.inf
        self._found: frozenset[int] | None = None
        """Tracks that a detection of this frame was assigned to; ``None`` without a detection."""

    @property
    def alive(self) -> frozenset[int]:
        """Ids of the tracks that are visible or may still be reacquired."""
        return frozenset(track.id for track in self._tracks)

    @property
    def lost_now(self) -> bool:
        """Whether a visible track was lost in the last frame, which triggers a detection."""
        return self._lost_now

    def predict(self, at: float) -> tuple[F32, NDArray[np.bool_]]:
        """Return what the caller should refine.

        Returns:
            (T, 4) px, where the visible tracks that are due should be; after ``update`` those that no detection fits.
            (T,) which of them O-Net should verify.
        """
        due = self._due(at)
        verify = np.array([track.is_due_for_verification(at) for track in due], bool)
        return _array([track.expected(at) for track in due]), verify

    def cut(self) -> None:
        """End all tracks, as after a shot cut."""
        self._tracks.clear()
        self._lost_now = False

    def question(self, ids: Collection[int]) -> None:
        """Verify these tracks in the next frame, whatever their plan: they may follow another face."""
        for track in self._tracks:
            if track.id in ids:
                track.question()

    def split(self, number: int) -> int:
        """End a track whose face is another one than before, and go on with it under a new id, which is returned.

        Raises:
            KeyError: if there is no such track.
        """
        for track in self._tracks:
            if track.id == number:
                track.id, self._next_id = self._next_id, self._next_id + 1
                track.question()
                return track.id
        raise KeyError(number)

    def update(self, at: float, detections: FaceDetections) -> None:
        """Assign each detection to a track or to a new one."""
        self._expire(at)
        taken = self._assign(at, detections)
        for row in sorted(set(range(len(detections))) - taken.keys()):
            track = Track(
                id=self._next_id,
                box=_box(detections, row),
                landmarks=detections.landmarks[row],
                score=float(detections.scores[row]),
                seen_at=at,
                verified_at=at,
                detection_index=row,
                trust=float(detections.scores[row]),
                lowest=float(detections.scores[row]),
            )
            self._tracks.append(track)
            taken[row] = track.id
            self._next_id += 1
        self._found = frozenset(taken.values())

    def follow(self, at: float, refined: RefinedFaces) -> Tracks:
        """Move tracks to their refined boxes, rows as ``predict`` gave them; move the others by their velocity."""
        due = self._due(at)
        self._refined_at = at if due or self._found is not None else self._refined_at
        self._move(at, refined, due)
        self._found = None
        self._end_tracks(at)
        return self._snapshot(at)

    def _due(self, at: float) -> list[Track]:
        """Return the visible tracks to refine, in a fixed order."""
        if self._found is not None:
            return [track for track in self._visible() if track.id not in self._found]
        awake = [track for track in self._visible() if not track.is_coasting(at)]
        wait = at - self._refined_at < TOGETHER_S - 1e-3 and all(track.can_skip_frame for track in awake)
        return [] if wait else awake

    def _visible(self) -> list[Track]:
        return [track for track in self._tracks if track.visible]

    def _assign(self, at: float, detections: FaceDetections) -> dict[int, int]:
        """Move tracks to their detections; detection row -> track id."""
        if not self._tracks or len(detections) == 0:
            return {}
        expected = _array([track.expected(at) for track in self._tracks])
        shared = iou(expected, detections.boxes)
        nearness = _nearness(expected, detections.boxes)
        visible = np.array([track.visible for track in self._tracks])[:, None]
        # a visible track must overlap; a lost one may have moved, but yields to any visible one that overlaps
        reacquired = np.where(detections.scores >= REACQUIRE_SCORE, nearness, 0)
        gain = np.where(visible, np.where(shared >= MIN_OVERLAP, 1 + shared, 0), reacquired)
        taken: dict[int, int] = {}
        for row, column in best_pairs(gain):
            track = self._tracks[row]
            track.move(
                at,
                _box(detections, column),
                detections.landmarks[column],
                float(detections.scores[column]),
                verified=True,
                detection_index=column,
            )
            taken[column] = track.id
        return taken

    def _move(self, at: float, refined: RefinedFaces, tracks: list[Track]) -> None:
        """Move tracks to plausible refined boxes, one row each; mark the others as lost."""
        self._lost_now = False
        boxes, scores, verified = refined.boxes.tolist(), refined.scores.tolist(), refined.verified.tolist()
        for row, track in enumerate(tracks):
            box, score = tuple(boxes[row]), scores[row]
            if score < self._min_score:
                self._lost_now |= track.trust >= TRUSTED and track.score >= self._min_score
            if score >= min(GIVE_UP_SCORE, self._min_score) and track.may_go_to(at, box, score):
                track.move(at, box, refined.landmarks[row], score, verified=verified[row])
            else:
                track.visible = False
                self._lost_now |= track.trust >= TRUSTED

    def _end_tracks(self, at: float) -> None:
        """End tracks that were lost too long; where two follow one face, keep the older."""
        self._expire(at)
        visible = self._visible()
        ended = {
            younger.id
            for number, younger in enumerate(visible)
            if any(share_of_smaller(older.box, younger.box) > SAME_FACE for older in visible[:number])
        }
        self._tracks = [track for track in self._tracks if track.id not in ended]

    def _expire(self, at: float) -> None:
        self._tracks = [t for t in self._tracks if t.visible or at - t.seen_at <= self._keep_lost_s]

    def _snapshot(self, at: float) -> Tracks:
        seen = self._visible()
        if not seen:
            return Tracks.empty()
        landmarks = np.array([track.shift(at) for track in seen], np.float32)[:, None].repeat(5, axis=1)
        for row, track in enumerate(seen):
            landmarks[row] += track.landmarks
        return Tracks(
            ids=np.array([track.id for track in seen], np.int64),
            boxes=_array([track.expected(at) for track in seen]),
            landmarks=landmarks,
            scores=np.array([track.score for track in seen], np.float32),
            detection_index=np.array([t.detection_index if t.seen_at == at else -1 for t in seen], np.int64),
            verified=np.array([track.verified_at == at for track in seen]),
        )


def _nearness(expected: F32, found: F32) -> F32:
    """Nearness of boxes (N, 4) to (M, 4): 1 at one centre, 0 at LOST_REACH face widths or twice the size: (N, M)."""
    gap = (expected[:, None, :2] + expected[:, None, 2:] - found[None, :, :2] - found[None, :, 2:]) / 2
    width = np.sqrt(np.maximum(area(expected)[:, None], 1e-6))
    ratio = np.sqrt(np.maximum(area(found)[None, :], 1e-6)) / width
    near = 1 - np.hypot(gap[..., 0], gap[..., 1]) / (LOST_REACH * width)
    return np.asarray(np.where((ratio > 0.5) & (ratio < 2), np.maximum(near, 0), 0), np.float32)


def _array(boxes: list[Box]) -> F32:
    """(N, 4)."""
    return np.array(boxes, np.float32).reshape(-1, 4)


def _box(faces: FaceDetections, row: int) -> Box:
    left, top, right, bottom = faces.boxes[row].tolist()
    return left, top, right, bottom
