"""Measure two streams a camera live: 360p to detect in and 1080p to embed from, against the 1080p stream alone.

    python -m tests.capture.two_streams_live CLIP GALLERY [--rounds 2] [--model MODEL] [--weights-dir FOLDER]

A real RTSP server (GStreamer's) sends both streams of a looped clip by one clock, 25 frames a second, a key frame every
2 s. Each run recognises in a process of its own, in turns, and is measured over one whole loop: processor time of all
its threads, faces with a name, and what was embedded from which stream. The server is in no figure.
"""

from __future__ import annotations

import argparse
import json
import shutil
import statistics
import subprocess
import sys
import tempfile
import time
from fractions import Fraction
from pathlib import Path
from typing import Any

import av
import cv2
import numpy as np

from recognizer.app import build, config
from recognizer.emit.base import BaseSink
from recognizer.emit.sources import SourceFigures
from recognizer.runtime import runner
from recognizer.types import FrameResult
from tests.conftest import ROOT
from tests.rig import SYSTEM_PYTHON

SERVER = ROOT / "tests" / "two_streams_server.py"
FPS = 25
KEY_EVERY = 50
SIZES = {"main": (1920, 1080), "sub": (640, 360)}
WARM_UP_S = 4.0
"""Before a loop is measured: graphs are compiled, and the connection has its first sender reports."""
WAYS = {"1080p alone": ("main", None, 60), "360p and 1080p": ("main", "sub", 20), "360p alone": ("sub", None, 20)}
"""Location, ``detect_location``, ``min_face_px``: the same share of the picture."""


def encode(clip: Path, out: Path, size: tuple[int, int]) -> int:
    """Encode a clip as a camera does, picture by picture; returns how many there are."""
    keys = f"keyint={KEY_EVERY}:min-keyint={KEY_EVERY}:scenecut=0:bframes=0:aud=1:repeat-headers=1:sliced-threads=0"
    with av.open(str(clip)) as source, av.open(str(out), "w", format="h264") as target:
        stream = target.add_stream("libx264", rate=FPS)
        stream.width, stream.height, stream.pix_fmt = *size, "yuv420p"
        stream.options = {"preset": "veryfast", "tune": "zerolatency", "crf": "23", "x264-params": keys}
        count = 0
        for picture in source.decode(video=0):
            image = cv2.resize(picture.to_ndarray(format="bgr24"), size, interpolation=cv2.INTER_AREA)
            frame = av.VideoFrame.from_ndarray(image.astype(np.uint8, copy=False), format="bgr24")
            frame.pts, frame.time_base = count, Fraction(1, FPS)
            target.mux(stream.encode(frame))
            count += 1
        target.mux(stream.encode())
    return count


class Loop(BaseSink):
    """Measures from the end of the warm-up for one loop, and then ends the run."""

    def __init__(self, seconds: float) -> None:
        self.named = self.faces = self.frames = 0
        self.cpu_s = 0.0
        self.over = False
        self._figures = SourceFigures(live=True, has_larger=True)
        self._seconds, self._first_at, self._cpu_from = seconds, 0.0, 0.0

    def emit(self, result: FrameResult) -> None:
        """Count a frame of the loop."""
        now = time.monotonic()
        self._first_at = self._first_at or now
        elapsed_s = now - self._first_at - WARM_UP_S
        if elapsed_s < 0 or self.over:
            return
        if not self.frames:
            self._cpu_from = time.process_time()
        self.over = elapsed_s >= self._seconds
        self.cpu_s = time.process_time() - self._cpu_from
        self.frames += 1
        self.faces += len(result.identities)
        self.named += sum(who.name is not None for who in result.identities)
        self._figures.samples += len(result.samples)
        self._figures.from_main += len(result.skews_s)
        for skew in result.skews_s:
            self._figures.skews.add(abs(skew))

    def report(self) -> dict[str, Any]:
        """What came of the loop."""
        shown = self._figures.as_dict()["main_stream"]
        return {"cpu_s": self.cpu_s, "frames": self.frames, "faces": self.faces, "named": self.named, **shown}


