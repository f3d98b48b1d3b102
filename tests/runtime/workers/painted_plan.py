"""A plan for workers: painted people, on cameras that this file plays; workers import it."""

from __future__ import annotations

import os
import time
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np

from recognizer.capture.endless import EndlessSource
from recognizer.errors import SourceError
from recognizer.pipeline import Pipeline
from recognizer.protocols import FrameSource, VectorIndex
from recognizer.runtime.workers.messages import GalleryState
from recognizer.source_context import SourceContext
from recognizer.track.tracker import Tracker
from recognizer.types import Embeddings, Frame, Matches
from tests.fakes import ListedSource, PaintedFaceDetector, PaintedFaceEmbedder, PaintedGallery, face_picture
from tests.painted_pipeline import new_context

STEP_S = 0.02


class PaintedCamera(EndlessSource):
    """A camera before which one person stands."""

    def __iter__(self) -> Iterator[Frame]:
        picture, index = face_picture((int(self.name[-1]), 0)), 0
        while not self._stop.wait(STEP_S):
            yield Frame(picture, index, time.monotonic(), self.name)
            index += 1


class Nobody:
    """An index of nobody."""

    def search(self, probes: Embeddings) -> Matches:
        lowest = np.full(len(probes), -1, np.float32)
        return Matches((None,) * len(probes), lowest, lowest)


@dataclass(frozen=True)
class PaintedPlan:
    """Sources named ``camera N`` before which person N stands, and files named ``file N`` that show them; 8 and 9 are
    not there.

    Args:
        folder: each worker writes a file here, named by its process and its first source; a file ``fail`` there makes
            workers fail before they are ready, and ``eat`` makes them hold 300 MB.
        frames: of a file.
    """

    folder: Path
    frames: int = 40

    def make_source(self, name: str) -> FrameSource:
        if name[-1] in "89":
            return ListedSource(
                (), name=name, live=name.startswith("camera"), fails_to_open=SourceError(f"{name} is not there")
            )
        if name.startswith("camera"):
            return PaintedCamera(name)
        picture = face_picture((int(name[-1]), 0))
        return ListedSource([Frame(picture, i, i * 0.04, name) for i in range(self.frames)], name=name)

    def make_pipeline(self, first_ids: Mapping[str, int]) -> Pipeline:
        if (self.folder / "fail").exists():
            os._exit(3)
        if (self.folder / "eat").exists():
            (self.folder / "eat").unlink()
            self_held.append(np.ones(300_000_000, np.uint8))
        (self.folder / f"{os.getpid()}").write_text(",".join(first_ids), "utf-8")

        def make(source: str) -> SourceContext:
            return replace(new_context(source), tracker=Tracker(first_id=first_ids.get(source, 1)))

        return Pipeline(
            detector=PaintedFaceDetector(), embedder=PaintedFaceEmbedder(), index=PaintedGallery(), new_context=make
        )

    def make_index(self, state: GalleryState) -> VectorIndex:
        return PaintedGallery() if state.enrolled.names else Nobody()


self_held: list[object] = []
