"""File mode from end to end, beside the ceiling: decoding the same frames and doing nothing with them.

Decoding alone is FFmpeg's part, with as many threads as the product gives it, to the decoder's own pixels (YUV).
Whoever wants to see a frame as OpenCV does also pays for BGR: that is told beside it.
"""

from __future__ import annotations

from collections.abc import Callable, Generator, Mapping
from dataclasses import dataclass, field
from itertools import islice
from pathlib import Path
from typing import Any, Self

import av
from av.video.reformatter import VideoReformatter

from recognizer.app import build
from recognizer.app.config import Settings
from recognizer.bench.timing import Ratio, Spent, Spread, cpu_ms, interleaved, ratio, rounded
from recognizer.emit.summary import peak_rss_mb
from recognizer.pipeline import Pipeline
from recognizer.runtime import runner
from recognizer.types import FrameResult


class Tally:
    """A sink that counts frames, and who was named in how many of them."""

    failed: str | None = None

    def __init__(self) -> None:
        self.frames = 0
        self.faces = 0
        self.named: dict[str, int] = {}

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        return None

    def emit(self, result: FrameResult) -> None:
        """Count one frame."""
        if result.closing:
            return
        self.frames += 1
        self.faces += len(result.tracks)
        for who in result.identities:
            if who.name is not None:
                self.named[who.name] = self.named.get(who.name, 0) + 1


@dataclass(frozen=True, slots=True, eq=False)
class EndToEnd:
    """What a clip cost, for each way of going through it, a value for each round."""

    frames: int
    rate: float
    """Frames a second of the clip."""
    spent: Mapping[str, list[Spent]]
    """``decode``, ``decode to BGR``, ``recognise``: for the whole clip."""
    named: Mapping[str, int]
    """Face-frames of each name."""
    faces: int
    """Reported faces in all frames."""
    peak_rss_mb: float | None
    ratios: Mapping[str, Ratio] = field(default_factory=dict)
    """``recognise`` against each of the others."""

    def as_dict(self) -> dict[str, Any]:
        """For JSON."""
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
    """The decoder's own pictures, with nothing done to them.

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
    """Decode some frames, or all, and do nothing else but, where wanted, convert each to OpenCV's colours."""
    reformatter = VideoReformatter()
    for picture in islice(decoded(clip, threads=threads), frames):
        if to_bgr:
            reformatter.reformat(picture, format="bgr24", threads=1).to_ndarray()


def measure(settings: Settings, pipeline: Pipeline, *, rounds: int, frames: int | None) -> EndToEnd:
    """Go through the settings' clip in each way, in turns.

    Args:
        settings: their source is a video file.
        pipeline: recognises.
        rounds: how often.
        frames: how many of the clip at most.
    """
    clip, threads = Path(settings.source.location), settings.source.decode_threads
    tallies: list[Tally] = []

    def recognise(_: int) -> None:
        tally = Tally()
        runner.run([build.source(settings)], pipeline, [tally], max_frames=frames)
        tallies.append(tally)

    works: dict[str, Callable[[int], object]] = {
        "decode": lambda _: decode(clip, threads=threads, frames=frames, to_bgr=False),
        "decode to BGR": lambda _: decode(clip, threads=threads, frames=frames, to_bgr=True),
        "recognise": recognise,
    }
    spent = interleaved(works, rounds=rounds, warm_up=1)
    with build.source(settings) as source:
        rate = getattr(source, "frame_rate", None) or 25.0
    return EndToEnd(
        frames=tallies[-1].frames,
        rate=rate,
        spent=spent,
        named=tallies[-1].named,
        faces=tallies[-1].faces,
        peak_rss_mb=peak_rss_mb(),
        ratios={name: ratio(spent["recognise"], spent[name]) for name in works if name != "recognise"},
    )