def recognise(settings_file: Path, seconds: float) -> None:
    """Recognise one loop, and print what came of it; in a process of its own."""
    cv2.setNumThreads(1)
    settings = config.load(settings_file)
    resolved = build.model(settings, offline=True)
    loop = Loop(seconds)
    pipeline = build.video_pipeline(settings, resolved, soon=True)
    runner.run(build.sources(settings), pipeline, [loop], go_on=lambda: not loop.over)
    print(json.dumps(loop.report()))


def settings_of(way: str, port: int, gallery: Path, options: argparse.Namespace) -> dict[str, Any]:
    """The settings of a way to use the camera; JSON is YAML, too."""
    location, detect_location, min_face_px = WAYS[way]
    source = {"name": "camera", "location": f"rtsp://127.0.0.1:{port}/{location}"}
    if detect_location is not None:
        source["detect_location"] = f"rtsp://127.0.0.1:{port}/{detect_location}"
    embed = {"model": options.model} | ({"weights_dir": str(options.weights_dir)} if options.weights_dir else {})
    return {
        "source": source,
        "gallery": {"folder": str(gallery)},
        "detect": {"min_face_px": min_face_px},
        "embed": embed,
    }


def main() -> int:
    """Run the ways in turns, and print a table."""
    parser = argparse.ArgumentParser(prog="python -m tests.capture.two_streams_live")
    parser.add_argument("clip", type=Path)
    parser.add_argument("gallery", type=Path)
    parser.add_argument("--rounds", type=int, default=2)
    parser.add_argument("--model", default="auto")
    parser.add_argument("--weights-dir", type=Path)
    parser.add_argument("--cache", type=Path, help="keeps streams and gallery for the next call")
    parser.add_argument("--ways", nargs="+", default=["1080p alone", "360p and 1080p"], choices=sorted(WAYS))
    options = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="two-streams-") as scratch:
        folder = options.cache or Path(scratch)
        folder.mkdir(parents=True, exist_ok=True)
        prepare(folder, options)
        measure(folder, options)
    return 0


def prepare(folder: Path, options: argparse.Namespace) -> None:
    """Encode the streams and enrol the gallery, where that was not done."""
    if (folder / "frames").exists():
        return
    counts = {encode(options.clip, folder / f"{name}.h264", size) for name, size in SIZES.items()}
    shutil.copytree(options.gallery, folder / "gallery", dirs_exist_ok=True)
    words = ["--gallery", str(folder / "gallery"), "--model", options.model]
    words += ["--weights-dir", str(options.weights_dir)] if options.weights_dir else []
    subprocess.run([sys.executable, str(ROOT / "main.py"), "enroll", *words], check=True)
    (folder / "frames").write_text(str(counts.pop()))


def measure(folder: Path, options: argparse.Namespace) -> None:
    """Run and print."""
    seconds = int((folder / "frames").read_text()) / FPS
    streams = [str(folder / f"{name}.h264") for name in SIZES]
    words = [SYSTEM_PYTHON, "-P", str(SERVER), *streams]
    found: dict[str, list[dict[str, Any]]] = {way: [] for way in options.ways}
    with subprocess.Popen(words, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as server:
        assert server.stdout is not None
        port = int(server.stdout.readline().split()[1])
        for way in options.ways * options.rounds:
            file = folder / "settings.yaml"
            file.write_text(json.dumps(settings_of(way, port, folder / "gallery", options)))
            program = f"from tests.capture.two_streams_live import *; recognise(Path({str(file)!r}), {seconds})"
            done = subprocess.run([sys.executable, "-c", program], cwd=ROOT, stdout=subprocess.PIPE, check=True)
            found[way].append(json.loads(done.stdout))
            print(f"{way}: {found[way][-1]}", flush=True)
        server.communicate()
    first = found[options.ways[0]]
    for way, runs in found.items():
        ratios = [run["cpu_s"] / other["cpu_s"] for run, other in zip(runs, first, strict=True)]
        share = f"{statistics.median(ratios):.2f} ({min(ratios):.2f} to {max(ratios):.2f})"
        named = statistics.median(run["named"] for run in runs)
        print(f"{way}: processor time {share} of {options.ways[0]}; {named:.0f} face-frames with a name")


if __name__ == "__main__":
    sys.exit(main())
