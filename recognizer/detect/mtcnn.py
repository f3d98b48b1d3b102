"""MTCNN: a pyramid and three nets, each looking closer at what the one before let through.

Zhang et al. 2016; thresholds, pyramid and box arithmetic are facenet-pytorch's (``detect_face.py``), so that the same
settings find the same faces. What differs: rows stay aligned when a candidate has no pixels left, all crops of a stage
are cut at once from a table of sums, and a stage is one batch over all pictures.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from recognizer.detect.area import AreaSampler
from recognizer.detect.boxes import evened, pixel_corners, squared, suppress, suppress_nested
from recognizer.detect.follow import FollowNet
from recognizer.detect.proposals import ProposalNet
from recognizer.detect.window import WindowSampler
from recognizer.geometry import overlap
from recognizer.protocols import GraphRunner
from recognizer.types import F32, I64, U8, FaceDetections
from recognizer.types.frame import CropSource

PNET_CELL_PX = 12
PNET_STRIDE_PX = 2
RNET_PX = 24
ONET_PX = 48
BATCH = 64
"""Crops a net sees at once: beyond it the time a crop takes grows, as its activations leave the cache."""
WORTH_MOVING = 0.2
"""R-Net's score from which a proposal is seen again where R-Net says that it should be."""
SEARCH_BELOW = 0.2
"""O-Net score of a followed face below which its surroundings are searched."""
SEARCH_REACH = 0.35
"""How far around, in sides of the box."""
LOST_BELOW = 0.5
"""Score of the follow net below which O-Net has the last word."""
SEEN_FROM = 0.2
MOVED = 0.7
"""Where the follow net sees a face, scored so or higher, that shares less with the expected box (intersection over
union), O-Net looks there. With the search around in place of it O-Net took 1.4 times as long; tracks covered as many
faces (.97 of the confident ones in a street, mean of eight runs) and a TV clip's names as much of the time (.90 of
twelve runs, both ways)."""


Sampler = AreaSampler | WindowSampler


@dataclass(frozen=True, slots=True)
class Thresholds:
    """Score a candidate must pass after each net; facenet-pytorch's defaults."""

    pnet: float = 0.6
    rnet: float = 0.7
    onet: float = 0.7


class Candidates(NamedTuple):
    """What P-Net lets through."""

    boxes: F32
    """(N, 4) px."""
    scores: F32
    offsets: F32
    """(N, 4) shares of a side."""


