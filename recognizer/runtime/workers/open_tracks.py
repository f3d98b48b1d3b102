"""What is before each source now, so that its tracks can be ended when the process that follows them is gone."""

from __future__ import annotations

from dataclasses import replace

from recognizer.types import Event, EventKind, FrameResult

_WHY = "the process that recognised this source has ended"


class OpenTracks:
    """Remembers the last event and box of every track that was not lost."""

    def __init__(self) -> None:
        self._open: dict[str, dict[int, Event]] = {}
        self._newest: dict[str, tuple[float, int]] = {}
        """Time of the newest frame, and the largest id, of each source."""

    def add(self, result: FrameResult) -> None:
        """Take a result."""
        source = result.frame.source
        tracks = self._open.setdefault(source, {})
        for event in result.events:
            if event.kind is not EventKind.LOST:
                tracks[event.track_id] = event
        self.end(source, result.events)
        ids = [*result.tracks.ids.tolist(), *result.samples.ids.tolist(), self.largest_id(source)]
        self._newest[source] = (result.frame.captured_at, max(ids))
        for number, box in zip(result.tracks.ids.tolist(), result.tracks.boxes.tolist(), strict=True):
            if number in tracks:
                tracks[number] = replace(tracks[number], box=tuple(box))

    def end(self, source: str, events: tuple[Event, ...]) -> None:
        """Take events of a source, as at its end."""
        tracks = self._open.get(source, {})
        for event in events:
            if event.kind is EventKind.LOST:
                tracks.pop(event.track_id, None)

    def largest_id(self, source: str) -> int:
        """Return the largest id of a track of a source so far, 0 without any."""
        return self._newest[source][1] if source in self._newest else 0

    def lose(self, source: str) -> tuple[Event, ...]:
        """Return the ``lost`` events of all tracks of a source, which then has none."""
        tracks = self._open.pop(source, {})
        at = self._newest[source][0] if source in self._newest else 0.0
        return tuple(
            replace(event, kind=EventKind.LOST, at=at, reasons=(*event.reasons, _WHY)) for event in tracks.values()
        )
