"""What the parts of the soak share: where they write, what the machine has, and the limits."""

from __future__ import annotations

import shutil
import threading
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

import cv2

from recognizer.demo.demo_files import write_gallery
from tests import rig
from tests.soak import clips

RECOVERY_S = 10.0
"""Longest wait for a source that is well again. Measured alone: 1.6 s (docs/measurements.md)."""
END_S = 4.0
"""Longest time from a signal to the end: the 2 s that README.md promises, and as much for a machine with other work."""
AGE_P95_MS = 500.0
"""Age of a camera's frames at the output, p95. Measured alone: 37 ms for four streams."""
GALLERY_S = 20.0
"""Longest wait until a change of the gallery counts: an enroller is made, on the same two cores."""
SLOPE_MB_H = 60.0
"""Growth of memory that must not be proven. Allocators still settle: 45 MB/h were measured from minute 2.5 to 30."""
LARGEST_MB = 900.0
"""Most memory: the shipped systemd unit allows 1 GB."""
SPARE_DESCRIPTORS, SPARE_THREADS = 6, 4
"""Differences that open files and helper threads of the moment make."""


@dataclass
class Context:
    """One run of the soak."""

    folder: Path
    """Everything is written below this."""
    data: Path | None
    """The development data."""
    minutes: float
    """Time for all parts together."""
    interrupted: threading.Event

    @property
    def full(self) -> bool:
        """Whether there is time for every signal in every state."""
        return self.minutes >= 8

    @cached_property
    def rig_data(self) -> Path | None:
        """The development data where GStreamer's server runs."""
        return self.data if self.data and (self.data / "rig").is_dir() and rig.missing() is None else None

    @property
    def model(self) -> list[str]:
        """The published model where its weights are, else the one that ships."""
        if self.data is not None:
            return ["--model", "edgeface_xs_q", "--weights-dir", str(self.data / "weights")]
        return ["--model", "edgeface_xxs_own"]

    @cached_property
    def clip(self) -> Path:
        """The usual camera's clip."""
        return clips.camera_clip(self.folder / "camera.h264")

    @cached_property
    def large_clip(self) -> Path:
        """The same people, at another resolution and with rarer key frames."""
        return clips.camera_clip(self.folder / "large.h264", size=(960, 540), gop=50)

    @cached_property
    def hevc_clip(self) -> Path:
        """The same people, in another codec."""
        return clips.camera_clip(self.folder / "hevc.h265", size=(480, 270))

    def gallery(self, name: str) -> Path:
        """Lay out a gallery of the demonstration's people."""
        folder = self.folder / name
        shutil.rmtree(folder, ignore_errors=True)
        write_gallery(folder)
        return folder

    def place(self, name: str) -> Path:
        """An empty folder."""
        folder = self.folder / name
        shutil.rmtree(folder, ignore_errors=True)
        folder.mkdir(parents=True)
        return folder


def quiet_opencv() -> None:
    """Leave the cores to the product."""
    cv2.setNumThreads(1)
