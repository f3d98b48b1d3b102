"""Stage 3, TRACK: follow each face between detections, and keep its number through short losses.

FastMTCNN copies a detection's boxes to the frames that follow. Here MTCNN's own third net is run on each track's
predicted box (the caller does that: stages do not call each other) and its answer, a corrected box, fresh landmarks
and a face score, moves the track. Detections are given to tracks by the Hungarian method on box overlap.

In each frame, after ``tracker.cut()`` where the shot changes:

    tracker.update(at, detections)             only in a frame that was looked at
    boxes, judge = tracker.predict(at)         of the faces that are due, or that no detection fits
    tracks = tracker.follow(at, refined)       refined = O-Net on those boxes

A face that goes where it was expected to go is not looked at in every frame: for up to REST_S it is carried on by its
velocity, which costs next to nothing.
"""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray
from scipy.optimize import linear_sum_assignment

from recognizer.geometry import Box, area, iou, overlap, share_of_smaller
from recognizer.types import F32, FaceDetections, Tracks

MIN_OVERLAP = 0.2
"""Intersection over union below which a detection is not the face of a visible track."""
LOST_REACH = 1.0
"""A lost track may be found again within so many face widths of where it was expected."""
FOUND_AGAIN = 0.95
"""And by a detection of such a score: what else turns up there bears no name before it has proven to be a face."""
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
REST_S = 0.12
"""Longest time that a face is carried on by its velocity alone; a third of the work at 25 frames a second."""
FIRST_REST_S = 0.05
REST_SCORE = 0.9
YOUNG = 8
"""Sightings before a track may rest, and that are each judged: they tell whether it is a face at all."""
CLEAR_SCORE = 0.99
CLEAR = 4
"""A track whose first so many sightings all score so high is young no longer."""
TOGETHER_S = 0.06
"""Tracks that are neither young, doubtful nor surprising are looked at in the same frames, so far apart: every second
at 25 frames a second. A call costs as much as several faces."""
JUDGE_S = 0.2
"""So often the detector itself sees a track; in between a quicker eye does, which may take a vase for a face."""
DOUBT = 0.9
DOUBT_S = 0.1
"""A track that scored less is judged so often."""
SURPRISING = 0.2
SURPRISE = 0.06
"""A face found further from where it was expected, in its sides, or of another size, is looked at in every frame."""


