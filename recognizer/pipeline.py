"""The story: frames come in, named people come out. No threads and no input or output here."""

from __future__ import annotations

import time
from collections import deque
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace

import numpy as np

from recognizer.align import align
from recognizer.decide import Decider
from recognizer.evidence import Thresholds
from recognizer.protocols import Cadence, Detector, Embedder, GalleryIndex, Tracker
from recognizer.types import AlignedFaces, Embeddings, Event, Frame, FrameResult, Tracks


@dataclass(frozen=True, slots=True)
class Watch:
    """What is remembered of one source: when to look, whom we follow, what we know about them."""

    cadence: Cadence
    tracker: Tracker
    decider: Decider


class Stopwatch:
    """Seconds spent, by stage: each lap goes to the stage that it ends."""

    def __init__(self) -> None:
        self.seconds: dict[str, float] = {}
        self._since = time.perf_counter()

    def lap(self, stage: str) -> None:
        """The time since the last lap was spent in ``stage``."""
        now = time.perf_counter()
        self.seconds[stage] = self.seconds.get(stage, 0.0) + now - self._since
        self._since = now


class Pipeline:
    """Recognises, for any number of sources at once.

    Args:
        detector: finds faces, and finds them again in between.
        embedder: turns faces into vectors.
        gallery: finds the nearest person.
        watch: makes what is remembered of a source, once for each.
    """

    def __init__(
        self, *, detector: Detector, embedder: Embedder, gallery: GalleryIndex, watch: Callable[[], Watch]
    ) -> None:
        self._detector, self._embedder, self._gallery = detector, embedder, gallery
        self._make_watch = watch
        self._watches: dict[str, Watch] = {}
        self._newest_gallery: deque[tuple[GalleryIndex, frozenset[str], Thresholds]] = deque(maxlen=1)
        self._thresholds: Thresholds | None = None
        self._whole_now = False
        """A source's frame of this step was searched whole: the others wait with theirs, lest all grow old together."""

    def step(self, frames: Sequence[Frame]) -> list[FrameResult]:
        """Recognise one frame of each of several sources; all their faces go through the network in one batch."""
        self._take_new_gallery()
        clocks = [Stopwatch() for _ in frames]
        self._whole_now = False
        tracks = [self._find(frame, clock) for frame, clock in zip(frames, clocks, strict=True)]
        faces = [self._ask(*each) for each in zip(frames, tracks, clocks, strict=True)]
        embeddings = self._embedder.embed(AlignedFaces.joined(faces))
        stops = np.cumsum([len(mine) for mine in faces]).tolist()
        results = []
        for frame, seen, mine, stop, clock in zip(frames, tracks, faces, stops, clocks, strict=True):
            clock.lap("embed")
            results.append(self._conclude(frame, seen, mine, embeddings[stop - len(mine) : stop], clock))
        return results

    def end(self, last: Frame) -> tuple[Event, ...]:
        """A source has ended with this frame: forget it, and tell whom that loses."""
        watch = self._watches.pop(last.source, None)
        return watch.decider.end(last.captured_at, last.source) if watch else ()

    def replace_gallery(self, gallery: GalleryIndex, people: frozenset[str], thresholds: Thresholds) -> None:
        """Search another gallery from the next step on; may be called from any thread.

        Args:
            gallery: The new index, ready.
            people: Who is in it; the names of all others are withdrawn at once.
            thresholds: What a name needs among so many.
        """
        self._newest_gallery.append((gallery, people, thresholds))

    def _take_new_gallery(self) -> None:
        if self._newest_gallery:
            self._gallery, people, self._thresholds = self._newest_gallery.pop()
            for watch in self._watches.values():
                watch.decider.gallery_changed(people, self._thresholds)

    def interrupt(self, last: Frame) -> tuple[Event, ...]:
        """A source was lost after this frame and may come back: nobody is followed across that."""
        watch = self._watches.get(last.source)
        if watch is None:
            return ()
        watch.tracker.cut()
        self._watches[last.source] = replace(self._make_watch(), tracker=watch.tracker, decider=watch.decider)
        return watch.decider.end(last.captured_at, last.source)

    def _watch(self, source: str) -> Watch:
        if source not in self._watches:
            self._watches[source] = self._make_watch()
            if self._thresholds is not None:  # those that the watch is made with are of the gallery at the start
                self._watches[source].decider.gallery_changed(frozenset(), self._thresholds)
        return self._watches[source]

    def _find(self, frame: Frame, clock: Stopwatch) -> Tracks:
        """Detect when it is time to look; follow the faces there already are in any case."""
        watch, at = self._watch(frame.source), frame.captured_at
        look = watch.cadence.look(frame.image, at, lost=watch.tracker.lost_now)
        if look is look.CUT:
            watch.tracker.cut()
        clock.lap("cadence")
        refined = self._detector.refine(frame.image, watch.tracker.predict(at, every=bool(look)))
        clock.lap("refine")
        if not look:
            return watch.tracker.follow(at, refined)
        whole = look is look.WHOLE and not self._whole_now
        self._whole_now |= whole
        search = self._detector.detect if whole else self._detector.glance
        detections = search([frame.image])[0]
        clock.lap("detect")
        before = watch.tracker.alive
        tracks = watch.tracker.update(at, detections, refined)
        watch.cadence.looked(at, news=watch.tracker.alive != before, whole=whole)
        return tracks

    def _ask(self, frame: Frame, tracks: Tracks, clock: Stopwatch) -> AlignedFaces:
        """Cut out the faces that more should be known about."""
        asked = tracks[self._watch(frame.source).decider.observe(frame, tracks)]
        clock.lap("track")
        cut = self._embedder.facts.cut
        faces = align(frame.image, asked.landmarks, asked.scores, asked.ids, cut=cut, boxes=asked.boxes)
        clock.lap("align")
        return faces

    def _conclude(
        self, frame: Frame, tracks: Tracks, faces: AlignedFaces, looks: Embeddings, clock: Stopwatch
    ) -> FrameResult:
        """Match what was learnt, and say who is there."""
        watch = self._watch(frame.source)
        templates = watch.decider.learn(frame.captured_at, looks, faces.quality)
        matches = self._gallery.search(templates)
        clock.lap("match")
        reported, people, events = watch.decider.decide(frame, tracks, watch.tracker.alive, templates, matches)
        clock.lap("decide")
        return FrameResult(frame, tracks[reported], people, events, clock.seconds)
