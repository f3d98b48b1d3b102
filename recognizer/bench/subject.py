"""What a bench measures: a clip, a gallery and a model; the demonstration's clip is enlarged where none is given."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any

import cv2
import numpy as np
from loguru import logger

from recognizer.app import config
from recognizer.app.build import engines
from recognizer.bench import threads
from recognizer.demo import demo_clip
from recognizer.emit.video import VideoWriter
from recognizer.errors import OutputError
from recognizer.models.resolve import ResolvedModel
from recognizer.types import Frame, FrameResult, Tracks

SCALE = 3
"""The demonstration's clip of 640 x 360 px is enlarged to 1080p."""


@dataclass(frozen=True, slots=True)
class Bench:
    """Settings with a clip and an enrolled gallery, and the model."""

    settings: config.Settings
    resolved: ResolvedModel

    def conditions(self) -> dict[str, Any]:
        """Describe the run as JSON values: clip, model, engine and threads."""
        return {
            "clip": Path(self.settings.source.location).name,
            "model": self.resolved.fingerprint,
            "engine": engines.engine_of(self.settings, self.resolved),
            "threads": threads.in_use(self.settings.engine.threads),
        }


def write_clip(path: Path) -> None:
    """Write the demonstration's clip, enlarged, unless it exists.

    Raises:
        OutputError: if it cannot be written.
    """
    if path.exists():
        return
    logger.info("writing {}, once", path)
    size = (demo_clip.WIDTH_PX * SCALE, demo_clip.HEIGHT_PX * SCALE)
    grain = np.random.default_rng(0).normal(0, 2, (size[1], size[0], 1)).astype(np.float32)
    with VideoWriter(path, render=lambda result: result.frame.image) as writer:
        for index, (at_s, small) in enumerate(demo_clip.frames()):
            large = cv2.resize(small, size, interpolation=cv2.INTER_CUBIC) + np.roll(grain, 97 * index, axis=1)
            image = np.clip(large, 0, 255).astype(np.uint8)
            writer.emit(FrameResult(Frame(image, index, at_s, "bench"), Tracks.empty(), (), ()))
    if writer.failed:
        raise OutputError(f"The clip {path} cannot be written: {writer.failed}.")
