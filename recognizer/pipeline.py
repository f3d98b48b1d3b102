"""The story: frames come in, named people come out. No threads and no input or output here."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable
from dataclasses import dataclass, replace

from recognizer.align import align
from recognizer.decide.decider import Decider
from recognizer.decide.evidence import Thresholds
from recognizer.detect_and_track import find
from recognizer.protocols import Cadence, Detector, Embedder, Tracker, VectorIndex
from recognizer.stopwatch import Stopwatch
from recognizer.types import AlignedFaces, Embeddings, Event, Frame, FrameResult, Tracks


@dataclass(frozen=True, slots=True)
class Watch:
    """What is remembered of one source: when to look, whom we follow, what we know about them."""

    cadence: Cadence
    tracker: Tracker
    decider: Decider


class Pipeline:
    """Recognises the frames of any number of sources, one after the other.

    Args:
        detector: finds faces, and finds them again in between.
        embedder: turns faces into vectors.
        gallery: finds the nearest person.
        watch: makes what is remembered of a source, once for each.
    """

    def __init__(
        self, *, detector: Detector, embedder: Embedder, gallery: VectorIndex, watch: Callable[[], Watch]
    ) -> None:
        self._detector, self._embedder, self._gallery = detector, embedder, gallery
        self._make_watch = watch
        self._watches: dict[str, Watch] = {}
        self._newest_gallery: deque[tuple[VectorIndex, frozenset[str], Thresholds]] = deque(maxlen=1)
        self._thresholds: Thresholds | None = None

    def step(self, frame: Frame, *, hurried: bool = False) -> FrameResult:
        """Recognise the next frame of any source.

        Args:
            frame: newer than those that came of its source before.
            hurried: others wait behind it: what can wait, should.
        """
        self._take_new_gallery()
        clock = Stopwatch()
        watch = self._watch(frame.source)
        tracks = find(
            frame, detector=self._detector, cadence=watch.cadence, tracker=watch.tracker, clock=clock, hurried=hurried
        )
        faces = self._ask(frame, tracks, clock)
        looks = self._embedder.embed(faces)
        clock.lap("embed")
        return self._conclude(frame, tracks, faces, looks, clock)

    def end(self, last: Frame) -> tuple[Event, ...]:
        """A source has ended with this frame: forget it, and tell whom that loses."""
        watch = self._watches.pop(last.source, None)
        return watch.decider.end(last.captured_at, last.source) if watch else ()

    def replace_gallery(self, gallery: VectorIndex, people: frozenset[str], thresholds: Thresholds) -> None:
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

    def _ask(self, frame: Frame, tracks: Tracks, clock: Stopwatch) -> AlignedFaces:
        """Cut out the faces that more should be known about."""
        asked = tracks[self._watch(frame.source).decider.observe(frame, tracks)]
        clock.lap("track")
        cut = self._embedder.facts.cut
        faces = AlignedFaces.empty(cut.size_px)
        if len(asked):  # in few frames
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
