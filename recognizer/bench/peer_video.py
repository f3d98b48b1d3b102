"""A clip as the peers' examples go through it, and as we do: segment by segment, in turns, with what each one finds.

    ours              decode, detect when due, follow, embed when asked, decide: the whole pipeline
    per frame         decode, facenet-pytorch's MTCNN.detect, align, EdgeFace in torch eager, nearest person
    FastMTCNN         decode, MTCNN.detect in every fourth frame, boxes copied; no names
    face_recognition  decode, HOG faces and dlib's encodings, as its webcam example

Ours and FastMTCNN go through every frame of a segment; the per-frame peers cost the same in each frame, and get the
segment's middle one. What is found is held against the confident faces of our own detector in every frame, which are
facenet-pytorch's (`peer_detection`), as far as they are as large as asked for; hands and flowers are no loss.
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
"""Boxes (N, 4) of one frame, and their names."""


@dataclass(slots=True)
class Way:
    """One way of going through the clip."""

    per_frame: list[Spent] = field(default_factory=list)
    """Decoding included; of each segment."""
    seen: dict[int, Seen] = field(default_factory=dict)
    """By frame."""

    def named(self) -> dict[str, int]:
        """In how many frames each name was given."""
        names = [name for _, given in self.seen.values() for name in set(given) if name is not None]
        return {name: names.count(name) for name in sorted(set(names))}


@dataclass(frozen=True, slots=True, eq=False)
class VideoRace:
    """All ways through one clip."""

    frames: int
    ways: Mapping[str, Way]
    dearer: Mapping[str, Ratio]
    """How many times dearer than ours, a frame, decoding included in both."""
    recall: Mapping[str, Agreement]
    """Of the confident faces of per-frame detection, in the frames that a way has seen."""
    names_kept: tuple[int, int]
    """Of the faces that the per-frame way names: how many bear the same name with ours, and how many there are."""

    def as_dict(self) -> dict[str, Any]:
        """For JSON."""
        return {
            "frames": self.frames,
            "names_kept": {"of": self.names_kept[1], "kept": self.names_kept[0]},
            "ways": {
                name: {
                    "cpu_ms_per_frame": cpu_ms(way.per_frame).as_dict(),
                    "frames_seen": len(way.seen),
                    "named_frames": way.named(),
                    "recall": self.recall[name].as_dict(),
                    "dearer_than_ours": self.dearer[name].as_dict() if name in self.dearer else None,
                }
                for name, way in self.ways.items()
            },
        }


@dataclass(frozen=True, slots=True, kw_only=True)
class Peers:
    """Whoever is here."""

    mtcnn: FacenetPyTorch | None
    eager: Embedder | None
    face_recognition: FaceRecognition | None


def race(settings: Settings, resolved: ResolvedModel, peers: Peers, *, segments: int) -> VideoRace:
    """Go through the clip's first segments in every way.

    Args:
        settings: clip, gallery and detector.
        resolved: the model.
        peers: who takes part.
        segments: how many, of ``SEGMENT`` frames.
    """
    detector, pipeline = build.detector(settings, video=False), build.pipeline(settings, resolved)
    enrolled = build.enrolled_people(settings, resolved.fingerprint)
    known = build.thresholds(settings, resolved, enrolled=len(enrolled)).known
    gallery = build.index_of(enrolled)
    ways: dict[str, Way] = {"ours": Way()}
    by_frame: dict[str, Callable[[Frame], Seen]] = {}
    if peers.mtcnn is not None and peers.eager is not None:
        by_frame["per frame"] = _per_frame(peers.mtcnn, peers.eager, gallery, known)
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
            for name, look in by_frame.items():
                way = ways.setdefault(name, Way())
                if number == 0:
                    look(middle)  # the first look loads things
                with Meter() as meter:
                    way.seen[middle.index] = look(middle)
                way.per_frame.append(_sum(decoding, meter.spent))
            if fast is not None:
                way = ways.setdefault("FastMTCNN", Way())
                with Meter() as meter:
                    copied = fast.boxes([frame.image for frame in segment])
                way.per_frame.append(_sum(decoding, meter.spent / len(segment)))
                way.seen.update({frame.index: (boxes, ()) for frame, boxes in zip(segment, copied, strict=True)})
    return VideoRace(
        frames=len(reference),
        ways=ways,
        dearer={name: ratio(way.per_frame, ways["ours"].per_frame) for name, way in ways.items() if name != "ours"},
        recall={name: _recall(reference, way) for name, way in ways.items()},
        names_kept=_names_kept(ways.get("per frame", Way()), ways["ours"]),
    )


def _segments(frames: Iterator[Frame]) -> Iterator[tuple[Spent, list[Frame]]]:
    """Runs of frames, and what decoding one of them cost; an unfinished last one is left out.

    Their colours are a part of it, though the pipeline would ask for those of fewer.
    """
    while True:
        with Meter() as meter:
            segment = list(islice(frames, SEGMENT))
            for frame in segment:
                frame.image  # noqa: B018 - brought into its colours
        if len(segment) < SEGMENT:
            return
        yield meter.spent / SEGMENT, segment


def _sum(one: Spent, other: Spent) -> Spent:
    return Spent(one.cpu_s + other.cpu_s, one.wall_s + other.wall_s)


def _per_frame(
    mtcnn: Detector | FacenetPyTorch, eager: Embedder, gallery: VectorIndex, known: float
) -> Callable[[Frame], Seen]:
    def look(frame: Frame) -> Seen:
        found = mtcnn.detect([frame.image])[0]
        numbers, cut = np.arange(len(found)), eager.facts.cut
        faces = align(frame.image, found.landmarks, found.scores, numbers, cut=cut, boxes=found.boxes)
        matches = gallery.search(eager.embed(faces))
        near = zip(matches.names, matches.similarities, strict=True)
        return found.boxes, [name if similarity >= known else None for name, similarity in near]

    return look


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