class Mtcnn:
    """Finds faces.

    Args:
        pnet: graph on (1, H, W, 3) BGR pixels giving ``scores`` (1, h, w) and ``offsets`` (1, 4, h, w).
        rnet: graph on (B, 24, 24, 3) giving ``scores`` (B,) and ``offsets`` (B, 4).
        onet: graph on (B, 48, 48, 3) giving the same and ``landmarks`` (B, 10).
        min_face_px: side of the smallest face looked for.
        thresholds: score wanted after each net.
        factor: each level of the pyramid is so much smaller than the last.
        proposals: what a glance begins with in place of P-Net and its pyramid; without it a glance is a detection.
        follow: what finds faces again; without it O-Net does.
    """

    def __init__(
        self,
        *,
        pnet: GraphRunner,
        rnet: GraphRunner,
        onet: GraphRunner,
        min_face_px: float = 40,
        thresholds: Thresholds | None = None,
        factor: float = 0.709,
        proposals: ProposalNet | None = None,
        follow: FollowNet | None = None,
    ) -> None:
        self._pnet, self._rnet, self._onet = pnet, rnet, onet
        self._min_face_px = min_face_px
        self._thresholds = thresholds or Thresholds()
        self._factor = factor
        self._proposals, self._follow = proposals, follow

    def detect(self, images: Sequence[U8]) -> list[FaceDetections]:
        """Find all faces of (H, W, 3) uint8 BGR pictures of any sizes; one result for each picture."""
        samplers = [AreaSampler(image) for image in images]
        boxes, owner = _together([_merged(list(self._levels(sampler))) for sampler in samplers])
        boxes, owner = self._reject(samplers, boxes, owner, self._thresholds.rnet, squared)
        return self._conclude(samplers, boxes, owner)

    def glance(self, images: Sequence[U8], *, thorough: bool = False) -> list[FaceDetections]:
        """The same at a fraction of the cost, where the proposal net sees a chance of a face.

        Where P-Net brings a dozen boxes of a face, that net brings one, beside it: R-Net says where it should be, and
        decides on what it sees there.

        Args:
            images: as for ``detect``.
            thorough: half the chance is enough.
        """
        if self._proposals is None:
            return self.detect(images)
        samplers = [WindowSampler(image) for image in images]
        proposed = [self._proposals.propose(image, thorough=thorough) for image in images]
        boxes, owner = _together([evened(boxes) for boxes in proposed])
        for threshold in (min(WORTH_MOVING, self._thresholds.rnet), self._thresholds.rnet):
            boxes, owner = self._reject(samplers, boxes, owner, threshold, evened)
        return self._conclude(samplers, boxes, owner)

    def refine(self, image: CropSource, boxes: F32, judge: NDArray[np.bool_] | None = None) -> FaceDetections:
        """Correct rough boxes of one picture, by our own net or by O-Net.

        Args:
            image: (H, W, 3) uint8 BGR, or planes.
            boxes: (N, 4) px.
            judge: (N,) rows that O-Net has the last word on; all, if there is no other net.

        Returns:
            N rows in the same order; a box with no pixel in the picture has score 0. Where O-Net alone sees no face,
            it looks once more in eight places around: a face that passes close by moves a third of its width a frame.
        """
        if len(boxes) == 0:
            return FaceDetections.empty()
        if self._follow is None or judge is None:
            return self._seen_by_onet(image, boxes)
        faces = self._follow.find(image, boxes)
        judged, places = [], []  # plain floats: NumPy takes longer for so few
        told = zip(judge.tolist(), faces.scores.tolist(), boxes.tolist(), faces.boxes.tolist(), strict=True)
        for row, (wanted, score, expected, found) in enumerate(told):
            if wanted or score < LOST_BELOW:
                judged.append(row)
                places.append(found if score >= SEEN_FROM and overlap(expected, found) < MOVED else expected)
        if judged:
            squares = evened(np.array(places, np.float32))
            _put(faces, np.array(judged), self._looked_at(image, squares))
        return faces

    def _seen_by_onet(self, image: CropSource, boxes: F32) -> FaceDetections:
        """O-Net on rough boxes, and where it sees no face, around them."""
        squares = evened(boxes)
        faces = self._looked_at(image, squares)
        weak = np.flatnonzero(faces.scores < SEARCH_BELOW)
        if len(weak) == 0:
            return faces
        around = squares[weak, None] + _shifts(squares[weak])
        tries = self._looked_at(image, around.reshape(-1, 4).astype(np.float32))
        best = tries.scores.reshape(len(weak), -1).argmax(axis=1) + np.arange(len(weak)) * around.shape[1]
        better = tries.scores[best] > faces.scores[weak]
        _put(faces, weak[better], tries[best[better]])
        return faces

    def _looked_at(self, image: CropSource, squares: F32) -> FaceDetections:
        """O-Net on (N, 4) squares of one picture: N rows, score 0 where no pixel is left."""
        height, width = image.shape[:2]
        corners, inside = pixel_corners(squares, width, height)
        rows = np.flatnonzero(inside)
        outputs = _in_batches(self._onet, WindowSampler(image).crops(corners[rows], ONET_PX))
        seen = FaceDetections(
            _regressed(squares[rows], outputs["offsets"]),
            outputs["scores"],
            _landmarks(squares[rows], outputs["landmarks"]),
        )
        if len(rows) == len(squares):
            return seen
        middle = np.repeat((squares[:, None, :2] + squares[:, None, 2:]) / 2, 5, axis=1).astype(np.float32)
        faces = FaceDetections(squares.copy(), np.zeros(len(squares), np.float32), middle)
        _put(faces, rows, seen)
        return faces

    def _levels(self, sampler: AreaSampler) -> Iterator[Candidates]:
        """P-Net on one size of a picture after the other."""
        for scale in pyramid(sampler.height, sampler.width, self._min_face_px, self._factor):
            level = sampler.resize(int(sampler.height * scale + 1), int(sampler.width * scale + 1))
            outputs = self._pnet.run(level[None])
            heat = outputs["scores"][0]
            rows, columns = np.nonzero(heat >= self._thresholds.pnet)
            corner = np.stack([columns, rows], axis=1).astype(np.float32) * PNET_STRIDE_PX + 1
            boxes = np.floor(np.concatenate([corner, corner + PNET_CELL_PX - 1], axis=1) / np.float32(scale))
            keep = suppress(boxes, heat[rows, columns], 0.5)
            offsets = outputs["offsets"][0][:, rows[keep], columns[keep]].T
            yield Candidates(boxes[keep], heat[rows[keep], columns[keep]], offsets)

    def _reject(
        self,
        samplers: Sequence[Sampler],
        boxes: F32,
        owner: I64,
        threshold: float,
        square: Callable[[F32], F32],
    ) -> tuple[F32, I64]:
        """R-Net: keep what scores above a threshold at 24 px; corrected and squared boxes and their pictures."""
        crops, inside = _cut(samplers, boxes, owner, RNET_PX)
        outputs = _in_batches(self._rnet, crops)
        passed = outputs["scores"] > threshold
        boxes, owner = boxes[inside[passed]], owner[inside[passed]]
        scores, offsets = outputs["scores"][passed], outputs["offsets"][passed]
        keep = _per_picture(owner, lambda rows: suppress(boxes[rows], scores[rows], 0.7))
        return square(_regressed(boxes[keep], offsets[keep])), owner[keep]

    def _conclude(self, samplers: Sequence[Sampler], boxes: F32, owner: I64) -> list[FaceDetections]:
        """O-Net: keep what is a face at 48 px, with landmarks; one result for each picture."""
        crops, inside = _cut(samplers, boxes, owner, ONET_PX)
        boxes, owner = boxes[inside], owner[inside]
        outputs = _in_batches(self._onet, crops)
        passed = outputs["scores"] > self._thresholds.onet
        boxes, owner = boxes[passed], owner[passed]
        faces = FaceDetections(
            _regressed(boxes, outputs["offsets"][passed]),
            outputs["scores"][passed],
            _landmarks(boxes, outputs["landmarks"][passed]),
        )
        results = []
        for picture in range(len(samplers)):
            mine = faces[owner == picture]
            results.append(mine[suppress_nested(mine.boxes, mine.scores, 0.7)])
        return results


