"""MTCNN: a pyramid and three nets, each scoring the candidates that the one before lets through.

Zhang et al. 2016; thresholds, pyramid and box arithmetic are facenet-pytorch's (``detect_face.py``), so that the same
settings find the same faces. What differs: candidates beyond the picture's edge are filled, not stretched; rows stay
aligned when a candidate has no pixels left; all crops of a stage are cut at once from a table of sums; and a stage is
one batch over all pictures.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from recognizer.detect.area import AreaSampler
from recognizer.detect.boxes import evened, pixel_corners, squared, suppress, suppress_nested
from recognizer.detect.candidates import (
    Sampler,
    cut_all,
    joined,
    landmarks_px,
    no_rows,
    per_picture,
    put_rows,
    regressed,
    run_in_batches,
    shifts_around,
)
from recognizer.detect.follow import FollowNet
from recognizer.detect.proposals import ProposalNet
from recognizer.detect.window import WindowSampler
from recognizer.errors import TooManyFacesError
from recognizer.geometry import overlap
from recognizer.protocols import GraphRunner
from recognizer.types import F32, I64, U8, DetectionMode, FaceDetections, RefinedFaces
from recognizer.types.frame import CropSource

PNET_CELL_PX = 12
PNET_STRIDE_PX = 2
RNET_PX = 24
ONET_PX = 48
WORTH_MOVING = 0.2
"""R-Net's score from which a proposal is moved to where R-Net regresses it, and scored again."""
SEARCH_BELOW = 0.2
"""O-Net score of a tracked face below which its surroundings are searched."""
LOST_BELOW = 0.5
"""Score of the follow net below which O-Net verifies the face in any case."""
SEEN_FROM = 0.2
MOVED = 0.7
"""O-Net verifies a face where the follow net found it, if that scored SEEN_FROM or more and overlaps the expected box
by less than MOVED (intersection over union). Searching around the box instead made O-Net take 1.4 times as long, for
equal coverage (.97 of the confident faces in a street, mean of eight runs; names in .90 of a TV clip's face-time)."""


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
    """Detects faces, and refines the boxes of tracked ones.

    Args:
        pnet: graph on (1, H, W, 3) BGR pixels giving ``scores`` (1, h, w) and ``offsets`` (1, 4, h, w).
        rnet: graph on (B, 24, 24, 3) giving ``scores`` (B,) and ``offsets`` (B, 4).
        onet: graph on (B, 48, 48, 3) giving the same and ``landmarks`` (B, 10).
        min_face_px: side of the smallest face to find.
        thresholds: least score after each net.
        factor: scale from one level of the pyramid to the next.
        proposals: replaces P-Net's pyramid in fast and full detections; without it every detection is exact.
        follow: refines tracked faces between verifications; without it O-Net does.
        max_candidates: of P-Net's, in one picture; more raise ``TooManyFacesError`` in ``detect``.
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
        max_candidates: float = np.inf,
    ) -> None:
        self._pnet, self._rnet, self._onet = pnet, rnet, onet
        self._min_face_px = min_face_px
        self._thresholds = thresholds or Thresholds()
        self._factor = factor
        self._proposals, self._follow = proposals, follow
        self._max_candidates = max_candidates

    def detect(self, images: Sequence[U8], mode: DetectionMode = DetectionMode.EXACT) -> list[FaceDetections]:
        """Find the faces of (H, W, 3) uint8 BGR pictures of any sizes; one result for each picture.

        Args:
            images: the pictures.
            mode: ``EXACT``, or without a proposal net: P-Net's pyramid on exact area means. ``FAST`` and ``FULL``: the
                proposal net in its place, with a high or a low threshold. Where P-Net gives a dozen boxes of a face
                that net gives one, beside it, so R-Net runs twice: to move the box, then to score it.
        """
        if mode is DetectionMode.EXACT or self._proposals is None:
            exact = [AreaSampler(image) for image in images]
            boxes, owner = joined([_merged(list(self._levels(sampler))) for sampler in exact])
            boxes, owner = self._rnet_stage(exact, boxes, owner, self._thresholds.rnet, squared)
            return self._onet_stage(exact, boxes, owner)
        samplers = [WindowSampler(image) for image in images]
        proposed = [self._proposals.propose(image, full=mode is DetectionMode.FULL) for image in images]
        boxes, owner = joined([evened(boxes) for boxes in proposed])
        for threshold in (min(WORTH_MOVING, self._thresholds.rnet), self._thresholds.rnet):
            boxes, owner = self._rnet_stage(samplers, boxes, owner, threshold, evened)
        return self._onet_stage(samplers, boxes, owner)

    def refine(self, image: CropSource, boxes: F32, verify: NDArray[np.bool_] | None = None) -> RefinedFaces:
        """Correct rough boxes of one picture, by the follow net or by O-Net.

        Args:
            image: (H, W, 3) uint8 BGR, or planes.
            boxes: (N, 4) px.
            verify: (N,) rows that O-Net scores; all of them without it, or without a follow net.

        Returns:
            N rows in the same order; a box with no pixel in the picture has score 0. O-Net also verifies rows that the
            follow net scores low. Where O-Net alone refines, it searches eight places around a box without a face: a
            face that passes close by moves a third of its width a frame.
        """
        if len(boxes) == 0:
            return RefinedFaces.empty()
        if self._follow is None or verify is None:
            return RefinedFaces.of(self._refine_by_onet(image, boxes), verified=True)
        faces = self._follow.find(image, boxes)
        verified, places = [], []  # plain floats: NumPy takes longer for so few
        rows = zip(verify.tolist(), faces.scores.tolist(), boxes.tolist(), faces.boxes.tolist(), strict=True)
        for row, (wanted, score, expected, found) in enumerate(rows):
            if wanted or score < LOST_BELOW:
                verified.append(row)
                places.append(found if score >= SEEN_FROM and overlap(expected, found) < MOVED else expected)
        mask = np.zeros(len(boxes), bool)
        if verified:
            mask[verified] = True
            squares = evened(np.array(places, np.float32))
            put_rows(faces, np.array(verified), self._run_onet(image, squares))
        return RefinedFaces.of(faces, verified=mask)

    def _refine_by_onet(self, image: CropSource, boxes: F32) -> FaceDetections:
        """Run O-Net on rough boxes, and around those where it finds no face."""
        squares = evened(boxes)
        faces = self._run_onet(image, squares)
        weak = np.flatnonzero(faces.scores < SEARCH_BELOW)
        if len(weak) == 0:
            return faces
        around = squares[weak, None] + shifts_around(squares[weak])
        tries = self._run_onet(image, around.reshape(-1, 4).astype(np.float32))
        best = tries.scores.reshape(len(weak), -1).argmax(axis=1) + np.arange(len(weak)) * around.shape[1]
        better = tries.scores[best] > faces.scores[weak]
        put_rows(faces, weak[better], tries[best[better]])
        return faces

    def _run_onet(self, image: CropSource, squares: F32) -> FaceDetections:
        """Run O-Net on (N, 4) squares of one picture: N rows, score 0 where no pixel is left."""
        height, width = image.shape[:2]
        corners, inside = pixel_corners(squares, width, height)
        rows = np.flatnonzero(inside)
        outputs = run_in_batches(self._onet, WindowSampler(image).crops(corners[rows], ONET_PX))
        seen = FaceDetections(
            regressed(squares[rows], outputs["offsets"]),
            outputs["scores"],
            landmarks_px(squares[rows], outputs["landmarks"]),
        )
        if len(rows) == len(squares):
            return seen
        middle = np.repeat((squares[:, None, :2] + squares[:, None, 2:]) / 2, 5, axis=1).astype(np.float32)
        faces = FaceDetections(squares.copy(), np.zeros(len(squares), np.float32), middle)
        put_rows(faces, rows, seen)
        return faces

    def _levels(self, sampler: AreaSampler) -> Iterator[Candidates]:
        """Run P-Net on one level of the pyramid after the other."""
        count = 0
        for scale in pyramid(sampler.height, sampler.width, self._min_face_px, self._factor):
            level = sampler.resize(int(sampler.height * scale + 1), int(sampler.width * scale + 1))
            outputs = self._pnet.run(level[None])
            heat = outputs["scores"][0]
            rows, columns = np.nonzero(heat >= self._thresholds.pnet)
            corner = np.stack([columns, rows], axis=1).astype(np.float32) * PNET_STRIDE_PX + 1
            boxes = np.floor(np.concatenate([corner, corner + PNET_CELL_PX - 1], axis=1) / np.float32(scale))
            keep = suppress(boxes, heat[rows, columns], 0.5)
            count += len(keep)
            if count > self._max_candidates:
                raise TooManyFacesError("it shows too many faces, or too much that resembles faces; cut it into parts.")
            offsets = outputs["offsets"][0][:, rows[keep], columns[keep]].T
            yield Candidates(boxes[keep], heat[rows[keep], columns[keep]], offsets)

    def _rnet_stage(
        self,
        samplers: Sequence[Sampler],
        boxes: F32,
        owner: I64,
        threshold: float,
        square: Callable[[F32], F32],
    ) -> tuple[F32, I64]:
        """Keep candidates that R-Net scores above a threshold; corrected and squared boxes, and their pictures."""
        crops, inside = cut_all(samplers, boxes, owner, RNET_PX)
        outputs = run_in_batches(self._rnet, crops)
        passed = outputs["scores"] > threshold
        boxes, owner = boxes[inside[passed]], owner[inside[passed]]
        scores, offsets = outputs["scores"][passed], outputs["offsets"][passed]
        keep = per_picture(owner, lambda rows: suppress(boxes[rows], scores[rows], 0.7))
        return square(regressed(boxes[keep], offsets[keep])), owner[keep]

    def _onet_stage(self, samplers: Sequence[Sampler], boxes: F32, owner: I64) -> list[FaceDetections]:
        """Keep candidates that O-Net scores as faces, with landmarks; one result for each picture."""
        crops, inside = cut_all(samplers, boxes, owner, ONET_PX)
        boxes, owner = boxes[inside], owner[inside]
        outputs = run_in_batches(self._onet, crops)
        passed = outputs["scores"] > self._thresholds.onet
        boxes, owner = boxes[passed], owner[passed]
        faces = FaceDetections(
            regressed(boxes, outputs["offsets"][passed]),
            outputs["scores"][passed],
            landmarks_px(boxes, outputs["landmarks"][passed]),
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
        (np.concatenate(part) for part in zip(*levels, strict=True)) if levels else (no_rows(4), no_rows(), no_rows(4))
    )
    keep = suppress(boxes, scores, 0.7)
    boxes = boxes[keep]
    return squared(boxes + offsets[keep] * np.tile(boxes[:, 2:] - boxes[:, :2], 2))
