"""Compare whole pipelines on a clip, segment by segment, interleaved: ours, and the peers' own examples.

    ours              decode, detect when due, follow, embed when due, decide: the whole pipeline
    per frame         decode, facenet-pytorch's MTCNN.detect, align, EdgeFace in torch eager, nearest person
    FastMTCNN         decode, MTCNN.detect in every fourth frame, boxes copied; no names
    face_recognition  decode, HOG faces and dlib's encodings, as its webcam example

Ours and FastMTCNN process every frame of a segment; the per-frame peers cost the same in each frame, and process the
segment's middle one. Recall is of the confident faces that exact MTCNN, which agrees with facenet-pytorch's
(`peer_detection`), finds in every frame, if they have the smallest size that was set.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import islice
from typing import Any

import numpy as np

from recognizer.align import align
from recognizer.app import build
from recognizer.app.config import Settings
from recognizer.bench.agreement import Agreement, agreement
from recognizer.bench.peer_detection import CONFIDENT
from recognizer.bench.peers import FacenetPyTorch, FaceRecognition, FastMtcnn
from recognizer.bench.timing import Meter, Ratio, Spent, cpu_ms, ratio
from recognizer.geometry import area, iou
from recognizer.models.resolve import ResolvedModel
from recognizer.protocols import Detector, Embedder, VectorIndex
from recognizer.types import F32, Frame

SEGMENT = 20
"""Frames."""
COVERED = 0.5
"""Intersection over union at which a box covers a face."""

Seen = tuple[F32, Sequence[str | None]]
"""(N, 4) boxes of one frame, and their names."""


@dataclass(slots=True)
class Way:
    """The cost and results of one pipeline."""

    per_frame: list[Spent] = field(default_factory=list)
    """Of each segment, with decoding."""
    seen: dict[int, Seen] = field(default_factory=dict)
    """By frame."""

    def named(self) -> dict[str, int]:
        """Count the frames in which each name was given."""
        names = [name for _, given in self.seen.values() for name in set(given) if name is not None]
        return {name: names.count(name) for name in sorted(set(names))}


@dataclass(frozen=True, slots=True, eq=False)
class VideoComparison:
    """The outcome of all pipelines on one clip."""

    frames: int
    ways: Mapping[str, Way]
    cost_ratio: Mapping[str, Ratio]
    """Cost of a frame divided by ours, decoding included in both."""
    recall: Mapping[str, Agreement]
    """Of the confident faces of exact MTCNN, in the frames that a pipeline processed."""
    names_kept: tuple[int, int]
    """Of the faces that the per-frame pipeline names: how many have the same name with ours, and how many there are."""

    def as_dict(self) -> dict[str, Any]:
        """Convert to JSON values."""
        return {
            "frames": self.frames,
            "names_kept": {"of": self.names_kept[1], "kept": self.names_kept[0]},
            "ways": {
                name: {
                    "cpu_ms_per_frame": cpu_ms(way.per_frame).as_dict(),
                    "frames_seen": len(way.seen),
                    "named_frames": way.named(),
                    "recall": self.recall[name].as_dict(),
                    "cost_over_ours": self.cost_ratio[name].as_dict() if name in self.cost_ratio else None,
                }
                for name, way in self.ways.items()
            },
        }


@dataclass(frozen=True, slots=True, kw_only=True)
class Peers:
    """The peers that are installed."""

    mtcnn: FacenetPyTorch | None
    eager: Embedder | None
    face_recognition: FaceRecognition | None


def compare(settings: Settings, resolved: ResolvedModel, peers: Peers, *, segments: int) -> VideoComparison:
    """Process the clip's first segments with every pipeline.

    Args:
        settings: clip, gallery and detector.
        resolved: the model.
        peers: pipelines to compare with.
        segments: number of segments, ``SEGMENT`` frames each.
    """
    detector, pipeline = build.exact_detector(settings), build.video_pipeline(settings, resolved)
    enrolled = build.enrolled_people(settings, resolved.fingerprint)
    known = build.thresholds(settings, resolved, enrolled=len(enrolled)).known
    gallery = build.index_of(enrolled)
    ways: dict[str, Way] = {"ours": Way()}
    by_frame: dict[str, Callable[[Frame], Seen]] = {}
    if peers.mtcnn is not None and peers.eager is not None:
        by_frame["per frame"] = recognise_each(peers.mtcnn, peers.eager, gallery, known)
    if peers.face_recognition is not None:
        library = peers.face_recognition
        by_frame["face_recognition"] = lambda frame: library.recognise(frame.image)
    fast = None if peers.mtcnn is None else FastMtcnn(peers.mtcnn)
    reference: dict[int, F32] = {}
    with build.source(settings) as source:
        frames = iter(source)
        for number, (decoding, segment) in enumerate(islice(_segments(frames), segments)):
            for frame in segment:
                found = detector.detect([frame.image])[0]
                large = np.sqrt(area(found.boxes)) >= settings.detect.min_face_px
                reference[frame.index] = found.boxes[large & (found.scores >= CONFIDENT)]
            with Meter() as meter:
                results = [pipeline.step(frame) for frame in segment]
            ways["ours"].per_frame.append(_sum(decoding, meter.spent / len(segment)))
            for result in results:
                given = [who.name for who in result.identities]
                ways["ours"].seen[result.frame.index] = (result.tracks.boxes, given)
            middle = segment[len(segment) // 2]
            for name, recognise in by_frame.items():
                way = ways.setdefault(name, Way())
                if number == 0:
                    recognise(middle)  # the first call loads models
                with Meter() as meter:
                    way.seen[middle.index] = recognise(middle)
                way.per_frame.append(_sum(decoding, meter.spent))
            if fast is not None:
                way = ways.setdefault("FastMTCNN", Way())
                with Meter() as meter:
                    copied = fast.boxes([frame.image for frame in segment])
                way.per_frame.append(_sum(decoding, meter.spent / len(segment)))
                way.seen.update({frame.index: (boxes, ()) for frame, boxes in zip(segment, copied, strict=True)})
    return VideoComparison(
        frames=len(reference),
        ways=ways,
        cost_ratio={name: ratio(way.per_frame, ways["ours"].per_frame) for name, way in ways.items() if name != "ours"},
        recall={name: _recall(reference, way) for name, way in ways.items()},
        names_kept=_names_kept(ways.get("per frame", Way()), ways["ours"]),
    )


def _segments(frames: Iterator[Frame]) -> Iterator[tuple[Spent, list[Frame]]]:
    """Yield the decoding cost of a frame and the frames of each full segment.

    Every frame is converted to BGR, though our pipeline needs that of fewer.
    """
    while True:
        with Meter() as meter:
            segment = list(islice(frames, SEGMENT))
            for frame in segment:
                frame.image  # noqa: B018 - converted to BGR
        if len(segment) < SEGMENT:
            return
        yield meter.spent / SEGMENT, segment


def _sum(one: Spent, other: Spent) -> Spent:
    return Spent(one.cpu_s + other.cpu_s, one.wall_s + other.wall_s)


def recognise_each(
    mtcnn: Detector | FacenetPyTorch, eager: Embedder, gallery: VectorIndex, known: float
) -> Callable[[Frame], Seen]:
    """Return what detects, embeds and names every face of a frame, whatever was seen before."""

    def recognise(frame: Frame) -> Seen:
        found = mtcnn.detect([frame.image])[0]
        faces = align(frame.image, found.landmarks, found.scores, cut=eager.spec.crop, boxes=found.boxes)
        matches = gallery.search(eager.embed(faces))
        near = zip(matches.names, matches.similarities, strict=True)
        return found.boxes, [name if similarity >= known else None for name, similarity in near]

    return recognise


def _recall(reference: Mapping[int, F32], way: Way) -> Agreement:
    shared = sorted(reference.keys() & way.seen.keys())
    return agreement([reference[n] for n in shared], [way.seen[n][0] for n in shared], overlap=COVERED)


def _names_kept(per_frame: Way, ours: Way) -> tuple[int, int]:
    kept = total = 0
    for number, (boxes, names) in per_frame.seen.items():
        mine, given = ours.seen.get(number, (np.zeros((0, 4), np.float32), ()))
        shared = iou(boxes, mine)
        for row, name in enumerate(names):
            if name is not None:
                total += 1
                near = np.flatnonzero(shared[row] >= COVERED).tolist()
                kept += any(given[place] == name for place in near)
    return kept, total
