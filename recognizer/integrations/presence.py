"""Who is in each source's picture now: from decisions, never from guesses below the threshold."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field

from recognizer.types import Event, EventKind, FrameResult, Status


@dataclass(frozen=True, slots=True)
class SourcePeople:
    """The people in one source's picture."""

    names: tuple[str, ...] = ()
    """Known people, by name."""
    unknown: int = 0
    """Faces of people who are not enrolled."""


@dataclass(slots=True)
class _Seen:
    status: Status
    name: str | None
    similarity: float
    at: float


@dataclass(frozen=True, slots=True)
class PersonPlace:
    """Where a person is now."""

    source: str | None
    """``None``: in no picture any more."""
    at: float
    """Seconds of the source's clock: of the decision that says so."""
    similarity: float


@dataclass(slots=True)
class Presence:
    """Follows the tracks of all sources; a track counts until its ``lost`` event, so short gaps change nothing."""

    _tracks: dict[str, dict[int, _Seen]] = field(default_factory=dict)

    def take(self, result: FrameResult) -> bool:
        """Take the decisions and the lost tracks of a frame; returns whether they change who is there."""
        tracks, changed = self._tracks.setdefault(result.frame.source, {}), False
        for who in result.identities:
            before = tracks.get(who.track_id)
            changed |= before is None or (before.status, before.name) != (who.status, who.name)
            tracks[who.track_id] = _Seen(who.status, who.name, who.similarity, result.frame.captured_at)
        return self._forget(tracks, result.events) or changed

    def end(self, source: str, events: tuple[Event, ...]) -> bool:
        """Take the lost tracks of a source that has ended, or whose connection was lost; returns as ``take``."""
        return self._forget(self._tracks.setdefault(source, {}), events)

    def people(self, source: str) -> SourcePeople:
        """Return who is in a source's picture."""
        tracks = self._tracks.get(source, {}).values()
        names = sorted({seen.name for seen in tracks if seen.status is Status.KNOWN and seen.name})
        return SourcePeople(tuple(names), sum(seen.status is Status.UNKNOWN for seen in tracks))

    def places(self) -> Iterator[tuple[str, PersonPlace]]:
        """Yield the people in any picture and where they were recognised last."""
        newest: dict[str, PersonPlace] = {}
        for source, tracks in self._tracks.items():
            for seen in tracks.values():
                if seen.status is not Status.KNOWN or not seen.name:
                    continue
                place = newest.get(seen.name)
                if place is None or seen.at > place.at:
                    newest[seen.name] = PersonPlace(source, seen.at, seen.similarity)
        yield from newest.items()

    @staticmethod
    def _forget(tracks: dict[int, _Seen], events: tuple[Event, ...]) -> bool:
        lost = [tracks.pop(event.track_id, None) for event in events if event.kind is EventKind.LOST]
        return any(seen is not None for seen in lost)
