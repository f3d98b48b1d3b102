"""Watch a source for some seconds, in a process of its own, and print what comes.

python -m recognizer.doctor.camera_probe       < the camera's settings as JSON       > JSON
"""

from __future__ import annotations

import json
import sys
import threading
import time
from dataclasses import asdict, dataclass

from recognizer.app import camera_child
from recognizer.app.sections import Camera
from recognizer.errors import SourceError

PATIENCE_S = 20.0
"""Two connections of a slow camera, of up to 5 s each, and what is watched between."""
WATCHED_S = 3.0
"""How long frames are counted."""


@dataclass(frozen=True, slots=True, kw_only=True)
class CameraReport:
    """What a camera gives."""

    live: bool
    width: int
    """px."""
    height: int
    brightness: float
    """Mean of the first picture, 0 to 255."""
    fps: float | None
    """Frames a second: counted of a camera, stated by a file; ``None`` where neither is known."""
    age_ms: float | None
    """95th percentile of a frame's age when it arrived, beyond that of the fastest; of a camera only."""


def probe(camera: Camera, name: str) -> CameraReport:
    """Watch a source.

    Raises:
        SourceError: if it gives no picture, or takes longer than ``PATIENCE_S``.
    """
    return CameraReport(**json.loads(camera_child.ask(__name__, camera, name, patience_s=PATIENCE_S)))


def _watch(camera: Camera, name: str) -> bytes:
    from recognizer.app import build
    from recognizer.capture.adjust import Adjusted
    from recognizer.capture.live import LiveSource
    from recognizer.capture.sources import open_source

    place = camera.detect_location or camera.location
    source = open_source(place, build.options_of(camera, name))
    inner = source.source if isinstance(source, Adjusted) else source
    if isinstance(inner, LiveSource):
        inner.first()  # says why nothing comes; iteration would try again for ever
    ages, times = list[float](), list[float]()
    timer = threading.Timer(WATCHED_S, source.close)
    timer.daemon = True
    first = None
    with source:
        for frame in source:
            if first is None:
                first = frame
                timer.start()
            times.append(frame.captured_at)
            ages.append(time.monotonic() - frame.captured_at)
            if not source.live:
                break
        stated = source.frame_rate
    if first is None:
        raise SourceError(f"{name}: no picture came.")
    counted = (len(times) - 1) / (times[-1] - times[0]) if len(times) > 1 and times[-1] > times[0] else None
    report = CameraReport(
        live=source.live,
        width=first.width,
        height=first.height,
        brightness=round(float(first.preview.mean()), 1),
        fps=counted if source.live else stated,
        age_ms=round(1000 * sorted(ages)[int(0.95 * (len(ages) - 1))], 1) if source.live else None,
    )
    return json.dumps(asdict(report)).encode()


if __name__ == "__main__":
    sys.exit(camera_child.answer(_watch))