def pyramid(height: int, width: int, min_face_px: float, factor: float) -> list[float]:
    """Scales at which a face of P-Net's 12 px stands for one of ``min_face_px`` and up."""
    scale = PNET_CELL_PX / min_face_px
    shortest = min(height, width) * scale
    scales = []
    while shortest >= PNET_CELL_PX:
        scales.append(scale)
        scale *= factor
        shortest *= factor
    return scales


def _merged(levels: Sequence[Candidates]) -> F32:
    """(N, 4) boxes of one picture's levels, overlaps removed, corrected and squared."""
    boxes, scores, offsets = (
        (np.concatenate(part) for part in zip(*levels, strict=True)) if levels else (_none(4), _none(), _none(4))
    )
    keep = suppress(boxes, scores, 0.7)
    boxes = boxes[keep]
    return squared(boxes + offsets[keep] * np.tile(boxes[:, 2:] - boxes[:, :2], 2))


def _together(found: Sequence[F32]) -> tuple[F32, I64]:
    """The (N, 4) boxes of all pictures, and the (N,) number of each one's picture."""
    owner = np.repeat(np.arange(len(found)), [len(boxes) for boxes in found])
    return np.concatenate([*found, _none(4)]), owner


def _per_picture(owner: I64, pick: Callable[[I64], I64]) -> I64:
    """Apply ``pick`` to the rows of each picture; the rows kept, in the pictures' order."""
    kept = [rows[pick(rows)] for rows in (np.flatnonzero(owner == picture) for picture in np.unique(owner))]
    return np.concatenate([*kept, np.zeros(0, np.int64)])


def _cut(samplers: Sequence[Sampler], boxes: F32, owner: I64, size: int) -> tuple[F32, I64]:
    """Crops of all boxes that have pixels, (M, size, size, 3), and their (M,) rows, in the pictures' order."""
    crops, rows = [np.zeros((0, size, size, 3), np.float32)], [np.zeros(0, np.int64)]
    for picture, sampler in enumerate(samplers):
        mine = np.flatnonzero(owner == picture)
        corners, inside = pixel_corners(boxes[mine], sampler.width, sampler.height)
        crops.append(sampler.crops(corners[inside], size))
        rows.append(mine[inside])
    return np.concatenate(crops), np.concatenate(rows)


def _in_batches(net: GraphRunner, crops: F32) -> dict[str, F32]:
    """Run a net on (N, S, S, 3) crops, a cacheful at a time; N may be 0."""
    if len(crops) == 0:
        return {"scores": _none(), "offsets": _none(4), "landmarks": _none(10)}
    if len(crops) <= BATCH:
        return dict(net.run(crops))
    parts = [net.run(crops[start : start + BATCH]) for start in range(0, len(crops), BATCH)]
    return {name: np.concatenate([part[name] for part in parts]) for name in parts[0]}


def _put(faces: FaceDetections, rows: I64, others: FaceDetections) -> None:
    """Put other faces in the place of some rows."""
    faces.boxes[rows], faces.scores[rows], faces.landmarks[rows] = others.boxes, others.scores, others.landmarks


def _shifts(squares: F32) -> F32:
    """The eight places around each of (N, 4) squares: (N, 8, 4) px to add."""
    steps = [(x, y) for y in (-1, 0, 1) for x in (-1, 0, 1) if x or y]
    sides = (squares[:, 2] - squares[:, 0])[:, None, None] * np.float32(SEARCH_REACH)
    return np.asarray(np.array(steps, np.float32)[None, :, [0, 1, 0, 1]] * sides, np.float32)


def _none(*sides: int) -> F32:
    return np.zeros((0, *sides), np.float32)


def _regressed(boxes: F32, offsets: F32) -> F32:
    """Boxes moved by a net's offsets, which are shares of a side counted inclusively."""
    sides = boxes[:, 2:] - boxes[:, :2] + 1
    return boxes + (offsets.reshape(-1, 2, 2) * sides[:, None]).reshape(-1, 4)


def _landmarks(boxes: F32, shares: F32) -> F32:
    """O-Net's (N, 10) shares of the box, five x then five y, as (N, 5, 2) px."""
    sides = boxes[:, 2:] - boxes[:, :2] + 1
    points = shares.reshape(-1, 2, 5) * sides[:, :, None] + (boxes[:, :2, None] - 1)
    return np.ascontiguousarray(points.transpose(0, 2, 1))
