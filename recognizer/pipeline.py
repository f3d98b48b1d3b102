"""The story of a frame: detect, track, align, embed, match, decide. No threads and no input or output here."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable
from dataclasses import replace

from recognizer.align import align_tracks
from recognizer.align_larger import align_larger
from recognizer.decide.evidence import Thresholds
from recognizer.detect_and_track import detect_and_track
from recognizer.protocols import Detector, Embedder, VectorIndex
from recognizer.source_context import SourceContext
from recognizer.stopwatch import Stopwatch
from recognizer.types import Event, Frame, FrameResult, Samples


class Pipeline:
    """Recognises the frames of any number of sources, one after the other.

    Args:
        detector: finds faces, and refines the boxes of tracked ones.
        embedder: turns aligned faces into vectors.
        index: finds the nearest enrolled person.
        new_context: makes the context of a source, by its name; once for each.
    """

    def __init__(
        self, *, detector: Detector, embedder: Embedder, index: VectorIndex, new_context: Callable[[str], SourceContext]
    ) -> None:
        self._detector, self._embedder, self._index = detector, embedder, index
        self._new_context = new_context
        self._contexts: dict[str, SourceContext] = {}
        self._newest_gallery: deque[tuple[VectorIndex, frozenset[str], Thresholds, int]] = deque(maxlen=1)
        self._thresholds: Thresholds | None = None
        self._revision = 0

    def step(self, frame: Frame, *, backlogged: bool = False) -> FrameResult:
        """Recognise the next frame of any source.

        Args:
            frame: newer than the earlier frames of its source.
            backlogged: other frames wait; detections that can wait are put off.
        """
        self._take_new_gallery()
        clock = Stopwatch()
        context = self._context(frame.source)
        decider = context.decider
        tracks = detect_and_track(
            frame,
            detector=self._detector,
            scheduler=context.scheduler,
            tracker=context.tracker,
            clock=clock,
            backlogged=backlogged,
        )
        wanted = tracks[decider.observe(frame, tracks)]
        clock.lap("decide")
        faces = align_tracks(frame, wanted, cut=self._embedder.spec.crop)
        faces, skews = align_larger(frame, wanted, faces, cut=self._embedder.spec.crop)
        clock.lap("align")
        embeddings = self._embedder.embed(faces)
        clock.lap("embed")
        templates = decider.learn(frame.captured_at, wanted.ids, embeddings, faces.quality)
        for number in decider.take_takeovers():
            decider.take_over(frame.captured_at, number, context.tracker.split(number))
        context.tracker.question(decider.doubted)
        clock.lap("decide")
        evidence = decider.evidence_of(wanted.ids, templates)
        matches = self._index.search(templates)
        clock.lap("match")
        reported, identities, events = decider.decide(frame, tracks, context.tracker.alive, wanted.ids, matches)
        clock.lap("decide")
        if context.mounting is not None:
            context.mounting.update(frame, self._detector, has_face=len(identities) > 0)
            clock.lap("detect")
        samples = Samples(wanted.ids, embeddings.vectors, faces.quality, matches, wanted.boxes, evidence)
        return FrameResult(frame, tracks[reported], identities, events, clock.seconds, samples, self._revision, skews)

    def end(self, last: Frame) -> tuple[Event, ...]:
        """Forget a source that has ended with this frame; return the ``lost`` events of its tracks."""
        context = self._contexts.pop(last.source, None)
        return context.decider.end(last.captured_at, last.source) if context else ()

    def interrupt(self, last: Frame) -> tuple[Event, ...]:
        """End all tracks of a source that was lost after this frame; it may come back."""
        context = self._contexts.get(last.source)
        if context is None:
            return ()
        context.tracker.cut()
        self._contexts[last.source] = replace(context, scheduler=self._new_context(last.source).scheduler)
        return context.decider.end(last.captured_at, last.source)

    def replace_gallery(
        self, index: VectorIndex, people: frozenset[str], thresholds: Thresholds, *, revision: int = 0
    ) -> None:
        """Search another gallery from the next step on; may be called from any thread.

        Args:
            index: of the new gallery.
            people: who is enrolled in it; the names of all others are withdrawn at once.
            thresholds: what a name needs in a gallery of that size.
            revision: the caller's number of this gallery; results that it decided bear it.
        """
        self._newest_gallery.append((index, people, thresholds, revision))

    def _take_new_gallery(self) -> None:
        if self._newest_gallery:
            self._index, people, self._thresholds, self._revision = self._newest_gallery.pop()
            for context in self._contexts.values():
                context.decider.gallery_changed(people, self._thresholds)

    def _context(self, source: str) -> SourceContext:
        if source not in self._contexts:
            self._contexts[source] = self._new_context(source)
            if self._thresholds is not None:  # a new context has the thresholds of the gallery at the start
                self._contexts[source].decider.gallery_changed(frozenset(), self._thresholds)
        return self._contexts[source]
