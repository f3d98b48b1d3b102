"""Measure what the labelled video costs beside decoding alone, its size, and its distance from what was drawn."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from itertools import islice
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import av
import numpy as np

from recognizer.app import build
from recognizer.app.config import Settings
from recognizer.bench.end_to_end import decode
from recognizer.bench.timing import Spread, interleaved, rounded
from recognizer.emit.encoded_picture import DrawPlanes, EncodedPicture
from recognizer.emit.overlay import Overlay
from recognizer.emit.overlay_planes import draw_planes
from recognizer.emit.video import VideoWriter
from recognizer.pipeline import Pipeline
from recognizer.types import FrameResult

COMPARED_EVERY = 5
"""Frames from one whose pixels are compared to the next."""


@dataclass(frozen=True, slots=True)
class LabelledVideo:
    """One way of writing it."""

    against_decoding: Spread
    """CPU time of drawing and encoding, divided by that of decoding alone."""
    kb_per_frame: float
    psnr_db: float
    """Of the brightness, against the labelled pictures before they were encoded."""

    def as_dict(self) -> dict[str, Any]:
        """Convert to JSON values."""
        return {
            "against_decoding": self.against_decoding.as_dict(),
            "kb_per_frame": rounded(self.kb_per_frame),
            "psnr_db": rounded(self.psnr_db),
        }


def measure(settings: Settings, pipeline: Pipeline, *, rounds: int, frames: int | None) -> dict[str, LabelledVideo]:
    """Write the labelled video of the settings' clip, interleaved with reading and with decoding alone.

    Args:
        settings: their source is a video file.
        pipeline: finds whom to label, once.
        rounds: how often each way is measured.
        frames: of the clip, at most.

    Returns:
        ``on planes``, as ``run`` writes it, and ``by BGR``, as where the window draws, or a picture has no planes.
    """
    clip, threads = Path(settings.source.location), settings.source.decode_threads
    found: list[FrameResult] = []
    with build.source(settings) as source:
        for frame in islice(source, frames):
            result = pipeline.step(frame)
            found.append(replace(result, frame=replace(frame, picture=np.zeros((1, 1, 3), np.uint8))))
    ways: dict[str, DrawPlanes | None] = {"on planes": draw_planes, "by BGR": None}

    def read(_: int) -> None:
        with build.source(settings) as source:
            for _frame in islice(source, frames):
                pass

    with TemporaryDirectory() as folder:
        paths = {name: Path(folder) / f"{name}.mp4" for name in ways}

        def write(name: str) -> Callable[[int], None]:
            def work(_: int) -> None:
                with (
                    VideoWriter(paths[name], render=Overlay(), draw=ways[name]) as writer,
                    build.source(settings) as source,
                ):
                    for frame, result in zip(source, found, strict=False):
                        writer.emit(replace(result, frame=frame))

            return work

        works: dict[str, Callable[[int], object]] = {
            "decode": lambda _: decode(clip, threads=threads, frames=frames, to_bgr=False),
            "read": read,
            **{name: write(name) for name in ways},
        }
        spent = interleaved(works, rounds=rounds, warm_up=1)
        return {
            name: LabelledVideo(
                Spread.of(
                    [
                        (way.cpu_s - bare.cpu_s) / alone.cpu_s
                        for way, bare, alone in zip(spent[name], spent["read"], spent["decode"], strict=True)
                    ]
                ),
                path.stat().st_size / 1000 / len(found),
                _psnr_db(settings, found, path, ways[name]),
            )
            for name, path in paths.items()
        }


def _psnr_db(settings: Settings, found: Sequence[FrameResult], path: Path, draw: DrawPlanes | None) -> float:
    errors = []
    with build.source(settings) as source, av.open(f"file:{path}") as container:
        picture = None
        for frame, result, shown in zip(source, found, container.decode(video=0), strict=False):
            if result.frame.index % COMPARED_EVERY:
                continue
            labelled = replace(result, frame=frame)
            picture = picture or EncodedPicture(labelled, render=Overlay(), draw=draw)
            picture.take(labelled)
            luma = picture.planes[: picture.height].astype(np.float64)
            errors.append(float(np.mean((luma - shown.to_ndarray(format="yuv420p")[: picture.height]) ** 2)))
    return float(10 * np.log10(255**2 / max(float(np.mean(errors)), 1e-9)))
