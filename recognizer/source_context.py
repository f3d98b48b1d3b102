"""What the pipeline remembers of a source."""

from __future__ import annotations

from dataclasses import dataclass

from recognizer.decide.decider import Decider
from recognizer.protocols import DetectionScheduler, MountingMonitor, Tracker


@dataclass(frozen=True, slots=True)
class SourceContext:
    """What is remembered of one source between its frames."""

    scheduler: DetectionScheduler
    tracker: Tracker
    decider: Decider
    mounting: MountingMonitor | None = None
    """Notices a camera that is mounted turned; ``None`` for photos."""
