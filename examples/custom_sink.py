"""A sink of one's own, beside those of a run: ``python examples/custom_sink.py clip.mp4 gallery``."""

import sys

from recognizer.app import build
from recognizer.app.config import load
from recognizer.emit.base import BaseSink
from recognizer.runtime import runner
from recognizer.types import EventKind, FrameResult


class Greeter(BaseSink):
    """Greets everybody once, when they are recognised."""

    def __init__(self) -> None:
        self.greeted: set[str] = set()

    def emit(self, result: FrameResult) -> None:
        """Take the result of a frame; sinks get all of them, in order, from one thread."""
        for event in result.events:
            if event.kind is EventKind.RECOGNISED and event.name and event.name not in self.greeted:
                self.greeted.add(event.name)
                print(f"Hello {event.name}!")


source, gallery = sys.argv[1:]
settings = load(None, {"source": {"location": source}, "gallery": {"folder": gallery}})
pipeline = build.video_pipeline(settings, build.model(settings))
runner.run([build.source(settings)], pipeline, [Greeter()])
