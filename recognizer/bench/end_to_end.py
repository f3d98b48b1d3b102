"""Measure recognition of a file from end to end, against the lower bound: decoding the same frames only.

Decoding alone is FFmpeg with the product's number of threads, to the decoder's own pixels (YUV). Decoding to BGR, which
OpenCV's reader does, is measured as well.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Generator, Mapping
from dataclasses import dataclass, field
from itertools import islice
from pathlib import Path
from typing import Any

import av
from av.video.reformatter import VideoReformatter

from recognizer.app import build
from recognizer.app.config import Settings
from recognizer.bench.timing import Ratio, Spent, Spread, cpu_ms, interleaved, ratio, rounded
from recognizer.emit.collect import CollectingSink
from recognizer.memory import peak_rss_mb
from recognizer.pipeline import Pipeline
from recognizer.runtime import runner


@dataclass(frozen=True, slots=True, eq=False)
class EndToEnd:
    """The cost of a clip for each way of processing it."""

    frames: int
    rate: float
    """Frames a second of the clip."""
    spent: Mapping[str, list[Spent]]
    """``decode``, ``decode to BGR`` and ``recognise`` -> the whole clip's cost in each round."""
    named: Mapping[str, int]
    """Face-frames of each name."""
    faces: int
    """Reported faces in all frames."""
    peak_rss_mb: float | None
    ratios: Mapping[str, Ratio] = field(default_factory=dict)
    """Cost of ``recognise`` divided by that of each other way."""

    def as_dict(self) -> dict[str, Any]:
        """Convert to JSON values."""
        return {
            "frames": self.frames,
            "clip_fps": rounded(self.rate),
            "faces_per_frame": rounded(self.faces / max(self.frames, 1)),
            "named_face_frames": dict(self.named),
            "peak_rss_mb": self.peak_rss_mb,
            "ways": {name: self._way(spent) for name, spent in self.spent.items()},
            "recognise_against": {name: each.as_dict() for name, each in self.ratios.items()},
        }

    def _way(self, spent: list[Spent]) -> dict[str, Any]:
        per_frame = [each / self.frames for each in spent]
        cpu = cpu_ms(per_frame)
        return {
            "cpu_ms_per_frame": cpu.as_dict(),
            "cpu_s_per_video_s": rounded(cpu.median / 1000 * self.rate),
            "fps": rounded(Spread.of([1 / each.wall_s for each in per_frame]).median),
        }


def decoded(clip: Path, *, threads: int) -> Generator[av.VideoFrame, None, None]:
    """Yield the decoder's own frames.

    Args:
        clip: a video file.
        threads: decoder threads.
    """
    with av.open(f"file:{clip}") as container:
        stream = container.streams.video[0]
        stream.codec_context.thread_count = threads
        stream.thread_type = "NONE" if threads == 1 else "AUTO"
        yield from container.decode(stream)


def decode(clip: Path, *, threads: int, frames: int | None, to_bgr: bool) -> None:
    """Decode a clip's first ``frames``, or all, and drop them; with ``to_bgr``, convert each to BGR first."""
    reformatter = VideoReformatter()
    for picture in islice(decoded(clip, threads=threads), frames):
        if to_bgr:
            reformatter.reformat(picture, format="bgr24", threads=1).to_ndarray()


def measure(settings: Settings, pipeline: Pipeline, *, rounds: int, frames: int | None) -> EndToEnd:
    """Process the settings' clip in each way, interleaved.

    Args:
        settings: their source is a video file.
        pipeline: of recognition.
        rounds: how often each way is measured.
        frames: of the clip, at most.
    """
    clip, threads = Path(settings.source.location), settings.source.decode_threads
    names_of_frames: list[list[str | None]] = []

    def recognise(_: int) -> None:
        sink = CollectingSink(lambda result: [who.name for who in result.identities])
        runner.run([build.source(settings)], pipeline, [sink], max_frames=frames)
        names_of_frames[:] = sink.values

    works: dict[str, Callable[[int], object]] = {
        "decode": lambda _: decode(clip, threads=threads, frames=frames, to_bgr=False),
        "decode to BGR": lambda _: decode(clip, threads=threads, frames=frames, to_bgr=True),
        "recognise": recognise,
    }
    spent = interleaved(works, rounds=rounds, warm_up=1)
    with build.source(settings) as source:
        rate = source.frame_rate or 25.0
    return EndToEnd(
        frames=len(names_of_frames),
        rate=rate,
        spent=spent,
        named=Counter(name for names in names_of_frames for name in names if name is not None),
        faces=sum(map(len, names_of_frames)),
        peak_rss_mb=peak_rss_mb(),
        ratios={name: ratio(spent["recognise"], spent[name]) for name in works if name != "recognise"},
    )
