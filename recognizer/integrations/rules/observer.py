"""Turn the results of a run into observations: only what changes, and only what is decided."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field

from recognizer.clock import WallClock
from recognizer.integrations.rules.types import Change, Observation
from recognizer.types import U8, Event, EventKind, FrameResult, Identity, SourceChange, Status

_CAMERA = {"source_lost": Change.LOST, "source_back": Change.BACK}


@dataclass(slots=True)
class Observer:
    """Follows the tracks of all sources.

    A track is somebody's from its first decision until another decision or its end: moments in which a decision is
    doubted change nothing, and a guess below the threshold is no decision.
    """

    times: WallClock
    picture: Callable[[FrameResult, int], U8 | None] = lambda result, row: None
    """Cuts the face of a row of ``identities`` out of its frame."""
    _tracks: dict[str, dict[int, str | None]] = field(default_factory=dict)
    """Source -> track -> its person; ``None``: not enrolled."""

    def of_frame(self, result: FrameResult) -> Iterator[Observation]:
        """Yield what a frame changes."""
        if not result.identities and not result.events:
            return
        frame = result.frame
        tracks = self._tracks.setdefault(frame.source, {})
        for row, who in enumerate(result.identities):
            if who.status is Status.UNDECIDED or (who.track_id in tracks and tracks[who.track_id] == who.name):
                continue
            moment = self.times.moment(frame.source, frame.captured_at)
            if who.track_id in tracks:
                yield Observation(Change.BECOMES, moment, frame.source, tracks[who.track_id], who.track_id)
            tracks[who.track_id] = who.name
            yield Observation(
                Change.ENTERS,
                moment,
                frame.source,
                who.name,
                who.track_id,
                _similarity(who),
                self.picture(result, row),
            )
        yield from self.of_events(frame.source, result.events)

    def of_events(self, source: str, events: tuple[Event, ...]) -> Iterator[Observation]:
        """Yield the tracks that have ended."""
        tracks = self._tracks.get(source, {})
        for event in events:
            if event.kind is EventKind.LOST and event.track_id in tracks:
                moment = self.times.moment(source, event.at)
                yield Observation(Change.GOES, moment, source, tracks.pop(event.track_id), event.track_id)

    def of_change(self, change: SourceChange) -> Iterator[Observation]:
        """Yield that a camera was lost, or is back."""
        if change.event in _CAMERA:
            yield Observation(_CAMERA[change.event], self.times.live_moment(change.at), change.source)


def _similarity(who: Identity) -> float:
    return float(who.similarity)