@dataclass(slots=True)
class _Track:
    id: int
    box: Box
    landmarks: F32
    score: float
    seen_at: float
    judged_at: float
    """When the detector itself saw it."""
    velocity: tuple[float, float] = (0.0, 0.0)
    """Of the box's centre, px/s."""
    detection_index: int = -1
    visible: bool = True
    trust: float = 0.0
    """Its face score, smoothed."""
    sightings: int = 1
    lowest: float = 1.0
    """Of its scores while it is young."""
    surprising: bool = False
    """It was not where it was expected, by far."""
    rest_s: float = 0.0
    """How long it may be carried on by its velocity."""
    anchor: Box = field(init=False)
    """Where it was last seen well."""

    def __post_init__(self) -> None:
        self.anchor = self.box

    def shift(self, at: float) -> tuple[float, float]:
        """How far it should have gone by another time, px."""
        elapsed = min(at - self.seen_at, 0.5)
        return self.velocity[0] * elapsed, self.velocity[1] * elapsed

    def expected(self, at: float) -> Box:
        """Box at another time."""
        x, y = self.shift(at)
        left, top, right, bottom = self.box
        return left + x, top + y, right + x, bottom + y

    def may_go_to(self, at: float, box: Box, score: float) -> bool:
        """A face does not jump within a frame; and while it is weak it stays about where it was good."""
        near = overlap(self.expected(at), box)
        if score >= GOOD_SCORE or near < MIN_OVERLAP:
            return near >= MIN_OVERLAP
        return overlap(self.anchor, box) >= ANCHOR_OVERLAP

    def rests(self, at: float) -> bool:
        """It need not be looked at yet."""
        return 0 < at - self.seen_at < self.rest_s - 1e-3

    def is_due_for_judgement(self, at: float) -> bool:
        """The detector should see it now."""
        wait = DOUBT_S if self.score < DOUBT else JUDGE_S
        return self.is_young or at - self.judged_at >= wait - 1e-3

    @property
    def is_young(self) -> bool:
        """Not seen often enough to tell whether it is a face."""
        return self.sightings < (CLEAR if self.lowest >= CLEAR_SCORE else YOUNG)

    @property
    def may_wait(self) -> bool:
        """For the next frame in which all are looked at."""
        return not (self.is_young or self.surprising)

    def move(
        self, at: float, box: Box, landmarks: F32, score: float, *, judged: bool, detection_index: int = -1
    ) -> None:
        """Take note of where it is now, and of its score: one that nobody judged cannot raise it."""
        score = score if judged else min(score, self.score)
        self.judged_at = at if judged else self.judged_at
        if judged and score >= DOUBT and self.trust < TRUSTED:  # it was hardly a face, and is one now: as good as new
            self.sightings, self.lowest = 0, 1.0
        self._plan_rest(at, box, score)
        elapsed = at - self.seen_at
        if not self.visible:
            self.velocity = (0.0, 0.0)
        elif elapsed > 0:
            share = DAMPING / (2 * elapsed)
            x = (box[0] + box[2] - self.box[0] - self.box[2]) * share
            y = (box[1] + box[3] - self.box[1] - self.box[3]) * share
            self.velocity = (self.velocity[0] * (1 - DAMPING) + x, self.velocity[1] * (1 - DAMPING) + y)
        self.box, self.landmarks, self.score = box, landmarks, score
        if score >= GOOD_SCORE or detection_index >= 0:
            self.anchor = box
        self.trust += (score - self.trust) * TRUST_GAIN
        self.seen_at, self.detection_index, self.visible = at, detection_index, True
        self.sightings += 1
        self.lowest = min(self.lowest, score)

    def _plan_rest(self, at: float, box: Box, score: float) -> None:
        """Rest twice as long after each time that it is where it was expected, not at all when it is not."""
        left, top, right, bottom = self.expected(at)
        across = max(abs(box[0] - left), abs(box[2] - right)) / max(right - left, 1)
        down = max(abs(box[1] - top), abs(box[3] - bottom)) / max(bottom - top, 1)
        self.surprising = max(across, down) > SURPRISING
        calm = self.visible and self.sightings >= YOUNG and score >= REST_SCORE and max(across, down) < SURPRISE
        self.rest_s = min(max(self.rest_s * 2, FIRST_REST_S), REST_S) if calm else 0.0


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
        self._looked_at = -np.inf
        self._found: frozenset[int] | None = None
        """Tracks that were given a detection in this frame; none, if nobody looked."""

    @property
    def alive(self) -> frozenset[int]:
        """Numbers of the tracks that are seen or may still be found again."""
        return frozenset(track.id for track in self._tracks)

    @property
    def lost_now(self) -> bool:
        """A visible track was lost in the last frame: worth a look."""
        return self._lost_now

    def predict(self, at: float) -> tuple[F32, NDArray[np.bool_]]:
        """What the caller should refine.

        Returns:
            (T, 4) px, where the visible tracks that are due should be; after ``update`` those that no detection fits.
            (T,) which of them the detector itself should see.
        """
        due = self._due(at)
        judge = np.array([track.is_due_for_judgement(at) for track in due], bool)
        return _array([track.expected(at) for track in due]), judge

    def cut(self) -> None:
        """The picture changed altogether: no track goes on."""
        self._tracks.clear()
        self._lost_now = False

    def update(self, at: float, detections: FaceDetections) -> None:
        """Give each face found to a track or to a new one."""
        self._expire(at)
        taken = self._assign(at, detections)
        for row in sorted(set(range(len(detections))) - taken.keys()):
            track = _Track(
                id=self._next_id,
                box=_box(detections, row),
                landmarks=detections.landmarks[row],
                score=float(detections.scores[row]),
                seen_at=at,
                judged_at=at,
                detection_index=row,
                trust=float(detections.scores[row]),
                lowest=float(detections.scores[row]),
            )
            self._tracks.append(track)
            taken[row] = track.id
            self._next_id += 1
        self._found = frozenset(taken.values())

    def follow(self, at: float, refined: FaceDetections) -> Tracks:
        """Move tracks to their refined boxes, rows as ``predict`` gave them; carry on those that are not due."""
        due = self._due(at)
        self._looked_at = at if due or self._found is not None else self._looked_at
        self._move(at, refined, due)
        self._found = None
        self._settle(at)
        return self._snapshot(at)

    def _due(self, at: float) -> list[_Track]:
        """The visible tracks that are to be looked at, in a fixed order."""
        if self._found is not None:
            return [track for track in self._visible() if track.id not in self._found]
        awake = [track for track in self._visible() if not track.rests(at)]
        wait = at - self._looked_at < TOGETHER_S - 1e-3 and all(track.may_wait for track in awake)
        return [] if wait else awake

    def _visible(self) -> list[_Track]:
        return [track for track in self._tracks if track.visible]

    def _assign(self, at: float, detections: FaceDetections) -> dict[int, int]:
        """Move tracks to the detections that are theirs; detection row -> track number."""
        if not self._tracks or len(detections) == 0:
            return {}
        expected = _array([track.expected(at) for track in self._tracks])
        shared = iou(expected, detections.boxes)
        nearness = _nearness(expected, detections.boxes)
        visible = np.array([track.visible for track in self._tracks])[:, None]
        # a visible track must overlap; a lost one may have moved on, but yields to any that overlaps
        found_again = np.where(detections.scores >= FOUND_AGAIN, nearness, 0)
        gain = np.where(visible, np.where(shared >= MIN_OVERLAP, 1 + shared, 0), found_again)
        taken: dict[int, int] = {}
        for row, column in zip(*linear_sum_assignment(gain, maximize=True), strict=True):
            if gain[row, column] > 0:
                track = self._tracks[row]
                track.move(
                    at,
                    _box(detections, column),
                    detections.landmarks[column],
                    float(detections.scores[column]),
                    judged=True,
                    detection_index=int(column),
                )
                taken[int(column)] = track.id
        return taken

    def _move(self, at: float, refined: FaceDetections, tracks: list[_Track]) -> None:
        """Believe the refined boxes, a row for each of the tracks, or lose them."""
        self._lost_now = False
        boxes, scores = refined.boxes.tolist(), refined.scores.tolist()
        for row, track in enumerate(tracks):
            box, score = tuple(boxes[row]), scores[row]
            if score < self._min_score:
                self._lost_now |= track.trust >= TRUSTED and track.score >= self._min_score
            if score >= min(GIVE_UP_SCORE, self._min_score) and track.may_go_to(at, box, score):
                track.move(at, box, refined.landmarks[row], score, judged=track.is_due_for_judgement(at))
            else:
                track.visible = False
                self._lost_now |= track.trust >= TRUSTED

    def _settle(self, at: float) -> None:
        """End tracks lost for too long; where two follow one face, the older goes on."""
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
            judged=np.array([track.judged_at == at for track in seen]),
        )


def _nearness(expected: F32, found: F32) -> F32:
    """1 where boxes (N, 4) and (M, 4) share a centre, down to 0 at LOST_REACH face widths or twice the size: (N, M)."""
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
