"""The state, frame rate and frame age of each source."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping
from collections.abc import Set as AbstractSet
from dataclasses import dataclass, field
from typing import Any

from recognizer.emit.durations import Durations
from recognizer.types import FrameResult, SourceChange, SourceState


@dataclass(slots=True)
class SourceFigures:
    """The figures of one source."""

    live: bool
    state: SourceState | None = None
    """``None`` for files."""
    frames: int = 0
    first_at: float = 0.0
    last_at: float = 0.0
    ages: Durations = field(default_factory=Durations)
    """From capture to here; of live sources only."""
    losses: int = 0
    why: str = ""
    """What the last loss was about."""
    has_larger: bool = False
    """It has a main stream beside the one that its frames are from."""
    samples: int = 0
    """Faces embedded."""
    from_main: int = 0
    """Those cut from the main stream's picture."""
    skews: Durations = field(default_factory=Durations)
    """Between the two pictures of a moment, without sign."""
    people: tuple[str, ...] = ()
    """Who is there now; unknown people as ``?``."""

    @property
    def fps(self) -> float:
        """Frames recognised a second of the source's own time."""
        span = self.last_at - self.first_at
        return (self.frames - 1) / span if span > 0 else 0.0

    @property
    def main_stream(self) -> str:
        """What the main stream gave, in words; empty without one."""
        if not self.has_larger:
            return ""
        skew = f", skew p95 {self.skews.percentile_ms(95):.0f} ms" if self.from_main else ""
        return f"{self.from_main} of {self.samples} samples from the main stream{skew}"

    def as_dict(self) -> dict[str, Any]:
        """For JSON."""
        figures: dict[str, Any] = {"frames": self.frames, "fps": round(self.fps, 2)}
        if self.live:
            figures["state"] = self.state.value if self.state else None
            figures["age_ms"] = {f"p{p}": round(self.ages.percentile_ms(p), 1) for p in (50, 95, 99)}
            figures["losses"] = self.losses
            figures["last_loss"] = self.why or None
        if self.has_larger:
            skew_ms = {f"p{p}": round(self.skews.percentile_ms(p), 1) for p in (50, 95)}
            figures["main_stream"] = {"samples": self.from_main, "of": self.samples, "skew_ms": skew_ms}
        return figures


class SourceBoard:
    """The figures of all sources.

    Args:
        live: Names of the live sources.
        clock: The clock of their ``captured_at``, s.
    """

    def __init__(self, live: AbstractSet[str] = frozenset(), clock: Callable[[], float] = time.monotonic) -> None:
        self._live = live
        self._clock = clock
        self._sources: dict[str, SourceFigures] = {}

    @property
    def sources(self) -> Mapping[str, SourceFigures]:
        """By name, in the order in which they were first heard of."""
        return self._sources

    def take(self, result: FrameResult) -> None:
        """Count one frame."""
        figures, frame = self._of(result.frame.source), result.frame
        figures.people = tuple(who.name or "?" for who in result.identities)
        if figures.frames == 0:
            figures.first_at = frame.captured_at
        figures.frames += 1
        figures.last_at = frame.captured_at
        figures.has_larger |= frame.larger is not None or bool(result.skews_s)
        figures.samples += len(result.samples)
        figures.from_main += len(result.skews_s)
        for skew in result.skews_s:
            figures.skews.add(abs(skew))
        if figures.live:
            figures.ages.add(self._clock() - frame.captured_at)

    def on_end(self, source: str) -> None:
        """Note that nobody is in the picture any more."""
        self._of(source).people = ()

    def on_source_state(self, change: SourceChange) -> None:
        """Note a change of state."""
        figures = self._of(change.source)
        figures.state = change.state
        if change.event == "source_lost":
            figures.losses += 1
        if change.state in (SourceState.LOST, SourceState.PAUSED):
            figures.people = ()
        if change.state is SourceState.LOST:
            figures.why = change.why

    def _of(self, name: str) -> SourceFigures:
        return self._sources.setdefault(name, SourceFigures(name in self._live))
